"""Probes around the tangents of dual numbers."""

from .bulk import NODE
from .tangents import summed


def tangent_probes(events):
    """The probes by name."""
    recorder = events.recorder
    probe_table = recorder.probes
    made, increments, settle = events.made, events.increments, events.settle
    terms = {}

    def tt(number, value, operand=None):
        terms[number] = value, operand
        return value

    def ti(number, value, obj=None):
        at = events.sealed + len(made) // NODE
        recorder.sums.append((at, probe_table[number].scope, obj, summed(probe_table[number].lines, terms)))
        terms.clear()
        return value

    def tw(number, target):
        if increments:
            amount = increments.pop()[1]
            settle()
            recorder.take_waiting_dual()
            recorder.take_tangent_write(probe_table[number], target, amount)
        return target

    return {'tt': tt, 'ti': ti, 'tw': tw}
