"""Which object is which node. A node's identity is its serial number; a bare `id` is never trusted.

Objects are looked at only through their type and raw slots: no `==`, `bool`, `len`, `repr`, and no attribute access
that could run code of the class.
"""

import types
from functools import lru_cache
from itertools import repeat
from operator import attrgetter, itemgetter
from weakref import ref

MISSING = object()
_mro = type.__dict__['__mro__'].__get__
_namespace = type.__dict__['__dict__'].__get__
_NUMBERS = (float, int, bool)
_WHOLE = 1000


class Identity:
    def __init__(self):
        # Address to serial number, and to a reference: what that gives must be the object itself.
        self.table = _Table({id(None): -1})
        self._references = {}
        # The references of nodes that are gone and still in the tables; without any, addresses alone can be trusted.
        self._dead = []
        self._readers = {}
        # Cells that are a place in a list of another object: (path of the list, path of the index).
        self.places = {}
        self._fields = {}
        self._field_sizes = {}
        self.index_fields = False
        # What is known of the user's code objects, and whether the program may make objects without their initialiser.
        self.codes = {}
        self.made_otherwise = lambda: True
        self._telling = {}

    def tells(self, kind):
        """Whether every object of a class is sure to be told of when it is made.

        Its address then needs no reference beside it: what has the address is what was told of last.
        """
        known = self._telling.get(kind)
        if known is None:
            known = self._telling[kind] = self._tells(kind)
        return known

    def _tells(self, kind):
        if type(kind) is not type or self.made_otherwise():
            return False
        init = None
        for base in _mro(kind)[:-1]:
            namespace = _namespace(base)
            if '__new__' in namespace:
                return False
            if init is None:
                init = namespace.get('__init__')
        code = self.codes.get(id(init.__code__)) if type(init) is types.FunctionType else None
        return code is not None and code.tells

    def add(self, obj, serial):
        address = id(obj)
        self.table[address] = serial
        if self.tells(type(obj)):
            self._references.pop(address, None)
            return
        try:
            self._references[address] = ref(obj, self._dead.append)
        except TypeError:
            self._references[address] = _Strong(obj).get

    def add_new(self, objs, serials, kinds):
        """Adds nodes; False when one is known already or cannot be referred to weakly, and then adds none."""
        addresses = list(map(id, objs))
        if all(map(self.tells, kinds)):
            if len(set(addresses)) < len(addresses):
                return False
            self.table.update(zip(addresses, serials))
            for address in self._references.keys() & addresses if self._references else ():
                del self._references[address]
            return True
        if not self.table.keys().isdisjoint(addresses):
            return False
        try:
            references = list(map(ref, objs, repeat(self._dead.append)))
        except TypeError:
            return False
        self.table.update(zip(addresses, serials))
        self._references.update(zip(addresses, references))
        return True

    def remove(self, objs):
        for obj in objs:
            self.table.pop(id(obj), None)
            self._references.pop(id(obj), None)

    def of(self, obj):
        """The serial number of an object, -1 when it is no node."""
        address = id(obj)
        serial = self.table.get(address)
        if serial is None:
            return -1
        reference = self._references.get(address)
        if reference is None:
            return serial if self.tells(type(obj)) else -1
        return serial if reference() is obj else -1

    def of_all(self, objs):
        """The serial numbers of two or more living objects, -1 for those that are no nodes."""
        kinds = set(map(type, objs))
        kinds.discard(type(None))
        if not all(map(self.tells, kinds)):
            self.forget_dead()
            if len(self._references) + 1 < len(self.table):
                return list(map(self.of, objs))
        # The fastest way to look up many keys.
        return itemgetter(*map(id, objs))(self.table)

    def forget_dead(self):
        """From here to the next death every reference is one to a node."""
        if self._dead:
            self._dead.clear()
            for address in [address for address, get in self._references.items() if get() is None]:
                del self.table[address], self._references[address]

    def of_key(self, key):
        """The node behind a key of a gradient map: the object itself, its `id`, its index, or its name."""
        serial = self.of(key)
        if serial >= 0 or type(key) not in (int, str):
            return serial
        if type(key) is int:
            serial = self.table.get(key)
            if serial is not None and (key not in self._references or self._references[key]() is not None):
                return serial
        best = max((f for f in self._fields if key in self._fields[f]), key=self._field_sizes.get, default=None)
        return -1 if best is None else self._fields[best][key]

    def index(self, obj, serial, skip):
        """Remembers the node's own small fields, by which a map may name it."""
        for name, value in fields_of(obj):
            if name not in skip and type(value) in (int, str):
                known = self._fields.setdefault(name, {})
                known[value] = serial
                self._field_sizes[name] = len(known)

    def index_as(self, key, serial):
        """A node that is nothing but a place in a list."""
        self._fields.setdefault('', {})[key] = serial
        self._field_sizes[''] = 1 << 40

    def read(self, obj, key):
        """The raw content of a cell, MISSING when there is none."""
        try:
            return self.reader(type(obj), key)(obj)
        except (AttributeError, KeyError, IndexError, TypeError):
            return MISSING

    def _place_reader(self, path, index):
        """Reads what a property finds in a list of another object, without running it."""

        def follow(obj, names):
            for name in names:
                obj = self.reader(type(obj), ('attr', name))(obj)
            return obj

        return lambda obj: list.__getitem__(follow(obj, path), follow(obj, index))

    def reader(self, kind, key):
        """The function that reads a cell of objects of a class."""
        reader = self._readers.get((kind, key))
        if reader is None:
            place = self.places.get(key)
            reader = self._readers[kind, key] = _reader(kind, key) if place is None else self._place_reader(*place)
        return reader


