"""The trail of every number: which operation made it, from which numbers, out of and into which cells it went.

The careful way for engines whose shape discover.py does not know. A float is known by its identity, which passing it
on, storing it and putting it into containers leaves alone; loading a cell gives a fresh float of the same value, so
that two cells that share one can be told apart. Small integers have no identity, so a tracked one is an `Int`.
Nothing is decided while the script runs; roles.py finds the cells afterwards, and retell.py writes the tape.
"""

import sys
import types
from functools import lru_cache

from .identity import MISSING, Identity, fields_of
from .scopes import tail
from .sites import loops_around

LOADED, DERIVED, STORED, BORN, NAMED = range(5)

# The op of a number that was handed to a function and comes from nowhere.
GIVEN = 'given'
# Events after which nothing more is followed.
_MOST = 1_500_000
_HEAP_TYPE = 1 << 9
_NAMELESS = (str, bool, type(None), complex, bytes, types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType)
_ITEMS = (list, tuple)


class _AsInt:
    """What `x.__class__` of a tracked integer gives."""

    def __get__(self, obj, kind=None):
        return int


class Int(int):
    """An integer with an identity of its own; `type(x)` gives `int` in watched code."""

    __slots__ = ()
    __class__ = _AsInt()

    def __reduce_ex__(self, protocol):
        return int, (int.__int__(self),)


Int.__name__ = Int.__qualname__ = 'int'
Int.__module__ = 'builtins'


class Event:
    """One entry of the trail; what the fields hold depends on the kind.

    LOADED: value, owner, key, through (the number that was in the cell). DERIVED: value, op, parts (numbers of events,
    or raw numbers that nothing is known of). STORED: value, owner, key, through. BORN: owner. NAMED: owner, key (the name). `at` is the position in the user's code.
    """

    __slots__ = ('kind', 'value', 'owner', 'key', 'through', 'parts', 'op', 'at')

    def __init__(self, kind, value, at, owner=None, key=None, through=None, parts=(), op=None):
        self.kind = kind
        self.value = value
        self.at = at
        self.owner = owner
        self.key = key
        self.through = through
        self.parts = parts
        self.op = op


class Run:
    """One call of a function of the user's, or one run of a comprehension; `parent` and `at` say where it was called."""

    __slots__ = ('frame', 'code', 'parent', 'at', 'receiver', 'given', 'last')

    def __init__(self, frame, code, parent, at):
        self.frame = frame
        self.code = code
        self.parent = parent
        self.at = at
        self.receiver = None
        self.given = ()
        self.last = None


