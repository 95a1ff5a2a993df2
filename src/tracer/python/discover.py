"""Finds the engine in a program by dataflow: which cells hold gradients, which hold values, which functions make nodes.

A *cell* is an attribute, a constant item, or an entry of a map or list that is indexed by node. A *gradient cell*
receives amounts that flow from the same cell of another object; a *value cell* is fed, through constructors and
helpers, with numbers computed from the same cell of the operands. Nothing here looks at what things are called.
"""

import ast
import builtins

from .scopes import LOOPS, index_of, namespace_owner, plain, same, tail

INITIALISERS = ('__init__', '__new__', '__post_init__')
_READERS = ('get', 'pop', 'setdefault')


class Flow:
    """What flows into an expression: every AST node of it and of the local names it reads, and the parameters."""

    def __init__(self):
        self.nodes = []
        self.params = set()


class Program:
    def __init__(self):
        self.modules = []
        self.gradient = set()
        self.value = []
        self.derived = set()
        self.aliases = {}
        self.places = {}
        self.handles = []
        self.shares = set()
        self.classes = {}
        self.functions = {}
        self.engine = set()
        self.engine_classes = set()
        self.contributions = {}
        self.seeds = {}
        self.makers = {}
        self.feeds = {}
        self.recursive = set()
        self.candidates = set()
        self.computed = set()
        self.constants = {}
        self.renamed = {}
        self.initial = 0.0
        # Of dual numbers: the cell of their tangents, and what is stored there.
        self.tangent = None
        self.rules = []

    def add(self, module):
        self.modules.append(module)
        for owner in module.classes:
            self.classes.setdefault(owner.name, []).append(owner)
            for name, attribute in owner.aliases.items():
                self.aliases.setdefault(name, attribute)
            for name, place in owner.places.items():
                self.places.setdefault(('attr', name), place)
        for name, values in module.root.bindings.items():
            if len(values) == 1 and isinstance(values[0], ast.Constant) and name.isupper():
                self.constants[name] = repr(values[0].value)
        for statement in module.tree.body:
            # `DATA, GRAD, RULE = range(3)`
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
                if isinstance(statement.value, ast.Call) and tail(statement.value) == 'range':
                    for place, name in enumerate(statement.targets[0].elts):
                        if isinstance(name, ast.Name) and len(statement.value.args) == 1:
                            self.constants[name.id] = repr(place)
        for scope in module.all_scopes():
            if scope.is_function:
                self.functions.setdefault(scope.name, []).append(scope)

    def called(self, call):
        """The last name of what a call calls, as it was first defined: `NS(…)` after `import SimpleNamespace as NS`."""
        name = tail(call)
        return self.renamed.get(name, name)

    def solve(self):
        self._flows = {}
        for module in self.modules:
            self.renamed.update(module.renamed)
            for name, values in module.root.bindings.items():
                if len(values) == 1 and isinstance(values[0], (ast.Name, ast.Attribute)):
                    if tail(values[0]) in self.classes or tail(values[0]) == 'SimpleNamespace':
                        self.renamed.setdefault(name, tail(values[0]))
        self._namedtuples = self._find_namedtuples()
        self._find_gradient()
        self._find_feeds()
        self._find_value()
        self._settle()
        self._find_tangent()
        self._find_derived()
        self._find_engine()

    def is_sure(self):
        """Whether the cells that were found are those of an engine, beyond doubt; else every number is followed."""
        if self.tangent and not self.gradient:
            return True
        if not self.gradient or not self.makers:
            return False
        if any(how == 'param' or how == 'recursive' and key[0] == 'map' for key, _, how in self.contributions.values()):
            return False
        if any(key[0] == 'item' for key in self.gradient) and self.value[0][0] != 'item':
            return False
        if any(self._is_called_in_order(scope) for _, scope, _ in self.contributions.values()):
            return False
        return all(self._is_number_of_nodes(key) for key in self.gradient if key[0] == 'attr')

    def _is_called_in_order(self, scope):
        """A plain function that is one node's rule: whoever calls it for one after the other drives the pass."""
        return scope.is_function and scope.owner is None and scope.parent.parent is None and not any(
            isinstance(node, LOOPS) for node in ast.walk(scope.node)
        ) and not self._calls_itself(scope)

    def _is_number_of_nodes(self, key):
        """Whether the objects that have the cell are those with the values, and begin with a number in it."""
        given, valued = set(), set()
        for module in self.modules:
            for owner in module.classes:
                for scope in owner.methods.values():
                    if scope.name in INITIALISERS:
                        if self.fills(scope):
                            valued.add(owner.name)
                        for _, target, value in scope.stores:
                            if self.cell(target) == key and tail(self.holder(target)) == scope.receiver:
                                given.add(owner.name)
                                if isinstance(value, ast.Call) and tail(value) in self.classes:
                                    return False
        related = valued | {base for name in valued for owner in self.classes[name] for base in owner.bases}
        return not given or not valued or bool(given & related)

    # -- cells and flow

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
            for node in ast.walk(current):
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

    # -- gradient cells

    def _find_gradient(self):
        """Stores that look like contributions: `contributions[statement, target] = (key, scope, how)`."""
        found = {}
        for module in self.modules:
            for scope in module.all_scopes():
                for statement, target, value in scope.stores:
                    how = self._contribution(scope, statement, target, value)
                    if how:
                        found.setdefault(self.cell(target), []).append((statement, target, value, scope, how))
        self._gradient_stores = found

    def _contribution(self, scope, statement, target, value):
        key = self.cell(target)
        if key is None or (isinstance(statement, ast.AugAssign) and not isinstance(statement.op, (ast.Add, ast.Sub))):
            return None
        flow = self.flow(value, scope)
        holder = self.holder(target)
        own = [n for n in self.loads(ast.walk(value), key) if same(self.holder(n), holder)]
        adds = isinstance(statement, ast.AugAssign) or bool(own)
        others = [n for n in self.loads(flow.nodes, key) if not same(self.holder(n), holder)]
        if others:
            return 'add' if adds else 'set'
        function = scope
        while isinstance(function.node, ast.Lambda) and function.parent.is_function:
            function = function.parent
        if not function.is_function or function.name in INITIALISERS:
            return None
        if any(isinstance(n, ast.Call) and tail(n) == function.name for n in flow.nodes) and not adds:
            return 'pull'
        passed = {(place, name) for place, name in flow.params if name != place.receiver and place.is_function}
        # `self.grad = g if self.grad is None else self.grad + g` adds too, in two statements as well.
        if passed and (adds or self._set_then_add(function, target)):
            for place, _ in passed:
                named = place
                while isinstance(named.node, ast.Lambda) and named.parent.is_function:
                    named = named.parent
                if self._calls_itself(named):
                    return 'recursive'
            if self._passed_on(key):
                return 'param'
        return None

    def _set_then_add(self, function, target):
        """Whether the same cell is added to elsewhere in the function."""
        for statement, other, value in function.stores:
            if plain(other) == plain(target):
                if isinstance(statement, ast.AugAssign):
                    return True
                if any(same(n, other) for n in ast.walk(value) if isinstance(n, (ast.Attribute, ast.Subscript))):
                    return True
        return False

    def _calls_itself(self, function):
        if isinstance(function.node, ast.Lambda) or not function.is_function:
            return False
        waiting = [function]
        while waiting:
            scope = waiting.pop()
            waiting.extend(scope.children)
            for call in scope.calls:
                if function.name == '__call__' and call.args and self._calls_object(call, scope):
                    return True
                if tail(call) == function.name and (call.args or call.keywords):
                    if isinstance(call.func, ast.Attribute) == (function.owner is not None):
                        return True
        return self._calls_itself_through_closures(function)

    def _calls_itself_through_closures(self, function):
        """`self.back(g)`, where makers stored `lambda g: parent.backward(g * slope)`."""
        if function.owner is None or not any(
            isinstance(call.func, ast.Attribute)
            and all(callee.owner is None for callee in self.functions.get(call.func.attr, ()))
            and any(isinstance(a, ast.Name) and a.id in function.params or isinstance(a, ast.Attribute) for a in call.args)
            for call in function.calls
        ):
            return False
        return any(
            scope.is_function and scope.parent.is_function and scope.parent is not function
            and isinstance(call.func, ast.Attribute) and call.func.attr == function.name and call.args
            for module in self.modules for scope in module.all_scopes() for call in scope.calls
        )

    def _calls_object(self, call, scope):
        """A call of something that a loop found: `for parent, w in self.back: parent(u * w)`."""
        name = call.func
        return isinstance(name, ast.Name) and any(
            isinstance(scope.module.parents.get(value), (ast.For, ast.comprehension))
            for value in scope.bindings.get(name.id, ())
        )

    def _passed_on(self, key):
        """Whether some call hands over what a cell of this key holds."""
        for module in self.modules:
            for scope in module.all_scopes():
                for call in scope.calls:
                    if hasattr(builtins, tail(call) or 'print'):
                        continue
                    for argument in call.args + [word.value for word in call.keywords]:
                        if next(self.loads(self.flow(argument, scope).nodes, key), None) is not None:
                            return True
        return False

    # -- value cells

    def _find_feeds(self):
        """`feeds[scope] = {parameter: {cells}}`: which cells a call of the function fills from which parameter."""
        self.feeds = {scope: {} for module in self.modules for scope in module.all_scopes() if scope.is_function}
        changed = True
        while changed:
            changed = False
            for scope, filled in self.feeds.items():
                for expression, key in self._fillings(scope):
                    for place, name in self.flow(expression, scope).params:
                        if place is scope and key not in filled.setdefault(name, set()):
                            filled[name].add(key)
                            changed = True

    def _fillings(self, scope):
        """Expressions in a scope that end up in a cell of a new object, with that cell."""
        for statement, target, value in scope.stores:
            key = self.cell(target)
            if key and not isinstance(statement, ast.AugAssign):
                fresh = isinstance(self.holder(target), ast.Name) and key[0] != 'map'
                if fresh and (scope.name in INITIALISERS or self._is_made_here(self.holder(target).id, scope)):
                    yield value, key
        for call in scope.calls:
            for argument, keys in self.fed(call, scope):
                for key in keys:
                    yield argument, key
        for display in scope.displays:
            for element, key in self.display_cells(display):
                yield element, key

    def _is_made_here(self, name, scope):
        return any(isinstance(v, (ast.Call, ast.Dict, ast.List)) for v in scope.bindings.get(name, ()))

    def display_cells(self, display):
        if isinstance(display, ast.Dict):
            for key, value in zip(display.keys, display.values):
                if isinstance(key, ast.Constant) and isinstance(key.value, (int, str)):
                    yield value, ('item', repr(key.value))
        elif isinstance(display, (ast.List, ast.Tuple)) and len(display.elts) > 1:
            for place, value in enumerate(display.elts):
                yield value, ('item', repr(place))

    def constructors(self, call, scope):
        """What a call may run: (scope of the function or None, number of parameters already bound, fields or None)."""
        name = self.called(call)
        function = call.func
        method = isinstance(function, ast.Attribute)
        own = self._owner(scope)
        if isinstance(function, ast.Call) and tail(function) == 'type' or name == '__class__' or name == 'cls':
            yield from self._class_constructor(own)
            return
        if method and isinstance(function.value, ast.Call) and tail(function.value) == 'super' and own:
            for base in own.bases:
                for candidate in self.classes.get(base, ()):
                    if name in candidate.methods:
                        yield candidate.methods[name], 1, None
                    elif name == '__init__':
                        yield from self._class_constructor(candidate)
            return
        for candidate in self.classes.get(name, ()):
            yield from self._class_constructor(candidate)
        if name in self._namedtuples:
            yield None, 0, self._namedtuples[name]
        for candidate in self.functions.get(name, ()):
            if candidate.owner is None:
                if not method or candidate.parent.parent is None:
                    yield candidate, 0, None
            elif method:
                yield candidate, 0 if getattr(candidate, 'is_static', False) else 1, None

    def _owner(self, scope):
        for place in scope.ancestors():
            if place.owner is not None:
                return place.owner
        return None

    def _class_constructor(self, owner, depth=0):
        if owner is None or depth > 8:
            return
        for name in ('__init__', '__new__'):
            if name in owner.methods:
                yield owner.methods[name], 1, None
                return
        if self.is_record(owner):
            yield None, 0, self._fields(owner)
            return
        for base in owner.bases:
            for candidate in self.classes.get(base, ()):
                yield from self._class_constructor(candidate, depth + 1)
                return

    def is_record(self, owner):
        """A dataclass or NamedTuple class: its constructor is generated from its annotated fields."""
        decorated = any(tail(d) in ('dataclass', 'attrs', 'define', 's') for d in owner.node.decorator_list)
        return bool(owner.fields) and (decorated or 'NamedTuple' in owner.bases)

    def _fields(self, owner):
        fields = []
        for base in owner.bases:
            for candidate in self.classes.get(base, ()):
                fields += self._fields(candidate)
        return fields + [f for f in owner.fields if f not in fields]

    def _find_namedtuples(self):
        found = {}
        for module in self.modules:
            for scope in module.all_scopes():
                for name, values in scope.bindings.items():
                    for value in values:
                        if isinstance(value, ast.Call) and self.called(value) in ('namedtuple', 'NamedTuple'):
                            if len(value.args) > 1:
                                found[name] = _field_names(value.args[1])
        return found

    def fed(self, call, scope):
        """The arguments of a call that end up in cells: (argument, cells)."""
        if self.called(call) in ('SimpleNamespace', 'dict'):
            kind = 'attr' if self.called(call) == 'SimpleNamespace' else 'item'
            for word in call.keywords:
                if word.arg:
                    yield word.value, {(kind, word.arg if kind == 'attr' else repr(word.arg))}
            return
        if tail(call) == 'append' and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
            name = tail(call.func.value)
            if name:
                # A property that reads the list is filled with it.
                yield call.args[0], {('map', name)} | {key for key, (path, _) in self.places.items() if path[-1] == name}
            return
        for function, bound, fields in self.constructors(call, scope):
            names = fields if function is None else function.params[bound:]
            for place, argument in enumerate(call.args):
                if isinstance(argument, ast.Starred) or place >= len(names):
                    break
                keys = self._fed_through(function, names[place])
                if keys:
                    yield argument, keys
            for word in call.keywords:
                keys = self._fed_through(function, word.arg) if word.arg in names else None
                if keys:
                    yield word.value, keys

    def _fed_through(self, function, name):
        if function is None:
            return {('attr', name)}
        return self.feeds[function].get(name)

    def _find_value(self):
        """Cells that are filled from the same cell of other objects, and the places (makers) that do it."""
        makers = {}
        for module in self.modules:
            for scope in module.all_scopes():
                for call in scope.calls:
                    for argument, keys in self.fed(call, scope):
                        nodes = self.flow(argument, scope).nodes
                        for key in keys:
                            if next(self.loads(nodes, key), None) is not None:
                                makers.setdefault(key, {})[call] = scope
                for display in scope.displays:
                    for element, key in self.display_cells(display):
                        if isinstance(element, (ast.Tuple, ast.List, ast.Dict, ast.Lambda)):
                            continue
                        if next(self.loads(self.flow(element, scope).nodes, key), None) is not None:
                            makers.setdefault(key, {})[display] = scope
                for statement, target, value in scope.stores:
                    key = self.cell(target)
                    if key is None or key[0] == 'map' or isinstance(statement, ast.AugAssign):
                        continue
                    holder = self.holder(target)
                    loads = list(self.loads(self.flow(value, scope).nodes, key))
                    if loads and not any(same(self.holder(n), holder) for n in loads):
                        makers.setdefault(key, {})[statement] = scope
        for found in makers.values():
            # Where nodes are constructed with their values, a store into an object that was there before is an update.
            if any(not isinstance(maker, ast.stmt) for maker in found):
                for maker, scope in list(found.items()):
                    if isinstance(maker, ast.stmt) and not self._fills_new(maker, scope):
                        del found[maker]
        self._value_makers = makers

    def _fills_new(self, statement, scope):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        roots = [target.value for target in targets if isinstance(target, (ast.Attribute, ast.Subscript))]
        given_out = {n.id for value in scope.returns for n in ast.walk(value) if isinstance(n, ast.Name)}
        return any(
            isinstance(root, ast.Name)
            and (root.id == scope.receiver or root.id in given_out and self._is_made_here(root.id, scope))
            for root in roots
        )

    # -- which is which

    def _settle(self):
        """Tells gradient cells from value cells among the candidates."""
        stores = self._gradient_stores
        self.candidates = set(stores)
        sure = {key for key, found in stores.items() if any(how != 'set' for *_, how in found)}
        sure -= {key for key in self._value_makers if not self._accumulates(key)}
        # Values are added to as well, by optimizers and averages; but nodes are made with them.
        made = {key for key in sure if any(not isinstance(m, ast.stmt) for m in self._value_makers.get(key, ()))}
        if sure - made:
            sure -= made
        unsure = set(stores) - sure
        if not sure and unsure:
            read = {
                key: {other for other in stores if other != key and self._reads(stores[key], other)} for key in unsure
            }
            constructed = {
                key for key, found in self._value_makers.items() if any(not isinstance(m, ast.stmt) for m in found)
            }
            sure = {key for key in unsure if key not in constructed and not any(key in r for r in read.values())}
        values = {k: m for k, m in self._value_makers.items() if k not in sure}
        self.gradient = sure
        self.computed = set(self.aliases) | set(self.aliases.values())
        self.value = sorted(values, key=lambda key: (-self._score(key, values[key], sure), str(key)))
        self.contributions = {}
        for key in sure:
            for statement, target, value, scope, how in stores[key]:
                self.contributions[statement, target] = (key, scope, how)
                if how == 'recursive':
                    self.recursive.add(self._recursing(scope))
        self.shares = {key for key in sure if key[0] == 'map' and self._is_share(key)}
        self.handles = self._find_handles()
        self.makers = {}
        # A rule that makes nodes makes gradients.
        rules = {scope for _, scope, how in self.contributions.values() if how == 'recursive'}
        for key in self.value[:1]:
            self.makers = {maker: (key, scope) for maker, scope in values[key].items() if scope not in rules}

    def _find_tangent(self):
        """Dual numbers are looked for where nothing accumulates gradients."""
        from .duals import find_rules

        found = find_rules(self, self._value_makers)
        if found is not None and any(how != 'set' for _, _, how in self.contributions.values()):
            self._pass_over(found[:2])
        elif found is not None:
            self.tangent, value, self.rules = found
            self.gradient, self.contributions, self.value = set(), {}, [value]
            self.makers = {
                # `Dual(x - y.real / y.eps, 1.0)`, as Newton's method has it, is a leaf.
                maker: (value, scope) for maker, scope in self._value_makers[value].items()
                if not self._derives(maker, scope)
            }

    def _pass_over(self, dual):
        """Of an engine and dual numbers in one program, the engine's own values are what its rules read."""
        stores = [self._gradient_stores[key] for key in self.gradient]
        own = [key for key in self.value if key not in dual and any(self._reads(found, key) for found in stores)]
        if own and self.value[0] in dual and not any(self._reads(found, self.value[0]) for found in stores):
            self.value = own
            self.makers = {maker: (own[0], scope) for maker, scope in self._value_makers[own[0]].items()}

    def _derives(self, maker, scope):
        """Whether a tangent flows into what a maker is given but for its own tangent."""
        own = {rule.tangent for rule in self.rules}
        given = maker.args + [word.value for word in maker.keywords] if isinstance(maker, ast.Call) else []
        return any(
            argument not in own and next(self.loads(self.flow(argument, scope).nodes, self.tangent), None) is not None
            for argument in given
        )

    def _is_share(self, key):
        """Whether each node keeps what it hands to its inputs: `self.g[x] += …`, read there as `consumer.g[self]`."""
        for module in self.modules:
            for scope in module.all_scopes():
                if scope.receiver is None:
                    continue
                for load in self.loads(ast.walk(scope.node), key):
                    holder = self.holder(load)
                    mapping = load.value if isinstance(load, ast.Subscript) else load.func.value
                    if isinstance(holder, ast.Name) and holder.id == scope.receiver:
                        if isinstance(mapping, ast.Attribute) and tail(mapping.value) != scope.receiver:
                            return True
        return False

    def _find_handles(self):
        """Where nodes are places in a list: the cells of the objects that stand for them, `self.i` in `vals[self.i]`."""
        found = []
        if self.value and self.value[0][0] == 'map':
            for module in self.modules:
                for node in module.parents:
                    if isinstance(node, ast.Subscript) and isinstance(index_of(node), ast.Attribute):
                        key = ('attr', index_of(node).attr)
                        if self.cell(node) in self.gradient | {self.value[0]} and key not in found:
                            found.append(key)
        return found

    def fills_place(self, call, scope):
        """`graph.vals.append(value)` in the constructor of an object whose property reads it there."""
        if scope.name not in INITIALISERS or tail(call) != 'append' or not isinstance(call.func, ast.Attribute):
            return False
        return any(
            key in self.places and self.places[key][0][-1] == tail(call.func.value) for key in self.value[:1]
        )

    def _find_derived(self):
        """The cells that gradients flow into, those of optimizers included: momentum, running means."""
        self.derived = set(self.gradient) | ({self.tangent} if self.tangent else set())
        grown = True
        while grown:
            grown = False
            for module in self.modules:
                for scope in module.all_scopes():
                    for _, target, value in scope.stores:
                        key = self.cell(target)
                        if key is None or key in self.derived or key in self.value[:1]:
                            continue
                        if self.reads_derived(value, scope):
                            self.derived.add(key)
                            grown = True

    def reads_derived(self, expression, scope):
        """Whether a gradient, or what was computed from one, flows into an expression."""
        nodes = self.flow(expression, scope).nodes
        return any(next(self.loads(nodes, key), None) is not None for key in self.derived)

    def links(self):
        """Without gradients: whether some maker hands its operands to the node it makes, as engines do."""
        return any(
            isinstance(argument, (ast.Tuple, ast.List, ast.Set))
            for maker in self.makers if isinstance(maker, ast.Call)
            for argument in maker.args + [word.value for word in maker.keywords]
        )

    def _accumulates(self, key):
        return any(how in ('add', 'recursive', 'param') for *_, how in self._gradient_stores.get(key, ()))

    def _reads(self, stores, key):
        return any(next(self.loads(self.flow(v, scope).nodes, key), None) is not None for _, _, v, scope, _ in stores)

    def _score(self, key, makers, gradient):
        score = 0
        for module in self.modules:
            for scope in module.all_scopes():
                for _, target, value in scope.stores:
                    if scope.name in INITIALISERS and self.cell(target) == key:
                        # A leaf's value is given from outside; a depth or a count begins at a constant.
                        if isinstance(value, ast.Constant) and value.value is not None:
                            score -= 20
        for maker in makers:
            score += 2 if not isinstance(maker, ast.stmt) else 1
        for found in gradient:
            if self._reads(self._gradient_stores[found], key):
                score += 5
        for maker, scope in makers.items():
            module = scope.module
            for node in self.loads(ast.walk(maker), key):
                if isinstance(module.parents[node], (ast.BinOp, ast.UnaryOp)):
                    score += 3
        return score

    def _recursing(self, scope):
        for place in scope.ancestors():
            if self._calls_itself(place):
                return place
        return scope

    # -- the engine's own code

    def _find_engine(self):
        engine = set()
        node_classes = set()
        for module in self.modules:
            for owner in module.classes:
                if any(self.fills(scope) or self._carries_gradient(scope) for scope in owner.methods.values()):
                    node_classes.add(owner)
        for scope in [s for _, s, _ in self.contributions.values()] + [s for _, s in self.makers.values()]:
            for place in scope.ancestors():
                if place.is_function:
                    engine.add(place)
                    if place.owner is not None and not self._holds_leaves(place.owner):
                        node_classes.add(place.owner)
        self._spread(node_classes)
        self.engine_classes = node_classes
        for owner in node_classes:
            engine.update(owner.methods.values())
        for module in self.modules:
            for scope in module.all_scopes():
                if scope.is_function and (self.builds(scope) or self.drives(scope)):
                    engine.add(scope)
        self.engine = engine
        self._close_engine()

    def fills(self, scope):
        """A constructor that stores one of its parameters in the value cell of the object it makes."""
        if scope.name not in INITIALISERS:
            return False
        for key in self.value[:1]:
            for _, target, value in scope.stores:
                if self.cell(target) == key and isinstance(self.holder(target), ast.Name):
                    if any(place is scope for place, _ in self.flow(value, scope).params):
                        return True
            for call in scope.calls:
                if self._is_delegated(call, scope) or tail(call) == 'append':
                    if any(key in keys for _, keys in self.fed(call, scope)):
                        return True
        return False

    def _is_delegated(self, call, scope):
        """`super().__init__(…)`, `Base.__init__(self, …)`, `self.reset(…)`: the same object goes on being made."""
        function = call.func
        if not isinstance(function, ast.Attribute):
            return False
        if isinstance(function.value, ast.Call) and tail(function.value) == 'super':
            return True
        return isinstance(function.value, ast.Name) and (
            function.value.id == scope.receiver or function.attr in INITIALISERS
        )

    def _carries_gradient(self, scope):
        """A constructor that gives the object a gradient cell."""
        return scope.name in INITIALISERS and any(
            self.cell(target) in self.gradient and tail(self.holder(target)) == scope.receiver
            for _, target, _ in scope.stores
        )

    def _holds_leaves(self, owner):
        """A class whose constructor makes nodes for itself to hold is a layer, not a part of the engine."""
        return any(
            not keys.isdisjoint(self.value[:1]) and not self._is_delegated(call, scope)
            for scope in owner.methods.values() if scope.name in INITIALISERS and not self.fills(scope)
            for call in scope.calls
            for _, keys in self.fed(call, scope)
        )

    def _spread(self, classes):
        """Subclasses of an engine class belong to the engine, and so do its bases that were written beside it."""
        grown = True
        while grown:
            grown = False
            names = {owner.name for owner in classes}
            for module in self.modules:
                for owner in module.classes:
                    if owner not in classes and names & set(owner.bases):
                        classes.add(owner)
                        grown = True

    def builds(self, scope):
        """A helper that returns a node it has just made from its own parameters."""
        if not self.value or scope.is_setter:
            return False
        made = []
        for returned in scope.returns:
            made.append(returned)
            if isinstance(returned, ast.Name):
                made.extend(scope.bindings.get(returned.id, ()))
        names = {returned.id for returned in scope.returns if isinstance(returned, ast.Name)}
        for _, target, value in scope.stores:
            if self.cell(target) == self.value[0] and isinstance(self.holder(target), ast.Name):
                if self.holder(target).id in names and self._is_made_here(self.holder(target).id, scope):
                    return True
        fills = any(self.value[0] in keys for keys in self.feeds.get(scope, {}).values())
        for expression in made:
            if isinstance(expression, ast.Dict) and any(k == self.value[0] for _, k in self.display_cells(expression)):
                return True
            if isinstance(expression, (ast.List, ast.Tuple)) and self.value[0][0] == 'item':
                if any(k == self.value[0] for _, k in self.display_cells(expression)):
                    return True
            if fills and isinstance(expression, ast.Call):
                if any(self.value[0] in keys for _, keys in self.fed(expression, scope)):
                    return True
        if self.value[0][0] == 'map':
            return any(self.value[0] in keys for call in scope.calls for _, keys in self.fed(call, scope))
        return False

    def drives(self, scope):
        """A function that seeds a gradient, or calls the rules one after the other."""
        if scope.is_setter:
            return False
        for statement, target, value in scope.stores:
            if self.cell(target) in self.gradient - self.shares and (statement, target) not in self.contributions:
                holder = self.holder(target)
                if isinstance(value, ast.Constant) and not value.value:
                    continue
                names = [n.id for n in ast.walk(holder) if isinstance(n, ast.Name)]
                loops = any(isinstance(n, LOOPS) for n in ast.walk(scope.node))
                if any(n in place.params for n in names for place in scope.ancestors()) and (loops or scope.calls):
                    return True
        called = self._stored_functions()
        rules = self._plain_rules()
        for loop in ast.walk(scope.node):
            if not isinstance(loop, LOOPS):
                continue
            names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)} if loop is not None and hasattr(
                loop, 'target'
            ) else set()
            for call in ast.walk(loop):
                if not isinstance(call, ast.Call):
                    continue
                function = call.func
                if self._is_pushed(call):
                    return True
                if isinstance(function, ast.Attribute) and function.attr in called:
                    root = function.value
                    if scope.owner is not None or isinstance(root, ast.Name) and root.id in names:
                        return True
                if isinstance(function, ast.Attribute) and function.attr in rules:
                    if isinstance(function.value, ast.Name) and function.value.id in names:
                        return True
                if isinstance(function, ast.Name) and function.id in names and tail(loop.iter) == 'reversed':
                    return True
        return False

    def _is_pushed(self, call):
        """`v.rule(v.grad)`: a node's own function is given the node's own gradient."""
        if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
            return False
        return any(
            isinstance(self.holder(load), ast.Name) and self.holder(load).id == call.func.value.id
            for argument in call.args for key in self.gradient for load in self.loads([argument], key)
        )

    def _plain_rules(self):
        """Methods that only push a node's own gradient on, which somebody else must call in order."""
        found = set()
        for (statement, target), (key, scope, how) in self.contributions.items():
            if scope.owner is not None and how in ('add', 'set') and not scope.children:
                seeded = key not in self.shares and any(self.cell(t) == key and (s, t) not in self.contributions for s, t, _ in scope.stores)
                if not seeded and not any(isinstance(n, ast.While) for n in ast.walk(scope.node)):
                    found.add(scope.name)
        return found

    def _stored_functions(self):
        """Attributes that hold functions made by makers: where engines keep a node's rule."""
        found = set()
        for _, maker in self.makers.values():
            for scope in maker.ancestors():
                for _, target, value in scope.stores:
                    inner = isinstance(value, ast.Name) and any(c.name == value.id for c in scope.children)
                    if isinstance(target, ast.Attribute) and (
                        inner or isinstance(value, ast.Lambda) or tail(value) == 'partial'
                    ):
                        found.add(target.attr)
        return found

    def _close_engine(self):
        """What engine code calls by name belongs to it, and so do one-line wrappers around its Function objects."""
        functions = [c for c in self.engine_classes if not any(self.fills(m) for m in c.methods.values())]
        function_names = {c.name for c in functions}
        grown = True
        while grown:
            grown = False
            for scope in list(self.engine):
                for child in scope.children:
                    if child not in self.engine:
                        self.engine.add(child)
                        grown = True
                for call in scope.calls:
                    if isinstance(call.func, ast.Name):
                        for callee in self.functions.get(call.func.id, ()):
                            if callee.owner is None and callee not in self.engine:
                                self.engine.add(callee)
                                grown = True
            for module in self.modules:
                for scope in module.all_scopes():
                    if scope.is_function and scope not in self.engine and len(scope.returns) == 1:
                        made = scope.returns[0]
                        if isinstance(made, ast.Call) and _root_name(made) in function_names:
                            self.engine.add(scope)
                            grown = True


def _root_name(node):
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _field_names(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace(',', ' ').split()
    names = []
    for element in getattr(node, 'elts', ()):
        element = element.elts[0] if isinstance(element, ast.Tuple) and element.elts else element
        names.append(element.value if isinstance(element, ast.Constant) else None)
    return names
