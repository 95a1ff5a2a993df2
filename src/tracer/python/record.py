"""Turns what the probes saw into rows: nodes, passes, steps, contributions, writes.

The probes (probes.py) only append tuples; everything here happens in bulk, at least every few thousand events.
"""

import time
from array import array

from .bulk import Bulk
from .identity import Identity, Place
from .invocations import Invocations
from .nodes import Nodes
from .passes import Passes
from .probe import BACKWARD, NODES, RULES
from .tangents import Tangents
from .wire import Writer
from .writes import Writes

_NAN = float('nan')


class Recorder(Nodes, Passes, Invocations, Writes, Bulk, Tangents):
    """The state of a recording, which its parts share, and the stream of events."""

    def __init__(self, send, probes, sites, program, max_nodes, gate=None):
        self.writer = Writer(send)
        self.identity = Identity()
        self.probes = probes
        self.program = program
        self.sites = sites
        self.max_nodes = max_nodes
        # Where a script that is debugged waits.
        self.gate = gate
        self.nodes = 0
        self.tick = 0
        self.names = None
        self.runs = []
        # By op: its maker, and its operands when they are simply those that its maker was given, at most two.
        self.makers, self.lefts, self.rights = array('i'), array('i'), array('i')
        # The operands of all others, -1 for constants.
        self.others = {}
        # Rows of the short tables, and which rules were seen to fit which makers.
        self._makers_on_wire, self._rules_on_wire, self._right_pairs = {}, {}, set()
        self.any_link = False
        self.named = set()
        # The texts `x[0]`, `x[1]` … of a name.
        self._item_texts = {}
        self.node_types = set()
        self.confirmed = {}
        self._unproven = []
        self.maps = {}
        self._last_flush = time.monotonic()
        self._rows_flushed = 0
        # The pass under way.
        self.passes = 0
        self.active = -1
        self.begin_site = None
        self._step = -1
        self._step_op = -1
        self._steps = 0
        self._source = -1
        self._marked = False
        self._upstream = _NAN
        self._used_slots = []
        # The nodes that a gradient has reached in this pass, by serial number.
        self._touched = {}
        self._rooted = False
        self._held = {}
        self._invocations = {}
        self._invocation = None
        self._pull_steps = {}
        self._pending = {}
        # The forward mode pass under way, and the tangents of its nodes.
        self._forward = -1
        self._forward_ran = False
        self._forward_held = []
        self._waiting_dual = []
        # What tangents were summed from: how many nodes there were, function, object if it was made already, terms.
        self.sums = []
        self._duals = 0
        self.ended = False
        self._next_walk = 1

    # -- the stream

    def meta(self, key, value):
        self.writer.rows['meta'].extend((self.writer.text(key), self.writer.text(value)))

    def event(self, kind, text, subject=-1):
        self.writer.rows['event'].extend((self._now(), self.writer.text(kind), subject, self.writer.text(text)))

    def _now(self):
        now = self.tick
        self.tick = now + 1
        return now

    def end_early(self, why):
        """Records nothing more: a graph without numbers, or with wrong ones, helps nobody."""
        self.ended = True
        self.event('notice', why)

    def process(self):
        runs, self.runs = self.runs, []
        for kind, events in runs:
            if self.ended:
                break
            if kind == NODES:
                (self._take_duals if self.program.tangent else self._take_nodes)(*events)
            elif kind == BACKWARD:
                self._take_backward(events)
            elif kind == RULES:
                self._take_rules(events)
            else:
                self._take_writes(events)
        now = time.monotonic()
        if now - self._last_flush > 0.05 or self.nodes - self._rows_flushed > 5_000:
            self.flush()

    def flush(self):
        self._last_flush = time.monotonic()
        self._rows_flushed = self.nodes
        self._link()
        self.writer.flush()

    def _extend(self, table, count, *columns):
        self._link()
        self.writer.extend(table, count, *columns)

    def _link(self):
        """An engine that keeps no links at all (a tape) is not missing any."""
        if not self.any_link:
            rows = self.writer.rows['operand']
            rows[2::3] = [flags | 2 if value >= 0 else flags for value, flags in zip(rows[1::3], rows[2::3])]

    # -- names

    def _take_name(self, label, obj, known, tick):
        """Names an object, or each item of a sequence, if it is one of the first `known` nodes."""
        serial = self.identity.of_key(obj.index) if type(obj) is Place else self.identity.of(obj)
        if 0 <= serial < known:
            self._write_name(serial, label, tick)
        elif type(obj) in (list, tuple):
            of = self.identity.of
            texts = self._item_texts.setdefault(label, {})
            add, name = self.named.add, self.writer.rows['name'].extend
            for place, item in enumerate(obj[:1000]):
                serial = of(item)
                if 0 <= serial < known:
                    text = texts.get(place)
                    if text is None:
                        text = texts[place] = self.writer.text('%s[%d]' % (label, place))
                    add(serial)
                    name((tick, serial, text))
                elif type(item) in (list, tuple, Place):
                    self._take_name('%s[%d]' % (label, place), item, known, tick)

    def _write_name(self, serial, path, tick):
        self.named.add(serial)
        self.writer.rows['name'].extend((tick, serial, self.writer.text(path)))

    def name_paths(self):
        """Names the leaves that only an object path leads to."""
        if self.names is None or not self.nodes:
            return
        for obj, path in self.names.paths(lambda value: self.identity.of(value) >= 0):
            serial = self.identity.of(obj)
            if serial not in self.named:
                self._write_name(serial, path, self._now())

    # -- the end

    def finish(self):
        self.process()
        self.end_pass()
        self.take_waiting_dual()
        self.end_forward()
        for serial in list(self._pending):
            self._settle_pending(serial)
        self.name_paths()
