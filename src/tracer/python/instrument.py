"""Rewrites a module's AST with probes that return what they are given, so that the program runs as written.

Every new node carries the position of the code it stands beside: tracebacks, `co_positions` and warnings stay the
user's. The probes are found through `builtins`, under names that no program can write.
"""

import ast

from .discover import INITIALISERS
from .scopes import COMPREHENSIONS, FUNCTIONS, LOOPS, index_of, plain, same, tail

# What a probe stands for; the recorder branches on it.
FAST, LOAD, INCREMENT, ASSIGN, SEED, MARK, ENTER, PULL, BEGIN, END = range(10)


class Probe:
    """The static facts of one probe."""

    __slots__ = ('kind', 'module', 'node', 'key', 'first', 'sign', 'recursive', 'scope', 'used', 'linked', 'label', 'row', 'helper', 'again', 'dynamic', 'flags', 'inside', 'slots', 'arity', 'lines')

    def __init__(self, kind, module, node, key=None, scope=None):
        self.kind = kind
        self.module = module
        self.node = node
        self.key = key
        self.scope = scope
        self.first = False
        self.sign = 1
        self.recursive = False
        self.used = None
        self.linked = None
        self.label = None
        self.row = None
        self.helper = False
        self.dynamic = self.inside = True
        self.flags = self.slots = self.lines = None
        self.arity = 0
        self.again = isinstance(node, ast.stmt)


