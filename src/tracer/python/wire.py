"""The wire format: tables of packed little-endian columns. `src/protocol/wire.ts` is the other half."""

import array
import json
import struct
import sys

MAGIC = b'BPLW'
VERSION = 1

TABLES = {
    'text': {},
    'meta': {'key': 'text', 'value': 'text'},
    'source': {'path': 'text', 'content': 'text'},
    'site': {'source': 'i32', 'startLine': 'i32', 'startColumn': 'i32', 'endLine': 'i32', 'endColumn': 'i32'},
    'call': {
        'parent': 'i32', 'kind': 'u8', 'function': 'text', 'instance': 'text', 'site': 'i32', 'iteration': 'i32',
    },
    'tensor': {
        'shape': 'text', 'dtype': 'text', 'device': 'text', 'count': 'f64', 'min': 'f64', 'max': 'f64', 'mean': 'f64',
        'std': 'f64', 'l2': 'f64', 'zeros': 'f64', 'nans': 'f64', 'posInf': 'f64', 'negInf': 'f64', 'detail': 'text',
    },
    'maker': {'name': 'text', 'kind': 'u8', 'flags': 'i32'},
    'node': {
        'maker': 'i32', 'site': 'i32', 'call': 'i32', 'tick': 'i32', 'kind': 'u8', 'data': 'f64', 'left': 'i32',
        'right': 'i32',
    },
    'op': {'name': 'text', 'site': 'i32', 'call': 'i32', 'kind': 'u8', 'thread': 'u8'},
    'value': {'op': 'i32', 'output': 'u8', 'tick': 'i32', 'kind': 'u8', 'data': 'f64', 'tensor': 'i32'},
    'operand': {'op': 'i32', 'value': 'i32', 'flags': 'u8'},
    'constant': {'op': 'i32', 'slot': 'i32', 'data': 'f64'},
    'cut': {'op': 'i32', 'slot': 'i32', 'reason': 'text'},
    'name': {'tick': 'i32', 'value': 'i32', 'path': 'text'},
    'pass': {'parent': 'i32', 'kind': 'u8', 'site': 'i32', 'tick': 'i32'},
    'passEnd': {'pass': 'i32', 'tick': 'i32'},
    'root': {'pass': 'i32', 'value': 'i32', 'tick': 'i32', 'seed': 'f64', 'tensor': 'i32'},
    'rule': {'firstSlot': 'i8', 'firstSite': 'i32', 'secondSlot': 'i8', 'secondSite': 'i32'},
    'run': {
        'pass': 'i32', 'rule': 'i32', 'op': 'i32', 'tick': 'i32', 'upstream': 'f64', 'first': 'f64', 'second': 'f64',
    },
    'step': {'pass': 'i32', 'op': 'i32', 'tick': 'i32'},
    'stepEnd': {'step': 'i32', 'tick': 'i32'},
    'upstream': {'step': 'i32', 'output': 'u8', 'data': 'f64', 'tensor': 'i32'},
    'contribution': {
        'step': 'i32', 'slot': 'i8', 'target': 'i32', 'tick': 'i32', 'data': 'f64', 'tensor': 'i32', 'how': 'u8',
        'mode': 'u8', 'site': 'i32',
    },
    'held': {'pass': 'i32', 'value': 'i32', 'before': 'f64', 'after': 'f64', 'tensor': 'i32'},
    'write': {
        'tick': 'i32', 'target': 'i32', 'cell': 'u8', 'kind': 'u8', 'before': 'f64', 'after': 'f64', 'tensor': 'i32',
        'site': 'i32',
    },
    'event': {'tick': 'i32', 'kind': 'text', 'subject': 'i32', 'text': 'text'},
}

# op.kind, value.kind, operand.flags, call.kind, pass.kind, contribution.mode, write.cell, write.kind
OP, LEAF, CONSTANT = 0, 1, 2
F64, INT, COMPLEX, TEXT = 0, 1, 2, 3
USED, LINKED = 1, 2
CALL, LOOP = 0, 1
BACKWARD, GRAD, FORWARD_MODE, BY_HAND = 0, 1, 2, 3
ADD, SET = 0, 1
VALUE, GRADIENT = 0, 1
WRITE_SET, WRITE_ADD, WRITE_ZERO, WRITE_HOOK, WRITE_CLIP, WRITE_UPDATE, WRITE_RELEASE = range(7)

