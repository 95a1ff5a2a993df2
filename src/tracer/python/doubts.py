"""Whether what the code alone tells of an engine can be relied on."""

import ast

from .scopes import INITIALISERS, LOOPS, index_of, tail

# Containers whose items are not in a list or a dict.
_ODD = {'array', 'deque', 'UserList', 'UserDict', 'WeakKeyDictionary', 'WeakValueDictionary', 'ChainMap', 'bytearray'}


class Doubts:
    """The part of the program that decides between recording what was found and following every number."""

    def is_sure(self):
        """Whether the cells that were found are those of an engine, beyond doubt; else every number is followed."""
        if self.tangent and not self.gradient:
            return True
        if not self.gradient or not self.makers:
            return False
        if any(how == 'param' or how == 'recursive' and key[0] == 'map' for key, _, how in self.contributions.values()):
            return False
        if any(key[0] == 'item' for key in self.gradient) and self.value[0][0] != 'item':
            return False
        if self._has_descriptors() or self._is_in_odd_container() or self._holds_objects() or self._reads_through_handles():
            return False
        if any(self._is_called_in_order(scope) for _, scope, _ in self.contributions.values()):
            return False
        return all(self._is_number_of_nodes(key) for key in self.gradient if key[0] == 'attr')

    def _has_descriptors(self):
        """Whether storing may run code of the program's own: what then is in the cell, the store does not say."""
        return any('__set__' in owner.methods for module in self.modules for owner in module.classes)

    def _is_in_odd_container(self):
        names = {key[1] for key in [*self.gradient, self.value[0]] if key[0] == 'map'}
        return any(
            isinstance(value, ast.Call) and tail(value) in _ODD
            for module in self.modules for scope in module.all_scopes() for name in names & scope.bindings.keys()
            for value in scope.bindings[name]
        )

    def _holds_objects(self):
        """Whether the value cell is given an object of one of the program's classes instead of a number."""
        for maker, (key, scope) in self.makers.items():
            if isinstance(maker, ast.Call):
                for argument, keys in self.fed(maker, scope):
                    if key in keys and any(
                        # `out = a.data + b.data; out = Value(out, (a, b))`
                        value is not maker and self._is_constructed(value, scope) for value in self._meant(argument, scope)
                    ):
                        return True
        return False

    def _meant(self, expression, scope):
        """An expression, or what the name that it is was given."""
        if isinstance(expression, ast.Name):
            for place in scope.ancestors():
                if expression.id in place.bindings:
                    return place.bindings[expression.id]
        return [expression]

    def _is_constructed(self, value, scope):
        return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in self.classes

    def _reads_through_handles(self):
        """`NODES[ref]['value']`: what stands for a node is the key of a table."""
        if self.value[0][0] != 'item':
            return False
        return any(
            isinstance(self.holder(load), ast.Subscript) and not isinstance(index_of(self.holder(load)), ast.Constant)
            for maker, (key, scope) in self.makers.items()
            for load in self.loads(self.flow(maker, scope).nodes if not isinstance(maker, ast.stmt) else ast.walk(maker), key)
        )

    def _is_called_in_order(self, scope):
        """A plain function that is one node's rule: whoever calls it for one after the other drives the pass."""
        return scope.is_function and scope.owner is None and scope.parent.parent is None and not any(
            isinstance(node, LOOPS) for node in ast.walk(scope.node)
        ) and not self._calls_itself(scope)

    def _is_number_of_nodes(self, key):
        """Whether the objects that have the cell are those with the values, and begin with a number in it."""
        given, valued = set(), set()
        for module in self.modules:
            for owner in module.classes:
                for scope in owner.methods.values():
                    if scope.name in INITIALISERS:
                        if self.fills(scope):
                            valued.add(owner.name)
                        for _, target, value in scope.stores:
                            if self.cell(target) == key and tail(self.holder(target)) == scope.receiver:
                                given.add(owner.name)
                                if isinstance(value, ast.Call) and tail(value) in self.classes:
                                    return False
        related = valued | {base for name in valued for owner in self.classes[name] for base in owner.bases}
        return not given or not valued or bool(given & related)
