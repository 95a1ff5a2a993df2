"""What a call may run, and which cells of a new object it fills: constructors, factories, records and displays."""

import ast

from .scopes import INITIALISERS, tail


class Constructors:
    """The part of the program that knows how objects are filled when they are made."""

    def _find_feeds(self):
        """`feeds[scope] = {parameter: {cells}}`: which cells a call of the function fills from which parameter."""
        self.feeds = {scope: {} for module in self.modules for scope in module.all_scopes() if scope.is_function}
        changed = True
        while changed:
            changed = False
            for scope, filled in self.feeds.items():
                for expression, key in self._fillings(scope):
                    for place, name in self.flow(expression, scope).params:
                        if place is scope and key not in filled.setdefault(name, set()):
                            filled[name].add(key)
                            changed = True

    def _fillings(self, scope):
        """Expressions in a scope that end up in a cell of a new object, with that cell."""
        for statement, target, value in scope.stores:
            key = self.cell(target)
            if key and not isinstance(statement, ast.AugAssign):
                fresh = isinstance(self.holder(target), ast.Name) and key[0] != 'map'
                if fresh and (scope.name in INITIALISERS or self._is_made_here(self.holder(target).id, scope)):
                    yield value, key
        for call in scope.calls:
            for argument, keys in self.fed(call, scope):
                for key in keys:
                    yield argument, key
        for display in scope.displays:
            for element, key in self.display_cells(display):
                yield element, key

    def _is_made_here(self, name, scope):
        return any(isinstance(v, (ast.Call, ast.Dict, ast.List)) for v in scope.bindings.get(name, ()))

    def display_cells(self, display):
        if isinstance(display, ast.Dict):
            for key, value in zip(display.keys, display.values):
                if isinstance(key, ast.Constant) and isinstance(key.value, (int, str)):
                    yield value, ('item', repr(key.value))
        elif isinstance(display, (ast.List, ast.Tuple)) and len(display.elts) > 1:
            for place, value in enumerate(display.elts):
                yield value, ('item', repr(place))

    def called(self, call):
        """The last name of what a call calls, as it was first defined: `NS(…)` after `import SimpleNamespace as NS`."""
        name = tail(call)
        return self.renamed.get(name, name)

    def constructors(self, call, scope):
        """What a call may run: (scope of the function or None, number of parameters already bound, fields or None)."""
        name = self.called(call)
        function = call.func
        method = isinstance(function, ast.Attribute)
        own = self._owner(scope)
        if isinstance(function, ast.Call) and tail(function) == 'type' or name == '__class__' or name == 'cls':
            yield from self._class_constructor(own)
            return
        if method and isinstance(function.value, ast.Call) and tail(function.value) == 'super' and own:
            for base in own.bases:
                for candidate in self.classes.get(base, ()):
                    if name in candidate.methods:
                        yield candidate.methods[name], 1, None
                    elif name == '__init__':
                        yield from self._class_constructor(candidate)
            return
        for candidate in self.classes.get(name, ()):
            yield from self._class_constructor(candidate)
        if name in self._namedtuples:
            yield None, 0, self._namedtuples[name]
        for candidate in self.functions.get(name, ()):
            if candidate.owner is None:
                if not method or candidate.parent.parent is None:
                    yield candidate, 0, None
            elif method:
                yield candidate, 0 if getattr(candidate, 'is_static', False) else 1, None

    def _owner(self, scope):
        for place in scope.ancestors():
            if place.owner is not None:
                return place.owner
        return None

    def _class_constructor(self, owner, depth=0):
        if owner is None or depth > 8:
            return
        for name in ('__init__', '__new__'):
            if name in owner.methods:
                yield owner.methods[name], 1, None
                return
        if self.is_record(owner):
            yield None, 0, self._fields(owner)
            return
        for base in owner.bases:
            for candidate in self.classes.get(base, ()):
                yield from self._class_constructor(candidate, depth + 1)
                return

    def is_record(self, owner):
        """A dataclass or NamedTuple class: its constructor is generated from its annotated fields."""
        decorated = any(tail(d) in ('dataclass', 'attrs', 'define', 's') for d in owner.node.decorator_list)
        return bool(owner.fields) and (decorated or 'NamedTuple' in owner.bases)

    def _fields(self, owner):
        fields = []
        for base in owner.bases:
            for candidate in self.classes.get(base, ()):
                fields += self._fields(candidate)
        return fields + [f for f in owner.fields if f not in fields]

    def _find_namedtuples(self):
        found = {}
        for module in self.modules:
            for scope in module.all_scopes():
                for name, values in scope.bindings.items():
                    for value in values:
                        if isinstance(value, ast.Call) and self.called(value) in ('namedtuple', 'NamedTuple'):
                            if len(value.args) > 1:
                                found[name] = _field_names(value.args[1])
        return found

    def fed(self, call, scope):
        """The arguments of a call that end up in cells: (argument, cells)."""
        if self.called(call) in ('SimpleNamespace', 'dict'):
            kind = 'attr' if self.called(call) == 'SimpleNamespace' else 'item'
            for word in call.keywords:
                if word.arg:
                    yield word.value, {(kind, word.arg if kind == 'attr' else repr(word.arg))}
            return
        if tail(call) == 'append' and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
            name = tail(call.func.value)
            if name:
                # A property that reads the list is filled with it.
                seen_through = {key for key, (path, _) in self.places.items() if path[-1] == name}
                yield call.args[0], {('map', name)} | seen_through
            return
        for function, bound, fields in self.constructors(call, scope):
            names = fields if function is None else function.params[bound:]
            for place, argument in enumerate(call.args):
                if isinstance(argument, ast.Starred) or place >= len(names):
                    break
                keys = self._fed_through(function, names[place])
                if keys:
                    yield argument, keys
            for word in call.keywords:
                keys = self._fed_through(function, word.arg) if word.arg in names else None
                if keys:
                    yield word.value, keys

    def _fed_through(self, function, name):
        if function is None:
            return {('attr', name)}
        return self.feeds[function].get(name)


def _field_names(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace(',', ' ').split()
    names = []
    for element in getattr(node, 'elts', ()):
        element = element.elts[0] if isinstance(element, ast.Tuple) and element.elts else element
        names.append(element.value if isinstance(element, ast.Constant) else None)
    return names
