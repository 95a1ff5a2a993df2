"""Value cells: constructors and helpers fill them with numbers computed from the same cell of the operands.

A *maker* is the call, the display or the store by which that happens: it makes a node.
"""

import ast

from .scopes import INITIALISERS, index_of, same, tail
from .syntax import walk


class ValueCells:
    """The part of the program that knows what nodes are made with."""

    def _find_value(self):
        """Cells that are filled from the same cell of other objects, and the places (makers) that do it."""
        makers = {}
        for module in self.modules:
            for scope in module.all_scopes():
                for call in scope.calls:
                    for argument, keys in self.fed(call, scope):
                        nodes = self.flow(argument, scope).nodes
                        for key in keys:
                            if next(self.loads(nodes, key), None) is not None:
                                makers.setdefault(key, {})[call] = scope
                for display in scope.displays:
                    for element, key in self.display_cells(display):
                        if isinstance(element, (ast.Tuple, ast.List, ast.Dict, ast.Lambda)):
                            continue
                        if next(self.loads(self.flow(element, scope).nodes, key), None) is not None:
                            makers.setdefault(key, {})[display] = scope
                for statement, target, value in scope.stores:
                    key = self.cell(target)
                    if key is None or key[0] == 'map' or isinstance(statement, ast.AugAssign):
                        continue
                    holder = self.holder(target)
                    loads = list(self.loads(self.flow(value, scope).nodes, key))
                    if loads and not any(same(self.holder(n), holder) for n in loads):
                        makers.setdefault(key, {})[statement] = scope
        for found in makers.values():
            # Where nodes are constructed with their values, a store into an object that was there before is an update.
            if any(not isinstance(maker, ast.stmt) for maker in found):
                for maker, scope in list(found.items()):
                    if isinstance(maker, ast.stmt) and not self._fills_new(maker, scope):
                        del found[maker]
        self._value_makers = makers

    def _fills_new(self, statement, scope):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        roots = [target.value for target in targets if isinstance(target, (ast.Attribute, ast.Subscript))]
        given_out = {n.id for value in scope.returns for n in walk(value) if isinstance(n, ast.Name)}
        return any(
            isinstance(root, ast.Name)
            and (root.id == scope.receiver or root.id in given_out and self._is_made_here(root.id, scope))
            for root in roots
        )

    def fills(self, scope):
        """A constructor that stores one of its parameters in the value cell of the object it makes."""
        if scope.name not in INITIALISERS:
            return False
        for key in self.value[:1]:
            for _, target, value in scope.stores:
                if self.cell(target) == key and isinstance(self.holder(target), ast.Name):
                    if any(place is scope for place, _ in self.flow(value, scope).params):
                        return True
            for call in scope.calls:
                if self._is_delegated(call, scope) or tail(call) == 'append':
                    if any(key in keys for _, keys in self.fed(call, scope)):
                        return True
        return False

    def _is_delegated(self, call, scope):
        """`super().__init__(…)`, `Base.__init__(self, …)`, `self.reset(…)`: the same object goes on being made."""
        function = call.func
        if not isinstance(function, ast.Attribute):
            return False
        if isinstance(function.value, ast.Call) and tail(function.value) == 'super':
            return True
        return isinstance(function.value, ast.Name) and (
            function.value.id == scope.receiver or function.attr in INITIALISERS
        )

    def fills_place(self, call, scope):
        """`graph.vals.append(value)` in the constructor of an object whose property reads it there."""
        if scope.name not in INITIALISERS or tail(call) != 'append' or not isinstance(call.func, ast.Attribute):
            return False
        return any(
            key in self.places and self.places[key][0][-1] == tail(call.func.value) for key in self.value[:1]
        )

    def _find_handles(self):
        """Where nodes are places in a list: the cells of what stands for them, `self.i` in `vals[self.i]`."""
        found = []
        if self.value and self.value[0][0] == 'map':
            for module in self.modules:
                for node in module.parents:
                    if isinstance(node, ast.Subscript) and isinstance(index_of(node), ast.Attribute):
                        key = ('attr', index_of(node).attr)
                        if self.cell(node) in self.gradient | {self.value[0]} and key not in found:
                            found.append(key)
        return found

    def _score(self, key, makers, gradient):
        score = 0
        for module in self.modules:
            for scope in module.all_scopes():
                for _, target, value in scope.stores:
                    if scope.name in INITIALISERS and self.cell(target) == key:
                        # A leaf's value is given from outside; a depth or a count begins at a constant.
                        if isinstance(value, ast.Constant) and value.value is not None:
                            score -= 20
        for maker in makers:
            score += 2 if not isinstance(maker, ast.stmt) else 1
        for found in gradient:
            if self._reads(self._gradient_stores[found], key):
                score += 5
        for maker, scope in makers.items():
            module = scope.module
            for node in self.loads(walk(maker), key):
                if isinstance(module.parents[node], (ast.BinOp, ast.UnaryOp)):
                    score += 3
        return score
