"""Probes around what the user's own code names, and around its loops."""

import sys
import time

from .bulk import NODE
from .identity import Place

# Seconds in which nodes are sent one by one.
_EAGER = 0.02
# Types of what is never a node.
NAMELESS = (str, bool, type(None), complex, bytes, type(sys), type, type(lambda: 0), type(len))
_UNNAMED = (int, float, *NAMELESS)


def name_probes(events):
    """The probes by name."""
    recorder, counts = events.recorder, events.calls.counts
    seal, settle = events.seal, events.settle
    made, named, ran, back = events.made, events.named, events.ran, events.back
    identity = recorder.identity
    probe_table = recorder.probes
    eager_until = None

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

    return {'nm': nm, 'nk': nk, 'nh': nh, 'nt': nt, **loop_probes(counts)}


def loop_probes(counts):
    """`counts[loop]` is the running iteration of each instrumented loop."""

    def ls(loop, iterated):
        while len(counts) <= loop:
            counts.append(-1)
        counts[loop] = -1
        return iterated

    def it(loop):
        counts[loop] += 1
        return True

    return {'ls': ls, 'it': it}
