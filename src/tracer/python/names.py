"""Paths by which objects are reachable from the script's globals: `model.layers[0].neurons[3].w[1]`."""

import types

from .identity import fields_of

_LIMIT = 200_000
_DEPTH = 8
_SIMPLE = (int, float, str, bool, bytes, complex, type(None), type, types.FunctionType, types.ModuleType,
           types.BuiltinFunctionType, types.MethodType)


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

    def walk(self, is_node):
        """(object, path) of every node reachable from the globals, shortest path first."""
        level = [(v, n) for n, v in list(self.namespace.items()) if not n.startswith('__') and type(n) is str]
        seen = set()
        visited = 0
        for _ in range(_DEPTH):
            below = []
            for value, path in level:
                if type(value) in _SIMPLE or id(value) in seen:
                    continue
                seen.add(id(value))
                visited += 1
                if visited > _LIMIT:
                    return
                if is_node(value):
                    yield value, path
                    continue
                if type(value) is dict or type(value) in (list, tuple):
                    for key, item in fields_of(value)[:10_000]:
                        if type(key) in (int, str):
                            below.append((item, '%s[%r]' % (path, key)))
                else:
                    below.extend((item, '%s.%s' % (path, name)) for name, item in _members(value))
            level = below


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
