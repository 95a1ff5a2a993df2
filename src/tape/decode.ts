/** Wire bytes to tables, piece by piece as they arrive. Rejects anything malformed and names the offset. */
import { WIRE_MAGIC, WIRE_VERSION, tableNames, wireTables, type ColumnType, type TableName } from '../protocol/wire.ts'
import { cellSize, rangeOf, type Cells, type Range } from './column.ts'
import { Expander } from './expand.ts'
import { boundsOf, type Bounds, type Tables } from './tables.ts'

export class WireError extends Error {
  /** Bytes from the start of the stream. */
  readonly offset: number
  constructor(offset: number, what: string) {
    super(`the recording is damaged at byte ${offset}: ${what}`)
    this.name = 'WireError'
    this.offset = offset
  }
}

const PREAMBLE = 8
const HEADER = 16
/** A block larger than this is taken for damage, not for data. */
const MAX_BLOCK = 1 << 30

/** Not by bits: a damaged row count may not fit into 32 of them. */
const padded = (bytes: number) => Math.ceil(bytes / 8) * 8

export class Decoder {
  private readonly tables: Tables
  private readonly expander: Expander
  private buffer: Uint8Array = new Uint8Array(0)
  private length = 0
  /** Offset in the stream of `buffer[0]`. */
  private consumed = 0
  private started = false
  private failed: WireError | null = null

  constructor(tables: Tables) {
    this.tables = tables
    this.expander = new Expander(tables)
  }

  /** Takes the next bytes. What was complete before a fault stays in the tables; after a fault nothing more is taken. */
  push(chunk: Uint8Array): void {
    if (this.failed) throw this.failed
    this.keep(chunk)
    try {
      this.take()
    } catch (error) {
      if (error instanceof WireError) this.failed = error
      throw error
    }
  }

  /** To be called at the end of the stream. */
  end(): void {
    if (this.failed) throw this.failed
    if (!this.started)
      throw new WireError(this.consumed, this.length === 0 ? 'it is empty' : 'it ends inside its first 8 bytes')
    if (this.length > 0)
      throw new WireError(this.consumed, `it ends inside a block (${this.length} bytes of it are there)`)
  }

  /** Forgets the bytes of a block that will never be completed; returns how many bytes of the stream were taken. */
  discardPartial(): number {
    this.buffer = new Uint8Array(0)
    this.length = 0
    return this.consumed
  }

  private keep(chunk: Uint8Array): void {
    if (this.length === 0) {
      this.buffer = chunk
      this.length = chunk.length
      return
    }
    const joined = new Uint8Array(this.length + chunk.length)
    joined.set(this.buffer.subarray(0, this.length))
    joined.set(chunk, this.length)
    this.buffer = joined
    this.length = joined.length
  }

  private take(): void {
    let at = 0
    const bytes = this.buffer
    const view = new DataView(bytes.buffer, bytes.byteOffset, this.length)
    try {
      if (!this.started) {
        const magic = String.fromCharCode(...bytes.subarray(0, Math.min(4, this.length)))
        if (magic !== WIRE_MAGIC.slice(0, magic.length)) throw new WireError(0, 'this is not a Backprop Lens recording')
        if (this.length < PREAMBLE) return
        const version = view.getUint32(4, true)
        if (version > WIRE_VERSION) {
          throw new WireError(
            4,
            `it was written by a newer version (format ${version}, this one reads up to ${WIRE_VERSION}); update Backprop Lens`,
          )
        }
        if (version === 0) throw new WireError(4, 'format 0 does not exist')
        this.started = true
        at = PREAMBLE
      }
      while (this.length - at >= HEADER) {
        const offset = this.consumed + at
        const name = tableNames[view.getUint16(at, true)]
        const rows = view.getUint32(at + 4, true)
        const size = view.getUint32(at + 8, true)
        if (name === undefined) throw new WireError(offset, `there is no table ${view.getUint16(at, true)}`)
        const short = { same: view.getUint16(at + 2, true), rising: view.getUint16(at + 12, true) }
        if (view.getUint16(at + 14, true) !== 0) throw new WireError(offset, 'reserved bytes are not zero')
        checkShort(name, rows, short, offset)
        if (size > MAX_BLOCK) throw new WireError(offset, `a block of ${size} bytes is too large`)
        if (size % 8 !== 0) throw new WireError(offset, `a block of ${size} bytes is not aligned`)
        if (this.length - at < HEADER + size) break
        const payload = bytes.subarray(at + HEADER, at + HEADER + size)
        if (name === 'text') this.takeText(payload, rows, offset + HEADER)
        else this.takeRows(name, payload, rows, short, offset + HEADER)
        at += HEADER + size
      }
    } finally {
      this.buffer = bytes.subarray(at, this.length)
      this.length -= at
      this.consumed += at
    }
  }

