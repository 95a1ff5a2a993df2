"""The wire format: tables of packed little-endian columns. `src/protocol/wire.ts` is the other half."""

import array
import json
import struct
import sys
from operator import itemgetter

MAGIC = b'BPLW'
VERSION = 2

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
# Blocks of so many rows are packed in one go: a script that is debugged hands over a step at a time.
_FEW = 8
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
        self._chunks = [MAGIC + struct.pack('<I', VERSION)]
        self._layouts = {}
        self._packers = {}
        self.rows = {}
        for number, (table, columns) in enumerate(TABLES.items()):
            if table != 'text':
                fixed = _FIXED if table != 'tensor' else {}
                layout = [(_CODES[kind], fixed.get(name)) for name, kind in columns.items()]
                self._layouts[table] = number, layout, sum(value is None for _, value in layout)
                self.rows[table] = []

    def fork(self, send):
        """A writer whose stream could follow what this one has sent."""
        other = Writer(send)
        other._texts, other._chunks = dict(self._texts), []
        return other

    def extend(self, table, count, *columns):
        """Adds `count` rows after all that were given before, each column in one of these forms:

        a list or tuple of numbers, the same packed, a number that all rows have, a range.
        """
        self._close()
        number, layout, _ = self._layouts[table]
        self._chunks += _block(number, count, layout, columns)

    def text(self, text):
        """The id of a text, -1 for None."""
        if text is None:
            return -1
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = len(self._texts)
            self._new_texts.append(text.encode('utf-8', 'replace'))
        return known

    def forget(self):
        """Drops what was collected and not sent, but for events."""
        for table, rows in self.rows.items():
            if table != 'event':
                rows.clear()

    def flush(self):
        """Sends everything collected so far."""
        self._close()
        chunks, self._chunks = self._chunks, []
        if chunks:
            self._send(b''.join(chunks))

    def _close(self):
        """Ends a stretch of the stream: blocks in table order, so that a row comes after the rows it names."""
        if self._new_texts:
            self._chunks.append(self._text_block())
        for table, rows in self.rows.items():
            if rows:
                number, layout, width = self._layouts[table]
                count = len(rows) // width
                if count <= _FEW:
                    pack = self._packers.get((number, count))
                    if pack is None:
                        pack = self._packers[number, count] = _packer(number, count, layout, width)
                    self._chunks.append(pack(rows))
                else:
                    columns = [rows[place::width] for place in range(width)]
                    self._chunks += _block(number, count, layout, columns)
                rows.clear()

    def _text_block(self):
        texts, self._new_texts = self._new_texts, []
        offsets = [0]
        for text in texts:
            offsets.append(offsets[-1] + len(text))
        payload = _padded(struct.pack('<%dI' % len(offsets), *offsets)) + _padded(b''.join(texts))
        return struct.pack('<HHIII', 0, 0, len(texts), len(payload), 0) + payload


def packed(code, numbers):
    """A column as bytes, in the machine's order. An `array` takes several times as long: it parses item by item."""
    return struct.pack('%d%s' % (len(numbers), code), *numbers)


def _block(number, count, layout, columns):
    """The header and the columns of a block; of a column that one cell tells all of, that cell."""
    same = rising = 0
    given = iter(columns)
    chunks = [b'']
    for place, (code, fixed) in enumerate(layout):
        column = next(given) if fixed is None else fixed
        kind = type(column)
        if kind is range:
            rising |= 1 << place
            column = column[:1]
        elif kind is int or kind is float:
            same |= 1 << place
            column = (column,)
        payload = column if kind is bytes else packed(code, column)
        chunks.append(_padded(payload if sys.byteorder == 'little' else _swapped(code, payload)))
    chunks[0] = struct.pack('<HHIIHH', number, same, count, sum(map(len, chunks)), rising, 0)
    return chunks


def _packer(number, count, layout, width):
    """Packs rows of a table, of which there are `count`, as `_block` does; all that can be is worked out before."""
    form, same, cells, fixed = '', 0, [], []
    column = 0
    for place, (code, value) in enumerate(layout):
        if value is None:
            cells += range(column, count * width, width)
            column += 1
        else:
            same |= 1 << place
            cells.append(count * width + len(fixed))
            fixed.append(value)
        size = struct.calcsize('<' + code) * (count if value is None else 1)
        form += '%d%s%dx' % (count if value is None else 1, code, -size % 8)
    block = struct.Struct('<HHIIHH' + form).pack
    head = number, same, count, struct.calcsize('<' + form), 0, 0
    ordered = itemgetter(*cells)
    return lambda rows: block(*head, *ordered(rows + fixed))


def _swapped(code, payload):
    column = array.array(code, payload)
    column.byteswap()
    return column.tobytes()


def _padded(payload):
    return payload + bytes(-len(payload) % 8) if len(payload) % 8 else payload


def schema():
    """The schema as JSON, for the test that compares it with the TypeScript one."""
    tables = [[name, list(map(list, columns.items()))] for name, columns in TABLES.items()]
    return json.dumps({'magic': MAGIC.decode(), 'version': VERSION, 'tables': tables})


if __name__ == '__main__':
    print(schema())
