"""Where the steps of a backward pass begin: at the function or loop that binds what contributions come from."""

import ast

from .scopes import LOOPS, same
from .syntax import binds, root_of, value_of, walk


class Steps:
    """The part of the instrumenter that knows where steps begin."""

    def _marks(self):
        """AST nodes (functions, loops) at whose start a step ends: where the source of the contributions is bound."""
        marked = {}
        for (statement, target), (key, scope, how) in self.program.contributions.items():
            if scope.module is not self.module or how in ('pull', 'recursive'):
                continue
            flow = self.program.flow(value_of(statement, target), scope)
            loads = [n for n in self.program.loads(flow.nodes, key) if n in self.module.parents]
            holder = self.program.holder(target)
            for load in loads:
                if same(self.program.holder(load), holder):
                    continue
                place = self._binding_of(self.program.holder(load), self.module.scope_of(load))
                marked.setdefault(place, []).append(statement)
        for scope in self._passers():
            marked.setdefault(scope.node, []).append(None)
        return marked

    def _passers(self):
        """Functions that hand a gradient to a helper which adds it."""
        if not any(how == 'param' for *_, how in self.program.contributions.values()):
            return
        for scope in self.module.all_scopes():
            if scope in self.program.engine:
                for call in scope.calls:
                    for argument in call.args:
                        for key in self.program.gradient:
                            if next(self.program.loads(walk(argument), key), None) is not None:
                                place = self._binding_of(self._first_holder(argument, key), scope)
                                yield self.module.scopes.get(place, scope) if place is not None else scope

    def _first_holder(self, argument, key):
        return self.program.holder(next(self.program.loads(walk(argument), key)))

    def _binding_of(self, holder, scope):
        """The loop or function in which the name at the root of an expression gets its value."""
        name = root_of(holder)
        for _ in range(20):
            if name is None:
                return scope.node
            binder = self._binder(name, scope)
            if binder is None:
                return scope.node
            kind, node, value = binder
            if kind == 'comprehension':
                name = root_of(value)
                continue
            if kind == 'loop':
                return node
            loops = self.module.enclosing(node, LOOPS, scope)
            if loops:
                return loops[0]
            name = root_of(value)
            if name in scope.params:
                return scope.node
        return scope.node

    def _binder(self, name, scope):
        for node in walk(scope.node):
            if isinstance(node, ast.comprehension) and binds(node.target, name):
                return 'comprehension', node, node.iter
            if isinstance(node, ast.For) and binds(node.target, name):
                return 'loop', node, node.iter
            if isinstance(node, ast.Assign) and any(binds(t, name) for t in node.targets):
                return 'assign', node, node.value
        return None
