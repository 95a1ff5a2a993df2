"""Probes around what makes nodes: constructors and their stores, displays, appends."""

import sys

from .bulk import NODE
from .identity import MISSING, Place, links
from .probe import CONSTANT, LEAF
from .wire import LOOP

_GENERIC = ('forward', '__call__', 'call', 'apply', '__init__', '__new__', '__post_init__')


def node_probes(events):
    """The probes by name."""
    recorder, calls = events.recorder, events.calls
    find_code, place_of = events.find_code, events.place_of
    seal, settle = events.seal, events.settle
    made, ran, back, reads = events.made, events.ran, events.back, events.reads
    untold, gradients = events.untold, events.gradients
    tell = made.extend
    frame_at = sys._getframe
    identity = recorder.identity
    probe_table = recorder.probes
    counts, locate, find_call = calls.counts, calls.locate, calls.runs.get
    add_call, next_call = calls.add, calls.next_row
    pending = []
    # A node that is being made, until its maker tells of it.
    newest = newest_value = None
    # Not empty when a maker is about to call the constructor.
    hints = []

    def where(frame, code):
        """The rows of the site and of the call that a frame of the user's is at."""
        place = code.places.get(frame.f_lasti)
        call = find_call(frame)
        if place is None or call is None or place[1] is not None:
            return locate(frame, code)
        return place[0], call.row

    def n(value, obj):
        nonlocal newest, newest_value
        if value is None or events.driver is not None:
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
        if events.driver is not None and in_pass(frame_at(2)):
            # A seed, or a gradient made by hand, perhaps.
            untold[id(obj)] = event
            return
        if back or ran:
            seal()
        tell(event)
        if len(made) >= events.limit:
            settle()

    def in_pass(frame):
        """Whether the driver of the pass is still running above a frame."""
        while frame is not None and frame is not events.driver:
            frame = frame.f_back
        if frame is None:
            events.end_gradients()
            events.driver = None
        return frame is not None

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
        if events.driver is not None and in_pass(frame) and is_gradient(node, params):
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
        if len(made) >= events.limit:
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
        if newest is node and events.driver is None:
            frame = frame_at(2)
            call = find_call(frame)
            code = None
            if call is None:
                code = find_code(id(frame.f_code))
                while code is None or code.engine:
                    frame = frame.f_back
                    if frame is None:
                        break
                    code = find_code(id(frame.f_code))
                else:
                    call = find_call(frame)
            if frame is not None:
                if back or ran:
                    seal()
                newest = None
                # What `where` does, without a call of it.
                place = call.places.get(frame.f_lasti) if call is not None else None
                if place is not None:
                    site, loop, header = place
                    if loop is None:
                        row = call.row
                    elif loop < 0:
                        row = locate(frame, call.code)[1]
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
                    site, row = locate(frame, code or call.code)
                if pending:
                    for obj, value in pending:
                        tell((CONSTANT, obj, value, None, None, site, row))
                    pending.clear()
                tell((number, node, newest_value, a, b, site, row))
                if len(made) >= events.limit:
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
        # As with_reads has it: `vals[i] * vals[j]` has two operands, though i may be j.
        read = [key for _, key in dict.fromkeys((probe_table[load].label, key) for load, key in reads) if type(key) is int]
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

    return {
        'n': n, 'mk0': mk0, 'mk1': mk1, 'mk2': mk2, 'mk3': mk3, 'f1': f1, 'f2': f2, 'o': hints.append, 'ms': ms,
        'mx': mx, 'nd': nd, 'nx': nx, 'ap': ap, 'rv': rv, 'rc': rc,
    }
