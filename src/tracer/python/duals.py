"""Dual numbers: finds the cell that holds tangents, and what each operand adds to the tangent of a new object.

A *tangent cell* of a new object is computed from the same cell of its operands, linearly, together with another cell,
the value, which does not depend on it. Rational numbers and composed maps have such cells as well: what decides is
that the tangent is the derivative of the value, tried with numbers on some rule of the program.
"""

import ast
import math

from .scopes import COMPREHENSIONS, INITIALISERS, plain
from .syntax import children, value_of

_STEP = 1e-5
_BINARY = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b, ast.Pow: lambda a, b: a ** b,
}


class Rule:
    """What one maker stores: the tangent's expression with what it is the sum of, in one function."""

    def __init__(self, maker, scope, tangent):
        self.maker = maker
        self.scope = scope
        self.tangent = tangent
        # (AST node, name of the operand, sign, [(operator, AST node of the factor)]); None when it is no plain sum.
        self.terms = None


class _Unknown(Exception):
    """An expression that cannot be computed without running the program."""


def find_rules(program, makers):
    """(tangent cell, value cell, rules) of a program's dual numbers, or None; `makers` are those of each cell."""
    filled = {}
    for key, found in makers.items():
        if key[0] in ('attr', 'item'):
            for maker, scope in found.items():
                for expression in _fillings(program, key, maker, scope):
                    filled.setdefault(key, []).append((maker, scope, expression))
    for tangent in sorted(filled):
        for value in sorted(filled):
            if tangent != value and tangent[0] == value[0]:
                rules = _rules_of(program, tangent, value, filled)
                if rules:
                    return tangent, value, rules
    return None


def _fillings(program, key, maker, scope):
    """The expressions that a maker stores in a cell."""
    if isinstance(maker, ast.stmt):
        targets = maker.targets if isinstance(maker, ast.Assign) else [maker.target]
        for target in targets:
            places = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
            for place in places:
                if program.cell(place) == key:
                    yield value_of(maker, place)
        return
    found = program.fed(maker, scope) if isinstance(maker, ast.Call) else (
        (expression, {cell}) for expression, cell in program.display_cells(maker)
    )
    for expression, keys in found:
        if key in keys:
            yield expression


def _rules_of(program, tangent, value, filled):
    """The rules, when the first cell is always linear in itself, and somewhere the derivative of the second."""
    proven = False
    rules = []
    for maker, scope, expression in filled[tangent]:
        values = [
            e for m, s, e in filled[value]
            if s is scope and (m is maker or isinstance(maker, ast.stmt)) and not _loads(program, e, scope, tangent)
        ]
        if not values:
            continue
        try:
            held = _Trial(program, tangent, value, scope)
            once, twice = held.of(expression, 0.0, 1.0), held.of(expression, 0.0, 2.0)
            if not math.isclose(2 * once, twice, rel_tol=1e-9, abs_tol=1e-12):
                return None
            ahead, back = held.of(values[0], _STEP, 1.0), held.of(values[0], -_STEP, 1.0)
            if _loads(program, expression, scope, value):
                proven |= math.isclose((ahead - back) / (2 * _STEP), once, rel_tol=1e-6, abs_tol=1e-8)
        except (_Unknown, ArithmeticError, ValueError, TypeError):
            pass
        rule = Rule(maker, scope, expression)
        try:
            rule.terms = _terms(program, tangent, expression, scope)
        except _Unknown:
            pass
        rules.append(rule)
    return rules if proven else None


def _loads(program, expression, scope, key):
    return list(program.loads(program.flow(expression, scope).nodes, key))


