"""The common events in columns: what record.py and passes.py do row by row, for thousands of events at once.

A loop in Python costs several times what a comprehension over a column costs, so a run of events that holds nothing
unusual is turned into columns here. Each method first looks whether that is so, and says False, with nothing written,
when the events need the careful way.
"""

from itertools import accumulate, chain, repeat
from operator import lt

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
