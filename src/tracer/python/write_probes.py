"""Probes around stores that the user's own code makes into the cells of nodes."""

import operator

from .identity import MISSING

_IN_PLACE = {'Mult': operator.mul, 'Div': operator.truediv, 'Pow': operator.pow, 'Add': operator.add,
             'Sub': operator.sub, 'Mod': operator.mod, 'FloorDiv': operator.floordiv}


def write_probes(events):
    """The probes by name."""
    recorder, gate = events.recorder, events.recorder.gate
    seal, settle = events.seal, events.settle
    made, named, ran, back, wrote = events.made, events.named, events.ran, events.back, events.wrote
    held, increments = events.held, events.increments
    identity = recorder.identity
    probe_table = recorder.probes

    def wants(is_value):
        return gate.plan.extreme_values if is_value else gate.plan.extreme_gradients

    def write(number, target, amount, is_value, how):
        if back or ran:
            settle()
        if made or named:
            seal()
        if recorder.active >= 0:
            recorder.end_pass()
            if gate is not None:
                gate.reached()
        probe = probe_table[number]
        before = identity.read(target, probe.key) if probe.key[0] != 'map' else None
        after = amount
        if how and type(before) in (int, float) and type(amount) in (int, float):
            try:
                after = _IN_PLACE[type(probe.node.op).__name__](before, amount)
            except (KeyError, ArithmeticError):
                after = float('nan')
        wrote.append((number, target, after, None if before is MISSING else before, is_value))
        if len(wrote) >= events.chunk or gate is not None and wants(is_value) and gate.plan.look(after):
            settle()

    def writers(is_value):
        def name(number, amount, target):
            write(number, target, amount, is_value, False)
            return amount

        def value(number, amount):
            increments.append((1, amount, False))
            return amount

        def store(number, target):
            if increments:
                write(number, target, increments.pop()[1], is_value, False)
            return target

        def aug(number, amount, target):
            write(number, target, amount, is_value, True)
            return amount

        def aug_held(number, amount):
            write(number, held.pop(), amount, is_value, True)
            return amount

        return name, value, store, aug, aug_held

    wn, wv, ws, wa, wat = writers(False)
    un, uv, us, ua, uat = writers(True)

    return {
        'wn': wn, 'wv': wv, 'ws': ws, 'wa': wa, 'wx': wa, 'wat': wat, 'wxt': wat, 'un': un, 'uv': uv, 'us': us,
        'ua': ua, 'ux': ua, 'uat': uat, 'uxt': uat,
    }
