"""Rewrites the engine's gradient arithmetic: where steps begin, what flows from which cell into which."""

import ast

from .probe import ASSIGN, FAST, INCREMENT, LOAD, PULL, SEED
from .scopes import COMPREHENSIONS, FUNCTIONS, INITIALISERS, LOOPS, plain, same, tail
from .syntax import binds, replaced, root_of, value_of


class Rules:
    """The part of the instrumenter that knows gradient cells."""

    # -- where steps begin

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
                            if next(self.program.loads(ast.walk(argument), key), None) is not None:
                                place = self._binding_of(self._first_holder(argument, key), scope)
                                yield self.module.scopes.get(place, scope) if place is not None else scope

    def _first_holder(self, argument, key):
        return self.program.holder(next(self.program.loads(ast.walk(argument), key)))

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
        for node in ast.walk(scope.node):
            if isinstance(node, ast.comprehension) and binds(node.target, name):
                return 'comprehension', node, node.iter
            if isinstance(node, ast.For) and binds(node.target, name):
                return 'loop', node, node.iter
            if isinstance(node, ast.Assign) and any(binds(t, name) for t in node.targets):
                return 'assign', node, node.value
        return None

    # -- stores

    def _on_Assign(self, node, scope):
        if len(node.targets) == 1:
            stored = self._store(node, node.targets[0], node.value, scope)
            if stored is not None:
                target, value = stored
                return self._copy(node, scope, targets=[target], value=value)
        if not self._is_user(scope):
            paired = self._paired_stores(node, scope)
            return self._copy(node, scope, value=paired) if paired is not None else self._copy(node, scope)
        after = []
        value = self._named(node.targets, node.value, scope)
        if value is None:
            value = self._node(node.value, scope)
            after = [self._name_after(t, node, scope) for t in node.targets if isinstance(t, (ast.Tuple, ast.List))]
        return [self._copy(node, scope, value=value)] + [s for s in after if s is not None]

    def _paired_stores(self, node, scope):
        """`self.data, self.grad = data, 0.0`: each value gets the probe of its own target."""
        if len(node.targets) != 1 or not isinstance(node.targets[0], (ast.Tuple, ast.List)):
            return None
        targets = node.targets[0].elts
        if not isinstance(node.value, (ast.Tuple, ast.List)) or len(node.value.elts) != len(targets):
            return None
        values = []
        for target, value in zip(targets, node.value.elts):
            holder = self._holder(target)
            if (node, target) in self.program.contributions and isinstance(holder, ast.Name):
                values.append(self._paired_contribution(node, target, value, scope))
                continue
            stored = self._store(node, target, value, scope) if isinstance(holder, ast.Name) else None
            values.append(stored[1] if stored is not None else self._node(value, scope))
        return self._copy(node.value, scope, elts=values)

    def _paired_contribution(self, node, target, value, scope):
        key, _, how = self.program.contributions[node, target]
        number = self._probe(ASSIGN, node, key)
        self.probes[number].recursive = how == 'recursive'
        increment = self._increment(target, value, scope, key, number)
        holder = self.program.holder(target)
        return self._call('s2', value, self._number(number, value), increment, self._name(holder.id, value))

    def _holder(self, target):
        return self.program.holder(target) if self.program.cell(target) else None

    def _on_AnnAssign(self, node, scope):
        if node.value is not None and not isinstance(node.target, ast.Name):
            stored = self._store(node, node.target, node.value, scope)
            if stored is not None:
                return self._copy(node, scope, target=stored[0], value=stored[1])
        return self._copy(node, scope, annotation=node.annotation)

    def _on_AugAssign(self, node, scope):
        stored = self._store(node, node.target, node.value, scope)
        if stored is not None:
            return self._copy(node, scope, target=stored[0], value=stored[1])
        pulled = self._pulled_sum(node, scope)
        if pulled is not None:
            return pulled
        done = self._copy(node, scope)
        if self._is_user(scope) and isinstance(node.target, ast.Name):
            name = self._call('nm', node, self._number(self._label(node.target), node), self._name(node.target.id, node))
            return [done, ast.copy_location(ast.Expr(name), node)]
        return done

    def _store(self, node, target, value, scope):
        """The rewritten (target, value) of a store into a gradient or value cell; None when it is neither."""
        key = self.program.cell(target) if isinstance(target, (ast.Attribute, ast.Subscript)) else None
        if key is None or scope.is_setter:
            return None
        if (node, target) in self.program.contributions:
            return self._contribution(node, target, value, scope)
        if key in self.program.gradient:
            return self._plain_gradient(node, target, value, scope, key)
        if key == self.program.tangent:
            return self._tangent_store(node, target, value, scope)
        if self.program.value and key == self.program.value[0]:
            return self._value_store(node, target, value, scope, key)
        return None

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
        loads = list(self.program.loads(ast.walk(statement.value), found[0]))
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
                'c', value, self._number(number, value), self._name(fast[0], value), self._node_plain(value, scope, key),
                self._name(fast[1], value), upstream,
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

    def _around_aug(self, target, scope, key, number, probe, increment, like):
        holder = self.program.holder(target)
        site = self._number(number, like)
        if isinstance(holder, ast.Name):
            done = self._call(probe, like, site, increment, self._name(holder.id, like))
            return self._with_holder(target, key, self._node(holder, scope), scope), done
        if scope.is_function:
            stored = ast.copy_location(ast.Name('@b', ast.Store()), holder)
            kept = ast.copy_location(ast.NamedExpr(stored, self._node(holder, scope)), holder)
            return self._with_holder(target, key, kept, scope), self._call(
                probe, like, site, increment, self._name('@b', like)
            )
        kept = self._call('t', holder, self._node(holder, scope))
        return self._with_holder(target, key, kept, scope), self._call(probe + 't', like, site, increment)

    def _around_set(self, target, scope, key, number, value, like):
        holder = self.program.holder(target)
        kept = self._call('s', holder, self._number(number, holder), self._node(holder, scope))
        return self._with_holder(target, key, kept, scope), value

    def _with_holder(self, target, key, holder, scope):
        if key[0] == 'map':
            index = holder
            if type(target.slice).__name__ == 'Index':
                index = ast.copy_location(type(target.slice)(holder), holder)
            mapping = self._node(target.value, scope)
            if key in self.program.gradient:
                mapping = self._call('m', target.value, mapping)
            return self._copy(target, scope, value=mapping, slice=index)
        if key[0] == 'box':
            return self._copy(target, scope, value=self._copy(target.value, scope, value=holder))
        if isinstance(target, ast.Subscript) and key[0] == 'attr':
            names = target.value
            kept = {'args': [holder]} if isinstance(names, ast.Call) else {'value': holder}
            return self._copy(target, scope, value=self._copy(names, scope, **kept))
        return self._copy(target, scope, value=holder)

    def _plain_gradient(self, node, target, value, scope, key):
        """A store that no other gradient flows into: an initial value, a seed, a reset, a clip."""
        holder = self.program.holder(target)
        function = scope
        if same(value, target):
            return None
        if key in self.program.shares and scope.receiver is not None:
            return self._share(node, target, value, scope, key)
        if function.name in INITIALISERS and isinstance(holder, ast.Name) and holder.id == function.receiver:
            return None
        if self._made_here(holder, scope) and isinstance(value, ast.Constant) and not value.value:
            return None
        seeds = scope in self.program.engine
        number = self._probe(SEED, node, key)
        if isinstance(node, ast.AugAssign):
            self.probes[number].sign = -1 if isinstance(node.op, ast.Sub) else 1
            adds = isinstance(node.op, (ast.Add, ast.Sub))
            probe = ('sa' if seeds else 'wa') if adds else ('sx' if seeds else 'wx')
            return self._around_aug(target, scope, key, number, probe, self._node(value, scope), value)
        done = self._call('sv' if seeds else 'wv', value, self._number(number, value), self._node(value, scope))
        kept = self._call('ss' if seeds else 'ws', holder, self._number(number, holder), self._node(holder, scope))
        if isinstance(holder, ast.Name):
            probe = 'sn' if seeds else 'wn'
            done = self._call(
                probe, value, self._number(number, value), self._node(value, scope), self._name(holder.id, value)
            )
            return self._with_holder(target, key, self._node(holder, scope), scope), done
        return self._with_holder(target, key, kept, scope), done

    def _share(self, node, target, value, scope, key):
        """`self.g[x] += …` at a node that nothing flows into: the root, which hands its slopes on."""
        holder = self.program.holder(target)
        owner = self._name(scope.receiver, value)
        number = self._number(self._probe(SEED, node, key), value)
        amount = self._node(value, scope)
        if isinstance(node, ast.AugAssign):
            stored = ast.copy_location(ast.Name('@b', ast.Store()), holder)
            kept = ast.copy_location(ast.NamedExpr(stored, self._node(holder, scope)), holder)
            done = self._call('sh', value, number, amount, self._name('@b', value), owner)
            return self._with_holder(target, key, kept, scope), done
        kept = self._call('shs', holder, number, self._node(holder, scope), owner)
        return self._with_holder(target, key, kept, scope), self._call('val', value, amount)

    def _made_here(self, holder, scope):
        return isinstance(holder, ast.Name) and any(v in self.program.makers for v in scope.bindings.get(holder.id, ()))

    def _value_store(self, node, target, value, scope, key):
        holder = self.program.holder(target)
        if node in self.program.makers:
            arguments = self._maker_arguments(node, scope, value)
            if isinstance(holder, ast.Name):
                made = self._call(
                    'ms', value, arguments[0], self._node(value, scope), self._name(holder.id, value), *arguments[1:]
                )
                return self._copy(target, scope), made
            return None
        if isinstance(holder, ast.Name) and not isinstance(node, ast.AugAssign):
            own = scope.name in INITIALISERS and holder.id == scope.receiver
            if own and scope.name == '__init__' and self._always_runs(node, scope):
                self.telling.add(scope)
            if own or scope in self.program.engine and self._is_new_object(holder.id, scope):
                made = self._call('n', value, self._node(value, scope), self._name(holder.id, value))
                return self._copy(target, scope), made
        if key[0] == 'map':
            return None
        number = self._probe(SEED, node, key)
        if isinstance(node, ast.AugAssign):
            self.probes[number].sign = -1 if isinstance(node.op, ast.Sub) else 1
            adds = isinstance(node.op, (ast.Add, ast.Sub))
            return self._around_aug(
                target, scope, key, number, 'ua' if adds else 'ux', self._node(value, scope), value
            )
        if isinstance(holder, ast.Name):
            done = self._call(
                'un', value, self._number(number, value), self._node(value, scope), self._name(holder.id, value)
            )
            return self._copy(target, scope), done
        done = self._call('uv', value, self._number(number, value), self._node(value, scope))
        kept = self._call('us', holder, self._number(number, holder), self._node(holder, scope))
        return self._with_holder(target, key, kept, scope), done

    def _always_runs(self, statement, scope):
        """Whether a call of a function that returns has run a statement."""
        for other in scope.node.body:
            if other is statement:
                return True
            if any(isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom, ast.Await)) for n in ast.walk(other)):
                return False
        return False

    def _is_new_object(self, name, scope):
        return any(isinstance(v, ast.Call) for v in scope.bindings.get(name, ()))

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
            return self._around_set(target, scope, key, number, self._call('val', value, self._node(value, scope)), value)
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
        pulled = [n for n in ast.walk(term) if isinstance(n, ast.Call) and tail(n) == function.name]
        loads = list(self.program.loads(ast.walk(term), key))
        like = term
        site = self._number(number, like)
        if pulled and function.is_function:
            source = pulled[0].func.value if isinstance(pulled[0].func, ast.Attribute) else (pulled[0].args or [None])[0]
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

    # -- loads

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
        while isinstance(around, (ast.Compare, ast.BoolOp)) or isinstance(around, ast.UnaryOp) and isinstance(around.op, ast.Not):
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