_CODES = {'u8': 'B', 'i8': 'b', 'i32': 'i', 'text': 'i', 'f64': 'd'}
# The short tables, and those that their rows stand for: in a stretch of the stream the short ones come first.
_SHORT = {'node': ('op', 'value', 'operand'), 'run': ('step', 'stepEnd', 'upstream', 'contribution')}
# Columns that a scalar engine leaves at one value.
_FIXED = {'tensor': -1, 'output': 0, 'thread': 0, 'how': 0}


class Writer:
    """Collects rows and sends them as blocks.

    `rows[table]` is one flat list, row after row, without the columns in `_FIXED`: extended with numbers it makes no
    objects for the garbage collector to walk. `extend` takes many rows at once, column by column.
    """

    def __init__(self, send):
        self._send = send
        self._texts = {}
        self._new_texts = []
        self._started = False
        self._layout = []
        self._chunks = []
        self.rows = {}
        for number, (table, columns) in enumerate(TABLES.items()):
            if table == 'text':
                continue
            fixed = _FIXED if table != 'tensor' else {}
            self._layout.append((number, table, [(_CODES[kind], fixed.get(name)) for name, kind in columns.items()]))
            self.rows[table] = []
        # The rows that come before those in `rows`, as packed columns.
        self._packed = {table: _arrays(layout) for _, table, layout in self._layout}

    def extend(self, table, *columns):
        """Adds rows given as columns, each a list of numbers or an array of the column's own type."""
        if table in _SHORT and any(self.rows[other] or self._packed[other][0] for other in _SHORT[table]):
            self._close()
        self._pack(table)
        for packed, column in zip(self._packed[table], columns):
            if type(column) is list:
                packed.fromlist(column)
            else:
                packed.extend(column)

    def _pack(self, table):
        """Moves the rows given one by one to the packed ones."""
        rows = self.rows[table]
        if rows:
            columns = self._packed[table]
            for place, packed in enumerate(columns):
                packed.fromlist(rows[place::len(columns)])
            rows.clear()

    def text(self, text):
        """The id of a text, -1 for None."""
        if text is None:
            return -1
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = len(self._texts)
            self._new_texts.append(text.encode('utf-8', 'replace'))
        return known

    def flush(self):
        """Sends everything collected so far."""
        self._close()
        chunks, self._chunks = self._chunks, []
        if chunks:
            self._send(b''.join(chunks))

    def _close(self):
        """Ends a stretch of the stream: blocks in table order, so that a row comes after the rows it names."""
        chunks = self._chunks
        if not self._started:
            self._started = True
            chunks.append(MAGIC + struct.pack('<I', VERSION))
        if self._new_texts:
            chunks.append(self._text_block())
        for number, table, layout in self._layout:
            self._pack(table)
            if self._packed[table][0]:
                chunks.append(_block(number, self._packed[table], layout))
                self._packed[table] = _arrays(layout)

    def _text_block(self):
        texts, self._new_texts = self._new_texts, []
        offsets = [0]
        for text in texts:
            offsets.append(offsets[-1] + len(text))
        payload = _padded(_bytes(array.array('I', offsets))) + _padded(b''.join(texts))
        return struct.pack('<HHIII', 0, 0, len(texts), len(payload), 0) + payload


def _arrays(layout):
    return [array.array(code) for code, fixed in layout if fixed is None]


def _block(number, packed, layout):
    rows = len(packed[0])
    columns = iter(packed)
    chunks = []
    for code, fixed in layout:
        if fixed is None:
            chunks.append(_padded(_bytes(next(columns))))
        else:
            chunks.append(_padded(_bytes(array.array(code, (fixed,))) * rows))
    payload = b''.join(chunks)
    return struct.pack('<HHIII', number, 0, rows, len(payload), 0) + payload


def _bytes(column):
    if sys.byteorder == 'big':
        column.byteswap()
    return column.tobytes()


def _padded(payload):
    return payload + bytes(-len(payload) % 8)


def schema():
    """The schema as JSON, for the test that compares it with the TypeScript one."""
    tables = [[name, list(map(list, columns.items()))] for name, columns in TABLES.items()]
    return json.dumps({'magic': MAGIC.decode(), 'version': VERSION, 'tables': tables})


if __name__ == '__main__':
    print(schema())