class _Table(dict):
    """Serial numbers by address."""

    def __missing__(self, address):
        return -1


class _Strong:
    __slots__ = ('_obj',)

    def __init__(self, obj):
        self._obj = obj

    def get(self):
        return self._obj


def _reader(kind, key):
    if key[0] == 'attr':
        return _attribute_reader(kind, key[1])
    if key[0] == 'box':
        outer = _attribute_reader(kind, key[1])
        place = _literal(key[2])
        return lambda obj: list.__getitem__(outer(obj), place)
    place = _literal(key[1])
    for base in (dict, list, tuple):
        if issubclass(kind, base):
            get = base.__getitem__
            return lambda obj: get(obj, place)
    return lambda obj: MISSING


def _literal(text):
    if text[:1] in '\'"':
        return text[1:-1]
    try:
        return int(text)
    except ValueError:
        return text


def _attribute_reader(kind, name):
    hooked = descriptor = None
    for base in _mro(kind):
        if base is object:
            break
        namespace = _namespace(base)
        if type(namespace.get('__getattribute__', object.__getattribute__)) is not types.WrapperDescriptorType:
            hooked = True
        if descriptor is None and name in namespace:
            descriptor = namespace[name]
    if type(descriptor) in (types.MemberDescriptorType, types.GetSetDescriptorType):
        return descriptor.__get__
    if type(descriptor).__name__ == '_tuplegetter':
        return descriptor.__get__
    if not hooked and (descriptor is None or type(descriptor) in (*_NUMBERS, type(None))):
        # Nothing of the class can run: the lookup ends at the instance, or at a plain class attribute.
        if not any('__getattr__' in _namespace(base) for base in _mro(kind)):
            return attrgetter(name)
    for base in _mro(kind):
        slot = _namespace(base).get('__dict__')
        if type(slot) is types.GetSetDescriptorType:
            return lambda obj: slot.__get__(obj)[name]
    return lambda obj: MISSING


def fields_of(obj):
    """The raw (name, value) pairs of an object: instance dictionary, slots, or the items of a plain container."""
    kind = type(obj)
    for base in (dict, list, tuple):
        if issubclass(kind, base) and not (base is tuple and kind is not tuple):
            return list(base.items(obj)) if base is dict else list(enumerate(base.__iter__(obj)))
    found = []
    for name, member in _members(kind):
        try:
            if name is None:
                found.extend(member.__get__(obj).items())
            else:
                found.append((name, member.__get__(obj)))
        except AttributeError:
            pass
    return found


@lru_cache(maxsize=1024)
def _members(kind):
    """The slots of a class by name, and by None what gives the instance dictionary."""
    found = []
    for base in _mro(kind):
        for name, member in _namespace(base).items():
            if type(member) is types.MemberDescriptorType or type(member).__name__ == '_tuplegetter':
                found.append((name, member))
            elif name == '__dict__' and type(member) is types.GetSetDescriptorType:
                found.append((None, member))
    return found


def number(value):
    """A raw number as a float; NaN when it is none."""
    kind = type(value)
    if kind is float:
        return value
    if kind is int or kind is bool:
        try:
            return float(value)
        except OverflowError:
            return float('inf') if value > 0 else float('-inf')
    if issubclass(kind, float):
        return float.__float__(value)
    if kind.__module__ in ('fractions', 'decimal'):
        return float(value)
    return float('nan')


def is_number(value):
    """Whether something can be shown as one number; what is not there yet can."""
    return type(value) is float or value is None or value is MISSING or number(value) == number(value)


class Place:
    """A node that is nothing but a place in a list."""

    __slots__ = ('index', '__weakref__')

    def __init__(self, index):
        self.index = index


def links(obj, operand):
    """Whether a node's raw fields lead to an operand: directly, in a container, in a pair, through a helper object."""
    return any(found is operand for found in reach(obj))


def reach(obj):
    """What a node's raw fields lead to. A helper's long list is that of a whole graph, and leads nowhere."""
    for _, value in fields_of(obj):
        yield value
        kind = type(value)
        if kind in (list, tuple, set, frozenset):
            for item in list(value):
                yield item
                if type(item) in (list, tuple):
                    yield from item
        elif kind is dict:
            for key, item in list(value.items()):
                yield key
                yield item
        elif hasattr(kind, '__module__') and kind.__module__ not in ('builtins', 'types'):
            for _, inner in fields_of(value):
                yield inner
                if type(inner) in (list, tuple) and len(inner) <= _WHOLE:
                    yield from inner
