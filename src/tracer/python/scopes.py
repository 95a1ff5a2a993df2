"""Reads a module's AST into scopes: what each function binds, stores, loads, calls and makes.

A scope is a module, a function or a lambda. Comprehensions belong to the scope around them: their targets are bindings
like any other.
"""

import ast
import re

from .syntax import children

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
INITIALISERS = ('__init__', '__new__', '__post_init__')


class Class:
    def __init__(self, node, module):
        self.node = node
        self.name = node.name
        self.module = module
        self.bases = [tail(base) for base in node.bases]
        self.methods = {}
        self.aliases = {}
        # Properties that read a list of another object: `vals[self.i]` as (('graph', 'vals'), ('i',)).
        self.places = {}
        self.fields = []


class Scope:
    def __init__(self, node, parent, owner, module):
        self.node = node
        self.parent = parent
        self.owner = owner
        self.module = module
        self.name = getattr(node, 'name', '<lambda>' if parent else '<module>')
        self.params = []
        self.rest = set()
        self.bindings = {}
        self.stores = []
        self.calls = []
        self.displays = []
        self.returns = []
        self.is_static = self.is_setter = False
        self.children = []
        if isinstance(node, FUNCTIONS):
            given = node.args
            self.params = [a.arg for a in getattr(given, 'posonlyargs', []) + given.args]
            self.rest = {a.arg for a in [given.vararg, given.kwarg] if a}
            if given.vararg:
                self.params.append(given.vararg.arg)
            self.params += [a.arg for a in given.kwonlyargs]
            if given.kwarg:
                self.params.append(given.kwarg.arg)

    @property
    def is_function(self):
        return self.parent is not None

    @property
    def receiver(self):
        """The name of `self`, None outside methods."""
        return self.params[0] if self.owner is not None and self.params else None

    def ancestors(self):
        scope = self
        while scope is not None:
            yield scope
            scope = scope.parent


