"""Finds on a trail which cells hold values and which gradients, what the nodes are, and what flowed from one to another.

A *value cell* is first filled with a number computed from the same cell of other objects. A *gradient cell* receives
amounts that come from the same cell of an object that was made later: loaded from there, or the very number that was
added there before (a recursive rule passes it on). Nothing here looks at what things are called.
"""

from types import FunctionType

from .identity import fields_of, links, number
from .scopes import FUNCTIONS
from .trail import BORN, DERIVED, GIVEN, LOADED, STORED, Int

_SUMS = ('Add', 'Sub', 'RSub', 'sum', 'fsum', 'USub', 'UAdd')
_NUMBERS = (int, float, Int)
_FAR = 10_000


class Flow:
    """One amount that reached a gradient cell: from the step of `source`, or a seed when that is None."""

    __slots__ = ('event', 'target', 'source', 'version', 'upstream', 'amount', 'adds', 'after')

    def __init__(self, event, target, source, version, upstream, amount, adds, after):
        self.event = event
        self.target = target
        self.source = source
        self.version = version
        self.upstream = upstream
        self.amount = amount
        self.adds = adds
        # What the cell holds afterwards.
        self.after = after


class Node:
    """An owner of a value cell; `stored` is the event that first filled it, `operands` the (owner, used) in order."""

    __slots__ = ('owner', 'obj', 'stored', 'loads', 'maker', 'operands', 'born')

    def __init__(self, owner, obj, stored, loads):
        self.owner = owner
        self.obj = obj
        self.stored = stored
        self.loads = loads
        self.maker = None
        self.operands = []
        self.born = None


