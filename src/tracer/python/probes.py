"""The probes themselves: functions that instrumented code calls. Each returns what it is given and appends an event.

They are closures over plain lists, because they run for every node and every contribution.
"""

import operator
import sys
import time

from .identity import MISSING, Place, links
from .bulk import NODE, RULE
from .probe import (
    ASSIGN, BACKWARD, BEGIN, CONSTANT, END, ENTER, FAST, INCREMENT, LEAF, LOAD, MARK, NODES, PULL, RULES, SEED, SHARE,
    WRITES,
)
from .tangents import summed
from .wire import LOOP

_CHUNK = 4096
# Seconds in which nodes are sent one by one.
_EAGER = 0.02
_UNNAMED = (int, float, str, bool, type(None), complex, bytes, type(sys), type, type(lambda: 0), type(len))
_IN_PLACE = {'Mult': operator.mul, 'Div': operator.truediv, 'Pow': operator.pow, 'Add': operator.add,
             'Sub': operator.sub, 'Mod': operator.mod, 'FloorDiv': operator.floordiv}
_GENERIC = ('forward', '__call__', 'call', 'apply', '__init__', '__new__', '__post_init__')


class Limit(BaseException):
    """The recording has reached its limit: unwinds the script."""


def make_probes(recorder, codes, calls):
    """The probes by name, and what seals the events they hold; `codes` maps `id(code)` to `Code`."""
    frame_at = sys._getframe
    # Flat: NODE numbers for each node, RULE numbers for each run of a rule.
    made, ran = [], []
    # Names: how long `made` was, the label, what was named.
    named = []
    back, wrote = [], []
    tell = made.extend
    run = ran.extend
    reads = []
    pending = []
    # A node that is being made, until its maker tells of it.
    newest = newest_value = None
    # Not empty when a maker is about to call the constructor.
    hints = []
    held = []
    counts = calls.counts
    invocations = {}
    find_code = codes.get
    identity = recorder.identity
    probe_table = recorder.probes
    locate = calls.locate
    add_call, next_call = calls.add, calls.next_row
    serial_invocation = 0
    driver = None
    # Of nodes made in a pass: those not told of yet, and those that are gradients.
    untold = {}
    gradients = {}
    limit = NODE * min(_CHUNK, recorder.max_nodes)
    eager_until = None
    nodes_sealed = 0

    def seal():
        """Ends a stretch of events. In it writes come first, then nodes, then gradients, then rules."""
        nonlocal nodes_sealed
        if wrote:
            recorder.runs.append((WRITES, wrote[:]))
            wrote.clear()
        if made or named:
            recorder.runs.append((NODES, (made[:], named[:])))
            nodes_sealed += len(made) // NODE
            made.clear()
            named.clear()
        if back:
            recorder.runs.append((BACKWARD, back[:]))
            back.clear()
        if ran:
            recorder.runs.append((RULES, ran[:]))
            ran.clear()

    def settle():
        nonlocal limit
        seal()
        recorder.process()
        left = recorder.max_nodes - recorder.nodes
        if left <= 0:
            recorder.cut()
            raise Limit()
        limit = NODE * min(_CHUNK, left)

    def hurry():
        """The first nodes leave at once: a script that then hangs and is killed has shown something."""
        nonlocal eager_until
        settle()
        now = time.monotonic()
        if eager_until is None:
            if recorder.nodes:
                eager_until = now + _EAGER
        elif now > eager_until:
            eager_until = 0
        if recorder.any_link or not recorder.writer.rows['operand']:
            recorder.flush()

    def place_of(frame):
        """The user's frame outside the engine, from an engine frame: (code, frame, passed through an operator)."""
        inside = False
        while frame is not None:
            code = find_code(id(frame.f_code))
            if code is not None:
                if not code.engine:
                    return code, frame, inside
                if not (code.initialiser or code.builder):
                    inside = True
            frame = frame.f_back
        return None, None, inside

    def where(frame, code):
        """The rows of the site and of the call that a frame of the user's is at."""
        place = code.places.get(frame.f_lasti)
        call = code.run
        if place is None or call is None or call.frame is not frame or place[1] is not None:
            return locate(frame, code)
        return place[0], call.row

    # -- nodes

    def n(value, obj):
        nonlocal newest, newest_value
        if value is None or driver is not None:
            # Perhaps never told of: a node that had this address before is gone.
            identity.remove((obj,))
            if value is None:
                hints.clear()
                return value
        if hints:
            hints.clear()
        else:
            frame = frame_at(2)
            code = find_code(id(frame.f_code))
            while code is None or code.engine and not code.maker:
                frame = frame.f_back
                if frame is None:
                    break
                code = find_code(id(frame.f_code))
            if frame is None:
                tell((LEAF, obj, value, None, None, -1, -1))
                return value
            if not code.maker:
                code, frame, inside = place_of(frame_at(1))
                leaf(obj, value, code, frame, inside)
                return value
        if newest is not None:
            pending.append((newest, newest_value))
        newest = obj
        newest_value = value
        return value

    def leaf(obj, value, code, frame, inside):
        site, row = where(frame, code) if frame is not None else (-1, -1)
        event = CONSTANT if inside else LEAF, obj, value, None, None, site, row
        if driver is not None and in_pass(frame_at(2)):
            # A seed, or a gradient made by hand, perhaps.
            untold[id(obj)] = event
            return
        if back or ran:
            seal()
        tell(event)
        if len(made) >= limit:
            settle()

    def in_pass(frame):
        """Whether the driver of the pass is still running above a frame."""
        nonlocal driver
        while frame is not None and frame is not driver:
            frame = frame.f_back
        if frame is None:
            end_gradients()
            driver = None
        return frame is not None

    def end_gradients():
        """What was made in a pass and turned out to be no gradient is a node."""
        left = [event for key, event in untold.items() if key not in gradients]
        untold.clear()
        gradients.clear()
        for event in left:
            if back or ran:
                seal()
            tell(event)

    def is_gradient(node, params):
        """Whether a node is computed from a gradient, and only for its value: it is no part of a graph."""
        of_gradient = False
        for param in params:
            if id(param) in gradients:
                of_gradient = True
            if type(param) is type(node) and (links(node, param) or links(param, node)):
                break
        else:
            if of_gradient:
                gradients[id(node)] = node
                return True
        for param in params:
            event = untold.pop(id(param), None)
            if event is not None:
                if back or ran:
                    seal()
                tell(event)
        return False

    def op(number, node, params, frame):
        """A maker has made a node."""
        nonlocal newest
        probe = probe_table[number]
        value = MISSING
        constants = None
        hints.clear()
        if newest is not None:
            pending.append((newest, newest_value))
            newest = None
        last = bool(made) and made[-NODE + 1] is node
        if not pending and not probe.again and (made[-NODE] >= 0 if last else identity.of(node) >= 0):
            # Another maker, called by this one, has told of it already.
            return
        if pending:
            constants = []
            for entry in pending:
                if entry[0] is node:
                    value = entry[1]
                else:
                    constants.append(entry)
            pending.clear()
        elif last and made[-NODE] < 0:
            value = made[-NODE + 2]
            del made[-NODE:]
        if value is MISSING:
            value = identity.read(node, probe.key)
            if value is MISSING or value is None:
                reads.clear()
                return
        if driver is not None and in_pass(frame) and is_gradient(node, params):
            reads.clear()
            return
        if back or ran:
            seal()
        name = op_name(probe, params, frame, node) if probe.dynamic else None
        above = frame.f_back
        code = find_code(id(above.f_code)) if above is not None else None
        if code is None or code.engine or not probe.inside:
            code, frame, _ = place_of(frame)
        else:
            frame = above
        site, row = where(frame, code) if code is not None else (-1, -1)
        if constants:
            for obj, number_ in constants:
                tell((CONSTANT, obj, number_, None, None, site, row))
        if reads:
            params = with_reads(params)
        if probe.given < 0:
            tell((number, node, value, params, name, site, row))
        else:
            tell((number, node, value, *params, *(None,) * (2 - probe.given), site, row))
        if len(made) >= limit:
            settle()

    def with_reads(params):
        """Operands that are not parameters: what was read, in order; the same place read twice is one operand."""
        seen = set()
        found = []
        for number, obj in reads:
            probe = probe_table[number]
            key = probe.label, id(obj)
            if probe.first or key not in seen:
                seen.add(key)
                found.append(obj)
        reads.clear()
        inside = []
        for param in params:
            inside.extend(param if type(param) in (list, tuple) else (param,))
        return params + tuple(o for o in found if not any(o is p for p in inside))

    def op_name(probe, params, frame, node):
        """What only the moment tells: the class of a Function object, the name a general helper was called for."""
        if probe.helper:
            for param in params:
                if type(param) is str and param.isidentifier():
                    return param
            for param in params:
                if type(param) in (type(lambda: 0), type(len)) and param.__name__ != '<lambda>':
                    return param.__name__
            above = frame.f_back
            while above is not None:
                code = find_code(id(above.f_code))
                if code is not None:
                    if code.engine and not code.comprehension and code.scope.name != '<lambda>':
                        return code.scope.name
                    if not code.engine:
                        break
                above = above.f_back
        scope = probe.scope
        while scope.parent is not None and scope.owner is None and scope.parent.is_function:
            scope = scope.parent
        if not probe.inside:
            return None
        if scope.owner is not None and scope.params and params:
            receiver = scope.receiver
            for name, param in zip(probe.scope.params, params):
                if name == receiver:
                    own = type(param)
                    if own is type:
                        own = param
                    if param is node or own not in recorder.node_types and own is not type(node):
                        if scope.name in _GENERIC:
                            return type.__dict__['__name__'].__get__(own)
        return None

    def mk0(number, node):
        op(number, node, (), frame_at(1))
        return node

    def mk1(number, node, a):
        op(number, node, (a,), frame_at(1))
        return node

    def mk2(number, node, a, b):
        op(number, node, (a, b), frame_at(1))
        return node

    def mk3(number, node, *params):
        op(number, node, params, frame_at(1))
        return node

    def f1(number, node, a):
        return f2(number, node, a, None)

    def f2(number, node, a, b):
        """What `op` does, when nothing is unusual."""
        nonlocal newest
        if newest is node and driver is None:
            frame = frame_at(2)
            code = find_code(id(frame.f_code))
            while code is None or code.engine:
                frame = frame.f_back
                if frame is None:
                    break
                code = find_code(id(frame.f_code))
            if frame is not None:
                if back or ran:
                    seal()
                newest = None
                # What `where` does, without a call of it.
                place = code.places.get(frame.f_lasti)
                call = code.run
                if place is not None and call is not None and call.frame is frame:
                    site, loop, header = place
                    if loop is None:
                        row = call.row
                    elif loop < 0:
                        row = locate(frame, code)[1]
                    else:
                        times = counts[loop]
                        if call.count == times and call.loop == loop:
                            row = call.iteration
                        else:
                            row = call.iteration = next_call()
                            call.loop = loop
                            call.count = times
                            call.inner = None
                            add_call((call.row, LOOP, -1, -1, header, times))
                else:
                    site, row = locate(frame, code)
                if pending:
                    for obj, value in pending:
                        tell((CONSTANT, obj, value, None, None, site, row))
                    pending.clear()
                tell((number, node, newest_value, a, b, site, row))
                if len(made) >= limit:
                    settle()
                return node
        op(number, node, (a, b)[:probe_table[number].given], frame_at(1))
        return node

    def ms(number, value, node, *params):
        if value is not None:
            pending.append((node, value))
            op(number, node, params, frame_at(1))
        else:
            reads.clear()
        return value

    def mx(number, result, node, *params):
        op(number, node, params, frame_at(1))
        return result

    def nd(number, node):
        """A record or display that is a node: an operand-less one, unless a maker says otherwise at once."""
        value = identity.read(node, probe_table[number].key)
        if value is MISSING or value is None:
            return node
        frame = frame_at(1)
        code, outer, inside = place_of(frame)
        leaf(node, value, code, outer, inside)
        return node

    def nx(number, result, node):
        nd(number, node)
        return result

    def ap(number, value, items, *params):
        """`values.append(v)`: the node is the place in the list."""
        if type(items) is not list:
            return value
        place = Place(len(items))
        read = []
        for load, key in reads:
            if type(key) is int and key not in read:
                read.append(key)
        reads.clear()
        named = [key for key in params if type(key) is int and key in read]
        pending.append((place, value))
        op(number, place, tuple(Place(key) for key in named or read), frame_at(1))
        return value

    def rv(number, obj):
        reads.append((number, obj))
        return obj

    def rc():
        reads.clear()

    # -- gradients

    def c(number, target, amount, source, upstream):
        if ran:
            seal()
        back.append((FAST, number, target, amount, source, upstream))
        if len(back) >= _CHUNK:
            settle()
        return amount

    def r1(number, source, upstream, target, amount):
        run((number, source, upstream, target, amount, None, 0.0))
        if len(ran) >= RULE * _CHUNK:
            settle()

    def r2(number, source, upstream, left, left_amount, right, right_amount):
        run((number, source, upstream, left, left_amount, right, right_amount))
        if len(ran) >= RULE * _CHUNK:
            settle()

    def gradient(event):
        if ran:
            seal()
        back.append(event)
        if len(back) >= _CHUNK:
            settle()

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
        if type(amount) is not float and driver is not None:
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

    increments = []

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

    # -- writes by the user's code

    def write(number, target, amount, is_value, how):
        if back or ran:
            settle()
        if made or named:
            seal()
        if recorder.active >= 0:
            recorder.end_pass()
        probe = probe_table[number]
        before = identity.read(target, probe.key) if probe.key[0] != 'map' else None
        after = amount
        if how and type(before) in (int, float) and type(amount) in (int, float):
            try:
                after = _IN_PLACE[type(probe.node.op).__name__](before, amount)
            except (KeyError, ArithmeticError):
                after = float('nan')
        wrote.append((number, target, after, None if before is MISSING else before, is_value))
        if len(wrote) >= _CHUNK:
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

    # -- drivers

    def db(number):
        nonlocal driver
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
        code, outer, _ = place_of(frame)
        driver = frame
        site = recorder.sites.at(code, outer.f_lasti) if code is not None else -1
        gradient((BEGIN, number, None, None, site, None))

    def de(number, value=None):
        nonlocal driver
        if driver is not None and frame_at(1) is driver:
            driver = None
            end_gradients()
            gradient((END, number, None, None, None, None))
            settle()
        return value

    # -- tangents of dual numbers

    terms = {}

    def tt(number, value, operand=None):
        terms[number] = value, operand
        return value

    def ti(number, value, obj=None):
        at = nodes_sealed + len(made) // NODE
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

    # -- names and loops

    def nm(number, value):
        kind = type(value)
        if kind not in _UNNAMED:
            if kind is list or kind is tuple:
                if not value or type(value[0]) in _UNNAMED:
                    return value
                value_ = tuple(value[:1000])
            else:
                value_ = value
            if back or ran:
                seal()
            named.extend((len(made) // NODE, probe_table[number].label, value_))
            if eager_until != 0:
                hurry()
        return value

    def nk(number, value):
        return nm(number, Place(value)).index if type(value) is int else nm(number, value)

    def nh(number, value):
        nm(number, place_in(value))
        return value

    def place_in(value):
        """Where nodes are places in a list, the place that an object stands for."""
        kind = type(value)
        if kind is list or kind is tuple:
            return [place_in(item) for item in value[:1000]]
        if kind not in _UNNAMED:
            for key in recorder.program.handles:
                index = identity.read(value, key)
                if type(index) is int:
                    return Place(index)
        return value

    def nt(*pairs):
        for place in range(0, len(pairs), 2):
            nm(pairs[place], pairs[place + 1])

    def ls(loop, iterated):
        while len(counts) <= loop:
            counts.append(-1)
        counts[loop] = -1
        return iterated

    def it(loop):
        counts[loop] += 1
        return True

    found = {
        'n': n, 'mk0': mk0, 'mk1': mk1, 'mk2': mk2, 'mk3': mk3, 'f1': f1, 'f2': f2, 'o': hints.append, 'ms': ms, 'mx': mx, 'nd': nd, 'nx': nx, 'ap': ap, 'rv': rv,
        'rc': rc, 'c': c, 'r1': r1, 'r2': r2, 'mark': mark, 'k': k, 'lv': lv, 'en': en, 'a': a, 't': t, 'at': at, 'inc': inc, 'val': val,
        's': s, 's2': s2, 'p': p, 'sn': sn, 'sv': sv, 'ss': ss, 'sa': sa, 'sat': sat, 'sx': sx, 'sxt': sxt, 'm': m, 'sh': sh, 'shs': shs,
        'tt': tt, 'ti': ti, 'tw': tw, 'wn': wn, 'wv': wv, 'ws': ws, 'wa': wa, 'wx': wa, 'wat': wat, 'wxt': wat, 'un': un, 'uv': uv, 'us': us,
        'ua': ua, 'ux': ua, 'uat': uat, 'uxt': uat, 'db': db, 'de': de, 'nm': nm, 'nk': nk, 'nh': nh, 'nt': nt, 'ls': ls, 'it': it,
    }
    return found, seal
