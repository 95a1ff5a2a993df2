"""The events that probes append, until they are handed to the recorder, and what the probes share besides."""

from .bulk import NODE
from .probe import BACKWARD, NODES, RULES, WRITES

CHUNK = 4096


class Limit(BaseException):
    """The recording has reached its limit: unwinds the script."""


class Events:
    """Plain lists that are emptied but never replaced: the probes keep them, and append without a call of this."""

    __slots__ = (
        'recorder', 'calls', 'find_code', 'made', 'ran', 'named', 'back', 'wrote', 'reads', 'held', 'increments',
        'driver', 'untold', 'gradients', 'limit', 'chunk', 'sealed',
    )

    def __init__(self, recorder, codes, calls):
        self.recorder = recorder
        self.calls = calls
        self.find_code = codes.get
        # Flat: NODE numbers for each node, RULE numbers for each run of a rule.
        self.made, self.ran = [], []
        # Names: how long `made` was, the label, what was named.
        self.named = []
        self.back, self.wrote = [], []
        # What expressions under way have read, keep for their store, and are about to add.
        self.reads, self.held, self.increments = [], [], []
        # The frame of the pass under way; of nodes made in it, those not told of yet, and those that are gradients.
        self.driver = None
        self.untold, self.gradients = {}, {}
        # How many events are held: of nodes as numbers in the flat list, of gradients as they are.
        self.limit = NODE * min(CHUNK, recorder.max_nodes)
        self.chunk = CHUNK
        if recorder.gate is not None:
            recorder.gate.look_closer = self.look_closer
            self.look_closer()
        # How many nodes were handed on.
        self.sealed = 0

    def seal(self):
        """Ends a stretch of events. In it writes come first, then nodes, then gradients, then rules."""
        runs = self.recorder.runs
        made, named = self.made, self.named
        if self.wrote:
            runs.append((WRITES, self.wrote[:]))
            self.wrote.clear()
        if made or named:
            runs.append((NODES, (made[:], named[:])))
            self.sealed += len(made) // NODE
            made.clear()
            named.clear()
        if self.back:
            runs.append((BACKWARD, self.back[:]))
            self.back.clear()
        if self.ran:
            runs.append((RULES, self.ran[:]))
            self.ran.clear()

    def settle(self):
        recorder = self.recorder
        if recorder.gate is not None and recorder.gate.plan.extreme_values:
            for value in self.made[2::NODE]:
                recorder.gate.plan.look(value)
        self.seal()
        recorder.process()
        left = recorder.max_nodes - recorder.nodes
        if left <= 0:
            recorder.cut()
            raise Limit()
        self.limit = NODE * min(CHUNK, left)
        if recorder.gate is not None:
            recorder.gate.reached()
            self.look_closer()

    def look_closer(self):
        """A debugger may want to see every event before the program goes on."""
        plan = self.recorder.gate.plan
        if plan.node_by_node:
            self.limit = min(self.limit, NODE)
        self.chunk = 1 if plan.step_by_step else CHUNK

    def end_gradients(self):
        """What was made in a pass and turned out to be no gradient is a node."""
        left = [event for key, event in self.untold.items() if key not in self.gradients]
        self.untold.clear()
        self.gradients.clear()
        for event in left:
            if self.back or self.ran:
                self.seal()
            self.made.extend(event)

    def place_of(self, frame):
        """The user's frame outside the engine, from an engine frame: (code, frame, passed through an operator)."""
        inside = False
        find_code = self.find_code
        while frame is not None:
            code = find_code(id(frame.f_code))
            if code is not None:
                if not code.engine:
                    return code, frame, inside
                if not (code.initialiser or code.builder):
                    inside = True
            frame = frame.f_back
        return None, None, inside
