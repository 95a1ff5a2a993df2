"""Finds on a trail which cells hold values and which gradients, what the nodes are, and what flowed from one to another.

A *value cell* is first filled with a number computed from the same cell of other objects. A *gradient cell* receives
amounts that come from the same cell of an object that was made later: loaded from there, or the very number that was
added there before (a recursive rule passes it on). Nothing here looks at what things are called.
"""

from types import FunctionType

from .flows import Flows
from .handles import Handles, place_of
from .identity import fields_of, links
from .scopes import FUNCTIONS
from .trail import BORN, DERIVED, LOADED, NUMBERS, STORED, Int

_FAR = 10_000


class Node:
    """An owner of a value cell; `stored` is the event that first filled it, `operands` the (owner, used) in order."""

    __slots__ = ('owner', 'obj', 'stored', 'loads', 'unproven', 'maker', 'given', 'operands', 'born')

    def __init__(self, owner, obj, stored, loads):
        self.owner = owner
        self.obj = obj
        self.stored = stored
        self.loads = loads
        self.unproven = ()
        # The run of the function that computed the value, and that of the one that was given the operands.
        self.maker = self.given = None
        self.operands = []
        self.born = None


class Roles(Flows, Handles):
    def __init__(self, trail, likely=None):
        """`likely` is the cell that holds the values of leaves if the script fails before it has computed anything."""
        self.likely = likely
        self.trail = trail
        self.events = trail.events
        self.owner = [None] * len(self.events)
        self.key = [None] * len(self.events)
        self.objects = {}
        self._normalise()
        self.nodes = {}
        # What stands for nodes: keys of a table, a field that holds such a key, fields that hold nodes.
        self.keys, self.handle, self.wrappers = {}, None, set()
        self.flows = []
        self.rewrites = []
        self.value = self.gradient = None
        self._alias = {}
        self._find_values()
        if self.value is not None:
            self._find_gradient()
            if self._prove():
                self._find_gradient()
            linked = self.value == self.likely or any(self._links(node) for node in self.nodes.values())
            if self.gradient is None and not linked:
                # Fractions, vectors, measurements: numbers that are computed from one another, but no graph.
                self.nodes, self.value = {}, None

    def _prove(self):
        """Whether gradients flowed from nodes that were computed in the script itself to what they were computed from."""
        proven = False
        for source, target in {(flow.source, flow.target) for flow in self.flows if flow.source is not None}:
            node = self.nodes[source]
            if any(self.owner[place] == target for place in node.unproven):
                node.loads, node.unproven = node.unproven, ()
                node.operands = self._read(node)
                proven = True
        return proven

    # -- cells

    def _normalise(self):
        for place, event in enumerate(self.events):
            if event.kind in (LOADED, STORED):
                self.owner[place], self.key[place] = self._cell(event.owner, event.key)
            elif event.kind == BORN:
                self.objects.setdefault(id(event.owner), event.owner)

    def _cell(self, holder, key):
        kind, index = key
        if kind != 'entry':
            self.objects.setdefault(id(holder), holder)
            return id(holder), (kind, index)
        label = self.trail.labels.get(id(holder), '')
        if id(holder) in self.trail.lists.get(label, ()) and len(self.trail.lists[label]) > 1:
            # Every node keeps a list of what it received.
            return id(holder), ('list', label)
        name = 'map', label
        place = place_of(index)
        if type(place) is int:
            known = self.trail.owners.get(place)
            if known is None:
                return ('place', place), name
            self.objects.setdefault(place, known)
            return place, name
        if place is not None or type(index) in (tuple, float):
            return ('place', index if place is None else place), name
        self.objects.setdefault(id(index), index)
        return id(index), name

    def walk(self, start, stop):
        """The events, and raw numbers, at which the way back from a number ends, in reading order."""
        found, seen, waiting = [], set(), [start]
        while waiting and len(seen) < _FAR:
            place = waiting.pop()
            if type(place) is not int:
                if stop(place):
                    found.append(place)
                continue
            if place in seen and self.events[place].kind == DERIVED:
                continue
            seen.add(place)
            if stop(place):
                found.append(place)
                continue
            event = self.events[place]
            if event.kind == DERIVED:
                waiting.extend(reversed(event.parts))
            elif event.kind == LOADED and event.through is not None:
                waiting.append(event.through)
        return found

    # -- values

    def _find_values(self):
        events, owner, key = self.events, self.owner, self.key
        first, born, candidates, reads = {}, {}, {}, {}
        for place, event in enumerate(events):
            if event.kind == BORN:
                born.setdefault(id(event.owner), place)
            if event.kind != STORED or type(event.value) not in NUMBERS:
                continue
            cell = owner[place], key[place]
            if cell in first:
                continue
            first[cell] = place
            if event.through is None:
                continue
            here, name = cell
            loads = self.walk(event.through, lambda p: type(p) is int and key[p] == name and owner[p] != here
                              and events[p].kind == LOADED)
            loads = [p for p in loads if first.get((owner[p], name), place) < place]
            if loads:
                candidates.setdefault(name, []).append((place, here, loads))
                others = self.walk(event.through, lambda p: type(p) is int and events[p].kind == LOADED)
                reads.setdefault(name, set()).update(key[p] for p in others)
        if not candidates and all(name != self.likely for _, name in first):
            return

        def score(name):
            found = candidates[name]
            independent = not any(other != name and name not in reads[other] for other in reads[name] & candidates.keys())
            at_birth = sum(place <= born.get(here, place) for place, here, _ in found) * 2 > len(found)
            floats = any(type(events[place].value) is float for place, _, _ in found)
            return independent, at_birth, floats, len(found), -found[0][0]

        self.value = max(candidates, key=score, default=self.likely)
        loads = {here: (place, found) for place, here, found in candidates.get(self.value, ())}
        for (here, name), place in first.items():
            if name == self.value:
                node = self.nodes[here] = Node(here, self.objects.get(here), place, loads.get(here, (0, ()))[1])
                node.born = born.get(here)
        self._find_handles()
        for node in self.nodes.values():
            self._find_operands(node)

    def _find_operands(self, node):
        """What an op was given, in the order of its maker's parameters, as often as it was given it."""
        events = self.events
        if node.loads:
            made = events[events[node.stored].through]
            if made.at is None or not _function(made.at[0]):
                # Computed in the script itself from numbers: nothing connects it with those but gradients.
                node.unproven, node.loads = node.loads, ()
                return
            run = node.maker = made.at[0]
        else:
            at = events[node.born].at if node.born is not None else None
            run = at[0] if at is not None else None
            if run is None or not _function(run):
                return
        sources = {self.owner[place] for place in node.loads}
        best, wanted = None, sources | self.reached(node)
        while run is not None and _function(run) is not None:
            given = [o for o, _ in self.given(run, sources, wanted) if o is not None and o != node.owner]
            if sources <= set(given):
                used = sources if node.loads else self._read_by(run, given, node)
                listed = [o for o in given if o in sources or self.linked(node, o)]
                if listed and (node.loads or any(self.linked(node, o) for o in listed)):
                    best = [(o, o in used) for o in listed]
                    node.maker = node.maker or run
                    node.given = run
                break
            run = run.parent if node.loads else None
        node.operands = self._read(node) if best is None else best

    def _read(self, node):
        """The operands of a node by what was loaded for it: the same expression read twice is one of them."""
        found = {}
        for place in node.loads:
            at = self.events[place].at
            how = None if at is None else (at[0], at[2], at[0].code.text(at[1]))
            found.setdefault((self.owner[place], how), (self.owner[place], True))
        return list(found.values())

    def linked(self, node, operand):
        other = self.objects.get(operand)
        if node.obj is None or other is None:
            return True
        return links(node.obj, other) or links(other, node.obj)

    def _links(self, node):
        """Whether a node leads to one of its operands, through a closure too."""
        if node.obj is None:
            return False
        held = [value for _, field in fields_of(node.obj) for value in _enclosed(field)]
        operands = [self.objects[o] for o, _ in node.operands if o in self.objects]
        return any(links(node.obj, o) or any(value is o for value in held) for o in operands)

    def _read_by(self, run, given, node):
        """Which of the given nodes' values the maker looked at, though nothing of them went into the result."""
        wanted, found = set(given), set()
        for place in range(node.stored, max(node.stored - 200, -1), -1):
            event = self.events[place]
            if event.kind == LOADED and event.at is not None and event.at[0] is run and self.owner[place] in wanted:
                found.add(self.owner[place])
        return found


def _enclosed(value):
    """What a closure holds."""
    if type(value) is FunctionType:
        for cell in value.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:
                pass


def _function(run):
    """The scope of the function that a run belongs to, None at module level."""
    scope = run.code.scope
    return scope if scope.is_function and isinstance(scope.node, FUNCTIONS) else None
