/** A recording of 1,000,000 nodes with one backward pass: time to open it and memory it takes. */
import { wireTables, type ColumnType, type TableName, tableNames } from '../../src/protocol/wire.ts'
import { concat, preamble } from '../../src/tape/encode.ts'
import { Tape } from '../../src/tape/tape.ts'
import { leastTime, printTable } from '../support/table.ts'

const NODES = 1_000_000

/** A block straight from columns: a million rows one by one would only measure the encoder. */
function block(table: TableName, rows: number, columns: Record<string, (row: number) => number>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [name, type] of Object.entries(wireTables[table]) as [string, ColumnType][]) {
    const array = { u8: Uint8Array, i8: Int8Array, i32: Int32Array, text: Int32Array, f64: Float64Array }[type]
    const cells = new array(rows)
    const fill = columns[name] ?? (() => (type === 'i32' || type === 'text' ? -1 : 0))
    for (let row = 0; row < rows; row++) cells[row] = fill(row)
    const bytes = new Uint8Array((cells.byteLength + 7) & ~7)
    bytes.set(new Uint8Array(cells.buffer))
    parts.push(bytes)
  }
  const body = concat(parts)
  const head = new Uint8Array(16)
  const view = new DataView(head.buffer)
  view.setUint16(0, tableNames.indexOf(table), true)
  view.setUint32(4, rows, true)
  view.setUint32(8, body.length, true)
  return concat([head, body])
}

const half = (row: number) => row >> 1
const back = (row: number) => Math.max(0, half(row) - 1 - (row % 2) * 7)
const bytes = concat([
  preamble(),
  block('op', NODES, { thread: () => 0 }),
  block('value', NODES, { op: (row) => row, tick: (row) => row, data: (row) => row / 3 }),
  block('operand', 2 * NODES, { op: half, value: back, flags: () => 3 }),
  block('pass', 1, { tick: () => NODES }),
  block('step', NODES, { pass: () => 0, op: (row) => NODES - 1 - row, tick: (row) => NODES + 1 + 3 * row }),
  block('upstream', NODES, { step: (row) => row, data: () => 1 }),
  block('contribution', 2 * NODES, {
    step: half,
    slot: (row) => row % 2,
    target: (row) => back(2 * (NODES - 1 - half(row)) + (row % 2)),
    tick: (row) => NODES + 2 + 3 * half(row) + (row % 2),
    data: (row) => row / 7,
  }),
])

/** The same in the form that a tracer writes: a row per node and per run of a rule. */
const packed = concat([
  preamble(),
  block('maker', 2, { flags: (row) => (row === 0 ? 0 : 15) }),
  block('node', NODES, {
    maker: (row) => (row === 0 ? 0 : 1),
    tick: (row) => row,
    data: (row) => row / 3,
    left: (row) => (row === 0 ? -1 : back(2 * row)),
    right: (row) => (row === 0 ? -1 : back(2 * row + 1)),
  }),
  block('pass', 1, { tick: () => NODES }),
  block('rule', 1, { secondSlot: () => 1 }),
  block('run', NODES - 1, {
    pass: () => 0,
    rule: () => 0,
    op: (row) => NODES - 1 - row,
    tick: (row) => NODES + 1 + 4 * row,
    upstream: () => 1,
    first: (row) => row / 7,
    second: (row) => row / 9,
  }),
])

let tape = new Tape()
const open = (file: Uint8Array) => () => {
  tape = new Tape()
  tape.push(file)
  tape.finish()
}
/** The unit of the ratios: every byte of the larger file is read once, as plain numbers. */
const numbers = new Int32Array(bytes.buffer, 0, bytes.length >> 2)
let sum = 0
const read = () => {
  for (let i = 0; i < numbers.length; i++) sum = (sum + numbers[i]!) | 0
}

const least = { read: Infinity, rows: Infinity, packed: Infinity }
let size = 0
// Interleaved, so that a slow minute of the machine meets all of them.
for (let round = 0; round < 5; round++) {
  least.read = Math.min(least.read, leastTime(1, read))
  least.rows = Math.min(least.rows, leastTime(1, open(bytes)))
  size = Math.max(size, tape.tables.bytes)
  least.packed = Math.min(least.packed, leastTime(1, open(packed)))
  size = Math.max(size, tape.tables.bytes)
}
/** The budget of 0.3 s in readings of the file, one of which takes about 40 ms. */
const BUDGET = 7.5
printTable([
  { what: 'every number of the file is read once', measured: least.read / 1000, unit: 's' },
  { what: 'open 1,000,000 nodes, row by row', measured: least.rows / 1000, unit: 's' },
  { what: 'open 1,000,000 nodes, as a tracer writes them', measured: least.packed / 1000, unit: 's' },
  { what: 'row by row ÷ read once', measured: least.rows / least.read, unit: '×', budget: BUDGET },
  { what: 'as a tracer writes them ÷ read once', measured: least.packed / least.read, unit: '×', budget: BUDGET },
  { what: 'columns, per node and recorded pass', measured: size / NODES, unit: 'bytes', budget: 100 },
  { what: 'file, row by row', measured: bytes.length / 1e6, unit: 'MB' },
  { what: 'file, as a tracer writes it', measured: packed.length / 1e6, unit: 'MB' },
])
