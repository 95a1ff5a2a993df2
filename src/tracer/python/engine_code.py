"""Which functions and classes are the engine's own, so that what they do is not told as the user's doing."""

import ast

from .scopes import INITIALISERS, LOOPS, tail
from .syntax import walk


class EngineCode:
    """The part of the program that knows where the engine ends and the user's code begins."""

    def _find_engine(self):
        engine = set()
        node_classes = set()
        self._stored_functions = self._find_stored_functions()
        self._plain_rules = self._find_plain_rules()
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
                names = [n.id for n in walk(holder) if isinstance(n, ast.Name)]
                loops = any(isinstance(n, LOOPS) for n in walk(scope.node))
                if any(n in place.params for n in names for place in scope.ancestors()) and (loops or scope.calls):
                    return True
        called, rules = self._stored_functions, self._plain_rules
        for loop in walk(scope.node):
            if not isinstance(loop, LOOPS):
                continue
            targets = walk(loop.target) if hasattr(loop, 'target') else ()
            names = {n.id for n in targets if isinstance(n, ast.Name)}
            for call in walk(loop):
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

    def _find_plain_rules(self):
        """Methods that only push a node's own gradient on, which somebody else must call in order."""
        found = set()
        for (statement, target), (key, scope, how) in self.contributions.items():
            if scope.owner is not None and how in ('add', 'set') and not scope.children:
                seeded = key not in self.shares and any(
                    self.cell(stored) == key and (by, stored) not in self.contributions
                    for by, stored, _ in scope.stores
                )
                if not seeded and not any(isinstance(n, ast.While) for n in walk(scope.node)):
                    found.add(scope.name)
        return found

    def _find_stored_functions(self):
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
