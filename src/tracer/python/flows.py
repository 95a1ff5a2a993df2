"""What flowed into gradient cells on a trail, and from where: the part of roles.py that knows gradients.

An amount comes from the step of a node when it was computed from that node's gradient cell, or from the very number that
was added there before: a recursive rule passes it on.
"""

from .identity import fields_of, number
from .merges import Merges
from .trail import DERIVED, GIVEN, LOADED, STORED, Int

# Steps back from a number to one that it was computed from, in search of where it came from.
_DEEP = 4
_SUMS = ('Add', 'Sub', 'RSub', 'sum', 'fsum', 'USub', 'UAdd')


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


class Flows(Merges):
    """Finds the gradient cell: the one in which amounts flow from younger nodes into older ones."""

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
            if name[0] == 'map' and self._is_merged(name) and not self._merge(name, flows):
                continue
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
        if any(place in self.keys for place in places):
            return {owner: self.keys[place] for place, owner in places.items() if place in self.keys}
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
        # Sums that cells were given: a rule may go on with one without loading it, as patterns do.
        self._sums = sums = {}

        def stops(place):
            if type(place) is not int:
                return ('raw', id(place)) in arrived
            if place in arrived or place in sums:
                return True
            return events[place].kind == LOADED and key[place] in (name, self.value)

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
            for sign, term in self._split(terms, stops, here, alias):
                amount = (events[term].value if type(term) is int else term) * sign
                source = self._source(term, stops, here, arrived, version, alias, name)
                if source is None and not amount:
                    continue
                if source is None or not own and not self._operands(source[0], here):
                    # A gradient that is clipped by the norm of all is no contribution of the others.
                    if self._from_itself(term, stops, cell, name):
                        continue
                found = True
                known = before is not None and events[before].value is not None
                if source is not None and name[0] == 'list':
                    # What the source had received by then went on as one sum.
                    source = source[0], last.get(source[0], -1), total[source[0]]
                adds = own or not known
                flows.append(Flow(place, here, *(source or (None, None, None)), amount, adds, total[here]))
                arrived.setdefault(term if type(term) is int else ('raw', id(term)), []).append((here, place))
            if own and event.through is not None and name[0] != 'list':
                sums[event.through] = here, place
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

    def _split(self, terms, stops, target, alias):
        """Terms with one source and one slot each: a sum over several consumers falls into its summands."""
        waiting = list(reversed(terms))
        while waiting:
            sign, term = waiting.pop()
            event = self.events[term] if type(term) is int else None
            if event is not None and event.kind == DERIVED and event.op in _SUMS and not stops(term):
                owners = {self.owner[p] for p in self.walk(term, stops) if type(p) is int
                          and self.events[p].kind == LOADED and self.key[p] != self.value}
                slots = sum(self._operands(alias.get(owner, owner), target) for owner in owners)
                if len(owners) > 1 or 1 < slots <= len(event.parts):
                    waiting.extend((sign * s, part) for s, part in reversed(list(self._signed(event))))
                    continue
            if event is not None or term:
                yield sign, term

    def _source(self, term, stops, target, arrived, version, alias, name):
        """(owner, version, upstream) of the step that an amount comes from, None for a seed."""
        found, free, level = [], [], [term]
        for _ in range(_DEEP):
            level = [p for start in level for p in self._met(start, stops)]
            more = [f for p in level for f in self._told_by(p, arrived, version, alias, name)]
            found += [f for f in more if f[0] != target and f[0] in self.nodes]
            # One number may have reached several nodes: it comes from one that still has something to give to the
            # target, or from what it was computed from when that has, and of these from the one that it reached last.
            free = [f for f in found if self._free(f, target)]
            level = [part for p in level if type(p) is int and p in arrived for part in self._before(p)]
            if free or not level:
                break
        consumers = free or [f for f in found if self._operands(f[0], target)]
        # A constant may be the same object anywhere: it comes only from what consumes the target.
        found = consumers or [f for f in found if f[3]]
        if not found:
            return None
        best = max(found, key=lambda f: (f[3], f[1]))
        self._served[best[0], best[1], target] = self._served.get((best[0], best[1], target), 0) + 1
        return best[:3]

    def _met(self, start, stops):
        """Where the way back from a number ends, with the identity that it had before it was handed over."""
        found = self.walk(start, stops)
        for p in found:
            if type(p) is int and self.events[p].op == GIVEN:
                found.extend(self.events[p].parts)
        return found

    def _before(self, place):
        event = self.events[place] if type(place) is int else None
        if event is None or event.op == GIVEN:
            return ()
        return event.parts if event.kind == DERIVED else (event.through,) if event.through is not None else ()

    def _told_by(self, p, arrived, version, alias, name):
        """The steps that a number may come from: (node, version, upstream, whether it was read in the node's cell)."""
        if type(p) is int and self.events[p].kind == LOADED and self.key[p] == name:
            yield alias.get(self.owner[p], self.owner[p]), version.get(p, -1), self.events[p].value, True
            return
        if type(p) is int and p in self._sums:
            yield *self._sums[p], self.events[p].value, 2
        key, value = (p, self.events[p].value) if type(p) is int else (('raw', id(p)), p)
        for holder, at in arrived.get(key, ()):
            yield holder, at, value, type(p) is int

    def _free(self, found, target):
        return self._served.get((found[0], found[1], target), 0) < self._operands(found[0], target)

    def _operands(self, source, target):
        """How often a node is an operand of another."""
        node = self.nodes.get(source)
        return 0 if node is None else sum(o == target for o, _ in node.operands)

    def _from_itself(self, term, stops, cell, name):
        """`p.grad = clip(p.grad)`: what was there before, changed."""
        return any(
            type(p) is int and self.owner[p] == cell and self.key[p] == name for p in self.walk(term, stops)
        )