class Instrumenter:
    """Rewrites one module; `probes` is the run's table, shared by all modules."""

    def __init__(self, program, module, probes, loops):
        self.program = program
        self.module = module
        self.probes = probes
        self.loops = loops
        self.marked = self._marks()

    def rewrite(self):
        tree = self.module.tree
        body = self._body(tree.body, self.module.root)
        return ast.fix_missing_locations(ast.Module(body=body, type_ignores=[]))

    # -- generic copying

    def _node(self, node, scope):
        if isinstance(node, list):
            return [self._node(child, scope) for child in node]
        if not isinstance(node, ast.AST):
            return node
        handler = getattr(self, '_on_' + type(node).__name__, None)
        if handler is not None:
            return handler(node, scope)
        return self._copy(node, scope)

    def _copy(self, node, scope, **replaced):
        fields = {}
        for name, value in ast.iter_fields(node):
            if name in replaced:
                fields[name] = replaced[name]
            elif name in ('body', 'orelse', 'finalbody') and isinstance(value, list):
                fields[name] = self._body(value, scope)
            else:
                fields[name] = self._node(value, scope)
        return ast.copy_location(type(node)(**fields), node)

    def _body(self, statements, scope):
        out = []
        for statement in statements:
            done = self._node(statement, scope)
            if isinstance(done, list):
                out.extend(done)
            else:
                out.append(done)
        return out

    def _call(self, probe, like, *arguments):
        function = ast.copy_location(ast.Name('@' + probe, ast.Load()), like)
        return ast.copy_location(ast.Call(function, list(arguments), []), like)

    def _number(self, number, like):
        return ast.copy_location(ast.Constant(number), like)

    def _probe(self, kind, node, key=None, scope=None):
        self.probes.append(Probe(kind, self.module, node, key, scope))
        return len(self.probes) - 1

    def _name(self, name, like):
        return ast.copy_location(ast.Name(name, ast.Load()), like)

    # -- where steps begin

    def _marks(self):
        """AST nodes (functions, loops) at whose start a step ends: where the source of the contributions is bound."""
        marked = {}
        for (statement, target), (key, scope, how) in self.program.contributions.items():
            if scope.module is not self.module or how in ('pull', 'recursive'):
                continue
            flow = self.program.flow(_value_of(statement, target), scope)
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
        name = _root(holder)
        for _ in range(20):
            if name is None:
                return scope.node
            binder = self._binder(name, scope)
            if binder is None:
                return scope.node
            kind, node, value = binder
            if kind == 'comprehension':
                name = _root(value)
                continue
            if kind == 'loop':
                return node
            loops = self.module.enclosing(node, LOOPS, scope)
            if loops:
                return loops[0]
            name = _root(value)
            if name in scope.params:
                return scope.node
        return scope.node

    def _binder(self, name, scope):
        for node in ast.walk(scope.node):
            if isinstance(node, ast.comprehension) and _binds(node.target, name):
                return 'comprehension', node, node.iter
            if isinstance(node, ast.For) and _binds(node.target, name):
                return 'loop', node, node.iter
            if isinstance(node, ast.Assign) and any(_binds(t, name) for t in node.targets):
                return 'assign', node, node.value
        return None

    # -- functions, loops, comprehensions

    def _on_FunctionDef(self, node, scope):
        inner = self.module.scopes[node]
        whole = self._whole_rule(node, inner)
        if whole is not None:
            return self._copy(node, scope, body=whole, decorator_list=[self._node(d, scope) for d in node.decorator_list])
        body = self._body(node.body, inner)
        start = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body[start:start] = self._entry(inner, node.body[0])
        if inner in self.drivers and not isinstance(node.body[-1], ast.Return):
            body.append(self._statement('de', node.body[-1], self._number(self.drivers[inner], node.body[-1])))
        decorators = [self._node(d, scope) for d in node.decorator_list]
        return self._copy(node, scope, body=body, decorator_list=decorators)

    _on_AsyncFunctionDef = _on_FunctionDef

    def _entry(self, scope, like):
        entry = []
        if scope in self.drivers:
            entry.append(self._statement('db', like, self._number(self.drivers[scope], like)))
        if scope in self.program.recursive:
            node, number = self._recursion_roles(scope)
            number = self._name(number, like) if number else self._number(None, like)
            arguments = [self._number(self._probe(ENTER, scope.node, scope=scope), like), self._name(node, like), number]
            entry.append(self._statement('en', like, *arguments))
        elif self._needs_mark(scope.node):
            entry.append(self._statement('mark', like, self._number(self._probe(MARK, scope.node), like)))
        if scope in self.readers:
            entry.append(self._statement('rc', like))
        return entry

    def _whole_rule(self, node, scope):
        """A rule of one or two common lines about its maker's own parameters gets one probe for the whole step."""
        maker = scope.parent
        if node not in self.marked or len(node.body) > 2 or maker not in self._maker_scopes() or scope in self.drivers:
            return None
        parts = [self._fast_parts(statement, scope) for statement in node.body]
        if None in parts or len({source for _, source, _ in parts}) != 1:
            return None
        source = parts[0][1]
        made = maker.bindings.get(source, ())
        if not made or any(value not in self.program.makers for value in made) or source in scope.bindings:
            return None
        first_made = min(value.lineno for value in made)
        slots = []
        for target, _, _ in parts:
            rebound = [value.lineno for value in maker.bindings.get(target, ())]
            if target not in maker.params or target in maker.rest or target in scope.params + list(scope.bindings):
                return None
            if any(line >= first_made for line in rebound):
                return None
            slots.append(maker.params.index(target))
        like = node.body[-1]
        number = self._probe(FAST, node, self.program.contributions[node.body[0], node.body[0].target][0])
        self.probes[number].slots = slots
        self.probes[number].arity = len(maker.params)
        self.probes[number].lines = node.body
        body = []
        arguments = [self._number(number, like), self._name(source, like), self._copy_plain(parts[0][2][0], like)]
        for place, (statement, (target, _, _)) in enumerate(zip(node.body, parts)):
            stored = ast.copy_location(ast.Name('@%d' % place, ast.Store()), statement.value)
            amount = self._node_plain(statement.value, scope, self.probes[number].key)
            amount = ast.copy_location(ast.NamedExpr(stored, amount), statement.value)
            body.append(ast.copy_location(ast.AugAssign(self._copy(statement.target, scope), ast.Add(), amount), statement))
            arguments += [self._name(target, like), self._name('@%d' % place, like)]
        body.append(self._statement('r%d' % len(parts), like, *arguments))
        return body

    def _recursion_roles(self, scope):
        """Of a recursive rule's parameters: the one that is the node, and the one that carries the gradient."""
        target_roots = set()
        for (statement, target), (_, found, how) in self.program.contributions.items():
            if how == 'recursive' and scope in list(found.ancestors()):
                target_roots.add(_root(self.program.holder(target)))
        gradient = None
        for (statement, target), (_, found, how) in self.program.contributions.items():
            if how == 'recursive' and scope in list(found.ancestors()):
                for place, name in self.program.flow(_value_of(statement, target), found).params:
                    if place is scope and name != scope.receiver and not self._is_holder(name, scope):
                        gradient = name
        if scope.receiver is not None:
            return scope.receiver, gradient
        others = [p for p in scope.params if p != gradient and p not in scope.rest]
        on_target = [p for p in others if p in target_roots]
        return (on_target or others or scope.params)[0], gradient

    def _is_holder(self, name, scope):
        """A parameter whose attributes or items are read is a node, not a number."""
        for node in ast.walk(scope.node):
            if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.value, ast.Name):
                if node.value.id == name:
                    return True
        return False

    def _needs_mark(self, place):
        """A step starts here, and no contribution is sure to be the first one to show it."""
        statements = self.marked.get(place)
        if statements is None:
            return False
        return self._opening(place) is None

    def _opening(self, place):
        """The contribution that every run of a rule's body starts with, if it is sure to be one."""
        statements = self.marked.get(place, ())
        if None in statements or isinstance(place, ast.Lambda):
            return None
        for statement in place.body:
            if statement in statements:
                return statement if self._fast_parts(statement, self.module.scope_of(statement)) else None
            if not isinstance(statement, (ast.Expr, ast.Assign, ast.Pass, ast.Nonlocal)):
                return None
        return None

    def _on_Lambda(self, node, scope):
        inner = self.module.scopes[node]
        body = self._node(node.body, inner)
        if node in self.marked:
            probe = self._number(self._probe(MARK, node), node.body)
            nothing = self._number(None, node.body)
            body = ast.copy_location(ast.IfExp(self._call('mark', node.body, probe), body, nothing), node.body)
        return self._copy(node, scope, body=body)

    def _on_ClassDef(self, node, scope):
        return self._copy(node, scope, body=self._body(node.body, scope))

    def _on_For(self, node, scope):
        body = self._body(node.body, scope)
        iterated = self._node(node.iter, scope)
        if self._is_user(scope):
            loop = self._loop(node, scope)
            iterated = self._call('ls', node.iter, self._number(loop, node.iter), iterated)
            body.insert(0, self._statement('it', node.body[0], self._number(loop, node.body[0])))
        if self._needs_mark(node):
            like = node.body[0]
            body.insert(0, self._statement('mark', like, self._number(self._probe(MARK, node), like)))
        return self._copy(node, scope, body=body, iter=iterated)

    def _on_While(self, node, scope):
        body = self._body(node.body, scope)
        before = []
        if self._is_user(scope):
            loop = self._loop(node, scope)
            before = [self._statement('ls', node.test, self._number(loop, node.test), self._number(None, node.test))]
            body.insert(0, self._statement('it', node.body[0], self._number(loop, node.body[0])))
        if self._needs_mark(node):
            like = node.body[0]
            body.insert(0, self._statement('mark', like, self._number(self._probe(MARK, node), like)))
        return before + [self._copy(node, scope, body=body)]

    def _comprehension(self, node, scope):
        done = self._copy(node, scope)
        if self._is_user(scope) and not any(g.is_async for g in node.generators):
            loop = self._loop(node, scope)
            first, last = done.generators[0], done.generators[-1]
            if not self._in_class_body(node):
                first.iter = self._call('ls', first.iter, self._number(loop, first.iter), first.iter)
                inner = getattr(node, 'elt', None) or node.key
                last.ifs.append(self._call('it', inner, self._number(loop, inner)))
        return done

    _on_ListComp = _on_SetComp = _on_GeneratorExp = _on_DictComp = _comprehension

    def _in_class_body(self, node):
        while node in self.module.parents:
            node = self.module.parents[node]
            if isinstance(node, FUNCTIONS):
                return False
            if isinstance(node, ast.ClassDef):
                return True
        return False

    def _is_user(self, scope):
        return not any(place in self.program.engine for place in scope.ancestors())

    def _loop(self, node, scope):
        self.loops.append(Probe(None, self.module, node, scope=scope))
        return len(self.loops) - 1

    def _statement(self, probe, like, *arguments):
        return ast.copy_location(ast.Expr(self._call(probe, like, *arguments)), like)

    def _on_Return(self, node, scope):
        done = self._copy(node, scope)
        if scope in self.drivers:
            number = self._number(self.drivers[scope], node)
            value = done.value if done.value is not None else self._number(None, node)
            done.value = self._call('de', node, number, value)
        return done

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
            stored = self._store(node, target, value, scope) if isinstance(self._holder(target), ast.Name) else None
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
        return self._copy(target, scope, value=holder)

    def _plain_gradient(self, node, target, value, scope, key):
        """A store that no other gradient flows into: an initial value, a seed, a reset, a clip."""
        holder = self.program.holder(target)
        function = scope
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
        done = _replace(self, term, read, kept, scope)
        return self._call('p', like, site, self._name(target, like), done, self._name(source.id, like),
                          self._name('@u', like))

    def _pulled_sum(self, node, scope):
        """`total += w * v.grad()` where `total` becomes the cell."""
        if not isinstance(node.target, ast.Name) or not isinstance(node.op, ast.Add) or not scope.is_function:
            return None
        for (statement, target), (key, place, how) in self.program.contributions.items():
            if place is scope and how in ('pull', 'set') and isinstance(_value_of(statement, target), ast.Name):
                holder = self.program.holder(target)
                if _value_of(statement, target).id == node.target.id and isinstance(holder, ast.Name):
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
        """`x.grad is None`, and the own cell in `x.grad = x.grad + e`: reads that feed nothing."""
        around = self.module.parents.get(node)
        if isinstance(around, ast.Compare) and any(isinstance(op, (ast.Is, ast.IsNot)) for op in around.ops):
            return True
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

    # -- what makes nodes

    def _on_Call(self, node, scope):
        if node in self.program.makers and tail(node) != 'append':
            arguments = self._maker_arguments(node, scope, node)
            if self._is_super(node):
                receiver = self._name(self._method(scope).receiver, node)
                return self._call('mx', node, arguments[0], self._copy(node, scope), receiver, *arguments[1:])
            return self._call('mk%d' % min(len(arguments) - 1, 3), node, arguments[0], self._copy(node, scope),
                              *arguments[1:])
        if tail(node) == 'append' and self.program.value and self.program.value[0] == ('map', tail(node.func.value)
                                                                                      if isinstance(node.func, ast.Attribute) else None):
            arguments = self._maker_arguments(node, scope, node)
            added = self._call('ap', node.args[0], arguments[0], self._node(node.args[0], scope),
                               self._node(node.func.value, scope), *arguments[1:])
            return self._copy(node, scope, args=[added])
        if self._makes_record(node, scope):
            number = self._probe(None, node, self.program.value[0], scope)
            if self._is_super(node):
                receiver = self._name(self._method(scope).receiver, node)
                return self._call('nx', node, self._number(number, node), self._copy(node, scope), receiver)
            return self._call('nd', node, self._number(number, node), self._copy(node, scope))
        if tail(node) == 'setattr' and len(node.args) == 3:
            return self._setattr(node, scope)
        key = self.program.cell(node)
        if key is not None and key in self.program.gradient:
            if scope in self.program.engine or self._feeds_contribution(scope):
                if not self._is_tested(node, scope):
                    return self._gradient_load(node, scope, key)
        return self._copy(node, scope)

    def _setattr(self, node, scope):
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
        params = [p for p in function.params if p not in function.rest or p == _vararg(function)]
        used, linked = set(), set()
        if self.program.value:
            for load in self.program.loads(self.program.flow(_made_from(node), scope).nodes, self.program.value[0]):
                if load in self.module.parents:
                    used.add(self._param_root(self.program.holder(load), self.module.scope_of(load)))
        for name in _listed(node):
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
        name = _root(holder)
        for _ in range(10):
            if name in scope.params or name is None:
                return name
            binder = self._binder(name, scope)
            if binder is None:
                return name
            name = _root(binder[2])
        return name

    def _is_plain_method(self, function):
        """A method of the node class itself: it names the op."""
        owner = function.owner
        if function.name in INITIALISERS or function.name.strip('_') in ('call', 'forward', 'apply'):
            return False
        return owner is not None and any(self.program.fills(m) for m in owner.methods.values())

    def _is_helper(self, function):
        """Whether what is computed depends on a parameter that is a function or a word."""
        for node in ast.walk(function.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in function.params:
                return True
            if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id in function.params:
                if any(isinstance(c, ast.Constant) and isinstance(c.value, str) for c in node.comparators):
                    return True
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and not _is_local(node.value, function):
                index = index_of(node)
                if isinstance(index, ast.Name) and index.id in function.params:
                    return True
        return False

    def _maker_name(self, function):
        if not function.is_function:
            return None
        if function.name == '<lambda>':
            return None
        return function.name

    # -- names

    def _label(self, target):
        self.probes.append(Probe(None, self.module, target))
        self.probes[-1].label = _path(target)
        return len(self.probes) - 1

    def _named(self, targets, value, scope):
        """The value of an assignment with a probe that gives it its name; None when no target is a plain path."""
        paths = [t for t in targets if _path(t) is not None]
        if isinstance(value, ast.Constant):
            return None
        if len(targets) == 1 and isinstance(targets[0], (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
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
        probe = 'nk' if self._makes_place(value) else 'nm'
        for target in reversed(paths):
            done = self._call(probe, value, self._number(self._label(target), value), done)
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
            arguments += [self._number(self._label(name), node), self._name(name.id, node)]
        return self._statement('nt', node, *arguments)

    def _on_NamedExpr(self, node, scope):
        done = self._copy(node, scope)
        if self._is_user(scope):
            done.value = self._call('nm', node, self._number(self._label(node.target), node), done.value)
        return done

    # -- things that must stay as they are

    def _on_JoinedStr(self, node, scope):
        return node

    _on_Global = _on_Nonlocal = _on_Import = _on_ImportFrom = _on_TemplateStr = _on_JoinedStr

    def _on_Delete(self, node, scope):
        return node

    def _on_arguments(self, node, scope):
        return self._copy(node, scope)

    def _on_arg(self, node, scope):
        return node

    # -- roles of scopes

    @property
    def drivers(self):
        if not hasattr(self, '_drivers'):
            self._drivers = {}
            for scope in self.module.all_scopes():
                if scope in self.program.engine and self._is_driver(scope):
                    self._drivers[scope] = self._probe(BEGIN, scope.node)
        return self._drivers

    def _is_driver(self, scope):
        if isinstance(scope.node, (ast.Lambda, ast.AsyncFunctionDef)) or scope.name in INITIALISERS:
            return False
        if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(scope.node)):
            return False
        nested = any(place in self._maker_scopes() for place in scope.ancestors())
        if nested:
            return False
        if self.program.drives(scope):
            return True
        inside = [s for s in self._below(scope)]
        return any(place in inside for _, place, _ in self.program.contributions.values())

    def _below(self, scope):
        yield scope
        for child in scope.children:
            yield from self._below(child)

    def _maker_scopes(self):
        return {scope for _, scope in self.program.makers.values() if scope.is_function}

    @property
    def readers(self):
        """Maker scopes whose operands are not among their parameters: their reads of the value cell are recorded."""
        if not hasattr(self, '_readers'):
            self._readers = set()
            for node, (key, scope) in self.program.makers.items():
                if scope.module is not self.module:
                    continue
                for load in self.program.loads(self.program.flow(_made_from(node), scope).nodes, key):
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


def _replace(instrumenter, term, old, new, scope):
    """A rewritten copy of an expression in which one node is another."""
    if term is old:
        return new
    fields = {}
    for name, value in ast.iter_fields(term):
        if isinstance(value, list):
            fields[name] = [
                _replace(instrumenter, v, old, new, scope) if isinstance(v, ast.AST) else v for v in value
            ]
        else:
            fields[name] = _replace(instrumenter, value, old, new, scope) if isinstance(value, ast.AST) else value
    return ast.copy_location(type(term)(**fields), term)


def _value_of(statement, target):
    if isinstance(statement, ast.Call):
        return statement.args[2]
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], (ast.Tuple, ast.List)):
        places = statement.targets[0].elts
        if isinstance(statement.value, (ast.Tuple, ast.List)) and target in places:
            return statement.value.elts[places.index(target)]
    return getattr(statement, 'value', None) or statement.iter