class Roles:
    def __init__(self, trail):
        self.trail = trail
        self.events = trail.events
        self.owner = [None] * len(self.events)
        self.key = [None] * len(self.events)
        self.objects = {}
        self._normalise()
        self.nodes = {}
        # Where nodes are places in a list: the field of the objects that stand for them.
        self.handle = None
        self.flows = []
        self.rewrites = []
        self.value = self.gradient = None
        self._alias = {}
        self._find_values()
        if self.value is not None:
            self._find_gradient()
            if self.gradient is None and not any(self._links(node) for node in self.nodes.values()):
                # Fractions, vectors, measurements: numbers that are computed from one another, but no graph.
                self.nodes, self.value = {}, None

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
        if type(index) in (int, Int):
            index = int(index)
            known = self.trail.owners.get(index)
            if known is None:
                return ('place', index), name
            self.objects.setdefault(index, known)
            return index, name
        if type(index) in (str, tuple, float):
            return ('place', index), name
        self.objects.setdefault(id(index), index)
        return id(index), name

    def walk(self, start, stop, through=None):
        """The events at which the way back from a number ends, in reading order; `through` says which loads to pass."""
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
            elif event.kind == LOADED and event.through is not None and (through is None or through(place)):
                waiting.append(event.through)
        return found

    # -- values

    def _find_values(self):
        events, owner, key = self.events, self.owner, self.key
        first, born, candidates, reads = {}, {}, {}, {}
        for place, event in enumerate(events):
            if event.kind == BORN:
                born.setdefault(id(event.owner), place)
            if event.kind != STORED or type(event.value) not in _NUMBERS:
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
        if not candidates:
            return

        def score(name):
            found = candidates[name]
            independent = not any(other != name and name not in reads[other] for other in reads[name] & candidates.keys())
            at_birth = sum(place <= born.get(here, place) for place, here, _ in found) * 2 > len(found)
            floats = any(type(events[place].value) is float for place, _, _ in found)
            return independent, at_birth, floats, len(found), -found[0][0]

        self.value = max(candidates, key=score)
        loads = {here: (place, found) for place, here, found in candidates[self.value]}
        for (here, name), place in first.items():
            if name == self.value:
                node = self.nodes[here] = Node(here, self.objects.get(here), place, loads.get(here, (0, ()))[1])
                node.born = born.get(here)
        if any(type(here) is tuple for here in self.nodes):
            self._find_handles()
        for node in self.nodes.values():
            self._find_operands(node)

    def _find_handles(self):
        found = {}
        for event in self.events:
            if event.kind == BORN:
                for name, value in fields_of(event.owner):
                    if type(value) in (int, Int) and ('place', int(value)) in self.nodes:
                        found.setdefault(name, {})[int(value)] = True
        if found:
            self.handle = max(found, key=lambda name: len(found[name]))

    def _find_operands(self, node):
        """What an op was given, in the order of its maker's parameters, as often as it was given it."""
        events = self.events
        if node.loads:
            made = events[events[node.stored].through]
            if made.at is None or not _function(made.at[0]):
                # Computed in the script itself from numbers: nothing connects it with those.
                node.loads = ()
                return
            run = node.maker = made.at[0]
        else:
            at = events[node.born].at if node.born is not None else None
            run = at[0] if at is not None else None
            if run is None or not _function(run):
                return
        sources = {self.owner[place] for place in node.loads}
        best = None
        while run is not None and _function(run) is not None:
            given = [o for o in self._given(run) if o is not None and o != node.owner]
            if sources <= set(given):
                used = sources if node.loads else self._read_by(run, given, node)
                listed = [o for o in given if o in sources or self.linked(node, o)]
                if listed and (node.loads or any(self.linked(node, o) for o in listed)):
                    best = [(o, o in used) for o in listed]
                    node.maker = node.maker or run
                break
            run = run.parent if node.loads else None
        if best is None:
            best, seen = [], set()
            for place in node.loads:
                if self.owner[place] not in seen:
                    seen.add(self.owner[place])
                    best.append((self.owner[place], True))
        node.operands = best

    def _given(self, run):
        """The nodes among the arguments of a call, those in lists and tuples too."""
        for value in run.given:
            parts = value if type(value) in (list, tuple) else (value,)
            for part in parts:
                if type(part) in (list, tuple) and part:
                    part = part[0]
                yield self.node_of(part)

    def node_of(self, value):
        """The owner of the value cell that an argument stands for."""
        if id(value) in self.nodes and self.objects.get(id(value)) is value:
            return id(value)
        if type(value) in (int, Int, str) and ('place', value) in self.nodes and self.value[0] == 'map':
            return 'place', int(value) if type(value) is Int else value
        if self.handle is not None and type(value) not in (int, float, str, list, tuple):
            for name, index in fields_of(value):
                if name == self.handle and type(index) in (int, Int) and ('place', int(index)) in self.nodes:
                    return 'place', int(index)
        return None

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

    # -- gradients

    def _find_gradient(self):
        stored = {}
        for place, event in enumerate(self.events):
            if event.kind == STORED and self.key[place] != self.value:
                entry = stored.setdefault(self.key[place], [0, set()])
                entry[0] += event.through is not None
                entry[1].add(self.owner[place])
        best = 0
        for name, (derived, owners) in stored.items():
            if not derived or name[0] == 'map' and self._is_shared(name):
                continue
            alias = self._aliases(owners)
            flows, rewrites = self._flows(name, alias)
            if not self._adds_up(flows, rewrites, alias):
                continue
            younger = sum(self._age(f.source) > self._age(f.target) for f in flows if f.source is not None)
            older = sum(self._age(f.source) < self._age(f.target) for f in flows if f.source is not None)
            if younger - 2 * older > best:
                best = younger - 2 * older
                self.gradient, self.flows, self.rewrites, self._alias = name, flows, rewrites, alias

    def _is_shared(self, name):
        """Whether each node keeps a map of what it hands to its inputs: the entries of one key are parts of a gradient."""
        holders = {id(e.owner) for place, e in enumerate(self.events) if e.kind == STORED and self.key[place] == name}
        held = set()
        for node in self.nodes.values():
            if node.obj is not None:
                held.update(id(value) for _, value in fields_of(node.obj) if id(value) in holders)
        return len(held) > 1

    def _adds_up(self, flows, rewrites, alias):
        """Whether most cells hold what was seen to flow into them; else the flows are not the whole story."""
        held, received = {}, {}
        stores = [(flow.event, flow) for flow in flows] + [(place, None) for place in rewrites]
        for place, flow in sorted(stores, key=lambda store: store[0]):
            if flow is None:
                owner = alias.get(self.owner[place], self.owner[place])
                received[owner] = held[owner] = number(self.events[place].value or 0.0)
                continue
            start = received.get(flow.target, 0.0) if flow.adds else 0.0
            received[flow.target] = start + flow.amount
            held[flow.target] = flow.after
        wrong = sum(abs(received[o] - held[o]) > 1e-6 * (1 + abs(held[o])) for o in held if held[o] == held[o])
        return 2 * wrong <= len(held)

    def _age(self, owner):
        node = self.nodes.get(owner)
        return node.stored if node is not None else -1

    def _aliases(self, owners):
        """The nodes that cells of other owners belong to: a box that a node holds, a place that a node has the number of."""
        strange = {owner for owner in owners if owner not in self.nodes}
        alias = {}
        if not strange:
            return alias
        places = {owner[1]: owner for owner in strange if type(owner) is tuple}
        by_field = {}
        for node in self.nodes.values():
            if node.obj is None:
                continue
            for name, value in fields_of(node.obj):
                if id(value) in strange:
                    alias[id(value)] = node.owner
                elif type(value) in (int, str, Int) and places:
                    place = places.get(int(value) if type(value) is Int else value)
                    if place is not None:
                        by_field.setdefault(name, {})[place] = node.owner
        if by_field:
            alias.update(max(by_field.values(), key=len))
        return alias

    def gradient_owner(self, owner):
        """The node whose gradient a cell holds."""
        return self._alias.get(owner, owner)

    def _flows(self, name, alias):
        """What every store into cells of this name brought: `Flow`s, and the stores that put something else there."""
        events, owner, key = self.events, self.owner, self.key
        flows, rewrites = [], []
        version, arrived, last, total = {}, {}, {}, {}
        self._served = {}

        def stops(place):
            if type(place) is not int:
                return ('raw', id(place)) in arrived
            return place in arrived or events[place].kind == LOADED and key[place] in (name, self.value)

        for place, event in enumerate(events):
            if key[place] != name:
                continue
            cell = owner[place]
            here = alias.get(cell, cell)
            if event.kind == LOADED:
                version[place] = last.get(cell, -1)
                continue
            before = last.get(cell)
            last[cell] = last[here] = place
            if event.value is None:
                rewrites.append(place)
                continue
            if name[0] == 'list':
                own, terms = True, [(1, event.through if event.through is not None else number(event.value))]
                total[here] = total.get(here, 0.0) + event.value
            else:
                own, terms = self._terms(place, cell, name)
                total[here] = event.value
            found = False
            for sign, term in self._split(terms, stops, own):
                amount = (events[term].value if type(term) is int else term) * sign
                source = self._source(term, stops, here, arrived, version, alias, name)
                if source is None and (not amount or self._from_itself(term, stops, cell, name)):
                    continue
                found = True
                known = before is not None and events[before].value is not None
                if source is not None and name[0] == 'list':
                    # What the source had received by then went on as one sum.
                    source = source[0], last.get(source[0], -1), total[source[0]]
                adds = own or not known
                flows.append(Flow(place, here, *(source or (None, None, None)), amount, adds, total[here]))
                arrived.setdefault(term if type(term) is int else ('raw', id(term)), []).append((here, place))
            if not found and not own:
                rewrites.append(place)
        return flows, rewrites

    def _terms(self, place, cell, name):
        """Whether the new content is the old one plus something, and the terms that were added: (sign, number)."""
        events = self.events
        event = events[place]

        def is_own(p):
            return type(p) is int and events[p].kind == LOADED and self.owner[p] == cell and self.key[p] == name

        start = event.through
        if start is None:
            return False, [(1, number(event.value))]
        if is_own(start):
            return True, []
        spine = self._sum_path(start, is_own)
        if spine is None:
            return False, [(1, start)]
        terms = []
        for at in spine:
            for sign, part in self._signed(events[at]):
                if part not in spine and not is_own(part):
                    terms.append((sign, part))
        return True, terms

    def _sum_path(self, start, is_own):
        """The sums on the way from a number down to the cell's own old content, None when there is no such way."""
        waiting = [(start, (start,))]
        while waiting:
            place, path = waiting.pop()
            event = self.events[place]
            if event.kind != DERIVED or event.op not in _SUMS:
                continue
            for part in event.parts:
                if is_own(part):
                    return path
                if type(part) is int:
                    waiting.append((part, path + (part,)))
        return None

    def _signed(self, event):
        signs = {'Sub': (1, -1), 'RSub': (-1,), 'USub': (-1,)}.get(event.op, ())
        for slot, part in enumerate(event.parts):
            yield signs[slot] if slot < len(signs) else 1, part

    def _split(self, terms, stops, own):
        """Terms with one source each: a sum over several consumers falls into its summands."""
        waiting = list(reversed(terms))
        while waiting:
            sign, term = waiting.pop()
            event = self.events[term] if type(term) is int else None
            if event is not None and event.kind == DERIVED and event.op in _SUMS and not stops(term):
                owners = {self.owner[p] for p in self.walk(term, stops) if type(p) is int
                          and self.events[p].kind == LOADED and self.key[p] != self.value}
                if len(owners) > 1:
                    waiting.extend((sign * s, part) for s, part in reversed(list(self._signed(event))))
                    continue
            if event is not None or term:
                yield sign, term

    def _source(self, term, stops, target, arrived, version, alias, name):
        """(owner, version, upstream) of the step that an amount comes from, None for a seed."""
        found = []
        waiting = self.walk(term, stops)
        for p in waiting:
            if type(p) is int and self.events[p].kind == LOADED and self.key[p] == name:
                holder = alias.get(self.owner[p], self.owner[p])
                found.append((holder, version.get(p, -1), self.events[p].value, True))
                continue
            key, value = (p, self.events[p].value) if type(p) is int else (('raw', id(p)), p)
            found += [(holder, at, value, type(p) is int) for holder, at in arrived.get(key, ())]
            if type(p) is int and self.events[p].op == GIVEN:
                # The same number had another identity before it was handed over.
                waiting.extend(self.events[p].parts)
        found = [f for f in found if f[0] != target and f[0] in self.nodes]
        # One number may have reached several nodes: it comes from one that still has something to give to the target,
        # and of these from the one that it reached last.
        free = [f for f in found if self._free(f, target)]
        consumers = free or [f for f in found if self._operands(f[0], target)]
        # A constant may be the same object anywhere: it comes only from what consumes the target.
        found = consumers or [f for f in found if f[3]]
        if not found:
            return None
        best = max(found, key=lambda f: (f[3], f[1]))
        self._served[best[0], best[1], target] = self._served.get((best[0], best[1], target), 0) + 1
        return best[:3]

    def _free(self, found, target):
        return self._served.get((found[0], found[1], target), 0) < self._operands(found[0], target)

    def _operands(self, source, target):
        """How often a node is an operand of another."""
        return sum(o == target for o, _ in self.nodes[source].operands)

    def _from_itself(self, term, stops, cell, name):
        """`p.grad = clip(p.grad)`: what was there before, changed."""
        return any(
            type(p) is int and self.owner[p] == cell and self.key[p] == name for p in self.walk(term, stops)
        )


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
