"""Writes the tape of a run that was followed number by number: what roles.py found, in the order in which it happened."""

import ast

from . import wire
from .identity import Place, number
from .retell_passes import RetoldPasses, number_of
from .scopes import FUNCTIONS
from .trail import GIVEN, LOADED, NAMED, STORED, Int, Run

_GENERIC = ('forward', '__call__', 'call', 'apply', '__init__', '__new__')
_PLAIN = (int, float)


class Retelling:
    def __init__(self, recorder, trail, roles):
        self.recorder = recorder
        self.trail = trail
        self.roles = roles
        self.events = roles.events
        self._loops = trail.loops.told_by(recorder.sites)
        self.serials = {}
        self._early = {}
        # What the cells hold, by owner and key.
        self.contents = {}
        # The operands of each node by slot, as serial numbers; -1 for a plain number.
        self.operands = {}
        self._rows = {}
        self._calls = 0
        self._codes = {}
        self._scopes = set()
        self._classes = set()
        self._makers = set()
        self._find_engine()

    # -- the engine's own code

    def _find_engine(self):
        roles = self.roles
        for node in roles.nodes.values():
            if node.obj is not None and type(node.obj) not in (dict, list, tuple, Run):
                self._classes.update(base.__name__ for base in type(node.obj).__mro__[:-1])
            if node.maker is not None and node.operands:
                self._makers.add(node.maker.code.scope)
                self._scopes.update(self._between(node))
                if node.maker.receiver is not None and type(node.maker.receiver) is not type:
                    self._classes.update(base.__name__ for base in type(node.maker.receiver).__mro__[:-1])
            elif not node.operands:
                self._scopes.update(self._factory(node))
        self.classes = sorted(self._classes - {'dict', 'list', 'tuple', 'int', 'float', 'str', 'SimpleNamespace', 'Generic'})
        for flow in roles.flows:
            at = self.events[flow.event].at
            if flow.source is not None and at is not None and isinstance(at[0].code.scope.node, FUNCTIONS):
                self._scopes.add(at[0].code.scope)
        # A function in which the graph is built and the gradients are passed on by hand is the user's.
        for node in roles.nodes.values():
            run = (node.given or node.maker).parent if node.maker is not None else None
            while run is not None:
                if run.code.scope not in self._makers and node.operands:
                    self._scopes.discard(run.code.scope)
                run = run.parent

    def _between(self, node):
        """The functions from the one that was given the operands to those that computed the value and made the object."""
        runs = [node.maker]
        while node.given is not None and runs[-1] is not node.given and runs[-1].at is not None:
            runs.append(runs[-1].at[0])
        if runs[-1] is not node.given or not self._reads_operands(node):
            runs = [node.maker]
        yield from (run.code.scope for run in runs if run.code.scope.is_function)
        at = self._position(node)
        found = []
        while at is not None and at[0] not in runs:
            found.append(at[0].code.scope)
            at = at[0].at
        if at is not None:
            yield from found

    def _reads_operands(self, node):
        """Whether the function that was given the operands also reads their values, which it hands to another."""
        for place in node.loads:
            run = self.events[place].at and self.events[place].at[0]
            while run is not None and run is not node.given and run is not node.maker:
                run = run.parent
            if run is node.given and run is not node.maker:
                return True
        return False

    def _factory(self, node):
        """A function that makes a leaf from a number that it was given."""
        at = self._position(node)
        value = self.events[node.stored].value
        if at is not None and at[0].code.scope.is_function and at[0].code.scope.owner is None:
            if any(part is value for part in at[0].given):
                yield at[0].code.scope

    def is_engine(self, code):
        known = self._codes.get(id(code))
        if known is None:
            known = self._codes[id(code)] = any(
                scope.owner is not None and scope.owner.name in self._classes or scope in self._scopes
                for scope in code.scope.ancestors()
            ) or self._wraps(code.scope)
        return known

    def _wraps(self, scope):
        """`def add(x, y): return Add()(x, y)`, where the class is the engine's."""
        if not scope.is_function or scope.owner is not None or len(scope.returns) != 1:
            return False
        made = scope.returns[0]
        while isinstance(made, (ast.Call, ast.Attribute)):
            made = made.func if isinstance(made, ast.Call) else made.value
        makers = {s.owner.name for s in self._makers if s.owner is not None}
        return isinstance(made, ast.Name) and made.id in makers

    def _outside(self, at):
        """The position in the user's own code from which the engine was called."""
        while at is not None and self.is_engine(at[0].code):
            at = at[0].at
        return at

    # -- sites and calls

    def _site(self, at):
        return -1 if at is None else self.recorder.sites.at(at[0].code, at[1])

    def _row(self, at):
        """The row of the call, and of the iterations of the loops around a position in it."""
        if at is None:
            return -1
        run, _, iterations = at
        row = self._call(run)
        for loop, count in iterations:
            key = row, loop, count
            if key not in self._rows:
                self._rows[key] = self._write_call(row, wire.LOOP, None, None, self._loops.header(loop), count)
            row = self._rows[key]
        return row

    def _call(self, run):
        if not run.code.scope.is_function:
            return -1 if not run.code.comprehension else self._row(self._outside(run.at))
        if run not in self._rows:
            above = self._outside(run.at)
            row = self._row(above)
            if not run.code.comprehension:
                within = above[0].receiver if above is not None else None
                instance = self.recorder.names.instance(run.receiver, within) if run.receiver is not None else None
                row = self._write_call(row, wire.CALL, run.code.qualname, instance, self._site(above), -1)
            self._rows[run] = row
        return self._rows[run]

    def _write_call(self, parent, kind, function, instance, site, iteration):
        text = self.recorder.writer.text
        self.recorder.writer.rows['call'].extend((parent, kind, text(function), text(instance), site, iteration))
        self._calls += 1
        return self._calls - 1

    # -- the story

    def write(self):
        """Everything in the order of the trail."""
        roles = self.roles
        made = {node.stored: node for node in roles.nodes.values()}
        flows = {}
        for flow in roles.flows:
            flows.setdefault(flow.event, []).append(flow)
        rewritten = set(roles.rewrites)
        passes = RetoldPasses(self)
        for place, event in enumerate(self.events):
            if place in made:
                self._node(made[place])
            elif place in flows:
                passes.take(flows[place])
            elif event.kind == NAMED:
                self._name(event)
            elif event.kind == STORED and roles.owner[place] in self.serials and roles.key[place] == roles.value:
                passes.end()
                self._value_written(place, event)
            elif place in rewritten:
                passes.rewrite(place)
            if event.kind == STORED:
                self.contents[roles.owner[place], roles.key[place]] = event.value
        passes.end()

    def _node(self, node):
        recorder, rows = self.recorder, self.recorder.writer.rows
        serial = self.serials[node.owner] = recorder.nodes
        recorder.nodes += 1
        operands = [(o, used) for o, used in node.operands if o in self.serials and o != node.owner]
        born = self._position(node)
        if operands:
            by_engine = node.maker is not None and self.is_engine(node.maker.code)
            at = self._outside(node.maker.at) if by_engine else born
            kind = wire.OP
            label = recorder._op_name(None, kind, (), self._op_name(node), node.obj)
            slots = self._write_operands(serial, node, operands)
        else:
            at = self._outside(born)
            inside = born is not None and at is not None and born[0] is not at[0] and self._in_operator(born)
            kind = wire.CONSTANT if inside else wire.LEAF
            label = recorder._op_name(None, kind, (), None, node.obj)
            slots = ()
        self.operands[serial] = slots
        rows['op'].extend((label, self._site(at), self._row(at), kind))
        value = self.events[node.stored].value
        rows['value'].extend((serial, recorder._now(), wire.F64 if type(value) is float else wire.INT, number_of(value)))
        if type(node.owner) is tuple:
            recorder.identity.index_as(node.owner[1], serial)
            if type(node.owner[1]) is str:
                recorder._write_name(serial, node.owner[1], recorder._now())
        elif node.obj is not None:
            recorder.identity.add(node.obj, serial)
            if node.owner in self._early:
                recorder._take_name(self._early[node.owner], node.obj, recorder.nodes, recorder._now())

    def _position(self, node):
        event = self.events[node.born if node.born is not None else node.stored]
        return event.at

    def _in_operator(self, at):
        """Whether the engine made a leaf for an operand that was a plain number."""
        while at is not None and self.is_engine(at[0].code):
            if at[0].code.scope in self._makers:
                return True
            at = at[0].at
        return False

    def _write_operands(self, serial, node, operands):
        rows = self.recorder.writer.rows
        slots = []
        used = dict(operands)
        # Plain numbers among the maker's arguments stand where they were given.
        order = []
        for owner, value in self.roles.given(node.maker, used.keys(), used) if node.maker is not None else ():
            if owner in used:
                order.append((owner, None))
            elif self._is_constant(value):
                order.append((None, value))
        if [o for o, _ in order if o is not None] != [o for o, _ in operands]:
            order = [(o, None) for o, _ in operands]
        for owner, constant in order:
            if owner is None:
                rows['constant'].extend((serial, len(slots), number(constant)))
                rows['operand'].extend((serial, -1, wire.USED))
                slots.append(-1)
                continue
            linked = self.roles.linked(node, owner)
            self.recorder.any_link |= linked
            rows['operand'].extend((serial, self.serials[owner], used[owner] + 2 * linked))
            slots.append(self.serials[owner])
        return slots

    def _is_constant(self, value):
        known = self.trail.number_of(value)
        return type(value) in _PLAIN and (known is None or self.events[known].op == GIVEN)

    def _op_name(self, node):
        run = node.maker
        if run is None:
            return 'op'
        if self._is_helper(run):
            for value in run.given:
                if type(value) is str and value.isidentifier():
                    return value
            for value in run.given:
                name = getattr(value, '__name__', None)
                if callable(value) and type(name) is str and name.isidentifier() and type(value) is not type:
                    return name
            while run.at is not None and self.is_engine(run.at[0].code) and run.code.scope.name != '<module>':
                run = run.at[0]
        scope = run.code.scope
        while not isinstance(scope.node, (ast.FunctionDef, ast.AsyncFunctionDef)) and scope.parent is not None:
            scope = scope.parent
        if scope.name in ('__init__', '__new__', '__post_init__') and node.obj is not None:
            # A class for each op.
            return type(node.obj).__name__
        if scope.name in _GENERIC and run.receiver is not None and id(run.receiver) not in self.roles.nodes:
            kind = run.receiver if isinstance(run.receiver, type) else type(run.receiver)
            return kind.__name__
        if scope.is_static and scope.name in _GENERIC and scope.owner is not None:
            return scope.owner.name
        return scope.name

    def _is_helper(self, run):
        return not run.code.scope.name.startswith('__') and any(
            type(value) is str or callable(value) and not isinstance(value, type) and id(value) not in self.roles.nodes
            for value in run.given if value is not run.receiver
        )

    def _name(self, event):
        obj = event.owner
        if event.at is not None and self.is_engine(event.at[0].code):
            return
        if id(obj) in self.roles.nodes and id(obj) not in self.serials:
            # Named before it has a value: graphs that are defined first and run later.
            self._early[id(obj)] = event.key
            return
        node = self.roles.node_of(obj)
        if node is not None:
            obj = Place(node[1]) if type(node) is tuple else self.roles.objects[node]
        self.recorder._take_name(event.key, obj, self.recorder.nodes, self.recorder._now())

    def _value_written(self, place, event):
        roles = self.roles
        if event.value is None:
            return
        flows = event.through is not None and roles.gradient is not None and roles.walk(
            event.through, lambda p: type(p) is int and self.events[p].kind == LOADED and roles.key[p] == roles.gradient
        )
        kind = wire.WRITE_UPDATE if flows else wire.WRITE_SET
        before = self.contents.get((roles.owner[place], roles.key[place]))
        self.write_row(place, self.serials[roles.owner[place]], wire.VALUE, kind, before)

    def write_row(self, place, serial, cell, kind, before):
        self.recorder.writer.rows['write'].extend((
            self.recorder._now(), serial, cell, kind, number_of(before), number_of(self.events[place].value),
            self._site(self.events[place].at),
        ))