def _made_from(node):
    return node.value if isinstance(node, ast.stmt) else node


def _binds(target, name):
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(target)) and not isinstance(
        target, (ast.Attribute, ast.Subscript)
    )


def _root(node):
    """The name at the root of an expression: `f` in `f.outputs[0]()`, `xs` in `zip(xs, ys)`."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.args:
                node = node.args[0]
            else:
                node = node.func
        else:
            return None


def _is_local(name, scope):
    return any(name.id in place.params or name.id in place.bindings for place in scope.ancestors() if place.is_function)


def _vararg(scope):
    given = scope.node.args
    return given.vararg.arg if given.vararg else None


def _listed(node):
    """Names in the tuples, lists and sets that a constructor call is given, and names given as they are."""
    if isinstance(node, ast.Call):
        for argument in node.args + [w.value for w in node.keywords]:
            if isinstance(argument, ast.Name):
                yield argument.id
            elif isinstance(argument, (ast.Tuple, ast.List, ast.Set)):
                for element in ast.walk(argument):
                    if isinstance(element, ast.Name):
                        yield element.id


def _path(node):
    """`loss`, `model.w`, `xs[0]`; None for anything else, and for what `self` holds (its path depends on the object)."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _path(node.value)
        return None if base is None or base == 'self' else base + '.' + node.attr
    if isinstance(node, ast.Subscript):
        base = _path(node.value)
        index = node.slice.value if type(node.slice).__name__ == 'Index' else node.slice
        if base is not None and isinstance(index, ast.Constant) and isinstance(index.value, (int, str)):
            return '%s[%r]' % (base, index.value)
    return None
