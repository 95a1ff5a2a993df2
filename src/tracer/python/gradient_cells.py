"""Gradient cells: they receive amounts that flow from the same cell of another object."""

import ast
import builtins

from .scopes import INITIALISERS, plain, same, tail
from .syntax import walk


class GradientCells:
    """The part of the program that knows what is stored in gradient cells, and how."""

    def _find_gradient(self):
        """Stores that look like contributions: `contributions[statement, target] = (key, scope, how)`."""
        found = {}
        for module in self.modules:
            for scope in module.all_scopes():
                for statement, target, value in scope.stores:
                    how = self._contribution(scope, statement, target, value)
                    if how:
                        found.setdefault(self.cell(target), []).append((statement, target, value, scope, how))
        self._gradient_stores = found

    def _contribution(self, scope, statement, target, value):
        key = self.cell(target)
        if key is None or (isinstance(statement, ast.AugAssign) and not isinstance(statement.op, (ast.Add, ast.Sub))):
            return None
        flow = self.flow(value, scope)
        holder = self.holder(target)
        own = [
            n for n in self.loads(walk(value), key) if same(self.holder(n), holder) and not _is_choice(n, value, scope.module)
        ]
        adds = isinstance(statement, ast.AugAssign) or bool(own)
        others = [n for n in self.loads(flow.nodes, key) if not same(self.holder(n), holder)]
        if others:
            return 'add' if adds else 'set'
        function = scope
        while isinstance(function.node, ast.Lambda) and function.parent.is_function:
            function = function.parent
        if not function.is_function or function.name in INITIALISERS:
            return None
        if any(isinstance(n, ast.Call) and tail(n) == function.name for n in flow.nodes) and not adds:
            return 'pull'
        passed = {(place, name) for place, name in flow.params if name != place.receiver and place.is_function}
        # `self.grad = g if self.grad is None else self.grad + g` adds too, in two statements as well.
        if passed and (adds or self._set_then_add(function, target)):
            for place, _ in passed:
                named = place
                while isinstance(named.node, ast.Lambda) and named.parent.is_function:
                    named = named.parent
                if self._calls_itself(named):
                    return 'recursive'
            if self._passed_on(key):
                return 'param'
        return None

    def _set_then_add(self, function, target):
        """Whether the same cell is added to elsewhere in the function."""
        for statement, other, value in function.stores:
            if plain(other) == plain(target):
                if isinstance(statement, ast.AugAssign):
                    return True
                if any(
                    same(n, other) and not _is_choice(n, value, function.module)
                    for n in walk(value) if isinstance(n, (ast.Attribute, ast.Subscript))
                ):
                    return True
        return False

    def _calls_itself(self, function):
        if isinstance(function.node, ast.Lambda) or not function.is_function:
            return False
        waiting = [function]
        while waiting:
            scope = waiting.pop()
            waiting.extend(scope.children)
            for call in scope.calls:
                if function.name == '__call__' and call.args and self._calls_object(call, scope):
                    return True
                if tail(call) == function.name and (call.args or call.keywords):
                    if isinstance(call.func, ast.Attribute) == (function.owner is not None):
                        return True
        return self._calls_itself_through_closures(function)

    def _calls_itself_through_closures(self, function):
        """`self.back(g)`, where makers stored `lambda g: parent.backward(g * slope)`."""
        if function.owner is None or not any(
            isinstance(call.func, ast.Attribute)
            and all(callee.owner is None for callee in self.functions.get(call.func.attr, ()))
            and any(
                isinstance(given, ast.Name) and given.id in function.params or isinstance(given, ast.Attribute)
                for given in call.args
            )
            for call in function.calls
        ):
            return False
        return any(
            scope.is_function and scope.parent.is_function and scope.parent is not function
            and isinstance(call.func, ast.Attribute) and call.func.attr == function.name and call.args
            for module in self.modules for scope in module.all_scopes() for call in scope.calls
        )

    def _calls_object(self, call, scope):
        """A call of something that a loop found: `for parent, w in self.back: parent(u * w)`."""
        name = call.func
        return isinstance(name, ast.Name) and any(
            isinstance(scope.module.parents.get(value), (ast.For, ast.comprehension))
            for value in scope.bindings.get(name.id, ())
        )

    def _passed_on(self, key):
        """Whether some call hands over what a cell of this key holds."""
        for module in self.modules:
            for scope in module.all_scopes():
                for call in scope.calls:
                    if hasattr(builtins, tail(call) or 'print'):
                        continue
                    for argument in call.args + [word.value for word in call.keywords]:
                        if next(self.loads(self.flow(argument, scope).nodes, key), None) is not None:
                            return True
        return False

    def _recursing(self, scope):
        for place in scope.ancestors():
            if self._calls_itself(place):
                return place
        return scope

    def _accumulates(self, key):
        return any(how in ('add', 'recursive', 'param') for *_, how in self._gradient_stores.get(key, ()))

    def _reads(self, stores, key):
        return any(next(self.loads(self.flow(v, scope).nodes, key), None) is not None for _, _, v, scope, _ in stores)

    def _is_share(self, key):
        """Whether each node keeps what it hands to its inputs: `self.g[x] += …`, read there as `consumer.g[self]`."""
        for module in self.modules:
            for scope in module.all_scopes():
                if scope.receiver is None:
                    continue
                for load in self.loads(walk(scope.node), key):
                    holder = self.holder(load)
                    mapping = load.value if isinstance(load, ast.Subscript) else load.func.value
                    if isinstance(holder, ast.Name) and holder.id == scope.receiver:
                        if isinstance(mapping, ast.Attribute) and tail(mapping.value) != scope.receiver:
                            return True
        return False

    def _find_derived(self):
        """The cells that gradients flow into, those of optimizers included: momentum, running means."""
        self.derived = set(self.gradient) | ({self.tangent} if self.tangent else set())
        grown = True
        while grown:
            grown = False
            for module in self.modules:
                for scope in module.all_scopes():
                    for _, target, value in scope.stores:
                        key = self.cell(target)
                        if key is None or key in self.derived or key in self.value[:1]:
                            continue
                        if self.reads_derived(value, scope):
                            self.derived.add(key)
                            grown = True

    def reads_derived(self, expression, scope):
        """Whether a gradient, or what was computed from one, flows into an expression."""
        nodes = self.flow(expression, scope).nodes
        return any(next(self.loads(nodes, key), None) is not None for key in self.derived)


def _is_choice(load, value, module):
    """Whether a load is what may be stored itself, or what decides: `name if name is not None else self.name`."""
    while load is not value:
        around = module.parents.get(load)
        if not isinstance(around, (ast.IfExp, ast.BoolOp)):
            return isinstance(around, ast.Compare) and _is_choice(around, value, module)
        load = around
    return True
