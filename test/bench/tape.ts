/** A recording of 1,000,000 nodes with one backward pass: time to open it and memory it takes. */
import { wireTables, type ColumnType, type TableName, tableNames } from '../../src/protocol/wire.ts'
import { concat, preamble } from '../../src/tape/encode.ts'
import { Tape } from '../../src/tape/tape.ts'
import { median, printTable, type Measured } from '../support/table.ts'

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

const times: number[] = []
let tape = new Tape()
for (let run = 0; run < 5; run++) {
  const start = performance.now()
  tape = new Tape()
  tape.push(bytes)
  tape.finish()
  times.push(performance.now() - start)
}
const rows: Measured[] = [
  { what: 'open 1,000,000 nodes', measured: median(times) / 1000, unit: 's', budget: 0.3 },
  { what: 'columns, per node and recorded pass', measured: tape.tables.bytes / NODES, unit: 'bytes', budget: 100 },
  { what: 'file', measured: bytes.length / 1e6, unit: 'MB' },
]
printTable(rows)
