"""Paths by which objects are reachable from the script's globals: `model.layers[0].neurons[3].w[1]`."""

import types
from itertools import islice

from .identity import fields_of

_LIMIT = 200_000
_DEPTH = 8
_SIMPLE = (int, float, str, bool, bytes, complex, type(None), type, types.FunctionType, types.ModuleType,
           types.BuiltinFunctionType, types.MethodType)


class Label(str):
    """What an assignment calls its value, and what its code alone tells of it."""

    # Whether a function gives the name, while it runs; whether what it names is the function's to hold: `model` in
    # `main()`; whether something is called for the value; whether that is put together of its items on the spot.
    local = owner = calls = display = False

    def item(self, place):
        item = Label('%s[%d]' % (self, place))
        item.__dict__.update(self.__dict__)
        return item


class Names:
    def __init__(self, namespace):
        self.namespace = namespace
        self._instances = {}

    def instance(self, receiver, within):
        """The path of a method's `self`: below the `self` of the calling method, or from the globals."""
        if receiver is None or type(receiver) in _SIMPLE:
            return None
        known = self._instances.get((id(receiver), id(within)))
        if known is not None and known[0] is receiver and known[1] is within:
            return known[2]
        path = None
        if within is not None and within is not receiver:
            path = _find(_members(within), receiver)
        if path is None:
            path = _find([(n, v) for n, v in list(self.namespace.items()) if not n.startswith('__')], receiver)
        if path is not None:
            self._instances[id(receiver), id(within)] = receiver, within, path
        return path

    def paths(self, is_node, namespace=None):
        """[(object, path, size of its container)] of the nodes reachable from the globals, or from another namespace.

        Of several paths the one through the smallest container is the most telling: `model.layers[0].w[1]` before
        `optimizer.parameters[17]`; then the shortest. A bare name comes last: what was assigned to one has it already,
        which leaves the variables of loops.
        """
        best = {}
        namespace = list((self.namespace if namespace is None else namespace).items())
        level = [(v, n, _LIMIT) for n, v in namespace if isinstance(n, str) and not n.startswith('__')]
        seen = set()
        for _ in range(_DEPTH):
            below = []
            for value, path, size in level:
                if type(value) in _SIMPLE:
                    continue
                if is_node(value):
                    known = best.get(id(value))
                    if known is None or size < known[2]:
                        best[id(value)] = value, path, size
                    continue
                if id(value) in seen:
                    continue
                seen.add(id(value))
                if len(seen) + len(below) > _LIMIT:
                    break
                if type(value) in (dict, list, tuple):
                    items = value.items() if type(value) is dict else enumerate(value)
                    below.extend(
                        (item, '%s[%r]' % (path, key), len(value)) for key, item in islice(items, 10_000)
                        if type(key) in (int, str) and type(item) not in _SIMPLE
                    )
                else:
                    below.extend((item, '%s.%s' % (path, name), 1) for name, item in _members(value))
            level = below
        return list(best.values())


def _members(obj):
    if type(obj) in (dict, list, tuple) or type(obj) in _SIMPLE:
        return []
    return [(name, value) for name, value in fields_of(obj) if type(name) is str and not name.startswith('__')]


def _find(members, wanted):
    for name, value in members:
        if value is wanted:
            return name
    for name, value in members:
        if type(value) in (list, tuple):
            for place, item in enumerate(value[:10_000]):
                if item is wanted:
                    return '%s[%d]' % (name, place)
        elif type(value) is dict:
            for key, item in list(value.items()):
                if item is wanted and type(key) in (int, str):
                    return '%s[%r]' % (name, key)
    return None
