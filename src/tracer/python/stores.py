"""Rewrites stores into the cells of nodes: initial values, seeds, resets, clips, updates."""

import ast

from .probe import SEED
from .scopes import INITIALISERS, same
from .syntax import root_of, walk


class Stores:
    """The part of the instrumenter that knows what else is stored than contributions."""

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
            if self.step_by_step and scope.is_function and self._is_arithmetic(node, scope):
                # A debugger that changes the cell while the increment waits to be added changes what it is added to.
                increment = ast.copy_location(ast.Assign([ast.Name('@i', ast.Store())], stored[1]), node)
                return [increment, self._copy(node, scope, target=stored[0], value=self._name('@i', node.value))]
            return self._copy(node, scope, target=stored[0], value=stored[1])
        pulled = self._pulled_sum(node, scope)
        if pulled is not None:
            return pulled
        done = self._copy(node, scope)
        if self._is_user(scope) and isinstance(node.target, ast.Name):
            label = self._number(self._label(node.target, scope), node)
            name = self._call('nm', node, label, self._name(node.target.id, node))
            return [done, ast.copy_location(ast.Expr(name), node)]
        return done

    def _is_arithmetic(self, node, scope):
        """Whether it does not matter that an increment is computed before the cell is read."""
        if not isinstance(self._holder(node.target), ast.Name) or node.target.value is not self._holder(node.target):
            return False
        for part in walk(node.value):
            if isinstance(part, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
                return False
            if isinstance(part, ast.Call) and not (root_of(part.func) == 'math' and isinstance(part.func, ast.Attribute)):
                return False
        return True

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
            if any(isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom, ast.Await)) for n in walk(other)):
                return False
        return False

    def _is_new_object(self, name, scope):
        return any(isinstance(v, ast.Call) for v in scope.bindings.get(name, ()))

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
