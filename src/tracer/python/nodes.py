"""The nodes one by one, in the order in which the program made them, with all that an engine may do.

bulk.py does the same for thousands of common ones at once.
"""

from itertools import chain, groupby, repeat

from . import wire
from .bulk import NODE
from .identity import MISSING, Place, is_number, links, number

_REFLECTED = {
    'radd', 'rsub', 'rmul', 'rtruediv', 'rpow', 'rmatmul', 'rfloordiv', 'rmod', 'iadd', 'isub', 'imul', 'itruediv',
    'ipow', 'imatmul',
}


class Nodes:
    """The part of the recorder that writes ops, operands and values."""

    def _take_nodes(self, flat, named=()):
        """Nodes and names, in the order in which the program made and gave them."""
        names = list(zip(*[iter(named)] * 3))
        if names and self.program.keyed:
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
            part = flat[at * NODE:end * NODE] if end - at < len(numbers) else flat
            ticks = range(born + at, born + end)
            if not is_plain or not self._take_nodes_in_bulk(part, ticks):
                self._take_each_node(part, ticks)
            at = end
        for place, label, obj in names:
            self._take_name(label, obj, first + place, born + place)

    def _take_each_node(self, flat, ticks):
        """Nodes one by one: everything that an engine may do."""
        identity = self.identity
        rows = self.writer.rows['operand']
        serial = self.nodes
        keyed = self.program.keyed
        tell = self.writer.rows['value'].extend
        for tick, (maker, obj, value, left, right, site, call) in zip(ticks, zip(*[iter(flat)] * NODE)):
            if value is MISSING:
                value = identity.read(obj, self.program.value[0])
            if not is_number(value):
                self.end_early('values of type %s are not recorded: only single numbers are' % type(value).__name__)
                break
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
            if keyed:
                self._index(obj, serial)
            tell((serial, tick, wire.INT if type(value) is int else wire.F64, number(value)))
            serial += 1
            self.nodes = serial

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
