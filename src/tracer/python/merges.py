"""Gradients that are handed up as maps and merged on the way: `return merge({n: seed}, grads(parent, seed * w))`.

Each amount then begins in a map of its own, and the gradient is what some other map holds in the end.
"""

from .identity import number
from .trail import STORED


class Merges:
    """The part of roles.py that knows such maps."""

    def _is_merged(self, name):
        """Whether each amount has a map to itself, and some node got several."""
        holders, owners = {}, {}
        for place, event in enumerate(self.events):
            if event.kind == STORED and self.key[place] == name:
                holders[id(event.owner)] = holders.get(id(event.owner), 0) + 1
                owners[self.owner[place]] = owners.get(self.owner[place], 0) + 1
        return len(holders) > 1 and max(holders.values()) == 1 and max(owners.values()) > 1

    def _merge(self, name, flows):
        """Makes the amounts add up, where that is what another map came to hold; says whether it is."""
        total = {}
        for flow in flows:
            if flow.source is None:
                total.clear()
            flow.adds = flow.target in total
            flow.after = total[flow.target] = total.get(flow.target, 0.0) + flow.amount
        merged = {}
        for place, event in enumerate(self.events):
            if event.kind == STORED and self.key[place][0] == 'map' and self.key[place] != name:
                merged[self.owner[place]] = event.value
        found = [(total[owner], number(merged[owner] or 0.0)) for owner in total if owner in merged]
        return bool(found) and all(abs(sum_ - held) <= 1e-9 * (1 + abs(held)) for sum_, held in found)
