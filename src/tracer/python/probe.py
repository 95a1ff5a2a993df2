"""What is known of a probe before the program runs."""

import ast

from . import wire

# What a probe stands for; the recorder branches on it.
FAST, LOAD, INCREMENT, ASSIGN, SEED, MARK, ENTER, PULL, BEGIN, END, SHARE = range(11)
# What a stretch of events holds.
NODES, BACKWARD, RULES, WRITES = range(4)
# In the place of a maker's number; as kinds of the wire they are positive.
LEAF, CONSTANT = -wire.LEAF, -wire.CONSTANT


class Probe:
    """The static facts of one probe."""

    __slots__ = (
        'kind', 'module', 'node', 'key', 'first', 'sign', 'recursive', 'scope', 'used', 'linked', 'label', 'row',
        'helper', 'again', 'dynamic', 'flags', 'inside', 'slots', 'arity', 'lines', 'plain', 'given', 'op',
    )

    def __init__(self, kind, module, node, key=None, scope=None):
        self.kind = kind
        self.module = module
        self.node = node
        self.key = key
        self.scope = scope
        self.first = False
        self.sign = 1
        self.recursive = False
        self.used = None
        self.linked = None
        self.label = None
        self.row = None
        self.helper = False
        self.dynamic = self.inside = True
        self.flags = self.slots = self.lines = self.op = None
        self.arity = 0
        # How many operands its probe is given one by one, -1 for a tuple and a name.
        self.given = -1
        # Whether its nodes have all of the maker's parameters for operands, and nothing else to say.
        self.plain = False
        self.again = isinstance(node, ast.stmt)
