"""The backward pass: from contributions to passes, roots, steps, and what the engine holds at the end."""

from typing import NamedTuple

from . import wire
from .bulk import RULE
from .identity import MISSING, fields_of, number
from .probe import ASSIGN, BEGIN, END, ENTER, FAST, INCREMENT, LOAD, MARK, PULL, SEED, SHARE

# Numbers in a row of the contribution table as it is collected.
_CONTRIBUTION = 7


class Progress(NamedTuple):
    """How many passes there are, and the one under way; how many steps and nodes; the op whose step runs, how often it
    gave, and to which value last; how many writes, and to which value the last one. -1: none.
    """

    passes: int
    active: int
    steps: int
    nodes: int
    op: int
    given: int
    target: int
    writes: int
    written: int


class Passes:
    """The part of the recorder that follows a backward pass."""

    def _take_backward(self, events):
        probes = self.probes
        serial_of = self.identity.of
        touched = self._touched
        rows = self.writer.rows
        contribute = rows['contribution'].extend
        begin, end, pull = rows['step'].extend, rows['stepEnd'].extend, rows['upstream'].extend
        for kind, number_, target, amount, source, upstream in events:
            if kind != FAST:
                self._take_other(kind, number_, target, amount, source, upstream)
                continue
            # The common rule `x.grad += … * out.grad`, without a call for each.
            op, serial = serial_of(source), serial_of(target)
            if op < 0 or serial < 0:
                continue
            probe = probes[number_]
            site = probe.row
            if site is None:
                if not self._confirm(probe.key, op, serial):
                    continue
                site = self._site_of(probe)
            step = self._step
            if op != self._step_op or (probe.first or self._marked) and self._runs_again(probe, serial):
                if self._rooted and not self._pending and not self._marked and type(upstream) is float:
                    tick = self.tick
                    if step >= 0:
                        end((step, tick))
                        tick += 1
                    step = self._step = self._steps
                    self._steps = step + 1
                    self._step_op = op
                    begin((self.active, op, tick))
                    pull((step, upstream))
                    self.tick = tick + 1
                    self._used_slots = []
                else:
                    self._begin_step(op, upstream)
                    step = self._step
            used = self._used_slots
            slot = len(used)
            operands = self.operands(op)
            if slot >= len(operands) or operands[slot] != serial:
                slot = self._slot(operands, serial, used)
            used.append(slot)
            if type(amount) is not float:
                amount = self.amount(amount)
            tick = self.tick
            self.tick = tick + 1
            contribute((step, slot, serial, tick, amount, 0, site))
            touched[serial] = target

    def _take_rules(self, flat):
        """Whole steps of the commonest rules: the operand slots are known from the code."""
        at = 0
        while at < len(flat) and (not self._rooted or self._pending):
            self._take_each_rule(flat[at:at + RULE])
            at += RULE
        rest = flat[at:] if at else flat
        if not self._take_rules_in_bulk(rest):
            self._take_each_rule(rest)

    def _take_each_rule(self, flat):
        serial_of = self.identity.of
        contribute = self.writer.rows['contribution'].extend
        for number_, source, upstream, *parts in zip(*[iter(flat)] * RULE):
            op = serial_of(source)
            if op < 0:
                continue
            probe = self.probes[number_]
            # What a maker was given is older than what it made.
            self._confirm(probe.key, op, -1)
            self._begin_step(op, upstream)
            operands = self.operands(op)
            sites = self._sites_of_rule(probe)
            for place, (target, amount) in enumerate(zip(parts[::2], parts[1::2])):
                if target is None:
                    break
                if len(operands) == probe.arity:
                    slot = probe.slots[place]
                    serial = operands[slot]
                else:
                    # The operands that were recorded are not simply the maker's parameters.
                    serial = serial_of(target)
                    if serial < 0:
                        continue
                    slot = self._slot(operands, serial, self._used_slots)
                self._used_slots.append(slot)
                contribute((self._step, slot, serial, self._now(), self.amount(amount), wire.ADD, sites[place]))
                self._touched[serial] = target

    def _sites_of_rule(self, probe):
        if probe.row is None:
            probe.row = [self.sites.of_node(probe.module, line) for line in probe.lines]
        return probe.row

    def _take_other(self, kind, number_, target, amount, source, upstream):
        if kind == MARK:
            self._marked = True
            self._source = -1
        elif kind == LOAD:
            self._load(self.probes[number_], target, amount)
        elif kind == INCREMENT or kind == ASSIGN:
            self._increment(self.probes[number_], kind, target, amount, source, upstream)
        elif kind == PULL:
            self._pull(self.probes[number_], target, amount, source, upstream)
        elif kind == SEED:
            self._seed(self.probes[number_], target, amount, source, upstream)
        elif kind == SHARE:
            self._share(self.probes[number_], target, amount, source)
        elif kind == ENTER:
            self._enter(number_, target, amount, source, upstream)
        elif kind == BEGIN:
            if self.active >= 0 and not self._is_pull():
                self.end_pass()
            self.begin_site = source
        elif kind == END and not self._is_pull():
            self.end_pass()
            self.begin_site = None

    def progress(self):
        """How far the recording is."""
        op, used = self._step_op, self._used_slots
        target = -1
        if op >= 0 and used and used[-1] >= 0:
            target = self.operands(op)[used[-1]]
        return Progress(
            self.passes, self.active, self._steps, self.nodes, op, len(used), target, self._writes, self._written,
        )

    def node_at_work(self):
        """The object whose step runs, None outside of steps."""
        return self.object_of(self._step_op)

    def operands(self, op):
        given = self.others.get(op)
        if given is not None:
            return given
        left, right = self.lefts[op], self.rights[op]
        return (left, right) if right >= 0 else (left,) if left >= 0 else ()

    def _slot(self, operands, serial, used):
        """The first operand slot of a value that this step has not served yet, -1 when it is no operand."""
        slot = -1
        for place, operand in enumerate(operands):
            if operand == serial:
                slot = place
                if place not in used:
                    break
        return min(slot, 127)

    def _site_of(self, probe):
        if probe.row is None:
            probe.row = self.sites.of_node(probe.module, probe.node)
        return probe.row

    def _confirm(self, key, source, target):
        """A cell is known to hold gradients once that of a younger node feeds that of an older one, as operands are.

        Until then seeds wait; a cell that is first seen to go the other way holds something else.
        """
        if self.confirmed.get(key):
            return True
        self.confirmed[key] = source > target
        seeds, self._unproven = self._unproven, []
        for probe, serial, obj, amount in seeds:
            if probe.key != key:
                self._unproven.append((probe, serial, obj, amount))
            elif source > target:
                self._seed_value(probe, serial, obj, amount)
        return source > target

    def _runs_again(self, probe, serial):
        """A rule that is entered again is a new step when it repeats itself, else one more part of the same step."""
        rows = self.writer.rows['contribution']
        for at in range(len(rows) - _CONTRIBUTION, -1, -_CONTRIBUTION):
            if rows[at] != self._step:
                return False
            if rows[at + 2] == serial and rows[at + 6] == probe.row:
                return True
        return True

    def _begin_pass(self, kind, site):
        if self.passes + 1 >= self._next_walk:
            self._next_walk = 2 * self._next_walk + 1
            self.name_paths()
        self.active = self.passes
        self.passes += 1
        self.writer.rows['pass'].extend((-1, kind, site, self._now()))
        self._touched.clear()
        self._rooted = False
        self._pull_steps = {}

    def _ensure_pass(self, source=-1):
        if self.active >= 0:
            return
        if self.begin_site is not None:
            self._begin_pass(wire.BACKWARD, self.begin_site)
        else:
            self._begin_pass(wire.BY_HAND, self._pending[source][2] if source in self._pending else -1)

    def _take_root(self, op, obj, upstream):
        """The first source of a pass, and every source that the user seeded by hand, is a root."""
        pending = self._pending.pop(op, None)
        if pending is not None and op not in self._touched:
            self._root(op, pending[0], pending[1])
        elif not self._rooted:
            self._root(op, obj, upstream)

    def _root(self, serial, obj, seed):
        self._rooted = True
        self._touched[serial] = obj
        self.writer.rows['root'].extend((self.active, serial, self._now(), number(seed)))

    def _begin_step(self, op, upstream):
        self._ensure_pass(op)
        self._end_step()
        up = self.amount(upstream)
        self._take_root(op, self.object_of(op), up)
        self._step = self._steps
        self._steps += 1
        self._step_op = op
        self._used_slots = []
        self._marked = False
        self.writer.rows['step'].extend((self.active, op, self._now()))
        self.writer.rows['upstream'].extend((self._step, up))

    def _end_step(self):
        if self._step >= 0:
            self.writer.rows['stepEnd'].extend((self._step, self._now()))
            self._step = -1
            self._step_op = -1

    def object_of(self, serial):
        """The object of a node that the pass has come to, None of others."""
        return self._touched.get(serial)

    def touched(self):
        """The objects of all nodes that a pass has come to."""
        return self._touched.values()

    def amount(self, value):
        """A gradient as a number; an engine may keep gradients in nodes of its own."""
        if type(value) is float:
            return value
        if type(value) in self.node_types and self.program.value:
            value = self.identity.read(value, self.program.value[0])
        return number(value)

    def _contribute(self, probe, serial, obj, amount, mode):
        used = self._used_slots
        slot = self._slot(self.operands(self._step_op), serial, used)
        used.append(slot)
        site = self._site_of(probe)
        if type(amount) is not float:
            amount = self.amount(amount)
        if probe.sign < 0:
            amount = -amount
        tick = self.tick
        self.tick = tick + 1
        self.writer.rows['contribution'].extend((self._step, slot, serial, tick, amount, mode, site))
        self._touched[serial] = obj

    def _load(self, probe, target, value):
        serial = self.identity.of_key(target)
        if serial < 0:
            return
        invocation = self._invocation
        while invocation is not None:
            if invocation.serial == serial:
                invocation.upstream = value
                break
            invocation = invocation.parent
        self._source = serial
        self._upstream = value

    def _increment(self, probe, kind, target, amount, source, upstream):
        serial = self.identity.of_key(target)
        if serial < 0:
            return
        mode = wire.SET if kind == ASSIGN and not upstream else wire.ADD
        if probe.recursive:
            owner = self._invocations.get(source)
            if owner is not None and owner.serial == serial:
                owner.amount = amount
                owner = owner.parent
            if owner is None:
                self._seed_value(probe, serial, target, amount)
                return
            if not self._confirm(probe.key, owner.serial, serial):
                return
            self._resume(owner)
        else:
            if self._source == serial and (probe.key in self.program.shares or not self.amount(amount)):
                # A tape gives its leaves a zero share of themselves; a leaf of a graph of shares only sums them up.
                return
            if self._source < 0:
                self._seed_value(probe, serial, target, amount)
                return
            if not self._confirm(probe.key, self._source, serial):
                return
            if self._step < 0 or self._step_op != self._source or self._marked and self._runs_again(probe, serial):
                self._begin_step(self._source, self._upstream)
        self._contribute(probe, serial, target, amount, mode)

    def _share(self, probe, target, amount, owner):
        """What a node hands on that has received nothing: it is the root."""
        op = self.identity.of(owner)
        if op < 0 or not self.amount(amount):
            return
        if self._source != op:
            self._source = op
            self._upstream = 1.0
        self._increment(probe, INCREMENT, target, amount, None, True)

    # -- ends

    def end_pass(self):
        seeds, self._unproven = self._unproven, []
        for probe, serial, obj, amount in seeds:
            # Nothing followed, for or against: the root has no operands.
            if probe.key not in self.confirmed:
                self._begin_seeded(serial, obj, amount)
        if self.active < 0:
            return
        self._end_step()
        for owner in self._pull_steps.values():
            self.writer.rows['stepEnd'].extend((owner.step, self._now()))
        if not self._hold_in_bulk():
            held = self.writer.rows['held']
            before = self._held
            cells = self._cells()
            for serial, obj in self._touched.items():
                after = cells(serial, obj)
                if after is MISSING:
                    continue
                after = self.amount(after)
                held.extend((self.active, serial, before.get(serial, self.program.initial), after))
                before[serial] = after
        self.maps = {}
        self.writer.rows['passEnd'].extend((self.active, self._now()))
        self.active = -1
        self._touched.clear()
        self._pull_steps = {}
        self._invocations = {}
        self._invocation = None
        self._source = -1
        self._rooted = False

    def _gradient_keys(self):
        """The cells that may hold gradients, the likeliest first."""
        return sorted(self.program.gradient, key=lambda key: (key[0] == 'map', not self.confirmed.get(key)))

    def _cells(self):
        """How to read the gradient cell of a node: from the object, or from the engine's map."""
        keys = self._gradient_keys()
        if keys and keys[0][0] != 'map':
            key, read = keys[0], self.identity.read
            return lambda serial, obj: MISSING if obj is None else read(obj, key)
        found = {}
        for mapping in self.maps.values():
            for key, value in fields_of(mapping):
                serial = self.identity.of_key(key)
                if serial < 0:
                    continue
                if not self.program.shares:
                    found[serial] = value
                elif not any(own is mapping for _, own in fields_of(key)):
                    # What its consumers hand to a node is its gradient.
                    found[serial] = found.get(serial, 0.0) + value
        return lambda serial, obj: found.get(serial, MISSING)
