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
_LAST = float('inf')


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
        # Names that give way to paths from the globals, by serial number: how telling they are (the smaller), the name.
        self._lent = {}
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
        self._writes, self._written = 0, -1
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
            if not label.local or label.calls and serial == known - 1 or not self._lends_name(serial, label):
                self._write_name(serial, label, tick)
        elif type(obj) in (list, tuple):
            of = self.identity.of
            texts = self._item_texts.setdefault(label, {})
            add, name = self.named.add, self.writer.rows['name'].extend
            new = known - len(obj) if label.display and label.calls else known
            for place, item in enumerate(obj[:1000]):
                serial = of(item)
                if 0 <= serial < known:
                    text = texts.get(place)
                    if text is None:
                        path = label.item(place)
                        text = texts[place] = self.writer.text(path), path
                    if serial >= new or not self._lends_name(serial, text[1]):
                        add(serial)
                        name((tick, serial, text[0]))
                elif type(item) in (list, tuple, Place) or label.owner:
                    self._take_name(label.item(place), item, known, tick)
        elif label.owner:
            self._take_parts(label, obj)

    def _take_parts(self, label, owner):
        """Names for the nodes in an object, through the smallest container; of two, the later one holds the other."""
        for obj, path, size in self.names.paths(lambda value: self.identity.of(value) >= 0, {label: owner}):
            serial = self.identity.of(obj)
            if serial not in self.named and size <= self._lent.get(serial, (size,))[0]:
                self._lent[serial] = size, path

    def _lends_name(self, serial, label):
        """Whether a name is only one more for a leaf that was there before: a path from the globals tells more of it."""
        if serial >= len(self.makers) or self.makers[serial] >= 0 or self.others.get(serial):
            return False
        if serial not in self.named:
            self._lent.setdefault(serial, (_LAST, label))
        return True

    def _write_name(self, serial, path, tick):
        self.named.add(serial)
        self.writer.rows['name'].extend((tick, serial, self.writer.text(path)))

    def name_paths(self):
        """Names the leaves that only an object path leads to."""
        if self.names is None or not self.nodes:
            return
        found = self.names.paths(lambda value: self.identity.of(value) >= 0)
        paths = [(self.identity.of(obj), path) for obj, path, _ in found]
        lent, self._lent = self._lent, {}
        for serial, path in paths + [(serial, path) for serial, (_, path) in lent.items()]:
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