class Trail:
    """What the probes of watch.py see; `events` is the trail."""

    def __init__(self, recorder, codes, loops):
        self.events = []
        self.recorder = recorder
        self.codes = codes
        self.loops = loops
        self.counts = []
        self.identity = Identity()
        # The event of each number that is followed, by address: the events keep the numbers alive.
        self.numbers = {}
        # What each cell was last seen to hold: (address of the owner, key).
        self.cells = {}
        self.owners = {}
        self.labels = {}
        self.lists = {}
        # The objects that `__dict__`s belong to: their items are attributes.
        self.namespaces = {}
        self.born = {}
        self.objects = 0
        self.blind = False
        self.failure = None
        self._runs = {}
        self._loops_by_path = {}
        self._known_loops = 0

    # -- where

    def here(self, frame):
        """(run, place in its code, iterations of the loops around it) of the innermost frame of the user's."""
        run = None
        while frame is not None:
            run = self._runs.get(id(frame))
            if run is not None and run.frame is frame:
                break
            code = self.codes.get(id(frame.f_code))
            if code is not None:
                run = self._enter(frame, code)
                break
            frame = frame.f_back
        if run is None or frame is None:
            return None
        return run, frame.f_lasti, self._iterations(run.code, frame.f_lasti)

    def _enter(self, frame, code):
        at = self.here(frame.f_back) if frame.f_back is not None else None
        parent = at[0] if at is not None else None
        run = Run(frame, code, parent, at)
        if parent is not None:
            self._leave(parent.last)
            parent.last = None if code.generator else run
        if code.comprehension:
            if parent is not None:
                run.receiver, run.given = parent.receiver, parent.given
        elif code.scope.is_function:
            names = frame.f_code.co_varnames
            count = frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount + bool(frame.f_code.co_flags & 4)
            known = frame.f_locals
            run.given = tuple(known[name] for name in names[:count] if name in known and not ends(known[name]))
            if code.scope.receiver is not None and run.given:
                run.receiver = run.given[0]
        self._runs[id(frame)] = run
        return run

    def _leave(self, run):
        while run is not None:
            if self._runs.get(id(run.frame)) is run:
                del self._runs[id(run.frame)]
            below, run.frame, run.last = run.last, None, None
            run = below

    def _iterations(self, code, lasti):
        loops = code.loops.get(lasti)
        if loops is None:
            for number in range(self._known_loops, len(self.loops)):
                loop = self.loops[number]
                self._loops_by_path.setdefault(loop.module.path, []).append((loop.node, number))
            self._known_loops = len(self.loops)
            loops = code.loops[lasti] = loops_around(code, code.span(lasti), self._loops_by_path)
        counts = self.counts
        return tuple((loop, counts[loop]) for loop in loops if loop < len(counts))

    # -- the trail

    def number_of(self, value):
        """The event of a number that is followed, None for any other value."""
        kind = type(value)
        return self.numbers.get(id(value)) if kind is float or kind is Int else None

    def _follow(self, event):
        self.numbers[id(event.value)] = self._add(event)
        return event.value

    def _add(self, event):
        events = self.events
        events.append(event)
        if len(events) >= _MOST:
            self.blind = True
        return len(events) - 1

    def cell(self, probe, holder, index):
        """Whose cell is meant, and its name there: ('attr', name), ('item', constant) or ('entry', index)."""
        kind, name = probe.key
        if kind == 'attr':
            return holder, probe.key
        named = self._named(holder, index)
        if named is not None:
            return named
        if kind == 'entry' and probe.label is not None:
            self.labels.setdefault(id(holder), probe.label)
        self.owners.setdefault(id(holder), holder)
        return holder, (kind, index)

    def load(self, value, holder, key, frame):
        """A number was loaded: a fresh one goes on in its place; anything that is not really in the cell as it is."""
        kind = type(holder)
        if kind is types.ModuleType or issubclass(kind, type) or ends(holder):
            return value
        raw = self._raw(holder, key)
        if raw is not value:
            return value
        place = id(holder), key if _hashable(key) else None
        through = self.number_of(value)
        self.owners.setdefault(id(holder), holder)
        if self.cells.get(place, MISSING) is not value:
            self.cells[place] = value
            self._add(Event(STORED, value, self.here(frame), holder, key, through))
        copy = value * 1.0 if type(value) is float else Int(value)
        return self._follow(Event(LOADED, copy, self.here(frame), holder, key, through))

    def load_or_default(self, value, mapping, index, frame):
        """`grads.get(node, 0.0)`: also when the map has nothing there yet, the number stands for the cell."""
        holder, key = self._named(mapping, index) or (mapping, ('entry', index))
        if self._raw(holder, key) is not MISSING:
            return self.load(value, holder, key, frame)
        self.owners.setdefault(id(holder), holder)
        copy = value * 1.0 if type(value) is float else Int(value)
        return self._follow(Event(LOADED, copy, self.here(frame), holder, key))

    def _named(self, holder, index):
        """The attribute that an item of an object's namespace is, None for any other item."""
        if type(holder) is dict and type(index) is str and id(holder) in self.namespaces:
            return self.namespaces[id(holder)][0], ('attr', index)
        return None

    def _raw(self, holder, key):
        kind, name = key
        try:
            if kind == 'attr':
                return self.identity.reader(type(holder), key)(holder)
            for base in (dict, list, tuple):
                if isinstance(holder, base):
                    return base.__getitem__(holder, name)
        except Exception:
            pass
        return MISSING

    def derive(self, op, value, parts, frame):
        """A number was computed."""
        if self.number_of(value) is not None:
            return value
        known = [self.number_of(part) for part in parts]
        if type(value) is not float and all(number is None for number in known):
            # Counters and indices.
            return value
        parts = tuple(part if number is None else number for number, part in zip(known, parts))
        # Events are told from raw numbers by their type: a raw integer is kept as a float.
        parts = tuple(float(p) if k is None and type(p) in (int, Int) and abs(p) < 1 << 53 else p for k, p in zip(known, parts))
        if type(value) is not float:
            value = Int(value)
        return self._follow(Event(DERIVED, value, self.here(frame), parts=parts, op=op))

    def give(self, value, frame):
        """A fresh number of the same value that is followed from here on."""
        return self._follow(Event(DERIVED, value * 1.0, self.here(frame), parts=(value,), op=GIVEN))

    def store(self, value, holder, key, frame, through=None):
        """A cell was stored into; `through` is the number that was stored, when the value does not say it."""
        if not _hashable(key) or ends(holder):
            return
        self.cells[id(holder), key] = value
        self.owners.setdefault(id(holder), holder)
        through = self.number_of(value) if through is None else through
        self._add(Event(STORED, value, self.here(frame), holder, key, through))

    def append(self, items):
        """A number was appended: under one name there may be one list, a tape, or one for each node."""
        label = self.labels.get(id(items))
        self.lists.setdefault(label, set()).add(id(items))

    def bear(self, obj, frame):
        """A new object: what its numeric fields hold was stored with it."""
        if id(obj) in self.born or ends(obj):
            return
        self.born[id(obj)] = obj
        self.owners.setdefault(id(obj), obj)
        fields = fields_of(obj)
        kind = 'attr' if not isinstance(obj, (dict, list, tuple)) or type(obj).__flags__ & _HEAP_TYPE else 'item'
        numeric = False
        for name, value in fields:
            named = 'item' if isinstance(obj, (dict, list)) or type(name) is int else kind
            if named == 'item' and type(name) not in (int, str):
                named = 'entry'
            if type(value) in (int, float, Int) or value is None:
                numeric = numeric or value is not None
                if self.cells.get((id(obj), (named, name)), MISSING) is not value:
                    self.store(value, obj, (named, name), frame)
        self._add(Event(BORN, None, self.here(frame), obj))
        if numeric:
            self.objects += 1


