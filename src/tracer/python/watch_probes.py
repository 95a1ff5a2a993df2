"""The probes that watch.py puts around expressions: they see the numbers, give back what they are given, and write the trail.

What an expression needs of its parts waits on one stack, each with the number of its probe.
"""

import sys
import types
from array import array

from .identity import MISSING, fields_of
from .name_probes import NAMELESS, loop_probes
from .scopes import tail
from .trail import DERIVED, GIVEN, HEAP_TYPE, LOADED, NAMED, NUMBERS, STORED, Event, Int, ends, is_numeric

_ITEMS = (list, tuple)


def make_watch_probes(trail, limit):
    """The probes by name; `limit` is called when more objects with numbers were made than may be recorded."""
    frame_at = sys._getframe
    stack = []
    # What generators that were handed to a call have given so far, by the address of their frame.
    yielded = {}
    probe_table = trail.recorder.probes
    most = trail.recorder.max_nodes

    def pop(number, count):
        """The values that this probe's expression pushed, in order; what others left behind is dropped."""
        found = []
        while stack and len(found) < count:
            owner, value = stack.pop()
            if owner == number:
                found.append(value)
        found.reverse()
        return found

    def l(number, value):
        stack.append((number, value))
        return value

    def lf(number, called):
        stack.append((number, (called, len(trail.events))))
        return called

    def lg(number, value):
        """An argument: a number that nothing is known of gets an identity here, like a seed that is handed over."""
        if type(value) is float and id(value) not in trail.numbers and not trail.blind:
            value = trail.give(value, frame_at(2))
        elif type(value) is types.GeneratorType and value.gi_frame is not None:
            yielded[id(value.gi_frame)] = value.gi_frame, value, []
        stack.append((number, value))
        return value

    def y(value):
        """An element of a generator expression that is an argument of a call."""
        known = yielded.get(id(frame_at(2)))
        if known is not None:
            known[2].append(value)
        return value

    def la(number, target, value):
        stack.append((number, target))
        stack.append((number, value))
        return value

    def lh(number, holder):
        """The holder of a cell that is about to be added to; a property is loaded and stored by code of its own."""
        stack.append((number, len(trail.events)))
        stack.append((number, holder))
        return holder

    def lb(number, value):
        probe = probe_table[number]
        held = stack[-1:] if probe.key[0] == 'attr' else stack[-2:]
        owner, key = trail.cell(probe, *(value for _, value in held))
        before = trail.raw(owner, key)
        if type(before) in NUMBERS and not trail.blind:
            before = trail.load(before, owner, key, frame_at(2))
        stack.append((number, before))
        stack.append((number, value))
        return value

    def r(number, value):
        probe = probe_table[number]
        parts = pop(number, probe.arity)
        kind = type(value)
        if kind in NUMBERS and not trail.blind:
            return trail.derive(probe.label, value, parts, frame_at(2))
        return value

    def g(number, value):
        probe = probe_table[number]
        attribute = probe.key[0] == 'attr'
        held = pop(number, 1 if attribute else 2)
        kind = type(value)
        if kind in NUMBERS and not trail.blind and held:
            return trail.load(value, *trail.cell(probe, *held), frame_at(2))
        if kind is dict and attribute and probe.key[1] == '__dict__' and held:
            trail.namespaces[id(value)] = held[0], value
        elif not attribute and held and isinstance(held[0], (dict, list)):
            trail.tables[id(held[0])] = held[0]
        return value

    def c(number, value):
        parts = pop(number, probe_table[number].arity)
        if not parts or trail.blind:
            return value
        (called, start), arguments = parts[0], parts[1:]
        kind = type(value)
        frame = frame_at(2)
        owner = getattr(called, '__self__', None) if type(called) is types.BuiltinFunctionType else None
        name = getattr(called, '__name__', None) if type(called) in (types.BuiltinFunctionType, type) else None
        if kind in NUMBERS:
            if trail.number_of(value) is None or owner is not None:
                if owner is not None and isinstance(owner, dict) and name in ('get', 'setdefault', 'pop') and arguments:
                    label(number, owner)
                    return trail.load_or_default(value, owner, arguments[0], frame)
                if name == 'getattr' and len(arguments) > 1:
                    return trail.load(value, arguments[0], ('attr', arguments[1]), frame)
                if called is float and len(arguments) == 1 and type(arguments[0]) is Int:
                    return trail.derive('float', value, arguments, frame)
                if is_foreign(called):
                    return trail.derive(name or 'call', value, spread(arguments, start), frame)
            return value
        if owner is not None and type(owner) in (list, array) and name == 'append' and len(arguments) == 1:
            if type(arguments[0]) in NUMBERS:
                label(number, owner)
                trail.append(owner)
                trail.store(arguments[0], owner, ('entry', len(owner) - 1), frame)
        elif name == 'setattr' and len(arguments) == 3:
            trail.store(arguments[2], arguments[0], ('attr', arguments[1]), frame)
        elif called is vars and arguments:
            trail.namespaces[id(value)] = arguments[0], value
        elif kind is dict or kind is types.SimpleNamespace or (
            kind.__flags__ & HEAP_TYPE and not issubclass(kind, type) and kind.__module__ not in ('functools', 'collections')
        ):
            if is_numeric(kind):
                trail.hold(value, arguments, frame)
            bear(value, frame)
        return value

    def bear(obj, frame):
        trail.bear(obj, frame)
        if trail.objects > most:
            limit()

    def label(number, owner):
        function = probe_table[number].node.func
        name = tail(getattr(function, 'value', function))
        if name is not None:
            trail.labels.setdefault(id(owner), name)

    def is_foreign(called):
        """A function whose own arithmetic is not watched."""
        kind = type(called)
        if kind is types.FunctionType:
            return id(called.__code__) not in trail.codes
        return kind is not types.MethodType and not kind.__flags__ & HEAP_TYPE

    def spread(arguments, start):
        """The numbers among the arguments of a builtin: given as they are, in a list, or by a generator."""
        found = []
        for argument in arguments:
            kind = type(argument)
            if kind in _ITEMS:
                found.extend(argument[:1000])
            elif kind is dict:
                found.extend(list(argument.values())[:1000])
            elif kind is types.GeneratorType:
                for frame, generator, values in list(yielded.values()):
                    if generator is argument:
                        found.extend(values)
                        del yielded[id(frame)]
            elif kind in (map, filter, zip):
                # What was computed meanwhile, and was not used for anything, went through it.
                since = trail.events[start:]
                used = {part for event in since for part in (*event.parts, event.through) if type(part) is int}
                found.extend(
                    event.value for place, event in enumerate(since, start)
                    if event.kind == DERIVED and place not in used
                )
            else:
                found.append(argument)
        return [value for value in found if type(value) in NUMBERS or is_numeric(type(value))]

    def d(number, value):
        if not trail.blind and any(type(v) in NUMBERS for _, v in fields_of(value)):
            bear(value, frame_at(2))
        return value

    def st(number):
        probe = probe_table[number]
        attribute = probe.key[0] == 'attr'
        held = pop(number, 1 if attribute else 2)
        if trail.blind or not held:
            return
        owner, key = trail.cell(probe, *held)
        value = trail.raw(owner, key)
        if value is None or type(value) in NUMBERS:
            trail.store(value, owner, key, frame_at(2))

    def sa(number):
        probe = probe_table[number]
        parts = pop(number, 4 if probe.key[0] == 'attr' else 5)
        if trail.blind or len(parts) < 4:
            return
        start, *held, before, added = parts
        owner, key = trail.cell(probe, *held)
        value = trail.raw(owner, key)
        frame = frame_at(2)
        if value is MISSING:
            through_property(probe, start, added, frame)
            return
        if type(value) not in NUMBERS:
            return
        # A `defaultdict` had nothing there.
        parts = [before, added] if type(before) in NUMBERS else [added]
        derived = trail.derive(probe.op, value, parts, frame)
        # An integer in the cell has no identity of its own.
        trail.store(value, owner, key, frame, trail.number_of(derived))

    def through_property(probe, start, added, frame):
        """`x.grad += e` where the setter has stored the sum: what it is the sum of."""
        since = trail.events[start:]
        stored = next((event for event in reversed(since) if event.kind == STORED), None)
        if stored is None or stored.value is None:
            return
        given = trail.events[stored.through] if stored.through is not None else None
        if given is not None and given.op != GIVEN:
            return
        for event in since:
            if event.kind == LOADED and event.owner is stored.owner and event.key == stored.key:
                if given is None:
                    stored.through = trail.number_of(trail.derive(probe.op, stored.value, [event.value, added], frame))
                else:
                    known = trail.number_of(added)
                    given.op, given.parts = probe.op, (trail.number_of(event.value), added if known is None else known)
                return

    def fl(number, value, function):
        """A variable that closures share was loaded."""
        if type(value) in NUMBERS and not trail.blind:
            run = trail.share(function)
            if run is not None:
                return trail.load_shared(value, run, probe_table[number].key, frame_at(2))
        return value

    def fs(number, value, function):
        """It was stored."""
        if type(value) in NUMBERS and not trail.blind:
            run = trail.share(function, frame_at(2))
            if run is not None:
                trail.store(value, run, probe_table[number].key, frame_at(2))

    def ty(value):
        kind = type(value)
        return int if kind is Int else kind

    def nm(number, value):
        named(number, value, frame_at(2))
        return value

    def named(number, value, frame):
        if type(value) not in NAMELESS and not trail.blind and not ends(value):
            kept = tuple(value[:1000]) if type(value) in _ITEMS and id(value) not in trail.born else value
            trail._add(Event(NAMED, None, trail.here(frame), kept, probe_table[number].label))

    def nt(*pairs):
        for place in range(0, len(pairs), 2):
            named(pairs[place], pairs[place + 1], frame_at(2))

    # Each probe with the place of the argument that it gives back, None for one that gives nothing.
    places = {
        'l': 1, 'lf': 1, 'lg': 1, 'y': 0, 'la': 2, 'lb': 1, 'lh': 1, 'r': 1, 'g': 1, 'c': 1, 'd': 1, 'nm': 1,
        'fl': 1, 'fs': None, 'st': None, 'sa': None, 'nt': None,
    }
    probes = {
        'l': l, 'lf': lf, 'lg': lg, 'y': y, 'la': la, 'lb': lb, 'lh': lh, 'r': r, 'g': g, 'c': c, 'd': d, 'st': st,
        'sa': sa, 'nm': nm, 'nt': nt, 'fl': fl, 'fs': fs,
    }
    found = {name: _guarded(trail, probe, places[name]) for name, probe in probes.items()}
    # They only put down what they are given, for every operand.
    found['l'] = l
    found['lf'] = lf
    return {**found, **loop_probes(trail.counts), 'ty': ty}


def _guarded(trail, probe, place):
    """A probe that never fails the script: what goes wrong in it ends the following instead."""

    def guarded(*arguments):
        try:
            return probe(*arguments)
        except RecursionError:
            # The script is about to fail by itself.
            return None if place is None else arguments[place]
        except Exception as error:
            trail.blind = True
            trail.failure = trail.failure or repr(error)
            return None if place is None else arguments[place]

    return guarded
