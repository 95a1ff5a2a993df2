"""Turns what the probes saw into rows: nodes, passes, steps, contributions, writes.

The probes (probes.py) only append tuples; everything here happens in bulk, at least every few thousand events.
"""

import time
from array import array
from itertools import chain, groupby, repeat

from . import wire
from .bulk import NODE, RULE, Bulk
from .identity import MISSING, Identity, Place, links, number
from .passes import Passes
from .tangents import Tangents
from .wire import Writer

NODES, BACKWARD, RULES, WRITES = range(4)
# In the place of a maker's number; as kinds of the wire they are positive.
LEAF, CONSTANT = -wire.LEAF, -wire.CONSTANT

_REFLECTED = {
    'radd', 'rsub', 'rmul', 'rtruediv', 'rpow', 'rmatmul', 'rfloordiv', 'rmod', 'iadd', 'isub', 'imul', 'itruediv',
    'ipow', 'imatmul',
}
_NAN = float('nan')


class Recorder(Passes, Bulk, Tangents):
    def __init__(self, send, probes, sites, program, max_nodes):
        self.writer = Writer(send)
        self.identity = Identity()
        self.probes = probes
        self.program = program
        self.sites = sites
        self.max_nodes = max_nodes
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
        self._step = self._steps = -1
        self._step_op = -1
        self._steps = 0
        self._source = -1
        self._marked = False
        self._upstream = _NAN
        self._used_slots = []
        self._touched_before = {}
        # Those to be added to `_touched`.
        self._reached = []
        self._rooted = False
        self._held = {}
        self._invocations = {}
        self._invocation = None
        self._pull_steps = {}
        self._pending = {}
        self._walks = 0
        # The forward mode pass under way, and the tangents of its nodes.
        self._forward = -1
        self._forward_ran = False
        self._forward_held = []
        self._waiting_dual = []
        # What tangents were summed from: how many nodes there were, function, object if it was made already, terms.
        self.sums = []
        self._duals = 0
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

    def process(self):
        runs, self.runs = self.runs, []
        for kind, events in runs:
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
        if not self.any_link:
            # An engine that keeps no links at all (a tape) is not missing any.
            rows = self.writer.rows['operand']
            rows[2::3] = [flags | 2 if value >= 0 else flags for value, flags in zip(rows[1::3], rows[2::3])]
        self.writer.flush()

    # -- nodes

    def _take_nodes(self, flat, named=()):
        """Nodes and names, in the order in which the program made and gave them."""
        names = list(zip(*[iter(named)] * 3))
        if names and any(key[0] == 'map' for key in self.program.gradient):
            # Places in a list are used again: a name is for what has the place at that moment.
            at = 0
            for place, label, obj in names:
                self._take_run_of_nodes(flat[at * NODE:place * NODE], ())
                self._take_name(label, obj, self.nodes, self.tick)
                at = place
            self._take_run_of_nodes(flat[at * NODE:], ())
        else:
            self._take_run_of_nodes(flat, names)

    def _take_run_of_nodes(self, flat, names):
        """A name is given at the tick at which the next node is made: it takes none of its own."""
        first, born = self.nodes, self.tick
        numbers = flat[::NODE]
        self.tick = born + len(numbers)
        plain = {number_: number_ < 0 or self.probes[number_].plain for number_ in set(numbers)}
        groups = ((True, numbers),) if all(plain.values()) else groupby(map(plain.__getitem__, numbers))
        at = 0
        for is_plain, group in groups:
            end = at + len(list(group))
            part = flat[at * NODE:end * NODE]
            ticks = array('i', range(born + at, born + end))
            if not is_plain or not self._take_nodes_in_bulk(part, ticks):
                self._take_each_node(part, ticks)
            at = end
        for place, label, obj in names:
            self._take_name(label, obj, first + place, born + place)

    def _take_each_node(self, flat, ticks):
        """Nodes one by one: everything that an engine may do."""
        identity = self.identity
        rows = self.writer.rows['operand']
        first = serial = self.nodes
        indexed = any(key[0] == 'map' for key in self.program.gradient)
        values = []
        for maker, obj, value, left, right, site, call in zip(*[iter(flat)] * NODE):
            kind = wire.OP if maker >= 0 else -maker
            given = ()
            name = probe = None
            params = ()
            if kind == wire.OP:
                probe = self.probes[maker]
                params, name = (left, right) if probe.given < 0 else ((left, right)[:probe.given], None)
                flags = probe.flags
                given = None
                if flags is not None and len(flags) == len(params):
                    given = list(map(identity.of, params))
                    if -1 in given or any(param is obj for param in params):
                        given = None
                    else:
                        rows.extend(chain.from_iterable(zip(repeat(serial), given, flags)))
                        self.any_link = True
                        probe.plain = bool(given) and probe.given > 0
                if given is None:
                    given = self._operands(serial, obj, probe, params, rows)
                if not given:
                    kind = wire.LEAF
            label = probe.row if kind == wire.OP and name is None else None
            if label is None:
                label = self._op_name(probe, kind, params, name, obj)
            # What stands for its maker's parameters one by one, constants among them.
            self.makers.append(maker if kind == wire.OP and len(given) == probe.given else -1)
            self.lefts.append(-1)
            self.rights.append(-1)
            if given:
                self.others[serial] = tuple(given)
            self.writer.rows['op'].extend((label, site, call, kind))
            identity.add(obj, serial)
            self.node_types.add(type(obj))
            if indexed:
                self._index(obj, serial)
            if value is MISSING:
                value = identity.read(obj, self.program.value[0])
            values.append(value)
            serial += 1
            self.nodes = serial
        kinds = [wire.INT if type(value) is int else wire.F64 for value in values]
        self.writer.extend('value', list(range(first, serial)), ticks, kinds, list(map(number, values)))

    def _index(self, obj, serial):
        skip = {key[1] for key in list(self.program.gradient) + self.program.value[:1] if key[0] == 'attr'}
        if type(obj) is not Place:
            self.identity.index(obj, serial, skip)
        else:
            self.identity.index_as(obj.index, serial)

    def _operands(self, serial, obj, probe, params, rows):
        """Writes the operand rows of an op; returns the serials by slot, -1 for constants."""
        identity = self.identity
        found = []
        used, linked = probe.used, probe.linked
        for place, param in enumerate(params):
            kind = type(param)
            if kind is float or kind is int:
                self.writer.rows['constant'].extend((serial, len(found), number(param)))
                rows.extend((serial, -1, 1))
                found.append(-1)
                continue
            known = identity.of(param)
            if known >= 0:
                if param is obj:
                    continue
                is_used = used[place] if place < len(used) else True
                is_linked = linked[place] if place < len(linked) else False
                if not is_linked:
                    is_linked = links(obj, param) or links(param, obj)
                if is_used or is_linked:
                    self.any_link |= is_linked
                    rows.extend((serial, known, is_used + 2 * is_linked))
                    found.append(known)
            elif kind is list or kind is tuple:
                is_used = used[place] if place < len(used) else True
                for item in param:
                    if type(item) in (list, tuple) and item:
                        item = item[0] if self.identity.of(item[0]) >= 0 else item[-1]
                    other = self.identity.of(item)
                    if other >= 0:
                        is_linked = links(obj, item) or links(item, obj)
                        self.any_link |= is_linked
                        rows.extend((serial, other, is_used + 2 * is_linked))
                        found.append(other)
                    elif type(item) in (int, float) and is_used:
                        self.writer.rows['constant'].extend((serial, len(found), number(item)))
                        rows.extend((serial, -1, 1))
                        found.append(-1)
            elif kind is Place:
                rows.extend((serial, self.identity.of_key(param.index), 3))
                found.append(self.identity.of_key(param.index))
        if all(s < 0 for s in found):
            return found if found and any(s >= 0 for s in found) else ()
        return tuple(found)

    def _op_name(self, probe, kind, params, name, obj):
        text = self.writer.text
        if kind == wire.LEAF:
            return text('leaf')
        if kind == wire.CONSTANT:
            return text('constant')
        label = name if name is not None else probe.label
        if label is None:
            label = 'op'
        plain = label.strip('_') or label
        if label.startswith('__') and plain in _REFLECTED:
            plain = plain[1:]
        known = text(plain)
        if name is None:
            probe.row = known
        return known

    def _take_name(self, label, obj, known, tick):
        """Names an object, or each item of a sequence, if it is one of the first `known` nodes."""
        serial = self.identity.of_key(obj.index) if type(obj) is Place else self.identity.of(obj)
        if 0 <= serial < known:
            self._write_name(serial, label, tick)
        elif type(obj) in (list, tuple):
            of = self.identity.of
            for place, item in enumerate(obj[:1000]):
                serial = of(item)
                if 0 <= serial < known:
                    self._write_name(serial, '%s[%d]' % (label, place), tick)
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

    # -- seeds and other writes

    def _seed(self, probe, target, amount, before, adds):
        serial = self.identity.of_key(target)
        if serial < 0:
            return
        self._end_step()
        value = self.amount(amount)
        if probe.key[0] == 'map' and not value:
            return
        if amount is None or not value and not adds:
            kind = wire.WRITE_ZERO
            if amount is None and serial in self._touched:
                kind = wire.WRITE_RELEASE
            self._write(serial, wire.GRADIENT, kind, before, value if amount is not None else _NAN, probe)
            return
        if self.active >= 0 and self._steps_in_pass() and serial in self._touched and not adds:
            # The same root once more: a new pass in the same call.
            self.end_pass()
        self._seed_value(probe, serial, target, amount)

    def _steps_in_pass(self):
        return self._step >= 0 or len(self._touched) > 1

    def _seed_value(self, probe, serial, target, amount):
        if self.confirmed.get(probe.key):
            self._begin_seeded(serial, target, amount)
        else:
            self._unproven.append((probe, serial, target, amount))

    def _begin_seeded(self, serial, target, amount):
        self._ensure_pass()
        self._root(serial, target, self.amount(amount))

    def _write(self, serial, cell, kind, before, after, probe):
        if probe.row is None:
            probe.row = self.sites.of_node(probe.module, probe.node)
        self.writer.rows['write'].extend((
            self._now(), serial, cell, kind, before if type(before) is float else self.amount(before), after, probe.row,
        ))
        if cell == wire.GRADIENT:
            self._held[serial] = self.program.initial if kind in (wire.WRITE_ZERO, wire.WRITE_RELEASE) else after

    def _take_writes(self, events):
        for number_, target, after, before, is_value in events:
            probe = self.probes[number_]
            serial = self.identity.of_key(target)
            if serial < 0:
                if is_value and type(after) in (int, float):
                    # An input whose value is given later than the object was made.
                    self._late_leaf(probe, target, after)
                continue
            if self.active >= 0:
                self.end_pass()
            value = self.amount(after)
            if is_value:
                flows = self._reads_gradient(probe)
                self._write(serial, wire.VALUE, wire.WRITE_UPDATE if flows else wire.WRITE_SET, before, value, probe)
                continue
            if after is None or not value:
                kind = wire.WRITE_ZERO
            elif self._reads_gradient(probe):
                kind = wire.WRITE_CLIP
            else:
                kind = wire.WRITE_SET
            if kind == wire.WRITE_SET and self.operands(serial):
                self._settle_pending(serial)
                if probe.row is None:
                    probe.row = self.sites.of_node(probe.module, probe.node)
                # A seed, if a pass starts from it; else a write.
                self._pending[serial] = target, after, probe.row, before, self._now()
            else:
                self._settle_pending(serial)
                self._write(serial, wire.GRADIENT, kind, before, value, probe)

    def _settle_pending(self, serial):
        pending = self._pending.pop(serial, None)
        if pending is not None:
            _, seed, site, before, tick = pending
            seed = self.amount(seed)
            self._held[serial] = seed
            self.writer.rows['write'].extend((
                tick, serial, wire.GRADIENT, wire.WRITE_SET, self.amount(before), seed, site,
            ))

    def _late_leaf(self, probe, obj, value):
        if probe.row is None:
            probe.row = self.sites.of_node(probe.module, probe.node)
        self._take_nodes([LEAF, obj, value, None, None, probe.row, -1])

    def _reads_gradient(self, probe):
        known = probe.label
        if known is None:
            known = probe.label = self.program.reads_derived(
                probe.node.value, probe.scope or probe.module.scope_of(probe.node)
            )
        return known

    def finish(self):
        self.process()
        self.end_pass()
        self.take_waiting_dual()
        self.end_forward()
        for serial in list(self._pending):
            self._settle_pending(serial)
        self.name_paths()
