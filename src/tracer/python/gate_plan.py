"""Where a script that is debugged waits, as the debugger has said it last (`GatePlan` in src/protocol/gate.ts).

It is told in terms of what the recorder knows of an event, so that the others cost next to nothing.
"""

from .identity import MISSING
from .probe import FAST

# Even a run that nobody wants to stop asks now and then, so that the debugger keeps up.
_PATIENCE = 256
# What is added may make a sum infinite only from here on: half a unit in the last place of the largest number.
_LARGE = 1e290
_INFINITY = float('inf')


class GatePlan:
    def __init__(self, capture):
        self._capture = capture
        # Nothing is known before the first node: there the debugger says where to wait.
        self._steps = self._nodes = True
        self._contributions = False
        self._ops, self._values = set(), set()
        # The gradients that are looked for: of some ops, and of all.
        self._suspects, self._suspected = {}, []
        # Whether `look` wants to see what is added to gradients or stored in them, and the values of nodes.
        self.extreme_gradients = self.extreme_values = False
        # Whether the debugger is told of the frames without asking.
        self.frames = False
        # The script waits at the next event.
        self.pausing = False
        # A number was seen that a debugger may want to look at.
        self._alarmed = False
        self._progress = ()
        # When it last waited: how many nodes there were, and where they hold their gradients.
        self._known = 0
        self._cell = None
        self._passed = 0

    def take(self, plan):
        self._steps, self._nodes = plan['steps'], plan['nodes']
        self._contributions = plan['contributions']
        self.extreme_gradients, self.extreme_values = plan['extremeGradients'], plan['extremeValues']
        self.frames = plan['look']
        if not plan['more']:
            self._ops, self._values = set(), set()
            self._suspects, self._suspected = {}, []
        for suspects in plan['suspects']:
            ranges = [(-_INFINITY if low is None else low, _INFINITY if high is None else high)
                      for low, high in suspects['ranges']]
            each = ranges, suspects['nan']
            if suspects['ops'] is None:
                self._suspected.append(each)
            else:
                self._suspects.update(dict.fromkeys(suspects['ops'], [each]))
        self._ops.update(plan['ops'])
        self._values.update(plan['values'])
        recorder = self._capture.recorder
        self._known = recorder.nodes
        self._cell = recorder.cell_of(True)

    @property
    def step_by_step(self):
        """Whether events have to be looked at one by one; of new nodes it was not said yet which are wanted."""
        return self._asks_steps() or self._capture.recorder.nodes > self._known

    def _asks_steps(self):
        return bool(
            self._steps or self._contributions or self._ops or self._suspects or self._suspected or self._values
            or self.pausing
        )

    @property
    def node_by_node(self):
        return self._nodes or self.extreme_values or self.pausing

    def look(self, amount):
        """Whether a number is one to wait at; what is no number may be one."""
        if amount is None or -_LARGE < self._capture.recorder.amount(amount) < _LARGE:
            return False
        self._alarmed = True
        return True

    def is_due(self):
        """Whether the script waits now that this much was recorded."""
        before, now = self._progress, self._capture.recorder.progress()
        self._progress = now
        self._passed += 1
        if not (self._alarmed or self.pausing or self._is_wanted(before, now)):
            return False
        self._passed = 0
        self._alarmed = self.pausing = False
        return True

    def _is_wanted(self, before, now):
        if not (self._asks_steps() or self.node_by_node) or self._passed >= _PATIENCE or not before:
            return True
        if now == before:
            return False
        if now.passes != before.passes or now.active != before.active or self._nodes and now.nodes != before.nodes:
            return True
        if now.writes != before.writes and (now.written in self._values or now.written >= self._known):
            return True
        if self._contributions and now.given != before.given:
            return True
        if now.steps != before.steps:
            if self._steps or now.op in self._ops or now.op in self._values or now.op >= self._known:
                return True
            recorder = self._capture.recorder
            upstreams = recorder.writer.rows['upstream']
            if self._is_suspect(now.op, recorder.node_at_work(), upstreams[-1] if upstreams else None):
                return True
        return now.target in self._values or now.target >= self._known

    def wants(self, event):
        """Whether an event of a pass may be one to wait at; the others can be recorded together."""
        recorder = self._capture.recorder
        if self._steps or self._contributions or self.pausing or recorder.active < 0:
            return True
        kind, _, target, _, source, upstream = event
        if kind != FAST:
            return True
        serial_of = recorder.identity.of
        op, serial = serial_of(source), serial_of(target)
        # Of nodes that were made since it last waited, it was not said which are wanted.
        if not 0 <= op < self._known or serial < 0 or op in self._ops or op in self._values or serial in self._values:
            return True
        return self._is_suspect(op, source, upstream)

    def _is_suspect(self, op, obj, upstream):
        """Whether the gradient of a node is one that is looked for at its step, as it is or as its rule reads it.

        True as well where that cannot be told.
        """
        suspects = self._suspects.get(op, ())
        if not suspects and not self._suspected:
            return False
        unknown = obj is None or self._cell is None
        held = MISSING if unknown else self._capture.recorder.identity.read(obj, self._cell)
        for amount in (upstream, held):
            if type(amount) not in (float, int):
                return True
            for ranges, nan in (*suspects, *self._suspected):
                if nan if amount != amount else any(low <= amount <= high for low, high in ranges):
                    return True
        return False