def ends(obj):
    """Whether something happens when an object goes away: the trail, which keeps what it names, leaves it alone."""
    return _ends(type(obj))


@lru_cache(maxsize=None)
def _ends(kind):
    return bool(kind.__flags__ & _HEAP_TYPE) and any('__del__' in vars(base) for base in kind.__mro__)


def _hashable(key):
    return type(key[1]) in (str, int, Int, tuple) or key[1] is not None and type(key[1]).__hash__ is not None


def make_trail_probes(trail, limit):
    """The probes by name; `limit` is called when more objects with numbers were made than may be recorded."""
    frame_at = sys._getframe
    stack = []
    # What generators that were handed to a call have given so far, by the address of their frame.
    yielded = {}
    probe_table = trail.recorder.probes
    most = trail.recorder.max_nodes

    def pop(number, count):
        """The values that this probe's expression pushed, in order; what others left behind is dropped."""
        found = []
        while stack and len(found) < count:
            owner, value = stack.pop()
            if owner == number:
                found.append(value)
        found.reverse()
        return found

    def l(number, value):
        stack.append((number, value))
        return value

    def lf(number, called):
        stack.append((number, (called, len(trail.events))))
        return called

    def lg(number, value):
        """An argument: a number that nothing is known of gets an identity here, like a seed that is handed over."""
        if type(value) is float and id(value) not in trail.numbers and not trail.blind:
            value = trail.give(value, frame_at(2))
        elif type(value) is types.GeneratorType and value.gi_frame is not None:
            yielded[id(value.gi_frame)] = value.gi_frame, value, []
        stack.append((number, value))
        return value

    def y(value):
        """An element of a generator expression that is an argument of a call."""
        known = yielded.get(id(frame_at(2)))
        if known is not None:
            known[2].append(value)
        return value

    def la(number, target, value):
        stack.append((number, target))
        stack.append((number, value))
        return value

    def lh(number, holder):
        """The holder of a cell that is about to be added to; a property is loaded and stored by code of its own."""
        stack.append((number, len(trail.events)))
        stack.append((number, holder))
        return holder

    def lb(number, value):
        probe = probe_table[number]
        holder = stack[-1] if probe.key[0] == 'attr' else stack[-2]
        index = None if probe.key[0] == 'attr' else stack[-1][1]
        owner, key = trail.cell(probe, holder[1], index)
        before = trail._raw(owner, key)
        if type(before) in (int, float, Int) and not trail.blind:
            before = trail.load(before, owner, key, frame_at(2))
        stack.append((number, before))
        stack.append((number, value))
        return value

    def r(number, value):
        probe = probe_table[number]
        parts = pop(number, probe.arity)
        kind = type(value)
        if (kind is float or kind is int or kind is Int) and not trail.blind:
            return trail.derive(probe.label, value, parts, frame_at(2))
        return value

    def g(number, value):
        probe = probe_table[number]
        attribute = probe.key[0] == 'attr'
        held = pop(number, 1 if attribute else 2)
        kind = type(value)
        if (kind is float or kind is int or kind is Int) and not trail.blind and held:
            return trail.load(value, *trail.cell(probe, held[0], None if attribute else held[1]), frame_at(2))
        if kind is dict and attribute and probe.key[1] == '__dict__' and held:
            trail.namespaces[id(value)] = held[0], value
        return value

    def c(number, value):
        parts = pop(number, probe_table[number].arity)
        if not parts or trail.blind:
            return value
        (called, start), arguments = parts[0], parts[1:]
        kind = type(value)
        frame = frame_at(2)
        owner = getattr(called, '__self__', None) if type(called) is types.BuiltinFunctionType else None
        name = getattr(called, '__name__', None) if type(called) in (types.BuiltinFunctionType, type) else None
        if kind is float or kind is int or kind is Int:
            if trail.number_of(value) is None or owner is not None:
                if owner is not None and isinstance(owner, dict) and name in ('get', 'setdefault', 'pop') and arguments:
                    label(number, owner)
                    return trail.load_or_default(value, owner, arguments[0], frame)
                if name == 'getattr' and len(arguments) > 1:
                    return trail.load(value, arguments[0], ('attr', arguments[1]), frame)
                if called is float and len(arguments) == 1 and type(arguments[0]) is Int:
                    return trail.derive('float', value, arguments, frame)
                if is_foreign(called):
                    return trail.derive(name or 'call', value, spread(arguments, start), frame)
            return value
        if owner is not None and type(owner) is list and name == 'append' and len(arguments) == 1:
            if type(arguments[0]) in (float, int, Int):
                label(number, owner)
                trail.append(owner)
                trail.store(arguments[0], owner, ('entry', len(owner) - 1), frame)
        elif name == 'setattr' and len(arguments) == 3:
            trail.store(arguments[2], arguments[0], ('attr', arguments[1]), frame)
        elif called is vars and arguments:
            trail.namespaces[id(value)] = arguments[0], value
        elif kind is dict or kind is types.SimpleNamespace or (
            kind.__flags__ & _HEAP_TYPE and not issubclass(kind, type) and kind.__module__ not in ('functools', 'collections')
        ):
            trail.bear(value, frame)
            if trail.objects > most:
                limit()
        return value

    def label(number, owner):
        function = probe_table[number].node.func
        name = tail(getattr(function, 'value', function))
        if name is not None:
            trail.labels.setdefault(id(owner), name)

    def is_foreign(called):
        """A function whose own arithmetic is not watched."""
        kind = type(called)
        if kind is types.FunctionType:
            return id(called.__code__) not in trail.codes
        return kind is not types.MethodType and not kind.__flags__ & _HEAP_TYPE

    def spread(arguments, start):
        """The numbers among the arguments of a builtin: given as they are, in a list, or by a generator."""
        found = []
        for argument in arguments:
            kind = type(argument)
            if kind in _ITEMS:
                found.extend(argument[:1000])
            elif kind is dict:
                found.extend(list(argument.values())[:1000])
            elif kind is types.GeneratorType:
                for frame, generator, values in list(yielded.values()):
                    if generator is argument:
                        found.extend(values)
                        del yielded[id(frame)]
            elif kind in (map, filter, zip):
                # What was computed meanwhile, and was not used for anything, went through it.
                since = trail.events[start:]
                used = {part for event in since for part in (*event.parts, event.through) if type(part) is int}
                found.extend(
                    event.value for place, event in enumerate(since, start)
                    if event.kind == DERIVED and place not in used
                )
            else:
                found.append(argument)
        return [value for value in found if type(value) in (int, float, Int)]

    def d(number, value):
        if not trail.blind and any(type(v) in (int, float, Int) for _, v in fields_of(value)):
            trail.bear(value, frame_at(2))
            if trail.objects > most:
                limit()
        return value

    def st(number):
        probe = probe_table[number]
        attribute = probe.key[0] == 'attr'
        held = pop(number, 1 if attribute else 2)
        if trail.blind or not held:
            return
        owner, key = trail.cell(probe, held[0], None if attribute else held[1])
        value = trail._raw(owner, key)
        if value is None or type(value) in (int, float, Int):
            trail.store(value, owner, key, frame_at(2))

    def sa(number):
        probe = probe_table[number]
        held = pop(number, 4 if probe.key[0] == 'attr' else 5)
        if trail.blind or len(held) < 4:
            return
        start, held = held[0], held[1:]
        owner, key = trail.cell(probe, held[0], None if probe.key[0] == 'attr' else held[1])
        value = trail._raw(owner, key)
        frame = frame_at(2)
        if value is MISSING:
            through_property(probe, start, held[-1], frame)
            return
        if type(value) not in (int, float, Int):
            return
        before, added = held[-2:]
        # A `defaultdict` had nothing there.
        parts = [before, added] if type(before) in (int, float, Int) else [added]
        derived = trail.derive(probe.op, value, parts, frame)
        # An integer in the cell has no identity of its own.
        trail.store(value, owner, key, frame, trail.number_of(derived))

    def through_property(probe, start, added, frame):
        """`x.grad += e` where the setter has stored the sum: what it is the sum of."""
        since = trail.events[start:]
        stored = next((event for event in reversed(since) if event.kind == STORED), None)
        if stored is None or stored.value is None:
            return
        given = trail.events[stored.through] if stored.through is not None else None
        if given is not None and given.op != GIVEN:
            return
        for event in since:
            if event.kind == LOADED and event.owner is stored.owner and event.key == stored.key:
                if given is None:
                    stored.through = trail.number_of(trail.derive(probe.op, stored.value, [event.value, added], frame))
                else:
                    known = trail.number_of(added)
                    given.op, given.parts = probe.op, (trail.number_of(event.value), added if known is None else known)
                return

    def ty(value):
        kind = type(value)
        return int if kind is Int else kind

    def nm(number, value):
        named(number, value, frame_at(2))
        return value

    def named(number, value, frame):
        if type(value) not in _NAMELESS and not trail.blind and not ends(value):
            kept = tuple(value[:1000]) if type(value) in _ITEMS and id(value) not in trail.born else value
            trail._add(Event(NAMED, None, trail.here(frame), kept, probe_table[number].label))

    def nt(*pairs):
        for place in range(0, len(pairs), 2):
            named(pairs[place], pairs[place + 1], frame_at(2))

    def ls(loop, iterated):
        while len(trail.counts) <= loop:
            trail.counts.append(-1)
        trail.counts[loop] = -1
        return iterated

    def it(loop):
        trail.counts[loop] += 1
        return True

    # Each probe with the place of the argument that it gives back, None for one that gives nothing.
    places = {
        'l': 1, 'lf': 1, 'lg': 1, 'y': 0, 'la': 2, 'lb': 1, 'lh': 1, 'r': 1, 'g': 1, 'c': 1, 'd': 1, 'nm': 1,
        'ls': 1, 'st': None, 'sa': None, 'nt': None,
    }
    probes = {
        'l': l, 'lf': lf, 'lg': lg, 'y': y, 'la': la, 'lb': lb, 'lh': lh, 'r': r, 'g': g, 'c': c, 'd': d, 'st': st,
        'sa': sa, 'nm': nm, 'nt': nt, 'ls': ls,
    }
    found = {name: _guarded(trail, probe, places[name]) for name, probe in probes.items()}
    return {**found, 'ty': ty, 'it': it}


def _guarded(trail, probe, place):
    """A probe that never fails the script: what goes wrong in it ends the following instead."""

    def guarded(*arguments):
        try:
            return probe(*arguments)
        except Exception as error:
            trail.blind = True
            trail.failure = trail.failure or repr(error)
            return None if place is None else arguments[place]

    return guarded
