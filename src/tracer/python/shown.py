"""How the values of a script that is debugged read, without running more of its code than their `repr`."""

from .identity import fields_of

_MOST_TEXT = 1000
# Of a container among others: it can be opened.
_MOST_PREVIEW = 150
# A list may hold itself.
_MOST_NESTED = 20
# Their size is known without looking at what is inside.
_CONTAINERS = (list, tuple, dict, set, frozenset)
_BRACKETS = {list: '[]', tuple: '()', dict: '{}', set: '{}'}


class Shown:
    """The values that a debugger was shown at a stop; it asks for their parts by a handle, from 1."""

    def __init__(self):
        self._objects = []

    def clear(self):
        self._objects = []

    def parts(self, handle, start, count):
        return self.variables(parts_of(self._objects[handle - 1])[start:start + count])

    def variables(self, parts):
        return [
            self.variable(name, value, _MOST_PREVIEW if type(value) in _CONTAINERS else _MOST_TEXT)
            for name, value in parts
        ]

    def variable(self, name, value, room=_MOST_TEXT):
        """In the shape of `GateVariable` in src/protocol/gate.ts."""
        kind = type(value)
        try:
            text = _shortened(value, room)
        except Exception as error:
            text = '<repr failed: %s>' % said(error)
        size = len(value) if kind in _CONTAINERS else len(parts_of(value))
        handle = 0
        if size:
            self._objects.append(value)
            handle = len(self._objects)
        indexed = size if kind in (list, tuple) else 0
        return {
            'name': name, 'text': text, 'type': kind.__name__,
            'number': repr(value) if kind in (int, float) else None,
            'handle': handle, 'named': size - indexed, 'indexed': indexed,
        }


def parts_of(value):
    """(name, value) of what is inside: items, entries, or the fields of an object, without running its code."""
    kind = type(value)
    if kind in (list, tuple):
        return [('[%d]' % place, item) for place, item in enumerate(value)]
    if kind is dict:
        return [(_key(key), item) for key, item in list(value.items())]
    if kind in (set, frozenset):
        return [('', item) for item in value]
    if isinstance(value, type) or callable(value) and not hasattr(kind, '__slots__') and not hasattr(value, '__dict__'):
        return []
    if kind.__module__ == 'builtins':
        return []
    return [(str(name), item) for name, item in fields_of(value) if str(name)[:2] != '__']


def _shortened(value, room, depth=0):
    """What `repr` gives, or the beginning of it: a container is looked through no further than its text is shown."""
    if depth > _MOST_NESTED:
        return '…'
    opening, closing = _BRACKETS.get(type(value), ('', ''))
    if not opening or not value:
        text = repr(value)
        return text if len(text) <= room else text[:room] + '…'
    text = opening
    for part in value.items() if type(value) is dict else value:
        if len(text) > 1:
            text += ', '
        if len(text) >= room:
            return text + '…'
        left = max(room - len(text), 1)
        if type(value) is dict:
            text += _shortened(part[0], left, depth + 1) + ': ' + _shortened(part[1], left, depth + 1)
        else:
            text += _shortened(part, left, depth + 1)
    return text + (',)' if type(value) is tuple and len(value) == 1 else closing)


def _key(key):
    try:
        return repr(key)[:100]
    except Exception:
        return '?'


def said(error):
    try:
        return '%s: %s' % (type(error).__name__, error)
    except Exception:
        return type(error).__name__
