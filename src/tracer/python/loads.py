"""Rewrites loads of gradients and values, where what was read tells where a contribution comes from."""

import ast

from .probe import LOAD
from .scopes import plain, same


class Loads:
    """The part of the instrumenter that knows which loads count."""

    def _on_Attribute(self, node, scope):
        return self._load(node, scope) if isinstance(node.ctx, ast.Load) else self._copy(node, scope)

    _on_Subscript = _on_Attribute

    def _load(self, node, scope):
        key = self.program.cell(node)
        if key is None or scope not in self.program.engine and not self._feeds_contribution(scope):
            return self._copy(node, scope)
        if key in self.program.gradient and key != self._quiet and not self._is_tested(node, scope):
            return self._gradient_load(node, scope, key)
        if scope in self.readers and self.program.value and key == self.program.value[0]:
            return self._value_load(node, scope, key)
        return self._copy(node, scope)

    def _gradient_load(self, node, scope, key):
        number = self._probe(LOAD, node, key)
        holder = self.program.holder(node)
        kept = self._call('k', holder, self._node(holder, scope))
        if isinstance(node, ast.Call):
            if key[0] == 'map':
                mapping = self._call('m', node.func.value, self._node(node.func.value, scope))
                read = self._copy(node, scope, func=self._copy(node.func, scope, value=mapping),
                                  args=[kept] + [self._node(a, scope) for a in node.args[1:]])
            elif key[0] == 'attr':
                read = self._copy(node, scope, args=[kept] + node.args[1:])
            else:
                read = self._copy(node, scope, func=self._copy(node.func, scope, value=kept))
        else:
            read = self._with_holder(node, key, kept, scope)
        return self._call('lv', node, self._number(number, node), read)

    def _value_load(self, node, scope, key):
        holder = self.program.holder(node)
        many = isinstance(holder, ast.Name) and self._is_iterated(holder.id, scope)
        number = self._probe(LOAD, node, key)
        self.probes[number].first = many
        self.probes[number].label = plain(holder)
        kept = self._call('rv', holder, self._number(number, holder), self._node(holder, scope))
        return self._with_holder(node, key, kept, scope)

    def _is_iterated(self, name, scope):
        binder = self._binder(name, scope)
        return binder is not None and binder[0] in ('comprehension', 'loop')

    def _is_tested(self, node, scope):
        """`x.grad is None`, `if not x.grad`, and the own cell in `x.grad = x.grad + e`: reads that feed nothing."""
        around = self.module.parents.get(node)
        if isinstance(around, ast.Compare) and any(isinstance(op, (ast.Is, ast.IsNot)) for op in around.ops):
            return True
        tested = node
        while (
            isinstance(around, (ast.Compare, ast.BoolOp))
            or isinstance(around, ast.UnaryOp) and isinstance(around.op, ast.Not)
        ):
            tested, around = around, self.module.parents.get(around)
        if isinstance(around, (ast.If, ast.While, ast.IfExp, ast.Assert)) and around.test is tested:
            return True
        around = self.module.parents.get(node)
        while around is not None and not isinstance(around, ast.stmt):
            around = self.module.parents.get(around)
        if isinstance(around, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = around.targets if isinstance(around, ast.Assign) else [around.target]
            for target in targets:
                if self.program.cell(target) == self.program.cell(node):
                    if same(self.program.holder(target), self.program.holder(node)):
                        return True
        return False

    def _feeds_contribution(self, scope):
        return any(place is scope for _, place, _ in self.program.contributions.values())

    def _copy_plain(self, node, like):
        copied = type(node)(**dict(ast.iter_fields(node)))
        return ast.copy_location(copied, like)

    def _node_plain(self, node, scope, key):
        """A copy in which the loads of the gradient cell stay as they are: the fast probe reads them itself."""
        self._quiet = key
        try:
            return self._node(node, scope)
        finally:
            self._quiet = None

    _quiet = None
