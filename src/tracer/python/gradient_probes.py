"""Probes around gradient arithmetic: contributions, loads, seeds, and the functions that drive a pass."""

import sys

from .bulk import RULE
from .events import CHUNK
from .identity import MISSING
from .probe import ASSIGN, BEGIN, END, ENTER, FAST, INCREMENT, LOAD, MARK, PULL, SEED, SHARE


def gradient_probes(events):
    """The probes by name."""
    recorder, gate = events.recorder, events.recorder.gate
    find_code = events.find_code
    seal, settle = events.seal, events.settle
    ran, back = events.ran, events.back
    held, increments, gradients = events.held, events.increments, events.gradients
    run = ran.extend
    full = RULE * CHUNK
    frame_at = sys._getframe
    identity = recorder.identity
    probe_table = recorder.probes
    invocations = {}
    serial_invocation = 0

    def c(number, target, amount, source, upstream):
        if ran:
            seal()
        back.append((FAST, number, target, amount, source, upstream))
        if len(back) >= events.chunk:
            settle()
        return amount

    def r1(number, source, upstream, target, amount):
        run((number, source, upstream, target, amount, None, 0.0))
        if len(ran) >= full:
            settle()

    def r2(number, source, upstream, left, left_amount, right, right_amount):
        run((number, source, upstream, left, left_amount, right, right_amount))
        if len(ran) >= full:
            settle()

    def gradient(event):
        if ran:
            seal()
        back.append(event)
        if len(back) >= events.chunk:
            settle()

    if gate is not None:
        plan = gate.plan

        # A debugger may want to stop at any of them, or at some numbers.
        def gradient(event):
            back.append(event)
            count = len(back)
            if count >= events.chunk and (count >= CHUNK or plan.wants(event)):
                settle()
            elif plan.extreme_gradients and plan.look(event[3]):
                settle()

        def c(number, target, amount, source, upstream):
            gradient((FAST, number, target, amount, source, upstream))
            return amount

    def mark(number):
        gradient((MARK, number, None, None, None, None))
        return True

    def k(obj):
        held.append(obj)
        return obj

    def lv(number, value):
        if held:
            gradient((LOAD, number, held.pop(), value, None, None))
        return value

    def invocation_of(frame):
        """The running call of a recursive rule that a frame belongs to."""
        while frame is not None:
            entry = invocations.get(id(frame))
            if entry is not None and entry[0] is frame:
                return entry[1]
            code = find_code(id(frame.f_code))
            if code is not None and not code.engine:
                return None
            frame = frame.f_back
        return None

    def en(number, node, amount):
        nonlocal serial_invocation
        frame = frame_at(1)
        parent = invocation_of(frame.f_back)
        if parent is None:
            invocations.clear()
        serial_invocation += 1
        invocations[id(frame)] = frame, serial_invocation
        gradient((ENTER, serial_invocation, node, amount, parent, None))

    def add(kind, number, target, amount, own):
        source = None
        if type(amount) is not float and events.driver is not None:
            gradients[id(amount)] = amount
        if probe_table[number].recursive:
            source = invocation_of(frame_at(2))
        gradient((kind, number, target, amount, source, own))

    def a(number, amount, target):
        add(INCREMENT, number, target, amount, None)
        return amount

    def t(obj):
        held.append(obj)
        return obj

    def at(number, amount):
        add(INCREMENT, number, held.pop(), amount, None)
        return amount

    def inc(sign, amount):
        increments.append((sign, amount, True))
        return amount

    def val(amount):
        increments.append((1, amount, False))
        return amount

    def s(number, target):
        if increments:
            sign, amount, own = increments.pop()
            increments.clear()
            add(ASSIGN, number, target, -amount if sign < 0 and type(amount) in (int, float) else amount, own)
        return target

    def s2(number, amount, target):
        s(number, target)
        return amount

    def p(number, target, amount, source, upstream):
        gradient((PULL, number, target, amount, source, upstream))
        return amount

    def seed(number, target, amount, adds):
        key = probe_table[number].key
        before = identity.read(target, key) if key[0] != 'map' else None
        gradient((SEED, number, target, amount, None if before is MISSING else before, adds))

    def sn(number, amount, target):
        seed(number, target, amount, False)
        return amount

    def sv(number, amount):
        increments.append((1, amount, False))
        return amount

    def ss(number, target):
        if increments:
            seed(number, target, increments.pop()[1], False)
        return target

    def sa(number, amount, target):
        seed(number, target, amount, True)
        return amount

    def sat(number, amount):
        seed(number, held.pop(), amount, True)
        return amount

    def sx(number, amount, target):
        return amount

    def sxt(number, amount):
        held.pop()
        return amount

    def sh(number, amount, target, owner):
        gradient((SHARE, number, target, amount, owner, None))
        return amount

    def shs(number, target, owner):
        if increments:
            sh(number, increments.pop()[1], target, owner)
        return target

    def m(mapping):
        recorder.maps[id(mapping)] = mapping
        return mapping

    # -- drivers

    def db(number):
        frame = frame_at(1)
        above = frame.f_back
        while above is not None:
            code = find_code(id(above.f_code))
            if code is not None:
                if code.driver:
                    return
                if not code.engine:
                    break
            above = above.f_back
        code, outer, _ = events.place_of(frame)
        events.driver = frame
        site = recorder.sites.at(code, outer.f_lasti) if code is not None else -1
        gradient((BEGIN, number, None, None, site, None))

    def de(number, value=None):
        if events.driver is not None and frame_at(1) is events.driver:
            events.driver = None
            events.end_gradients()
            gradient((END, number, None, None, None, None))
            settle()
        return value

    return {
        'c': c, 'r1': r1, 'r2': r2, 'mark': mark, 'k': k, 'lv': lv, 'en': en, 'a': a, 't': t, 'at': at, 'inc': inc,
        'val': val, 's': s, 's2': s2, 'p': p, 'sn': sn, 'sv': sv, 'ss': ss, 'sa': sa, 'sat': sat, 'sx': sx, 'sxt': sxt,
        'm': m, 'sh': sh, 'shs': shs, 'db': db, 'de': de,
    }