class _Trial:
    """Computes a rule's expressions with made-up numbers, the values shifted along the tangents."""

    def __init__(self, program, tangent, value, scope):
        self._program = program
        self._tangent = tangent
        self._value = value
        self._scope = scope
        self._numbers = {}

    def of(self, expression, shift, scale):
        return self._of(expression, shift, scale, 0)

    def _of(self, node, shift, scale, depth):
        if depth > 50:
            raise _Unknown
        below = lambda child: self._of(child, shift, scale, depth + 1)
        key = self._program.cell(node)
        if key == self._tangent:
            return scale * self._number('tangent', self._program.holder(node))
        if key == self._value:
            holder = self._program.holder(node)
            return self._number('value', holder) + shift * self._number('tangent', holder)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return _BINARY[type(node.op)](below(node.left), below(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            number = below(node.operand)
            return -number if isinstance(node.op, ast.USub) else number
        if isinstance(node, ast.Call) and not node.keywords:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, 'id', '')
            function = getattr(math, name, None) or {'abs': abs, 'float': float}.get(name)
            if function is None or isinstance(node.func, ast.Name) and name in self._program.functions:
                raise _Unknown
            return function(*map(below, node.args))
        if isinstance(node, ast.Name):
            bound = _bound(node.id, self._scope)
            if len(bound) > 1:
                raise _Unknown
            return below(bound[0]) if bound else self._number('name', node)
        if isinstance(node, ast.Attribute):
            return getattr(math, node.attr, None) or self._number('name', node)
        raise _Unknown

    def _number(self, what, node):
        """Between 0.3 and 0.9, where every common function is smooth and defined."""
        known = self._numbers
        return known.setdefault((what, plain(node)), 0.3 + 0.6 * ((len(known) + 1) * 0.618034 % 1))


def _bound(name, scope):
    """What a function's own name is bound to; nothing for its parameters and what comes from outside."""
    return [] if name in scope.params else scope.bindings.get(name, [])


def _terms(program, tangent, expression, scope):
    """The addends of a tangent, each with one operand's tangent in it."""
    terms = []

    def operands(node, seen=()):
        """The names of the objects whose tangents flow into an expression."""
        if isinstance(node, (ast.Lambda, *COMPREHENSIONS)) and _loads(program, node, scope, tangent):
            raise _Unknown
        if program.cell(node) == tangent:
            holder = program.holder(node)
            if not isinstance(holder, ast.Name):
                raise _Unknown
            return {holder.id}
        if isinstance(node, ast.Name) and node.id not in seen:
            return set().union(*(operands(value, (*seen, node.id)) for value in _bound(node.id, scope)))
        if program.cell(node) is not None:
            return set()
        return set().union(*(operands(child, seen) for child in children(node)))

    def split(node, sign, factors, seen):
        names = operands(node)
        if not names:
            return
        if isinstance(node, ast.IfExp):
            split(node.body, sign, factors, seen)
            split(node.orelse, sign, factors, seen)
        elif len(names) == 1:
            terms.append((node, names.pop(), sign, factors))
        elif isinstance(node, ast.Name) and node.id not in seen:
            for value in _bound(node.id, scope):
                split(value, sign, factors, (*seen, node.id))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            split(node.operand, -sign if isinstance(node.op, ast.USub) else sign, factors, seen)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            split(node.left, sign, factors, seen)
            split(node.right, -sign if isinstance(node.op, ast.Sub) else sign, factors, seen)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            left, right = operands(node.left), operands(node.right)
            if left and not right:
                split(node.left, sign, [(type(node.op), node.right), *factors], seen)
            elif right and not left and isinstance(node.op, ast.Mult):
                split(node.right, sign, [(ast.Mult, node.left), *factors], seen)
            else:
                raise _Unknown
        else:
            raise _Unknown

    split(expression, 1, [], ())
    return terms


class DualRules:
    """The part of the instrumenter that knows tangent cells."""

    @property
    def tangent_parts(self):
        """AST nodes whose values are seen: `parts[node] = [(probe, its number, name of the operand or None)]`."""
        if not hasattr(self, '_known_parts'):
            self._known_parts = {}
            for rule in self.program.rules:
                if rule.scope.module is self.module:
                    self._plan(rule)
        return self._known_parts

    def _plan(self, rule):
        parts = self._known_parts
        terms = []
        for node, name, sign, factors in rule.terms or ():
            place = rule.scope.params.index(name) if name in rule.scope.params else len(rule.scope.params)
            scaled = [(kind, self._seen(factor, None, rule)) for kind, factor in factors]
            terms.append((place, name, self._seen(node, name, rule), sign, scaled))
        number = self._probe(None, rule.tangent, self.program.tangent, rule.scope)
        self.probes[number].lines = sorted(terms, key=lambda term: term[:2])
        owner = self.program.holder(rule.maker.targets[0]) if isinstance(rule.maker, ast.Assign) else None
        parts.setdefault(rule.tangent, []).append(('ti', number, owner.id if isinstance(owner, ast.Name) else None))

    def _seen(self, node, name, rule):
        number = self._probe(None, node, self.program.tangent, rule.scope)
        self._known_parts.setdefault(node, []).append(('tt', number, name))
        return number

    def _with_parts(self, node, done):
        for probe, number, name in self.tangent_parts.get(node, ()):
            names = [] if name is None else [self._name(name, node)]
            done = self._call(probe, node, self._number(number, node), done, *names)
        return done

    def _tangent_store(self, node, target, value, scope):
        """`x.eps = 1.0` after `x` was made: the seed."""
        if isinstance(node, ast.AugAssign) or scope.name in INITIALISERS or any(
            rule.maker is node for rule in self.program.rules
        ):
            return None
        number = self._probe(None, node, self.program.tangent)
        holder = self.program.holder(target)
        kept = self._call('tw', holder, self._number(number, holder), self._node(holder, scope))
        stored = self._call('val', value, self._node(value, scope))
        return self._with_holder(target, self.program.tangent, kept, scope), stored
