"""Finds the engine in a program by dataflow: which cells hold gradients, which hold values, which functions make nodes.

A *cell* is an attribute, a constant item, or an entry of a map or list that is indexed by node. A *gradient cell*
receives amounts that flow from the same cell of another object; a *value cell* is fed, through constructors and
helpers, with numbers computed from the same cell of the operands. Nothing here looks at what things are called.
"""

import ast

from .cells import Cells
from .constructors import Constructors
from .doubts import Doubts
from .duals import find_rules
from .engine_code import EngineCode
from .gradient_cells import GradientCells
from .scopes import tail
from .value_cells import ValueCells


class Program(Cells, GradientCells, Constructors, ValueCells, EngineCode, Doubts):
    """All modules of the user's together, and what was found in them."""

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

    @property
    def keyed(self):
        """Whether gradients are kept in maps, whose keys may be what the fields of nodes hold."""
        return any(key[0] == 'map' for key in self.gradient)

    def links(self):
        """Whether some maker hands its operands to the node that it makes, as engines do."""
        return any(
            isinstance(argument, (ast.Tuple, ast.List, ast.Set))
            for maker in self.makers if isinstance(maker, ast.Call)
            for argument in maker.args + [word.value for word in maker.keywords]
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
