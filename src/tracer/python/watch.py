"""Rewrites a module so that every number that is computed, loaded or stored passes a probe of watch_probes.py.

The careful way for engines whose shape discover.py does not know: nothing is decided beforehand, so every expression of
the user's modules is watched. The stack of values under way carries the number of the probe, so that what an exception
leaves behind is skipped.
"""

import ast

from .closures import Closures
from .discover import Program
from .instrument import Instrumenter
from .scopes import index_of, tail

# Calls of these make no numbers and no nodes.
_QUIET = {
    'super', 'locals', 'globals', 'dir', 'eval', 'exec', 'isinstance', 'issubclass', 'print', 'len', 'range',
    'id', 'enumerate', 'reversed', 'set', 'frozenset', 'sorted', 'hasattr', 'repr', 'str', 'open', 'input', 'property',
    'staticmethod', 'classmethod', 'hash', 'callable', 'iter', 'format', 'chr', 'ord', 'bool', 'slice', 'object',
}
# Methods that put what they are given into a container.
_KEEPERS = {'append', 'add', 'push', 'put', 'insert', 'appendleft', 'setdefault', 'record', 'write', 'emit'}


class Watcher(Closures, Instrumenter):
    """Rewrites one module; what the probes must know of the syntax is in `probes[number]`."""

    def __init__(self, module, probes, loops, plain):
        super().__init__(Program(), module, probes, loops)
        self._find_shared(plain)

    def _copy(self, node, scope, **replaced):
        for name in ('annotation', 'returns', 'type_params', 'pattern'):
            if getattr(node, name, None):
                replaced.setdefault(name, getattr(node, name))
        return super()._copy(node, scope, **replaced)

    def _held(self, probe, number, node, scope):
        """An expression whose value the probe at the end wants to see."""
        return self._call(probe, node, self._number(number, node), self._node(node, scope))

    def _operand(self, number, node, scope):
        return self._node(node, scope) if isinstance(node, ast.Constant) else self._held('l', number, node, scope)

    # -- what computes

    def _on_BinOp(self, node, scope):
        operands = [n for n in (node.left, node.right) if not isinstance(n, ast.Constant)]
        if not operands:
            return self._copy(node, scope)
        number = self._probe(None, node)
        self.probes[number].arity = len(operands)
        reflected = isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant)
        self.probes[number].label = 'RSub' if reflected else type(node.op).__name__
        done = self._copy(
            node, scope, left=self._operand(number, node.left, scope), right=self._operand(number, node.right, scope)
        )
        return self._call('r', node, self._number(number, node), done)

    def _on_UnaryOp(self, node, scope):
        if not isinstance(node.op, (ast.USub, ast.UAdd)) or isinstance(node.operand, ast.Constant):
            return self._copy(node, scope)
        number = self._probe(None, node)
        self.probes[number].arity = 1
        self.probes[number].label = type(node.op).__name__
        done = self._copy(node, scope, operand=self._operand(number, node.operand, scope))
        return self._call('r', node, self._number(number, node), done)

    def _on_Call(self, node, scope):
        function = node.func
        if isinstance(function, ast.Name):
            if function.id == 'type' and len(node.args) == 1 and not node.keywords:
                return self._call('ty', node, self._node(node.args[0], scope))
            if function.id in _QUIET:
                return self._copy(node, scope)
        number = self._probe(None, node)
        given = [a for a in node.args if not isinstance(a, ast.Starred)] + [w for w in node.keywords if w.arg]
        self.probes[number].arity = 1 + len(given)
        if isinstance(function, ast.Attribute):
            called = self._copy(function, scope)
        else:
            called = self._node(function, scope)
        done = self._copy(
            node, scope, func=self._call('lf', function, self._number(number, function), called),
            args=[self._argument(number, argument, scope) for argument in node.args],
            keywords=[self._copy(word, scope, value=self._argument(number, word.value, scope)) if word.arg
                      else self._node(word, scope) for word in node.keywords],
        )
        return self._call('c', node, self._number(number, node), done)

    def _argument(self, number, node, scope):
        # A constant is an argument like any other: the key of `grads.get("x", 0.0)`.
        return self._node(node, scope) if isinstance(node, ast.Starred) else self._held('lg', number, node, scope)

    def _on_GeneratorExp(self, node, scope):
        done = self._comprehension(node, scope)
        if isinstance(self.module.parents.get(node), ast.Call):
            done.elt = self._call('y', node.elt, done.elt)
        return done

    def _on_Dict(self, node, scope):
        if not node.keys:
            return self._copy(node, scope)
        return self._call('d', node, self._number(self._probe(None, node), node), self._copy(node, scope))

    def _on_List(self, node, scope):
        done = self._copy(node, scope)
        if not isinstance(node.ctx, ast.Load) or len(node.elts) < 2 or any(isinstance(e, ast.Starred) for e in node.elts):
            return done
        return self._call('d', node, self._number(self._probe(None, node), node), done)

    def _on_Tuple(self, node, scope):
        """Tuples that are kept: entries of a tape."""
        around = self.module.parents.get(node)
        if isinstance(around, ast.Call) and node in around.args and tail(around) in _KEEPERS or (
            isinstance(around, ast.Assign) and isinstance(around.targets[0], ast.Subscript) and around.value is node
        ):
            return self._on_List(node, scope)
        return self._copy(node, scope)

    # -- loads

    def _on_Attribute(self, node, scope):
        if not isinstance(node.ctx, ast.Load):
            return self._copy(node, scope)
        number = self._cell_probe(node)
        done = self._copy(node, scope, value=self._held('l', number, node.value, scope))
        return self._call('g', node, self._number(number, node), done)

    def _on_Subscript(self, node, scope):
        if not isinstance(node.ctx, ast.Load) or isinstance(index_of(node), (ast.Slice, ast.Tuple)):
            return self._copy(node, scope)
        number = self._cell_probe(node)
        return self._call('g', node, self._number(number, node), self._with_held(node, number, 'l', scope))

    def _cell_probe(self, node):
        number = self._probe(None, node)
        probe = self.probes[number]
        if isinstance(node, ast.Attribute):
            probe.key = 'attr', self._mangled(node.attr, node)
        else:
            index = index_of(node)
            fixed = isinstance(index, ast.Constant) or isinstance(index, ast.Name) and index.id.isupper()
            probe.key = 'item' if fixed else 'entry', None
            probe.label = tail(node.value) if not isinstance(node.value, ast.Call) else None
        return number

    def _mangled(self, name, node):
        """A private name as the class's own code stores it."""
        if name.startswith('__') and not name.endswith('__'):
            while node in self.module.parents:
                node = self.module.parents[node]
                if isinstance(node, ast.ClassDef):
                    return '_%s%s' % (node.name.lstrip('_'), name)
        return name

    def _with_held(self, node, number, probe, scope):
        """A copy of an attribute or subscript whose holder, and whose index, pass probes."""
        held = self._held(probe, number, node.value, scope)
        if isinstance(node, ast.Attribute):
            return self._copy(node, scope, value=held)
        index = self._held('l', number, index_of(node), scope)
        if type(node.slice).__name__ == 'Index':
            index = ast.copy_location(type(node.slice)(index), node.slice)
        return self._copy(node, scope, value=held, slice=index)

    # -- stores

    def _targets(self, target, scope, after):
        """A rewritten assignment target; `after` gets the probes that look at what was stored."""
        if isinstance(target, (ast.Tuple, ast.List)):
            return self._copy(target, scope, elts=[self._targets(e, scope, after) for e in target.elts])
        if isinstance(target, ast.Starred):
            return self._copy(target, scope, value=self._targets(target.value, scope, after))
        if isinstance(target, ast.Attribute) or (
            isinstance(target, ast.Subscript) and not isinstance(index_of(target), (ast.Slice, ast.Tuple))
        ):
            number = self._cell_probe(target)
            after.append(number)
            return self._with_held(target, number, 'l', scope)
        return self._copy(target, scope)

    def _on_Assign(self, node, scope):
        value = self._named(node.targets, node.value, scope)
        after, statements = [], []
        if value is None:
            value = self._node(node.value, scope)
            for target in node.targets:
                if isinstance(target, (ast.Tuple, ast.List)):
                    statements.append(self._name_after(target, node, scope))
        targets = [self._targets(target, scope, after) for target in node.targets]
        # The holders were pushed from left to right.
        stored = [self._statement('st', node, self._number(number, node)) for number in reversed(after)]
        stored += self._shared_stores(node, scope)
        return [self._copy(node, scope, targets=targets, value=value)] + stored + [s for s in statements if s is not None]

    def _on_AnnAssign(self, node, scope):
        if node.value is None or isinstance(node.target, ast.Name):
            return [self._copy(node, scope)] + (self._shared_stores(node, scope) if node.value is not None else [])
        after = []
        done = self._copy(node, scope, target=self._targets(node.target, scope, after))
        return [done] + [self._statement('st', node, self._number(number, node)) for number in after]

    def _on_AugAssign(self, node, scope):
        target = node.target
        if isinstance(target, ast.Name):
            number = self._probe(None, node)
            self.probes[number].arity = 2
            self.probes[number].label = type(node.op).__name__
            is_shared = self._is_shared(target.id, scope)
            loaded = self._shared_load(target.id, target) if is_shared else self._name(target.id, target)
            value = self._call('la', node.value, self._number(number, node), loaded, self._node(node.value, scope))
            computed = self._call('r', node, self._number(number, node), self._name(target.id, target))
            named = self._call('nm', node, self._number(self._label(target, scope), node), computed)
            return [
                self._copy(node, scope, value=value),
                ast.copy_location(ast.Assign([ast.copy_location(ast.Name(target.id, ast.Store()), target)], named), node),
                *self._shared_stores(node, scope),
            ]
        if isinstance(target, ast.Subscript) and isinstance(index_of(target), (ast.Slice, ast.Tuple)):
            return self._copy(node, scope)
        number = self._cell_probe(target)
        self.probes[number].op = type(node.op).__name__
        done = self._copy(
            node, scope, target=self._with_held(target, number, 'lh', scope),
            value=self._held('lb', number, node.value, scope),
        )
        return [done, self._statement('sa', node, self._number(number, node))]

    def _on_For(self, node, scope):
        done = super()._on_For(node, scope)
        done.target = node.target
        return done
