"""Rewrites the variables that closures share, where an engine keeps its numbers in them: `nonlocal grad; grad += g`.

Such a variable is a cell of the call whose function binds it. What says which call that was is the closure of a function
that is made beside each load and store, and never called.
"""

import ast

from .sites import code_objects


class Closures:
    """The part of the watcher that knows which names are shared; empty where no function rebinds one."""

    def _find_shared(self, plain):
        """The names that each function shares with those around or inside it: {AST node: names}."""
        self.shared, self.bound = {}, {}
        if not any(isinstance(node, ast.Nonlocal) for node in self.module.parents):
            return
        for code, scope, node in code_objects(plain, self.module):
            if scope.is_function and node is scope.node:
                self.shared[node] = {*code.co_cellvars, *code.co_freevars}
                self.bound[node] = set(code.co_cellvars)

    def _is_shared(self, name, scope):
        return name in self.shared.get(scope.node, ())

    def _sharing(self, name, like):
        """A function that closes over a name. It is on no line: what looks for the script's own functions passes it by."""
        arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        function = ast.Lambda(arguments, self._name(name, like))
        for node in ast.walk(function):
            node.lineno = node.end_lineno = node.col_offset = node.end_col_offset = 0
        return function

    def _on_Name(self, node, scope):
        if isinstance(node.ctx, ast.Load) and self._is_shared(node.id, scope):
            return self._shared_load(node.id, node)
        return node

    def _shared_load(self, name, like):
        number = self._probe(None, like)
        self.probes[number].key = 'free', name
        return self._call('fl', like, self._number(number, like), self._name(name, like), self._sharing(name, like))

    def _shared_store(self, name, like):
        number = self._probe(None, like)
        self.probes[number].key = 'free', name
        return self._statement('fs', like, self._number(number, like), self._name(name, like), self._sharing(name, like))

    def _shared_stores(self, node, scope):
        """What is to follow an assignment to shared names."""
        if self._in_class_body(node):
            return []
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        return [self._shared_store(name, node) for name in names if self._is_shared(name, scope)]

    def _entry(self, scope, like):
        """Parameters are stored by the call itself."""
        bound = self.bound.get(scope.node, ())
        return [self._shared_store(name, like) for name in scope.params if name in bound]
