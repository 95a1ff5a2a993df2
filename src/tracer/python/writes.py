"""What is stored in the cells of nodes beside contributions: seeds, resets, clips, updates, inputs given later."""

from . import wire
from .identity import MISSING
from .probe import LEAF

_NAN = float('nan')


class Writes:
    """The part of the recorder that tells seeds from other writes."""

    def _take_writes(self, events):
        for number_, target, after, before, is_value in events:
            probe = self.probes[number_]
            serial = self.identity.of_key(target)
            if serial < 0:
                if is_value and type(after) in (int, float):
                    # An input whose value is given later than the object was made.
                    self._late_leaf(probe, target, after)
                continue
            if self.active >= 0:
                self.end_pass()
            value = self.amount(after)
            if is_value:
                flows = self._reads_gradient(probe)
                self._write(serial, wire.VALUE, wire.WRITE_UPDATE if flows else wire.WRITE_SET, before, value, probe)
                continue
            if after is None or not value:
                kind = wire.WRITE_ZERO
            elif self._reads_gradient(probe):
                kind = wire.WRITE_CLIP
            else:
                kind = wire.WRITE_SET
            if kind == wire.WRITE_SET and self.operands(serial):
                self._settle_pending(serial)
                if probe.row is None:
                    probe.row = self.sites.of_node(probe.module, probe.node)
                # A seed, if a pass starts from it; else a write.
                self._pending[serial] = target, after, probe.row, before, self._now()
            else:
                self._settle_pending(serial)
                self._write(serial, wire.GRADIENT, kind, before, value, probe)

    # -- what a debugger reaches into

    def cell_of(self, gradient):
        """The cell that holds the gradient of a node, or else its value; None where it is not one of the node's own."""
        keys = self._gradient_keys() if gradient else self.program.value[:1]
        return keys[0] if keys and keys[0][0] != 'map' else None

    def held_by(self, objects):
        """What the nodes among some objects hold: `{serial: (object, value, gradient)}`."""
        value = self.cell_of(False)
        cells = self._cells()
        found = {}
        for obj in objects:
            serial = self.identity.of_key(obj)
            if serial >= 0:
                found[serial] = obj, MISSING if value is None else self.identity.read(obj, value), cells(serial, obj)
        return found

    def intervened(self, before):
        """Tells what was changed of what nodes held `before`; nobody's code did it, so that it has no place."""
        after = self.held_by([obj for obj, _, _ in before.values()])
        for serial, (_, *now) in after.items():
            for cell, old, new in zip((wire.VALUE, wire.GRADIENT), before[serial][1:], now):
                if new is MISSING or old is MISSING or new is old or new == old:
                    continue
                kind, amount = (wire.WRITE_RELEASE, _NAN) if new is None else (wire.WRITE_SET, self.amount(new))
                self.writer.rows['write'].extend((self._now(), serial, cell, kind, self.amount(old), amount, -1))
                if cell == wire.GRADIENT:
                    self._held[serial] = self.program.initial if new is None else amount

    def _settle_pending(self, serial):
        pending = self._pending.pop(serial, None)
        if pending is not None:
            _, seed, site, before, tick = pending
            seed = self.amount(seed)
            self._held[serial] = seed
            self._note(serial)
            self.writer.rows['write'].extend((
                tick, serial, wire.GRADIENT, wire.WRITE_SET, self.amount(before), seed, site,
            ))

    def _late_leaf(self, probe, obj, value):
        if probe.row is None:
            probe.row = self.sites.of_node(probe.module, probe.node)
        self._take_nodes([LEAF, obj, value, None, None, probe.row, -1])

    def _reads_gradient(self, probe):
        known = probe.label
        if known is None:
            known = probe.label = self.program.reads_derived(
                probe.node.value, probe.scope or probe.module.scope_of(probe.node)
            )
        return known

    def _note(self, serial):
        self._writes += 1
        self._written = serial

    def _write(self, serial, cell, kind, before, after, probe):
        self._note(serial)
        if probe.row is None:
            probe.row = self.sites.of_node(probe.module, probe.node)
        self.writer.rows['write'].extend((
            self._now(), serial, cell, kind, before if type(before) is float else self.amount(before), after, probe.row,
        ))
        if cell == wire.GRADIENT:
            self._held[serial] = self.program.initial if kind in (wire.WRITE_ZERO, wire.WRITE_RELEASE) else after

    def _seed(self, probe, target, amount, before, adds):
        serial = self.identity.of_key(target)
        if serial < 0:
            return
        self._end_step()
        value = self.amount(amount)
        if probe.key[0] == 'map' and not value:
            return
        if amount is None or not value and not adds:
            kind = wire.WRITE_ZERO
            if amount is None and serial in self._touched:
                kind = wire.WRITE_RELEASE
            self._write(serial, wire.GRADIENT, kind, before, value if amount is not None else _NAN, probe)
            return
        if self.active >= 0 and self._steps_in_pass() and serial in self._touched and not adds:
            # The same root once more: a new pass in the same call.
            self.end_pass()
        self._seed_value(probe, serial, target, amount)

    def _steps_in_pass(self):
        return self._step >= 0 or len(self._touched) > 1

    def _seed_value(self, probe, serial, target, amount):
        if self.confirmed.get(probe.key):
            self._begin_seeded(serial, target, amount)
        else:
            self._unproven.append((probe, serial, target, amount))

    def _begin_seeded(self, serial, target, amount):
        self._ensure_pass()
        self._root(serial, target, self.amount(amount))
