"""Rules that call each other: recursive ones, which push, and sums that pull. Their steps are nested in one another."""

from . import wire


class Invocation:
    """One call of a recursive rule."""

    __slots__ = ('serial', 'obj', 'amount', 'parent', 'upstream', 'step', 'used')

    def __init__(self, serial, obj, amount, parent):
        self.serial = serial
        self.obj = obj
        self.amount = amount
        self.parent = parent
        self.upstream = None
        self.step = -1
        self.used = []


class Invocations:
    """The part of the recorder that gives each running call of a rule its step."""

    def _enter(self, invocation, node, amount, parent, _):
        above = self._invocations.get(parent)
        serial = self.identity.of_key(node)
        self._invocation = Invocation(serial, node, amount, above)
        self._invocations[invocation] = self._invocation
        if parent is None:
            self._invocations = {invocation: self._invocation}
            self._step = -1

    def _resume(self, owner):
        """Recursive rules nest: the step of an invocation goes on after those it called."""
        if owner.step < 0:
            self._ensure_pass(owner.serial)
            up = self.amount(owner.upstream if owner.upstream is not None else owner.amount)
            self._take_root(owner.serial, owner.obj, up)
            owner.step = self._steps
            self._steps += 1
            owner.used = []
            self.writer.rows['step'].extend((self.active, owner.serial, self._now()))
            self.writer.rows['upstream'].extend((owner.step, up))
            self._pull_steps[owner.step] = owner
        self._step = -1
        self._open_step(owner)

    def _open_step(self, owner):
        self._step = owner.step
        self._step_op = owner.serial
        self._used_slots = owner.used

    def _pull(self, probe, target, amount, source, upstream):
        serial, op = self.identity.of_key(target), self.identity.of_key(source)
        if serial < 0 or op < 0 or not self._confirm(probe.key, op, serial):
            return
        self._ensure_pass(op)
        owner = self._pull_steps.get(op)
        if owner is None:
            owner = self._pull_steps[op] = Invocation(op, source, upstream, None)
            self._take_root(op, source, self.amount(upstream))
            owner.step = self._steps
            self._steps += 1
            self.writer.rows['step'].extend((self.active, op, self._now()))
            self.writer.rows['upstream'].extend((owner.step, self.amount(upstream)))
        self._open_step(owner)
        self._contribute(probe, serial, target, amount, wire.ADD)
        self._step = -1

    def _is_pull(self):
        return any(how == 'pull' for *_, how in self.program.contributions.values())
