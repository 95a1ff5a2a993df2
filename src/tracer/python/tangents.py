"""Forward mode: the pass that runs while the nodes are made. A node's gradient is its tangent."""

import ast

from . import wire
from .bulk import NODE
from .identity import MISSING, number

_PLAIN = (float, int, bool)


class Tangents:
    """The part of the recorder that follows dual numbers."""

    def _take_duals(self, flat, named):
        """Nodes with their tangents. The last node waits: its tangent may be stored after it was made."""
        waiting = len(self._waiting_dual) // NODE
        flat = self._waiting_dual + flat
        names = [(place + waiting, label, obj) for place, label, obj in zip(*[iter(named)] * 3)]
        count = len(flat) // NODE
        if count and not any(place == count for place, _, _ in names):
            count -= 1
        self._waiting_dual = flat[count * NODE:]
        for place in range(count):
            self._take_names(names, place)
            self._take_next_dual(flat[place * NODE:(place + 1) * NODE])
        self._take_names(names, count)

    def _take_names(self, names, at):
        for place, label, obj in names:
            if place == at:
                self._take_name(label, obj, self.nodes, self.tick)

    def take_waiting_dual(self):
        event, self._waiting_dual = self._waiting_dual, []
        if event:
            self._take_next_dual(event)

    def _take_next_dual(self, event):
        maker, obj, value = event[:3]
        if value is MISSING:
            value = self.identity.read(obj, self.program.value[0])
        terms = self._terms_of(obj, self.probes[maker].scope) if maker >= 0 else ()
        self._duals += 1
        if isinstance(value, _PLAIN):
            self._take_dual(event, terms)

    def _terms_of(self, obj, scope):
        """What a maker told just before it made the object, or just after."""
        terms = ()
        while self.sums and (self.sums[0][0] <= self._duals or self.sums[0][2] is obj):
            _, place, made, told = self.sums.pop(0)
            if made is obj or made is None and place in scope.ancestors():
                terms = told
        return terms

    def _take_dual(self, event, terms):
        serial = self.nodes
        self._take_each_node(event, (self._now(),))
        maker, obj, _, _, _, site, _ = event
        tangent = self.identity.read(obj, self.program.tangent)
        if not isinstance(tangent, _PLAIN):
            return
        tangent = number(tangent)
        operands = self.operands(serial)
        if all(operand < 0 for operand in operands):
            self._seed_tangent(serial, tangent, site, wire.CONSTANT if maker == -wire.CONSTANT else wire.LEAF)
            return
        if self._forward < 0:
            self._begin_forward(site)
        step = self._steps
        self._steps += 1
        self._forward_ran = True
        rows = self.writer.rows
        rows['step'].extend((self._forward, serial, self._now()))
        used = []
        for operand, amount in terms:
            slot = self._slot(operands, self.identity.of(operand), used)
            used.append(slot)
            rows['contribution'].extend((step, slot, serial, self._now(), number(amount), wire.ADD, site))
        if not terms:
            rows['contribution'].extend((step, -1, serial, self._now(), tangent, wire.ADD, site))
        rows['stepEnd'].extend((step, self._now()))
        self._forward_held.append((serial, tangent))

    def _seed_tangent(self, serial, tangent, site, kind):
        """A leaf with a tangent is where a pass starts, a new one when the last has been used."""
        if not tangent or kind == wire.CONSTANT:
            self.writer.rows['write'].extend((
                self._now(), serial, wire.GRADIENT, wire.WRITE_SET, 0.0, tangent, -1,
            ))
            return
        if self._forward < 0 or self._forward_ran:
            self._begin_forward(site)
        self.writer.rows['root'].extend((self._forward, serial, self._now(), tangent))
        self._forward_held.append((serial, tangent))

    def take_tangent_write(self, probe, target, amount):
        """A tangent that is stored in a node that is there already."""
        serial = self.identity.of(target)
        if serial < 0 or not isinstance(amount, _PLAIN):
            return
        if probe.row is None:
            probe.row = self.sites.of_node(probe.module, probe.node)
        # What the pass gave stands until here.
        if not amount or any(known == serial for known, _ in self._forward_held):
            self.end_forward()
        if amount and not self.operands(serial):
            self._seed_tangent(serial, number(amount), probe.row, wire.LEAF)
            return
        before = number(self.identity.read(target, self.program.tangent))
        self.writer.rows['write'].extend((
            self._now(), serial, wire.GRADIENT, wire.WRITE_SET, before, number(amount), probe.row,
        ))

    def _begin_forward(self, site):
        self.end_forward()
        self._forward = self.passes
        self.passes += 1
        self.writer.rows['pass'].extend((-1, wire.FORWARD_MODE, site, self._now()))

    def end_forward(self):
        if self._forward < 0:
            return
        held = self.writer.rows['held']
        for serial, tangent in self._forward_held:
            held.extend((self._forward, serial, 0.0, tangent))
        self.writer.rows['passEnd'].extend((self._forward, self._now()))
        self._forward = -1
        self._forward_ran = False
        self._forward_held = []


def summed(terms, seen):
    """What each operand added: [(operand, amount)], in the order of the parameters."""
    amounts = {}
    for place, name, at, sign, factors in terms:
        if at not in seen:
            continue
        amount, operand = seen[at]
        try:
            for kind, factor in factors:
                scale = seen[factor][0]
                amount = amount * scale if kind is ast.Mult else amount / scale
            amount = sign * amount
            known = amounts.get((place, name))
            amounts[place, name] = operand, amount if known is None else known[1] + amount
        except (TypeError, KeyError, ArithmeticError):
            return ()
    return list(amounts.values())
