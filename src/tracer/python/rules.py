"""Rewrites the engine's gradient arithmetic: what flows from which cell into which."""

import ast

from .probe import ASSIGN, FAST, INCREMENT, PULL
from .scopes import COMPREHENSIONS, FUNCTIONS, same, tail
from .syntax import replaced, value_of, walk


class Rules:
    """The part of the instrumenter that knows contributions."""

    def _contribution(self, node, target, value, scope):
        key, _, how = self.program.contributions[node, target]
        if how == 'pull' or (how == 'set' and self._sum_of(value) is not None):
            return self._pull(node, target, value, scope, key)
        fast = self._fast_parts(node, scope)
        if fast is not None:
            number = self._probe(FAST, node, key)
            source = fast[2][0]
            self.probes[number].first = any(self._opening(p) is node for p in self.marked if isinstance(p, FUNCTIONS))
            self.probes[number].first |= any(self._opening(p) is node for p in self.marked if isinstance(p, ast.For))
            upstream = self._copy_plain(source, value)
            done = self._call(
                'c', value, self._number(number, value), self._name(fast[0], value),
                self._node_plain(value, scope, key), self._name(fast[1], value), upstream,
            )
            return self._copy(target, scope), done
        adds = isinstance(node, ast.AugAssign)
        number = self._probe(INCREMENT if adds else ASSIGN, node, key)
        self.probes[number].recursive = how == 'recursive'
        if adds and isinstance(node.op, ast.Sub):
            self.probes[number].sign = -1
        if adds:
            increment = self._node(value, scope)
            return self._around_aug(target, scope, key, number, 'a', increment, value)
        return self._around_set(target, scope, key, number, self._increment(target, value, scope, key, number), value)

    def _fast_parts(self, statement, scope):
        """(target name, source name, loads) when a rule's line has the common shape `x.grad += … * out.grad`."""
        if not isinstance(statement, ast.AugAssign) or not isinstance(statement.op, ast.Add) or not scope.is_function:
            return None
        target = statement.target
        found = self.program.contributions.get((statement, target))
        if found is None or found[2] != 'add' or found[0][0] != 'attr' or found[0][1] in self.program.computed:
            return None
        if not isinstance(target.value, ast.Name):
            return None
        loads = list(self.program.loads(walk(statement.value), found[0]))
        names = {n.value.id if isinstance(n.value, ast.Name) else None for n in loads}
        if len(names) != 1 or None in names or target.value.id in names:
            return None
        for load in loads:
            around = self.module.parents[load]
            while around is not statement:
                if isinstance(around, COMPREHENSIONS + FUNCTIONS + (ast.IfExp, ast.BoolOp)):
                    return None
                around = self.module.parents[around]
        return target.value.id, names.pop(), loads

    def _increment(self, target, value, scope, key, number):
        """In `x.g = x.g + e` only `e` is new; a conditional is looked through."""
        if isinstance(value, ast.IfExp):
            body = self._increment(target, value.body, scope, key, number)
            orelse = self._increment(target, value.orelse, scope, key, number)
            return self._copy(value, scope, body=body, orelse=orelse)
        if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)):
            sign = -1 if isinstance(value.op, ast.Sub) else 1
            if self._is_own(value.left, target, key):
                right = self._call('inc', value.right, self._number(sign, value.right), self._node(value.right, scope))
                return self._copy(value, scope, right=right)
            if self._is_own(value.right, target, key) and sign == 1:
                left = self._call('inc', value.left, self._number(1, value.left), self._node(value.left, scope))
                return self._copy(value, scope, left=left)
        return self._call('val', value, self._node(value, scope))

    def _is_own(self, node, target, key):
        if isinstance(node, ast.IfExp) or isinstance(node, ast.BoolOp):
            parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
            return any(self._is_own(p, target, key) for p in parts)
        loads = list(self.program.loads([node], key))
        return bool(loads) and same(self.program.holder(loads[0]), self.program.holder(target))

    def _paired_contribution(self, node, target, value, scope):
        key, _, how = self.program.contributions[node, target]
        number = self._probe(ASSIGN, node, key)
        self.probes[number].recursive = how == 'recursive'
        increment = self._increment(target, value, scope, key, number)
        holder = self.program.holder(target)
        return self._call('s2', value, self._number(number, value), increment, self._name(holder.id, value))

    # -- pulled sums: `self.g = sum(w * v.grad() for w, v in self.children)`

    def _sum_of(self, value):
        if isinstance(value, ast.Call) and tail(value) in ('sum', 'fsum') and value.args:
            if isinstance(value.args[0], (ast.GeneratorExp, ast.ListComp)):
                return value.args[0]
        return None

    def _pull(self, node, target, value, scope, key):
        """Each summand is a contribution from the object whose cell, or whose pull, it reads."""
        holder = self.program.holder(target)
        terms = self._sum_of(value)
        if terms is None or not isinstance(holder, ast.Name):
            if isinstance(value, ast.Name) and isinstance(holder, ast.Name):
                return self._copy(target, scope), self._node(value, scope)
            number = self._probe(ASSIGN, node, key)
            whole = self._call('val', value, self._node(value, scope))
            return self._around_set(target, scope, key, number, whole, value)
        element = self._summand(node, terms.elt, holder.id, scope, key)
        done = self._copy(terms, scope, elt=element)
        summed = self._copy(value, scope, args=[done] + [self._node(a, scope) for a in value.args[1:]])
        return self._copy(target, scope), summed

    def _summand(self, node, term, target, scope, key):
        """`w * v.grad()` with a probe around it; the source is `v`, the upstream what the pull of `v` gave."""
        function = scope
        while isinstance(function.node, ast.Lambda) and function.parent.is_function:
            function = function.parent
        number = self._probe(PULL, node, key)
        pulled = [n for n in walk(term) if isinstance(n, ast.Call) and tail(n) == function.name]
        loads = list(self.program.loads(walk(term), key))
        like = term
        site = self._number(number, like)
        if pulled and function.is_function:
            called = pulled[0].func
            source = called.value if isinstance(called, ast.Attribute) else (pulled[0].args or [None])[0]
        elif loads:
            source = self.program.holder(loads[0])
        else:
            source = None
        if not isinstance(source, ast.Name):
            return self._node(term, scope)
        stored = ast.copy_location(ast.Name('@u', ast.Store()), like)
        read = pulled[0] if pulled else loads[0]
        kept = ast.copy_location(ast.NamedExpr(stored, self._copy(read, scope)), read)
        done = replaced(self, term, read, kept, scope)
        return self._call('p', like, site, self._name(target, like), done, self._name(source.id, like),
                          self._name('@u', like))

    def _pulled_sum(self, node, scope):
        """`total += w * v.grad()` where `total` becomes the cell."""
        if not isinstance(node.target, ast.Name) or not isinstance(node.op, ast.Add) or not scope.is_function:
            return None
        for (statement, target), (key, place, how) in self.program.contributions.items():
            if place is scope and how in ('pull', 'set') and isinstance(value_of(statement, target), ast.Name):
                holder = self.program.holder(target)
                if value_of(statement, target).id == node.target.id and isinstance(holder, ast.Name):
                    term = self._summand(node, node.value, holder.id, scope, key)
                    return self._copy(node, scope, value=term)
        return None
