"""The trail of every number: which operation made it, from which numbers, out of and into which cells it went.

The careful way for engines whose shape discover.py does not know. A float is known by its identity, which passing it
on, storing it and putting it into containers leaves alone; loading a cell gives a fresh float of the same value, so
that two cells that share one can be told apart. Small integers have no identity, so a tracked one is an `Int`.
Nothing is decided while the script runs; roles.py finds the cells afterwards, and retell.py writes the tape.
"""

import types
from array import array
from functools import lru_cache

from .identity import MISSING, Identity, fields_of
from .sites import Loops

LOADED, DERIVED, STORED, BORN, NAMED = range(5)

# The op of a number that was handed to a function and comes from nowhere.
GIVEN = 'given'
# Events after which nothing more is followed.
_MOST = 1_500_000
HEAP_TYPE = 1 << 9


# The cell of an object that is a number itself.
_OWN = 'self', 'the number itself'


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

# The types of the numbers that may be followed.
NUMBERS = (int, float, Int)


class Event:
    """One entry of the trail; what the fields hold depends on the kind.

    LOADED: value, owner, key, through (the number that was in the cell). DERIVED: value, op, parts (numbers of events,
    or raw numbers that nothing is known of). STORED: value, owner, key, through. BORN: owner. NAMED: owner, key (the name).
    `at` is the position in the user's code.
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

    def __init__(self, recorder, codes, loops, drafts=None):
        self.events = []
        self._drafts = drafts
        # How many events there are when the next draft is due, or the last event.
        self._due = _MOST - 1 if drafts is None else drafts.first
        self.recorder = recorder
        self.codes = codes
        self.loops = Loops(loops, recorder.sites)
        self.counts = []
        # Reads raw cells only: the recorder's own also reads through properties.
        self.identity = Identity()
        # The event of each number that is followed, by address: the events keep the numbers alive.
        self.numbers = {}
        # What each cell was last seen to hold: (address of the owner, key).
        self.cells = {}
        self.owners = {}
        self.labels = {}
        self.lists = {}
        # Lists and dicts of which objects were read: nodes may be known by their keys there.
        self.tables = {}
        # By address of the variables that closures share: the call that bound it, and the variable.
        self.shared = {}
        # The objects that `__dict__`s belong to: their items are attributes.
        self.namespaces = {}
        self.born = {}
        self.objects = 0
        self.blind = False
        self.failure = None
        self._runs = {}

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
            if code.scope.receiver is not None and not code.scope.is_static and run.given:
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
        around, counts = self.loops.around(code, lasti), self.counts
        return tuple([(loop, counts[loop]) for loop in around if loop < len(counts)]) if around else ()

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
        place = len(events) - 1
        if place >= self._due:
            self.blind = self.blind or place + 1 >= _MOST
            self._due = _MOST if self._drafts is None else min(self._drafts.take(self), _MOST)
        return place

    def cell(self, probe, holder, index=None):
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
        place = id(holder), key if _hashable(key) else None
        raw = self.raw(holder, key)
        if kind is array and raw == value:
            # It keeps no objects: the number that was last stored there, if it is that.
            kept = self.cells.get(place, MISSING)
            raw = value = kept if type(kept) is float and kept == value else value
        if raw is not value:
            return value
        through = self.number_of(value)
        self.owners.setdefault(id(holder), holder)
        if self.cells.get(place, MISSING) is not value:
            self.cells[place] = value
            self._add(Event(STORED, value, self.here(frame), holder, key, through))
        return self._follow(Event(LOADED, _fresh(value), self.here(frame), holder, key, through))

    def share(self, function, frame=None):
        """The call whose variable a function closes over; with a frame, that of the frame where it is not known yet."""
        cell = function.__closure__[0] if function.__closure__ else None
        known = self.shared.get(id(cell))
        if known is None and frame is not None and cell is not None:
            at = self.here(frame)
            if at is not None:
                known = self.shared[id(cell)] = at[0], cell
        return None if known is None else known[0]

    def load_shared(self, value, run, key, frame):
        """A number was loaded from a variable that closures share."""
        through = self.number_of(value)
        if self.cells.get((id(run), key), MISSING) is not value:
            self.store(value, run, key, frame)
        return self._follow(Event(LOADED, _fresh(value), self.here(frame), run, key, through))

    def load_or_default(self, value, mapping, index, frame):
        """`grads.get(node, 0.0)`: also when the map has nothing there yet, the number stands for the cell."""
        holder, key = self._named(mapping, index) or (mapping, ('entry', index))
        if self.raw(holder, key) is not MISSING:
            return self.load(value, holder, key, frame)
        self.owners.setdefault(id(holder), holder)
        return self._follow(Event(LOADED, _fresh(value), self.here(frame), holder, key))

    def _named(self, holder, index):
        """The attribute that an item of an object's namespace is, None for any other item."""
        if type(holder) is dict and type(index) is str and id(holder) in self.namespaces:
            return self.namespaces[id(holder)][0], ('attr', index)
        return None

    def raw(self, holder, key):
        """What a cell really holds, MISSING when there is no such cell: nothing of the holder's class runs."""
        kind, name = key
        try:
            if kind == 'attr':
                return self.identity.reader(type(holder), key)(holder)
            for base in (dict, list, tuple, array):
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
        for place, part in enumerate(parts):
            if known[place] is None and is_numeric(type(part)):
                known[place] = self._load_own(part, frame)
        if type(value) is not float and all(number is None for number in known):
            # Counters and indices.
            return value
        parts = tuple(_unknown(part) if number is None else number for number, part in zip(known, parts))
        if type(value) is not float:
            value = Int(value)
        return self._follow(Event(DERIVED, value, self.here(frame), parts=parts, op=op))

    def hold(self, obj, arguments, frame):
        """A new object that is a number itself: its value came from one of the arguments."""
        value = float.__float__(obj)
        if (id(obj), _OWN) not in self.cells:
            given = (n for n, a in ((self.number_of(a), a) for a in arguments if type(a) is float) if n is not None and a == value)
            self.store(value, obj, _OWN, frame, next(given, None))

    def _load_own(self, obj, frame):
        value = float.__float__(obj)
        if (id(obj), _OWN) not in self.cells:
            self.store(value, obj, _OWN, frame)
        return self._add(Event(LOADED, value, self.here(frame), obj, _OWN, self.number_of(self.cells[id(obj), _OWN])))

    def give(self, value, frame):
        """A fresh number of the same value that is followed from here on."""
        return self._follow(Event(DERIVED, _fresh(value), self.here(frame), parts=(value,), op=GIVEN))

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
        kind = 'attr' if not isinstance(obj, (dict, list, tuple)) or type(obj).__flags__ & HEAP_TYPE else 'item'
        numeric = False
        for name, value in fields:
            named = 'item' if isinstance(obj, (dict, list)) or type(name) is int else kind
            if named == 'item' and type(name) not in (int, str):
                named = 'entry'
            if type(value) in NUMBERS or value is None:
                numeric = numeric or value is not None
                if self.cells.get((id(obj), (named, name)), MISSING) is not value:
                    self.store(value, obj, (named, name), frame)
        self._add(Event(BORN, None, self.here(frame), obj))
        if numeric:
            self.objects += 1


@lru_cache(maxsize=None)
def is_numeric(kind):
    """Whether objects of a class of the program's are floats themselves."""
    return bool(kind.__flags__ & HEAP_TYPE) and issubclass(kind, float) and not _ends(kind)


def _fresh(value):
    """A number of the same value with an identity of its own."""
    return value * 1.0 if type(value) is float else Int(value)


def _unknown(part):
    """A raw number among parts: events are told from those by their type, so that an integer is kept as a float."""
    return float(part) if type(part) in (int, Int) and abs(part) < 1 << 53 else part


def ends(obj):
    """Whether something happens when an object goes away: the trail, which keeps what it names, leaves it alone."""
    return _ends(type(obj))


@lru_cache(maxsize=None)
def _ends(kind):
    return bool(kind.__flags__ & HEAP_TYPE) and any('__del__' in vars(base) for base in kind.__mro__)


def _hashable(key):
    return type(key[1]) in (str, int, Int, tuple) or key[1] is not None and type(key[1]).__hash__ is not None
