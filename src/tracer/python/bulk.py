"""The common events in columns: what nodes.py and passes.py do row by row, for thousands of events at once.

A loop in Python costs several times what a comprehension over a column costs, so a run of events that holds nothing
unusual is turned into columns here. Each method first looks whether that is so, and says False, with nothing written,
when the events need the careful way.
"""

from array import array
from collections import Counter
from itertools import accumulate
from operator import attrgetter, lt

from . import wire
from .identity import number

# How many items an event takes in the flat lists of nodes and of runs of rules.
# A node: number of the maker's probe, object, value, two operands or all of them in a tuple and a name, site, call.
# A run: number of the rule's probe, source, upstream, and for both parts target and amount.
NODE = RULE = 7

# Below this many events the columns cost more than they save.
_WORTHWHILE = 32
_PLAIN = {float, int, bool}


class Bulk:
    """The part of the recorder that works in columns."""

    def _take_nodes_in_bulk(self, flat, ticks):
        """Nodes whose operands are exactly their makers' parameters, with leaves and constants among them."""
        if len(ticks) < _WORTHWHILE or not self.any_link:
            return False
        numbers, objs, values, lefts, rights, sites, calls = (flat[column::NODE] for column in range(NODE))
        types = set(map(type, values))
        if not types <= _PLAIN:
            return False
        identity = self.identity
        identity.forget_dead()
        serials = range(self.nodes, self.nodes + len(ticks))
        if not identity.add_new(objs, serials):
            return False
        lefts, rights = identity.of_all(lefts), identity.of_all(rights)
        lone, without = 0, 0
        for number_, count in Counter(numbers).items():
            given = self.probes[number_].given if number_ >= 0 else 0
            lone += count * (given == 1)
            without += count * (given == 0)
        # An operand that is no node, or one that the same object is only later.
        if (lefts.count(-1) != without or rights.count(-1) != without + lone
                or not all(map(lt, lefts, serials)) or not all(map(lt, rights, serials))):
            identity.remove(objs)
            return False

        self.nodes = serials.stop
        self.node_types.update(map(type, objs))
        self.makers.fromlist(numbers)
        self.lefts += lefts
        self.rights += rights
        makers = self._makers_on_wire
        for number_ in set(numbers):
            if number_ not in makers:
                self._write_maker(number_)
        if types == {float}:
            kinds = array('B', bytes(len(values)))
        else:
            kinds = [wire.INT if type(value) is int else wire.F64 for value in values]
        self.writer.extend(
            'node', list(map(makers.__getitem__, numbers)), sites, calls, ticks, kinds, values, lefts, rights,
        )
        return True

    def _write_maker(self, number_):
        probe = self.probes[number_] if number_ >= 0 else None
        kind = wire.OP if probe else -number_
        flags = sum(flag << 2 * place for place, flag in enumerate(probe.flags)) if probe else 0
        name = probe.row if probe else self._op_name(None, kind, (), None, None)
        self.writer.rows['maker'].extend((name, kind, flags))
        self._makers_on_wire[number_] = len(self._makers_on_wire)

    def _take_rules_in_bulk(self, flat):
        """Rules of a pass that has its root: each is a step with one or two contributions."""
        count = len(flat) // RULE
        if count < _WORTHWHILE or not self._rooted or self._pending:
            return False
        numbers, sources, pulled, lefts, left_amounts, rights, right_amounts = (flat[at::RULE] for at in range(RULE))
        if not set(map(type, pulled)) | set(map(type, left_amounts)) | set(map(type, right_amounts)) <= _PLAIN:
            return False
        ops = self.identity.of_all(sources)
        if -1 in ops:
            return False
        lone = 0
        in_order = True
        # A step takes a tick to begin, one for each part, and one to end.
        lengths = {}
        for number_, times in Counter(numbers).items():
            rule = self.probes[number_]
            if not self.confirmed.get(rule.key):
                return False
            lone += times * (len(rule.slots) == 1)
            lengths[number_] = 2 + len(rule.slots)
            in_order = in_order and rule.slots == [0, 1][:len(rule.slots)]
        # A rule that was left after its first line.
        if list(map(id, rights)).count(id(None)) != lone:
            return False
        for pair in set(zip(numbers, map(self.makers.__getitem__, ops))) - self._right_pairs:
            if not self._is_right_pair(*pair):
                return False
            self._right_pairs.add(pair)
        for op in self.others.keys() & ops if self.others else ():
            if -1 in self.others[op]:
                return False
        rules = self._rules_on_wire
        for number_ in set(numbers):
            if number_ not in rules:
                self._write_rule(number_)

        self._end_step()
        ticks = array('i', accumulate(map(lengths.__getitem__, numbers), initial=self.tick))
        self.tick = ticks.pop()
        self.writer.extend(
            'run', array('i', [self.active]) * count, list(map(rules.__getitem__, numbers)), ops, ticks, pulled,
            left_amounts, right_amounts,
        )
        self._reached.append((ops, sources, lefts, rights, in_order))
        self._steps += count
        self._used_slots = []
        return True

    def _is_right_pair(self, rule, maker):
        """Whether a rule's slots are the operands of what a maker makes: it belongs to the same function."""
        if maker < 0:
            return False
        rule, maker = self.probes[rule], self.probes[maker]
        return rule.scope is maker.scope and rule.arity == maker.given

    def _write_rule(self, number_):
        rule = self.probes[number_]
        sites = self._sites_of_rule(rule)
        row = [part for pair in zip(rule.slots, sites) for part in pair]
        self.writer.rows['rule'].extend((*row, -1, -1)[:4])
        self._rules_on_wire[number_] = len(self._rules_on_wire)

    @property
    def _touched(self):
        """The nodes that a gradient has reached in this pass, by serial number."""
        touched = self._touched_before
        if self._reached:
            reached, self._reached = self._reached, []
            for ops, sources, *_ in reached:
                touched.update(zip(ops, sources))
            for ops, _, lefts, rights, in_order in reached:
                for column, objs in (self.lefts, lefts), (self.rights, rights):
                    simple = in_order and self.others.keys().isdisjoint(ops)
                    serials = map(column.__getitem__, ops) if simple else self.identity.of_all(objs)
                    touched.update([(serial, obj) for serial, obj in zip(serials, objs)
                                    if obj is not None and serial not in touched])
            # Of rules of one part the right ones are missing.
            touched.pop(-1, None)
        return touched

    def _hold_in_bulk(self):
        """What the cells hold at the end of a pass, when all nodes are of one plain class."""
        objs = self._touched.values()
        kinds = set(map(type, objs))
        keys = [key for key, right in self.confirmed.items() if right and key[0] == 'attr']
        if len(kinds) != 1 or len(keys) != 1:
            return False
        read = self.identity.reader(kinds.pop(), keys[0])
        if type(read) is not attrgetter:
            return False
        try:
            cells = _numbers(list(map(read, objs)))
        except AttributeError:
            return False
        if cells is None:
            return False
        serials = list(self._touched)
        initial = self.program.initial
        held = self._held
        before = [held.get(serial, initial) for serial in serials]
        self.writer.extend('held', array('i', [self.active]) * len(serials), serials, before, cells)
        held.update(zip(serials, cells))
        return True


def _numbers(column):
    """A column as floats; None when not all are plain numbers."""
    kinds = set(map(type, column))
    if kinds == {float}:
        return list(column)
    if kinds <= {float, int, bool}:
        return list(map(number, column))
    return None