  private takeText(payload: Uint8Array, rows: number, offset: number): void {
    const head = padded((rows + 1) * 4)
    if (payload.length < head) throw new WireError(offset, 'a text block is shorter than its offsets')
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const texts: string[] = []
    let start = view.getUint32(0, true)
    if (start !== 0) throw new WireError(offset, 'text offsets do not begin at 0')
    for (let row = 0; row < rows; row++) {
      const end = view.getUint32((row + 1) * 4, true)
      if (end < start || head + end > payload.length)
        throw new WireError(offset + (row + 1) * 4, 'text offsets run backwards or out of the block')
      try {
        texts.push(decoder.decode(payload.subarray(head + start, head + end)))
      } catch {
        throw new WireError(offset + head + start, 'a text is not UTF-8')
      }
      start = end
    }
    if (head + padded(start) !== payload.length) throw new WireError(offset, 'a text block has a wrong size')
    for (const text of texts) this.tables.text.push(text)
  }

  private takeRows(name: TableName, payload: Uint8Array, rows: number, short: Short, offset: number): void {
    const columns = this.tables.columnsOf(name)
    const shape = columns.map(([, type], place) => {
      const kind = short.same & (1 << place) ? 'same' : short.rising & (1 << place) ? 'rising' : 'full'
      return { kind, cells: kind === 'full' ? rows : 1, bytes: padded((kind === 'full' ? rows : 1) * cellSize[type]) }
    })
    const size = shape.reduce((sum, { bytes }) => sum + bytes, 0)
    if (size !== payload.length)
      throw new WireError(offset, `a block of ${rows} rows of ${name} must be ${size} bytes, not ${payload.length}`)
    const parts: Cells[] = []
    const ranges: (Range | null)[] = []
    let at = 0
    columns.forEach(([column, type], place) => {
      const { kind, cells: there, bytes } = shape[place]!
      let cells = cut(payload, at, type, there)
      if (kind !== 'full') cells = filled(cells, rows, kind === 'rising' ? 1 : 0)
      const bounds = boundsOf(name, column, type, this.tables)
      const range = cells instanceof Int32Array ? rangeOf(cells) : null
      if (bounds && range)
        checkIds(cells as Int32Array, range, bounds, name, column, offset + at, kind === 'full' ? cellSize[type] : 0)
      parts.push(cells)
      ranges.push(range)
      at += bytes
    })
    if (name === 'node' || name === 'run') {
      const fault = name === 'node' ? this.expander.nodes(parts) : this.expander.runs(parts)
      if (fault !== null) throw new WireError(offset, fault)
      return
    }
    columns.forEach(([, , column], i) => column.append(parts[i]!, ranges[i]))
    if (name === 'operand') this.expander.operands(parts)
  }
}

/** Sets of bits, one for each column: those of which only the first cell is there. */
interface Short {
  same: number
  rising: number
}

function checkShort(name: TableName, rows: number, { same, rising }: Short, offset: number): void {
  const types: ColumnType[] = Object.values(wireTables[name])
  const all = (1 << types.length) - 1
  if ((same | rising) & ~all || same & rising) throw new WireError(offset, `${name} has no such columns to shorten`)
  if (rows > 0 && all !== 0 && (same | rising) === all) throw new WireError(offset, 'no column is there in full')
  if (types.some((type, place) => rising & (1 << place) && type !== 'i32'))
    throw new WireError(offset, 'a column that is no i32 cannot rise')
}

/** A column of so many rows from its first cell. */
function filled(first: Cells, rows: number, step: 0 | 1): Cells {
  const cells = new (first.constructor as new (rows: number) => Cells)(rows).fill(first[0]!)
  if (step) for (let row = 0; row < rows; row++) cells[row]! += row
  return cells
}

/** Every id must name a row that is already there. */
function checkIds(
  cells: Int32Array,
  range: Range,
  { target, low, high }: Bounds,
  table: TableName,
  column: string,
  offset: number,
  stride: number,
): void {
  if (range.low >= low && range.high < high) return
  const own = target === table ? 1 : 0
  for (let row = 0; row < cells.length; row++) {
    const id = cells[row]!
    if (id >= low && id < high + own * row) continue
    const what = id === -1 ? 'names no row' : `names row ${id} of ${target}, which has ${high + own * row}`
    throw new WireError(offset + row * stride, `${table}.${column} ${what}`)
  }
}

/** A column's cells, copied only where the bytes are not aligned. */
function cut(payload: Uint8Array, at: number, type: ColumnType, rows: number): Cells {
  const bytes = rows * cellSize[type]
  const start = payload.byteOffset + at
  const aligned = start % cellSize[type] === 0
  // Not `slice`: on a Buffer of Node that is no copy.
  const buffer = aligned ? payload.buffer : new Uint8Array(payload.subarray(at, at + bytes)).buffer
  const from = aligned ? start : 0
  switch (type) {
    case 'u8':
      return new Uint8Array(buffer, from, rows)
    case 'i8':
      return new Int8Array(buffer, from, rows)
    case 'i32':
    case 'text':
      return new Int32Array(buffer, from, rows)
    case 'f64':
      return new Float64Array(buffer, from, rows)
    default:
      return type satisfies never
  }
}
