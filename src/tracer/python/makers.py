"""Rewrites what makes nodes: constructor calls, displays, appends, with their operands."""

import ast

from .probe import ASSIGN
from .scopes import INITIALISERS, index_of, namespace_owner, tail
from .syntax import is_local, listed, made_from, root_of, vararg, walk

# What an expression may consist of that makes no objects of the user's and is as good as sure not to raise.
_HARMLESS = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Set, ast.JoinedStr, ast.FormattedValue,
             ast.expr_context)


class Makers:
    """The part of the instrumenter that knows value cells."""

    def _on_Call(self, node, scope):
        if node in self.program.makers and tail(node) != 'append':
            arguments = self._maker_arguments(node, scope, node)
            if self._is_super(node):
                receiver = self._name(self._method(scope).receiver, node)
                return self._call('mx', node, arguments[0], self._copy(node, scope), receiver, *arguments[1:])
            return self._made(arguments, node, scope)
        if self._appends_value(node):
            return self._append(node, scope)
        if self.program.fills_place(node, scope):
            told = self._call('n', node.args[0], self._node(node.args[0], scope), self._name(scope.receiver, node))
            return self._copy(node, scope, args=[told])
        if self._makes_record(node, scope):
            number = self._probe(None, node, self.program.value[0], scope)
            if self._is_super(node):
                receiver = self._name(self._method(scope).receiver, node)
                return self._call('nx', node, self._number(number, node), self._copy(node, scope), receiver)
            return self._call('nd', node, self._number(number, node), self._copy(node, scope))
        if tail(node) == 'setattr' and len(node.args) == 3:
            return self._setattr(node, scope)
        if tail(node) == 'update' and isinstance(node.func, ast.Attribute):
            if namespace_owner(node.func.value) is not None:
                return self._update(node, scope)
        key = self.program.cell(node)
        if key is not None and key in self.program.gradient:
            if scope in self.program.engine or self._feeds_contribution(scope):
                if not self._is_tested(node, scope):
                    return self._gradient_load(node, scope, key)
        return self._copy(node, scope)

    def _appends_value(self, node):
        """`values.append(v)`, where nodes are places in a list."""
        if tail(node) != 'append' or not self.program.value:
            return False
        return self.program.value[0] == ('map', tail(node.func.value) if isinstance(node.func, ast.Attribute) else None)

    def _append(self, node, scope):
        arguments = self._maker_arguments(node, scope, node)
        value = node.args[0]
        if next(self.program.loads(self.program.flow(value, scope).nodes, self.program.value[0]), None) is None:
            # What only stores a value is named after what computed it.
            probe = self.probes[arguments[0].value]
            probe.helper = probe.dynamic = True
        items = self._node(node.func.value, scope)
        added = self._call('ap', value, arguments[0], self._node(value, scope), items, *arguments[1:])
        return self._copy(node, scope, args=[added])

    def _made(self, arguments, node, scope):
        """A constructor call with its probe; one that is sure to tell of its object gets a hint before it."""
        probe = self.probes[arguments[0].value]
        given = len(arguments) - 1
        reads = probe.scope in self.readers or scope in self.readers
        if given not in (1, 2) or probe.dynamic or not probe.inside or reads:
            return self._call('mk%d' % min(given, 3), node, arguments[0], self._copy(node, scope), *arguments[1:])
        probe.given = given
        made = self._copy(node, scope)
        functions = [function for function, _, _ in self.program.constructors(node, scope)]
        values = [*node.args, *(word.value for word in node.keywords)]
        known = functions and None not in functions
        if known and values and all(isinstance(n, _HARMLESS) for n in walk(values[-1])):
            last = made.keywords[-1] if made.keywords else None
            value = last.value if last else made.args[-1]
            hint = self._call('o', value, ast.copy_location(ast.Constant(None), value))
            hinted = ast.copy_location(ast.BoolOp(ast.Or(), [hint, value]), value)
            if last:
                last.value = hinted
            else:
                made.args[-1] = hinted
        return self._call('f%d' % given, node, arguments[0], made, *arguments[1:])

    def _update(self, node, scope):
        """`self.__dict__.update(data=data, grad=0.0)`: the values are seen, gradients begin at what they are."""
        words = []
        for word in node.keywords:
            value = self._stored_value(node, word.value, scope)
            words.append(self._node(word, scope) if value is None else self._copy(word, scope, value=value))
        return self._copy(node, scope, keywords=words)

    def _stored_value(self, node, value, scope):
        """What a call stores in the value cell, with the probe of a plain store; None for other cells."""
        for statement, target, stored in scope.stores:
            if statement is node and stored is value and isinstance(target.value, ast.Name):
                if self.program.cell(target) in self.program.value[:1]:
                    done = self._value_store(node, target, value, scope, self.program.cell(target))
                    return done and done[1]
        return None

    def _setattr(self, node, scope):
        kept = self._stored_value(node, node.args[2], scope)
        if kept is not None:
            return self._copy(node, scope, args=[self._node(a, scope) for a in node.args[:2]] + [kept])
        for statement, target, value in scope.stores:
            if statement is node:
                key = self.program.cell(target)
                how = self.program.contributions.get((node, target), (None, None, None))[2]
                if how and isinstance(target.value, ast.Name):
                    number = self._probe(ASSIGN, node, key)
                    self.probes[number].recursive = how == 'recursive'
                    increment = self._increment(target, value, scope, key, number)
                    done = self._call('s2', value, self._number(number, value), increment,
                                      self._name(target.value.id, value))
                    return self._copy(node, scope, args=[self._node(a, scope) for a in node.args[:2]] + [done])
                if key in self.program.gradient and isinstance(target.value, ast.Name):
                    stored = self._plain_gradient(node, target, value, scope, key)
                    if stored is not None:
                        return self._copy(node, scope,
                                          args=[self._node(a, scope) for a in node.args[:2]] + [stored[1]])
        return self._copy(node, scope)

    def _display(self, node, scope):
        if node in self.program.makers:
            arguments = self._maker_arguments(node, scope, node)
            return self._call('mk%d' % min(len(arguments) - 1, 3), node, arguments[0], self._copy(node, scope),
                              *arguments[1:])
        if self.program.value and isinstance(getattr(node, 'ctx', ast.Load()), ast.Load):
            kept = [k for _, k in self.program.display_cells(node)]
            wanted = [k for k in self.program.gradient if k[0] == 'item'] or self.program.value[:1]
            if self.program.value[0] in kept and all(k in kept for k in wanted) and self._is_node_display(node):
                number = self._probe(None, node, self.program.value[0], scope)
                return self._call('nd', node, self._number(number, node), self._copy(node, scope))
        return self._copy(node, scope)

    _on_Dict = _on_List = _on_Tuple = _display

    def _is_node_display(self, node):
        """Lists and tuples are nodes only when they are as long as the ones that makers make."""
        if isinstance(node, ast.Dict):
            return True
        return any(type(m) is type(node) and len(m.elts) == len(node.elts) for m in self.program.makers)

    def _makes_record(self, node, scope):
        if not self.program.value or self.program.value[0][0] != 'attr':
            return False
        for function, _, fields in self.program.constructors(node, scope):
            if function is None and self.program.value[0][1] in fields:
                return True
        if self.program.called(node) == 'SimpleNamespace':
            return any(w.arg == self.program.value[0][1] for w in node.keywords)
        return False

    def _is_super(self, node):
        value = node.func.value if isinstance(node.func, ast.Attribute) else None
        return isinstance(value, ast.Call) and tail(value) == 'super'

    def _method(self, scope):
        for place in scope.ancestors():
            if place.owner is not None:
                return place
        return scope

    def _maker_arguments(self, node, scope, like):
        """The probe's number and the maker's parameters, which at that moment hold the operands."""
        function = scope
        while isinstance(function.node, ast.Lambda) and function.parent is not None and function.parent.is_function:
            if function.params:
                break
            function = function.parent
        number = self._probe(None, node, self.program.makers.get(node, (self.program.value[0],))[0], scope)
        probe = self.probes[number]
        params = [p for p in function.params if p not in function.rest or p == vararg(function)]
        used, linked = set(), set()
        if self.program.value:
            for load in self.program.loads(self.program.flow(made_from(node), scope).nodes, self.program.value[0]):
                if load in self.module.parents:
                    used.add(self._param_root(self.program.holder(load), self.module.scope_of(load)))
        for name in listed(node):
            linked.add(name)
        probe.used = [p in used for p in params]
        probe.linked = [p in linked for p in params]
        probe.label = self._maker_name(function)
        probe.scope = function
        probe.inside = function.is_function
        probe.helper = self._is_helper(function)
        probe.dynamic = probe.helper or not self._is_plain_method(function)
        if all(probe.linked) and function.name not in function.rest and not function.rest:
            probe.flags = [2 + is_used for is_used in probe.used]
        return [self._number(number, like)] + [self._name(p, like) for p in params]

    def _param_root(self, holder, scope):
        name = root_of(holder)
        for _ in range(10):
            if name in scope.params or name is None:
                return name
            binder = self._binder(name, scope)
            if binder is None:
                return name
            name = root_of(binder[2])
        return name

    def _is_plain_method(self, function):
        """A method of the node class itself: it names the op."""
        owner = function.owner
        if function.name in INITIALISERS or function.name.strip('_') in ('call', 'forward', 'apply'):
            return False
        return owner is not None and any(self.program.fills(m) for m in owner.methods.values())

    def _is_helper(self, function):
        """Whether what is computed depends on a parameter that is a function or a word."""
        for node in walk(function.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in function.params:
                return True
            if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id in function.params:
                if any(isinstance(c, ast.Constant) and isinstance(c.value, str) for c in node.comparators):
                    return True
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                index = index_of(node)
                if isinstance(index, ast.Name) and index.id in function.params and not is_local(node.value, function):
                    return True
        return False

    def _maker_name(self, function):
        if not function.is_function:
            return None
        if function.name == '<lambda>':
            return None
        return function.name

    @property
    def readers(self):
        """Maker scopes whose operands are not among their parameters: their reads of the value cell are recorded."""
        if not hasattr(self, '_readers'):
            self._readers = set()
            for node, (key, scope) in self.program.makers.items():
                if scope.module is not self.module:
                    continue
                for load in self.program.loads(self.program.flow(made_from(node), scope).nodes, key):
                    if load not in self.module.parents:
                        continue
                    place = self.module.scope_of(load)
                    holder = self.program.holder(load)
                    if key[0] == 'map':
                        self._readers.add(place)
                        continue
                    root = holder.id if isinstance(holder, ast.Name) else None
                    binder = self._binder(root, place) if root else None
                    if binder is not None and binder[0] != 'assign':
                        root = binder[2].id if isinstance(binder[2], ast.Name) else None
                    if root not in place.params and not any(root in p.params for p in place.ancestors()):
                        self._readers.add(place)
        return self._readers
