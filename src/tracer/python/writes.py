"""What is stored in the cells of nodes beside contributions: seeds, resets, clips, updates, inputs given later."""

from . import wire
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
