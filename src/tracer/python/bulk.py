"""The common events in columns: what nodes.py and passes.py do row by row, for thousands of events at once.

A loop in Python costs several times what a comprehension over a column costs, so a run of events that holds nothing
unusual is turned into columns here. Each method first looks whether that is so, and says False, with nothing written,
when the events need the careful way.
"""

from itertools import islice, repeat
from operator import attrgetter, is_, itemgetter, lt

from . import wire
from .identity import number
from .wire import packed

# How many items an event takes in the flat lists of nodes and of runs of rules.
# A node: number of the maker's probe, object, value, two operands or all of them in a tuple and a name, site, call.
# A run: number of the rule's probe, source, upstream, and for both parts target and amount.
NODE = RULE = 7

# Below this many events the columns cost more than they save.
_WORTHWHILE = 32
# How many objects are looked at together.
_PART = 512
_PLAIN = {float, int, bool}


class Bulk:
    """The part of the recorder that works in columns."""

    def _take_nodes_in_bulk(self, flat, ticks):
        """Nodes whose operands are exactly their makers' parameters, with leaves and constants among them."""
        count = len(ticks)
        if count < _WORTHWHILE or not self.any_link:
            return False
        numbers, objs, values, lefts, rights, sites, calls = (flat[column::NODE] for column in range(NODE))
        types = set(map(type, values))
        if not types <= _PLAIN:
            return False
        identity = self.identity
        identity.forget_dead()
        serials = range(self.nodes, self.nodes + count)
        kinds = set(map(type, objs))
        if not identity.add_new(objs, serials, kinds):
            return False
        lefts, rights = identity.of_all(lefts), identity.of_all(rights)
        used = set(numbers)
        lone = without = 0
        for number_ in used:
            given = self.probes[number_].given if number_ >= 0 else 0
            if given < 2:
                times = numbers.count(number_)
                lone += times
                without += times * (given == 0)
        # An operand that is no node, or one that the same object is only later.
        if (lefts.count(-1) != without or rights.count(-1) != lone
                or not all(map(lt, lefts, serials)) or not all(map(lt, rights, serials))):
            identity.remove(objs)
            return False

        if self.program.keyed:
            for obj, serial in zip(objs, serials):
                self._index(obj, serial)
        self.nodes = serials.stop
        self.node_types |= kinds
        makers = self._makers_on_wire
        for number_ in used:
            if number_ not in makers:
                self._write_maker(number_)
        whether_int = wire.F64 if types == {float} else bytes(map(is_, map(type, values), repeat(int)))
        lefts, rights = packed('i', lefts), packed('i', rights)
        self.makers.frombytes(packed('i', numbers))
        self.lefts.frombytes(lefts)
        self.rights.frombytes(rights)
        self._extend(
            'node', count, itemgetter(*numbers)(makers), sites, calls, ticks, whether_int, _floats(values), lefts,
            rights,
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
        pick = itemgetter(*ops)
        used = set(numbers)
        # A step takes a tick to begin, one for each part, and one to end.
        ticks = 0
        whole = True
        for number_ in used:
            rule = self.probes[number_]
            if not self.confirmed.get(rule.key):
                return False
            ticks += numbers.count(number_) * (2 + len(rule.slots))
            whole = whole and rule.slots == list(range(rule.arity))
        for pair in set(zip(numbers, pick(self.makers))) - self._right_pairs:
            if not self._is_right_pair(*pair):
                return False
            self._right_pairs.add(pair)
        targets = pick(self.lefts), pick(self.rights)
        if -1 in targets[0]:
            whole = False
            if any(-1 in self.others[op] for op in self.others.keys() & ops):
                return False
        rules = self._rules_on_wire
        for number_ in used:
            if number_ not in rules:
                self._write_rule(number_)

        self._end_step()
        self._extend(
            'run', count, self.active, itemgetter(*numbers)(rules), ops, self.tick, _floats(pulled),
            _floats(left_amounts), _floats(right_amounts),
        )
        self.tick += ticks
        self._steps += count
        self._used_slots = []
        touched = self._touched
        for serials, objs in zip(targets, (lefts, rights)):
            # Where a rule gives to each operand of its op, in order, what they are need not be looked up.
            touched.update(zip(serials if whole else self.identity.of_all(objs), objs))
        touched.update(zip(ops, sources))
        # Of what there is no second one.
        touched.pop(-1, None)
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

    def _hold_in_bulk(self):
        """What the cells hold at the end of a pass, when all nodes are of one plain class."""
        objs = iter(self._touched.values())
        keys = [key for key, right in self.confirmed.items() if right and key[0] == 'attr']
        kind = type(next(iter(self._touched.values()), None))
        read = self.identity.reader(kind, keys[0]) if len(keys) == 1 else None
        if type(read) is not attrgetter:
            return False
        cells = []
        # In parts: the memory that looking at the types has fetched is at hand for reading.
        for part in iter(lambda: list(islice(objs, _PART)), []):
            if set(map(type, part)) != {kind}:
                return False
            try:
                found = list(map(read, part))
            except AttributeError:
                return False
            if not set(map(type, found)) <= _PLAIN:
                return False
            cells += found
        serials = list(self._touched)
        initial = self.program.initial
        held = self._held
        before = [held.get(serial, initial) for serial in serials] if held else initial
        self._extend('held', len(serials), self.active, serials, before, _floats(cells))
        held.update(zip(serials, cells))
        return True


def _floats(numbers):
    """Plain numbers as a column."""
    try:
        return packed('d', numbers)
    except OverflowError:
        return packed('d', list(map(number, numbers)))
