"""The probes themselves: functions that instrumented code calls. Each returns what it is given and appends an event.

They are closures over plain lists, because they run for every node and every contribution.
"""

from .events import Events
from .gradient_probes import gradient_probes
from .name_probes import name_probes
from .node_probes import node_probes
from .tangent_probes import tangent_probes
from .write_probes import write_probes

_GROUPS = (node_probes, gradient_probes, write_probes, tangent_probes, name_probes)


def make_probes(recorder, codes, calls):
    """The probes by name, and what seals the events they hold; `codes` maps `id(code)` to `Code`."""
    events = Events(recorder, codes, calls)
    found = {}
    for group in _GROUPS:
        found.update(group(events))
    return found, events.seal
