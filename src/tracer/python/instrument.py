"""Rewrites a module's AST with probes that return what they are given, so that the program runs as written.

Every new node carries the position of the code it stands beside: tracebacks, `co_positions` and warnings stay the
user's. The probes are found through `builtins`, under names that no program can write.
"""

import ast

from .duals import DualRules
from .loads import Loads
from .makers import Makers
from .naming import Naming
from .probe import BEGIN, ENTER, FAST, MARK, Probe
from .rules import Rules
from .scopes import FUNCTIONS, INITIALISERS, same
from .steps import Steps
from .stores import Stores
from .syntax import root_of, value_of, walk


class Instrumenter(Steps, Stores, Rules, Loads, Makers, Naming, DualRules):
    """Rewrites one module; `probes` is the run's table, shared by all modules."""

    def __init__(self, program, module, probes, loops, step_by_step=False):
        self.program = program
        self.module = module
        self.probes = probes
        self.loops = loops
        self.marked = self._marks()
        # Initialisers that are sure to tell of the object.
        self.telling = set()
        # A debugger stops before a rule, so a rule is not told of as a whole when it is over.
        self.step_by_step = step_by_step

    def rewrite(self):
        tree = self.module.tree
        body = self._body(tree.body, self.module.root)
        return ast.fix_missing_locations(ast.Module(body=body, type_ignores=[]))

    # -- generic copying

    def _node(self, node, scope):
        if isinstance(node, list):
            return [self._node(child, scope) for child in node]
        # Operators and contexts have nothing inside, and are the same everywhere.
        if not isinstance(node, ast.AST) or not node._fields:
            return node
        handler = getattr(self, '_on_' + type(node).__name__, None)
        done = handler(node, scope) if handler is not None else self._copy(node, scope)
        return self._with_parts(node, done) if node in self.tangent_parts else done

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

    # -- functions, loops, comprehensions

    def _on_FunctionDef(self, node, scope):
        inner = self.module.scopes[node]
        whole = self._whole_rule(node, inner)
        if whole is not None:
            decorators = [self._node(d, scope) for d in node.decorator_list]
            return self._copy(node, scope, body=whole, decorator_list=decorators)
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
            probe = self._number(self._probe(ENTER, scope.node, scope=scope), like)
            entry.append(self._statement('en', like, probe, self._name(node, like), number))
        elif self._needs_mark(scope.node):
            entry.append(self._statement('mark', like, self._number(self._probe(MARK, scope.node), like)))
        if scope in self.readers:
            entry.append(self._statement('rc', like))
        return entry

    def _whole_rule(self, node, scope):
        """A rule of one or two common lines about its maker's own parameters gets one probe for the whole step."""
        maker = scope.parent
        if self.step_by_step:
            return None
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
        number = self._rule(node, maker, slots)
        body = []
        arguments = [self._number(number, like), self._name(source, like), self._copy_plain(parts[0][2][0], like)]
        for place, (statement, (target, _, _)) in enumerate(zip(node.body, parts)):
            stored = ast.copy_location(ast.Name('@%d' % place, ast.Store()), statement.value)
            amount = self._node_plain(statement.value, scope, self.probes[number].key)
            amount = ast.copy_location(ast.NamedExpr(stored, amount), statement.value)
            added = ast.AugAssign(self._copy(statement.target, scope), ast.Add(), amount)
            body.append(ast.copy_location(added, statement))
            arguments += [self._name(target, like), self._name('@%d' % place, like)]
        if len(parts) == 2:
            # What the first line did stays done when the second one raises.
            alone = self._number(self._rule(node, maker, slots[:1]), like)
            first = [self._statement('r1', like, alone, *arguments[1:5]),
                     ast.copy_location(ast.Raise(None, None), like)]
            handler = ast.copy_location(ast.ExceptHandler(None, None, first), like)
            body[1] = ast.copy_location(ast.Try([body[1]], [handler], [], []), like)
        body.append(self._statement('r%d' % len(parts), like, *arguments))
        return body

    def _rule(self, node, maker, slots):
        """The probe of a rule, or of its first line alone."""
        number = self._probe(FAST, node, self.program.contributions[node.body[0], node.body[0].target][0])
        probe = self.probes[number]
        probe.scope = maker
        probe.slots = slots
        probe.arity = len(maker.params)
        probe.lines = node.body[:len(slots)]
        return number

    def _recursion_roles(self, scope):
        """Of a recursive rule's parameters: the one that is the node, and the one that carries the gradient."""
        target_roots = set()
        for (statement, target), (_, found, how) in self.program.contributions.items():
            if how == 'recursive' and scope in list(found.ancestors()):
                target_roots.add(root_of(self.program.holder(target)))
        gradient = None
        for (statement, target), (_, found, how) in self.program.contributions.items():
            if how == 'recursive' and scope in list(found.ancestors()):
                for place, name in self.program.flow(value_of(statement, target), found).params:
                    if place is scope and name != scope.receiver and not self._is_holder(name, scope):
                        gradient = name
        if scope.receiver is not None:
            return scope.receiver, gradient
        others = [p for p in scope.params if p != gradient and p not in scope.rest]
        on_target = [p for p in others if p in target_roots]
        return (on_target or others or scope.params)[0], gradient

    def _is_holder(self, name, scope):
        """A parameter whose attributes or items are read is a node, not a number."""
        for node in walk(scope.node):
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
                if scope in self.program.engine and not self.program.tangent and self._is_driver(scope):
                    self._drivers[scope] = self._probe(BEGIN, scope.node)
        return self._drivers

    def _is_driver(self, scope):
        if isinstance(scope.node, (ast.Lambda, ast.AsyncFunctionDef)) or scope.name in INITIALISERS:
            return False
        if any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in walk(scope.node)):
            return False
        nested = any(place in self._maker_scopes() for place in scope.ancestors())
        if nested:
            return False
        if self.program.drives(scope):
            return True
        if self._is_rule_of_self(scope):
            return False
        inside = [s for s in self._below(scope)]
        return any(
            # What only adds an amount it is given is called by those who drive.
            place in inside and not (how == 'param' and place is scope)
            for _, place, how in self.program.contributions.values()
        )

    def _is_rule_of_self(self, scope):
        """A method that only passes its own object's gradient on: somebody calls it for one node after the other."""
        found = [(s, t, key) for (s, t), (key, place, how) in self.program.contributions.items()
                 if place is scope and how in ('add', 'set')]
        return scope.receiver is not None and bool(found) and all(
            isinstance(self.program.holder(load), ast.Name) and self.program.holder(load).id == scope.receiver
            for statement, target, key in found
            for load in self.program.loads(self.program.flow(value_of(statement, target), scope).nodes, key)
            if not same(self.program.holder(load), self.program.holder(target))
        )

    def _below(self, scope):
        yield scope
        for child in scope.children:
            yield from self._below(child)

    def _maker_scopes(self):
        return {scope for _, scope in self.program.makers.values() if scope.is_function}