class Module:
    """One parsed file. `parents` maps an AST node to the node around it, `scopes` an AST function to its scope."""

    def __init__(self, path, source, tree):
        self.path = path
        self.source = source
        self.lines = re.split('\r\n|\r|\n', source)
        self.tree = tree
        self.parents = {}
        self.scopes = {}
        self.classes = []
        self.renamed = {}
        self.root = Scope(tree, None, None, self)
        self.scopes[tree] = self.root
        for child in children(tree):
            self._visit(child, tree, self.root, None)

    def all_scopes(self):
        return self.scopes.values()

    def scope_of(self, node):
        """The scope that a node's code runs in."""
        node = self.parents[node]
        while node not in self.scopes:
            node = self.parents[node]
        return self.scopes[node]

    def enclosing(self, node, kinds, scope):
        """The nodes of some kinds around `node` inside its scope, innermost first."""
        found = []
        while node is not scope.node:
            node = self.parents[node]
            if isinstance(node, kinds):
                found.append(node)
        return found

    def _visit(self, node, parent, scope, owner):
        self.parents[node] = parent
        if isinstance(node, FUNCTIONS):
            inner = Scope(node, scope, owner, self)
            scope.children.append(inner)
            self.scopes[node] = inner
            if owner is not None and not isinstance(node, ast.Lambda):
                self._method(owner, node, inner)
            if not isinstance(node, ast.Lambda):
                for child in node.decorator_list:
                    self._visit(child, node, scope, None)
                scope.bindings.setdefault(node.name, [])
            self._visit_fields(node.args, node, scope)
            body = node.body if isinstance(node.body, list) else [node.body]
            for child in body:
                self._visit(child, node, inner, None)
            if isinstance(node, ast.Lambda):
                inner.returns.append(node.body)
            return
        if isinstance(node, ast.ClassDef):
            owner = Class(node, self)
            self.classes.append(owner)
            for child in children(node):
                self._visit(child, node, scope, owner)
            return
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self.renamed.update((alias.asname, alias.name) for alias in node.names if alias.asname)
        self._collect(node, scope, owner)
        for child in children(node):
            self._visit(child, node, scope, owner if isinstance(node, (ast.If, ast.Try)) else None)

    def _visit_fields(self, arguments, parent, scope):
        self.parents[arguments] = parent
        for child in children(arguments):
            self._visit(child, arguments, scope, None)

    def _method(self, owner, node, scope):
        decorators = [tail(d) for d in node.decorator_list]
        if 'property' in decorators or 'cached_property' in decorators:
            body = [s for s in node.body if not isinstance(s, ast.Expr)]
            if len(body) == 1 and isinstance(body[0], ast.Return) and isinstance(body[0].value, ast.Attribute):
                if isinstance(body[0].value.value, ast.Name) and body[0].value.value.id == scope.receiver:
                    owner.aliases[node.name] = body[0].value.attr
            if len(body) == 1 and isinstance(body[0], ast.Return) and isinstance(body[0].value, ast.Subscript):
                mapping = dotted(body[0].value.value, scope.receiver)
                index = dotted(index_of(body[0].value), scope.receiver)
                if mapping and index:
                    owner.places[node.name] = mapping, index
        scope.is_setter = 'setter' in decorators or 'deleter' in decorators
        if not scope.is_setter:
            owner.methods[node.name] = scope
        scope.is_static = 'staticmethod' in decorators

    def _collect(self, node, scope, owner):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value, scope, node)
        elif isinstance(node, ast.AnnAssign):
            if owner is not None and isinstance(node.target, ast.Name):
                owner.fields.append(node.target.id)
            if node.value is not None:
                self._bind(node.target, node.value, scope, node)
        elif isinstance(node, ast.AugAssign):
            self._bind(node.target, node.value, scope, node)
        elif isinstance(node, ast.NamedExpr):
            self._bind(node.target, node.value, scope, node)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            self._bind(node.target, node.iter, scope, node)
        elif isinstance(node, ast.Call):
            scope.calls.append(node)
            if isinstance(node.func, ast.Name) and node.func.id == 'setattr' and len(node.args) == 3:
                name = node.args[1]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    target = ast.copy_location(ast.Attribute(node.args[0], name.value, ast.Store()), node)
                    scope.stores.append((node, target, node.args[2]))
            if isinstance(node.func, ast.Attribute) and node.func.attr == 'update':
                obj = namespace_owner(node.func.value)
                if obj is not None:
                    for word in node.keywords:
                        if word.arg:
                            target = ast.copy_location(ast.Attribute(obj, word.arg, ast.Store()), node)
                            scope.stores.append((node, target, word.value))
        elif isinstance(node, (ast.Dict, ast.List, ast.Tuple)):
            around = self.parents[node]
            made = isinstance(around, (ast.Return, ast.Assign, ast.Lambda, ast.IfExp, ast.NamedExpr)) or (
                isinstance(around, ast.Call) and tail(around) == 'append'
            )
            if isinstance(node, ast.Dict) or made and not isinstance(node.ctx, ast.Store):
                scope.displays.append(node)
        elif isinstance(node, ast.Return) and node.value is not None:
            scope.returns.append(node.value)

    def _bind(self, target, value, scope, statement):
        if isinstance(target, ast.Name):
            scope.bindings.setdefault(target.id, []).append(value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            matched = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
            for place, element in enumerate(target.elts):
                self._bind(element, value.elts[place] if matched else value, scope, statement)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value, scope, statement)
        elif isinstance(target, (ast.Attribute, ast.Subscript)) and not isinstance(statement, ast.comprehension):
            scope.stores.append((statement, target, value))


def tail(node):
    """The last name of a dotted expression: `engine.Value` gives `Value`."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def namespace_owner(node):
    """Whose attributes `x.__dict__` and `vars(x)` are: `x`; None for other expressions."""
    if isinstance(node, ast.Attribute) and node.attr == '__dict__':
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'vars':
        return node.args[0] if len(node.args) == 1 else None
    return None


def dotted(node, root):
    """The attributes of `self.graph.vals`, as a tuple, when `self` is the root; else None."""
    names = ()
    while isinstance(node, ast.Attribute):
        names = (node.attr, *names)
        node = node.value
    return names if isinstance(node, ast.Name) and node.id == root else None


def index_of(node):
    """The expression between the brackets (Python 3.8 wraps it)."""
    wrapped = node.slice
    return wrapped.value if type(wrapped).__name__ == 'Index' else wrapped


def same(left, right):
    """Whether two expressions read the same."""
    return left is right or plain(left) == plain(right)


def plain(node):
    """A text that is equal for expressions that read the same, whether they load or store."""
    return ast.dump(node).replace('ctx=Store()', 'ctx=Load()')
