"""The backward passes of a run that was followed number by number: what flowed, as passes and steps."""

from . import wire
from .identity import number
from .trail import Int


class RetoldPasses:
    """Groups what flowed into passes and steps."""

    def __init__(self, retelling):
        self.retelling = retelling
        self.recorder = retelling.recorder
        self.roles = retelling.roles
        self.events = retelling.events
        self.rows = retelling.recorder.writer.rows
        self.count = self.steps = 0
        self.flows = []
        self._builders = None
        self.held = {}

    def take(self, flows):
        seeded = any(f.source is None for f in flows)
        if seeded and any(f.source is not None for f in self.flows):
            self.end()
        self.flows.extend(flows)

    def rewrite(self, place):
        """A store that is not part of a pass: a reset, a clip."""
        roles = self.roles
        owner = roles.gradient_owner(roles.owner[place])
        if owner not in self.retelling.serials:
            return
        event = self.events[place]
        fresh = owner not in self.held and not any(f.target == owner for f in self.flows)
        if fresh and not event.value:
            return
        self.end()
        kind = wire.WRITE_ZERO if not event.value else wire.WRITE_CLIP
        before = self.retelling.contents.get((roles.owner[place], roles.key[place]))
        self.held[owner] = number_of(event.value) if event.value is not None else 0.0
        self.retelling.write_row(place, self.retelling.serials[owner], wire.GRADIENT, kind, before)

    def end(self):
        flows, self.flows = self.flows, []
        serials = self.retelling.serials
        flows = [f for f in flows if f.target in serials and (f.source is None or f.source in serials)]
        if not flows:
            return
        sourced = [f for f in flows if f.source is not None]
        if not sourced and any(self.roles.nodes[f.target].operands for f in flows):
            for flow in flows:
                before = self.held.get(flow.target, self.recorder.program.initial)
                self.held[flow.target] = number_of(self.events[flow.event].value)
                self.retelling.write_row(flow.event, serials[flow.target], wire.GRADIENT, wire.WRITE_SET, before)
            return
        self._write(flows, sourced)

    def _write(self, flows, sourced):
        recorder, rows, serials, now = self.recorder, self.rows, self.retelling.serials, self.recorder._now
        kind, site = self._driver(flows)
        number = self.count
        self.count += 1
        recorder.passes = self.count
        rows['pass'].extend((-1, kind, site, now()))
        if flows[0].source is not None:
            first = flows[0]
            rows['root'].extend((number, serials[first.source], now(), number_of(first.upstream)))
        open_steps, ends = {}, {}
        for place, flow in enumerate(sourced):
            ends[flow.source, flow.version] = place
        touched = {}
        for place, flow in enumerate(flows):
            touched[flow.target] = flow.after
            if flow.source is None:
                rows['root'].extend((number, serials[flow.target], now(), number_of(flow.amount)))
                continue
            key = flow.source, flow.version
            touched.setdefault(flow.source, None)
            step = open_steps.get(key)
            slot = self._slot(flow, step[1]) if step is not None else None
            if step is None or slot is None:
                if step is not None:
                    rows['stepEnd'].extend((step[0], now()))
                step = open_steps[key] = self.steps, []
                self.steps += 1
                rows['step'].extend((number, serials[flow.source], now()))
                rows['upstream'].extend((step[0], number_of(flow.upstream)))
                slot = self._slot(flow, step[1])
            slot = -1 if slot is None else slot
            step[1].append(slot)
            rows['contribution'].extend((
                step[0], slot, serials[flow.target], now(), number_of(flow.amount), wire.ADD if flow.adds else wire.SET,
                self.retelling._site(self.events[flow.event].at),
            ))
            if sourced[ends[key]] is flow:
                rows['stepEnd'].extend((step[0], now()))
                del open_steps[key]
        for step, _ in open_steps.values():
            rows['stepEnd'].extend((step, now()))
        for owner, after in touched.items():
            after = number_of(after) if after is not None else self.held.get(owner, recorder.program.initial)
            rows['held'].extend((number, serials[owner], self.held.get(owner, recorder.program.initial), after))
            self.held[owner] = after
        rows['passEnd'].extend((number, now()))

    def _slot(self, flow, used):
        """The operand slot that a contribution serves: the first of its target's that the step has not served; None when all are."""
        op = self.retelling.serials[flow.source]
        found = [s for s, o in enumerate(self.retelling.operands[op]) if o == self.retelling.serials[flow.target]]
        if not found:
            return -1
        return next((s for s in found if s not in used), None)

    def _driver(self, flows):
        """How a pass was driven: the innermost call that it all ran in, or by hand in code that also built the graph."""
        retelling = self.retelling
        chains = []
        for flow in flows:
            chain, at = [], self.events[flow.event].at
            while at is not None:
                chain.append((at[0], at))
                at = at[0].at
            chains.append(chain[::-1])
        common = None
        for level in zip(*chains):
            if any(entry[0] is not level[0][0] for entry in level):
                break
            common = level[0]
        seed = self.events[flows[0].event].at
        if common is None:
            return wire.BY_HAND, retelling._site(seed)
        run = common[0]
        while run is not None and (run.code.comprehension or retelling.is_engine(run.code)) and run.at is not None:
            if not retelling.is_engine(run.at[0].code) and not run.at[0].code.comprehension:
                return wire.BACKWARD, retelling._site(run.at)
            run = run.at[0]
        if run is not None and run.code.scope.is_function and run.at is not None and not self._builds(run):
            return wire.BACKWARD, retelling._site(retelling._outside(run.at))
        return wire.BY_HAND, retelling._site(seed)

    def _builds(self, run):
        """Whether nodes were made in the course of a call."""
        if self._builders is None:
            self._builders = set()
            for node in self.roles.nodes.values():
                at = self.events[node.stored].at
                while at is not None and at[0] not in self._builders:
                    self._builders.add(at[0])
                    at = at[0].at
        return run in self._builders


def number_of(value):
    return float('nan') if value is None else number(int(value) if type(value) is Int else value)
