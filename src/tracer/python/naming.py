"""Rewrites assignments with probes that tell what the user's code calls its values."""

import ast

from .names import Label
from .probe import Probe
from .scopes import LOOPS, tail
from .syntax import path_of, walk


class Naming:
    """The part of the instrumenter that knows the names of values."""

    def _label(self, target, scope, value=None):
        self.probes.append(Probe(None, self.module, target))
        label = self.probes[-1].label = Label(path_of(target))
        label.local = scope.is_function
        label.calls = value is None or any(isinstance(node, ast.Call) for node in walk(value))
        label.display = isinstance(value, (ast.List, ast.Tuple, ast.ListComp)) or (
            isinstance(value, ast.Call) and tail(value) in ('list', 'tuple')
        )
        # What a function, not a method, makes once.
        made = isinstance(value, (ast.Call, ast.List, ast.ListComp, ast.Dict))
        once = made and not self.module.enclosing(value, LOOPS, scope)
        label.owner = once and scope.is_function and scope.owner is None
        return len(self.probes) - 1

    def _named(self, targets, value, scope):
        """The value of an assignment with a probe that gives it its name; None when no target is a plain path."""
        paths = [t for t in targets if path_of(t) is not None]
        if isinstance(value, ast.Constant):
            return None
        sequences = (ast.Tuple, ast.List)
        if len(targets) == 1 and isinstance(targets[0], sequences) and isinstance(value, sequences):
            if len(targets[0].elts) == len(value.elts) and not any(
                isinstance(e, ast.Starred) for e in targets[0].elts + value.elts
            ):
                elements = []
                for target, element in zip(targets[0].elts, value.elts):
                    named = self._named([target], element, scope)
                    elements.append(named if named is not None else self._node(element, scope))
                return self._copy(value, scope, elts=elements)
        if not paths or len(paths) < len(targets):
            return None
        done = self._node(value, scope)
        probe = 'nh' if self.program.handles else 'nk' if self._makes_place(value) else 'nm'
        for target in reversed(paths):
            done = self._call(probe, value, self._number(self._label(target, scope, value), value), done)
        return done

    def _makes_place(self, value):
        """A call that returns a node where nodes are nothing but places in a list."""
        if not self.program.value or self.program.value[0][0] != 'map' or not isinstance(value, ast.Call):
            return False
        return any(scope in self.program.engine for scope in self.program.functions.get(tail(value), ()))

    def _name_after(self, target, node, scope):
        """`x, y = f()`: the names are read after the assignment."""
        names = [e for e in target.elts if isinstance(e, ast.Name)]
        if not names or self._in_class_body(node):
            return None
        arguments = []
        for name in names:
            arguments += [self._number(self._label(name, scope), node), self._name(name.id, node)]
        return self._statement('nt', node, *arguments)

    def _on_NamedExpr(self, node, scope):
        done = self._copy(node, scope)
        if self._is_user(scope):
            done.value = self._call('nm', node, self._number(self._label(node.target, scope), node), done.value)
        return done
