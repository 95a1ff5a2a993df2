"""What a piece of code reads and writes: the cell of an expression, whose cell it is, and what flows into it.

A *cell* is an attribute, a constant item, or an entry of a map or list that is indexed by node. Nothing here looks at
what things are called.
"""

import ast

from .scopes import INITIALISERS, index_of, namespace_owner, tail
from .syntax import walk

_READERS = ('get', 'pop', 'setdefault')


class Flow:
    """What flows into an expression: every AST node of it and of the local names it reads, and the parameters."""

    def __init__(self):
        self.nodes = []
        self.params = set()


class Cells:
    """The part of the program that knows cells and flow."""

    def cell(self, node):
        """The cell that an expression reads or writes, or None: ('attr', name), ('item', key), ('map', name)."""
        if isinstance(node, ast.Attribute):
            return ('attr', self.aliases.get(node.attr, node.attr))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'getattr':
            name = node.args[1] if len(node.args) > 1 else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                return ('attr', self.aliases.get(name.value, name.value))
            return None
        if isinstance(node, ast.Subscript):
            index = index_of(node)
            if isinstance(index, ast.Constant) and isinstance(index.value, (int, str)):
                if isinstance(index.value, str) and namespace_owner(node.value) is not None:
                    return ('attr', self.aliases.get(index.value, index.value))
                if isinstance(index.value, int) and isinstance(node.value, ast.Attribute):
                    return ('box', node.value.attr, repr(index.value))
                return ('item', repr(index.value))
            if isinstance(index, ast.Name) and index.id in self.constants:
                return ('item', self.constants[index.id])
            if isinstance(index, ast.Name) and index.id.isupper():
                return ('item', index.id)
            if not isinstance(index, (ast.Slice, ast.Tuple)):
                name = tail(node.value)
                return ('map', name) if name and not isinstance(node.value, ast.Call) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READERS:
            name = tail(node.func.value)
            if name and node.args and not isinstance(node.func.value, ast.Call):
                if isinstance(node.args[0], ast.Constant):
                    return ('item', repr(node.args[0].value))
                return ('map', name)
        return None

    def holder(self, node):
        """The expression that says whose cell it is: the object, or the key of a map."""
        kind = self.cell(node)[0]
        if isinstance(node, ast.Call):
            return node.args[0] if kind in ('map', 'attr') else node.func.value
        if kind == 'map':
            return index_of(node)
        if kind == 'attr' and isinstance(node, ast.Subscript):
            return namespace_owner(node.value)
        return node.value.value if kind == 'box' else node.value

    def loads(self, nodes, key):
        """The loads of a cell among AST nodes."""
        for node in nodes:
            if isinstance(node, (ast.Attribute, ast.Subscript)):
                if isinstance(node.ctx, ast.Load) and self.cell(node) == key:
                    yield node
            elif isinstance(node, ast.Call) and key[0] in ('map', 'item', 'attr') and self.cell(node) == key:
                yield node

    def flow(self, expression, scope):
        known = self._flows.get((expression, scope))
        if known is not None:
            return known
        found = self._flows[expression, scope] = Flow()
        seen = set()
        waiting = [(expression, scope)]
        while waiting:
            current, around = waiting.pop()
            for node in walk(current):
                found.nodes.append(node)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    for callee in self.functions.get(node.func.id, ()):
                        if callee.owner is None and callee not in seen:
                            seen.add(callee)
                            waiting.extend((value, callee) for value in callee.returns)
                if self._is_own_call(node, around):
                    for callee in self.functions.get(node.func.attr, ()):
                        if callee.owner is not None and callee not in seen:
                            seen.add(callee)
                            waiting.extend((value, callee) for value in callee.returns)
                if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
                    continue
                for place in around.ancestors():
                    if (place, node.id) in seen:
                        break
                    if node.id in place.params and not self._is_holder(node, place.module):
                        found.params.add((place, node.id))
                    if node.id in place.bindings or node.id in place.params:
                        seen.add((place, node.id))
                        waiting.extend((value, place) for value in place.bindings.get(node.id, ()))
                        break
        return found

    def _is_own_call(self, node, scope):
        """`self.forward()` in a constructor: what the object computes when it is made."""
        return (
            scope.name in INITIALISERS and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name) and node.func.value.id == scope.receiver
        )

    def _is_holder(self, name, module):
        """Whether only a part of the object is read: in `x.data`, `x` itself does not flow on."""
        around = module.parents.get(name)
        return isinstance(around, (ast.Attribute, ast.Subscript)) and around.value is name
