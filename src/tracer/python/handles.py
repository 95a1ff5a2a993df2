"""What stands for a node on a trail: its place in a list, its key in a table, an object that wraps it.

The part of roles.py that turns what a function was given, or what a name was given to, into nodes.
"""

from types import FunctionType

from .identity import fields_of, reach
from .trail import BORN, HEAP_TYPE, Int

_PLACES = (int, str)
# Items of a list up to which it may be a list of operands as a whole.
_LONG = 64


class Handles:
    def _find_handles(self):
        self._long = {}
        self.keys = self._find_keys()
        places = {owner[1] for owner in self.nodes if type(owner) is tuple} | self.keys.keys()
        self.handle = self._find_index(places) if places else None
        self.wrappers = self._find_wrappers()

    def _find_keys(self):
        """Of a table with all that was computed, the nodes by their keys there: a tape, a registry."""
        computed = {id(node.obj) for node in self.nodes.values() if node.loads and node.obj is not None}
        found = {}
        for table in self.trail.tables.values():
            entries = [(k, id(v)) for k, v in fields_of(table) if id(v) in self.nodes and self.objects.get(id(v)) is v]
            if len(entries) > len(found) and computed <= {owner for _, owner in entries}:
                found = {place_of(k): owner for k, owner in entries if place_of(k) is not None}
        return found

    def _find_index(self, places):
        """The field of the objects that stand for places."""
        found = {}
        for event in self.events:
            if event.kind == BORN:
                for name, value in fields_of(event.owner):
                    if place_of(value) in places:
                        found.setdefault(name, set()).add(place_of(value))
        return max(found, key=lambda name: len(found[name]), default=None)

    def _find_wrappers(self):
        """The fields by which the objects that makers are given lead to their operands: (class, field)."""
        found = set()
        for node in self.nodes.values():
            sources = {self.owner[place] for place in node.loads}
            run = self.events[self.events[node.stored].through].at if node.loads else None
            run = run[0] if run is not None else None
            if run is None:
                continue
            for value in run.given:
                if type(value).__flags__ & HEAP_TYPE and id(value) not in self.nodes:
                    found.update((type(value), name) for name, field in fields_of(value) if id(field) in sources)
        return found

    def node_of(self, value):
        """The owner of the value cell that an argument stands for."""
        if id(value) in self.nodes and self.objects.get(id(value)) is value:
            return id(value)
        place = place_of(value)
        if place is not None:
            return self._at(place)
        if self.trail.shared:
            run = self._call_of(value)
            if run is not None:
                return run
        if type(value) in (float, list, tuple):
            return None
        if self.handle is not None or self.wrappers:
            for name, field in fields_of(value):
                if name == self.handle and place_of(field) is not None:
                    return self._at(place_of(field))
                if (type(value), name) in self.wrappers and id(field) in self.nodes:
                    return id(field)
        return None

    def given(self, run, needed, wanted):
        """What a call was given: (node or None, value).

        What is in lists and tuples only where the nodes in `needed` are not given one by one, beside a tape that all
        makers share; of long lists only the nodes in `wanted`.
        """
        alone = [(self.node_of(value), value) for value in run.given]
        if needed and needed <= {owner for owner, _ in alone}:
            yield from alone
            return
        for value in run.given:
            if type(value) not in (list, tuple) or self.trail.shared and self._call_of(value) is not None:
                yield self.node_of(value), value
            elif len(value) > _LONG:
                places = self._places(value)
                found = sorted((place, owner) for owner in wanted for place in places.get(owner, ()))
                yield from ((owner, value[place]) for place, owner in found)
            else:
                for part in value:
                    yield self.node_of(part[0] if type(part) in (list, tuple) and part else part), part

    def _places(self, items):
        """Where each node is in a list."""
        known = self._long.get(id(items))
        if known is None:
            known = self._long[id(items)] = {}
            for place, part in enumerate(items):
                owner = self.node_of(part[0] if type(part) in (list, tuple) and part else part)
                if owner is not None:
                    known.setdefault(owner, []).append(place)
        return known

    def reached(self, node):
        """The nodes that a node's fields lead to."""
        return set() if node.obj is None else {id(obj) for obj in reach(node.obj) if id(obj) in self.nodes}

    def _call_of(self, value):
        """The call whose variables a function shares, or a function that an object or a tuple holds."""
        functions = [value] if type(value) is FunctionType else [f for _, f in fields_of(value) if type(f) is FunctionType]
        for function in functions:
            for cell in function.__closure__ or ():
                run = self.trail.shared.get(id(cell), (None,))[0]
                if id(run) in self.nodes:
                    return id(run)
        return None

    def _at(self, place):
        if self.value is not None and self.value[0] == 'map' and ('place', place) in self.nodes:
            return 'place', place
        return self.keys.get(place)


def place_of(value):
    """What a number or a word is as a key, None for anything else: nothing of its class runs."""
    kind = type(value)
    if kind in _PLACES:
        return value
    if kind is Int or kind is not bool and issubclass(kind, int) and kind.__flags__ & HEAP_TYPE:
        return int.__int__(value)
    return str.__str__(value) if issubclass(kind, str) else None
