"""The common events in columns: what record.py and passes.py do row by row, for thousands of events at once.

A loop in Python costs several times what a comprehension over a column costs, so a run of events that holds nothing
unusual is turned into columns here. Each method first looks whether that is so, and says False, with nothing written,
when the events need the careful way.
"""

from array import array
from itertools import accumulate, chain, compress, repeat
from operator import attrgetter, lt

from . import wire
from .identity import number

# Below this many events the columns cost more than they save.
_WORTHWHILE = 8


class Bulk:
    """The part of the recorder that works in columns."""

    def _take_nodes_in_bulk(self, events):
        """Nodes whose operands are exactly their makers' parameters, with leaves and constants among them."""
        if len(events) < _WORTHWHILE:
            return False
        probes, objs, _, params, codes, places, calls, kinds, _ = zip(*events)
        flags = [() if probe is None else probe.flags for probe in probes]
        counts = list(map(len, params))
        identity = self.identity
        identity.forget_dead()
        serials = range(self.nodes, self.nodes + len(events))
        if list(map(len, flags)) != counts or not identity.add_new(objs, serials):
            return False
        ops = list(chain.from_iterable(map(repeat, serials, counts)))
        found = list(map(identity.table.get, map(id, chain.from_iterable(params))))
        # An operand that is no node, or one that the same object is only later.
        if None in found or not all(map(lt, found, ops)):
            identity.remove(objs)
            return False

        self.any_link = self.any_link or bool(ops)
        self.nodes = serials.stop
        self.node_types.update(map(type, objs))
        extend = self.writer.extend
        extend('operand', ops, found, list(chain.from_iterable(flags)))
        ends = accumulate(counts, initial=len(self.operand_values))
        next(ends)
        self.operand_starts += ends
        self.operand_values += found
        site_at = self.sites.at
        text = self.writer.text
        unmade = {1: text('leaf'), 2: text('constant')} if None in probes else {}
        extend(
            'op',
            [unmade[kind] if probe is None else probe.row for probe, kind in zip(probes, kinds)],
            [-1 if code is None else code.sites.get(place) or site_at(code, place)
             for code, place in zip(codes, places)],
            list(calls),
            list(kinds),
        )
        return True

    def _take_rules_in_bulk(self, events):
        """Rules of a pass that has its root: each is a step with one or two contributions."""
        count = len(events)
        if count < _WORTHWHILE or not self._rooted or self._pending:
            return False
        numbers, sources, pulled, lefts, left_amounts, rights, right_amounts = zip(*events)
        ops = self.identity.of_all(sources)
        pulled = _numbers(pulled)
        rules = [self.probes[number_] for number_ in numbers]
        starts = self.operand_starts
        if None in ops or pulled is None:
            return False
        starts_of = [starts[op] for op in ops]
        if [starts[op + 1] - start for op, start in zip(ops, starts_of)] != [rule.arity for rule in rules]:
            return False
        for rule in set(rules):
            if not self.confirmed.get(rule.key):
                return False
            self._sites_of_rule(rule)
        # Both parts of every rule side by side, then only those that there are.
        there = [target is not None for target in _side_by_side(lefts, rights)]
        steps = range(self._steps, self._steps + count)
        step_of, firsts, targets, amounts = (
            list(compress(_side_by_side(left, right), there))
            for left, right in ((steps, steps), (starts_of, starts_of), (lefts, rights), (left_amounts, right_amounts))
        )
        # What is known of a rule's parts before it runs, by its number.
        known = {number_: self.probes[number_] for number_ in set(numbers)}
        slots_of = {number_: tuple(rule.slots) for number_, rule in known.items()}
        sites_of = {number_: tuple(rule.row) for number_, rule in known.items()}
        slots = list(chain.from_iterable([slots_of[number_] for number_ in numbers]))
        sites = list(chain.from_iterable([sites_of[number_] for number_ in numbers]))
        amounts = _numbers(amounts)
        if amounts is None or len(slots) != len(targets):
            # The latter is a rule that was left after its first line.
            return False

        # A step takes a tick to begin, one for each part, and one to end: the tick before the next one begins.
        opened = self._step >= 0
        base = self.tick + opened
        begins = list(accumulate([3 if right is None else 4 for right in rights], initial=base))
        tick = begins.pop() - 1
        ended = [begin - 1 for begin in begins]
        ticks = [at + 2 * step for at, step in enumerate(step_of, base + 1 - 2 * self._steps)]
        steps = list(steps)
        values = self.operand_values
        serials = [values[first + slot] for first, slot in zip(firsts, slots)]
        extend = self.writer.extend
        extend('stepEnd', [self._step, *steps[:-1]] if opened else steps[:-1], ended if opened else ended[1:])
        extend('step', array('i', [self.active]) * count, ops, begins)
        extend('upstream', steps, pulled)
        extend('contribution', step_of, slots, serials, ticks, amounts, array('B', [wire.ADD]) * len(slots), sites)
        self._touched.update(zip(serials, targets))
        self._step = steps[-1]
        self._steps += count
        self._step_op = ops[-1]
        self._used_slots = []
        self.tick = tick
        return True

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


def _side_by_side(left, right):
    """The parts of each rule one after the other."""
    column = [None] * (2 * len(left))
    column[::2] = left
    column[1::2] = right
    return column


def _numbers(column):
    """A column as floats; None when not all are plain numbers."""
    kinds = set(map(type, column))
    if kinds == {float}:
        return list(column)
    if kinds <= {float, int, bool}:
        return list(map(number, column))
    return None
