/**
 * Growable columns, as narrow as what they hold: ids take one, two or four bytes, and a column that holds
 * nothing but its default takes none.
 */
import type { ColumnType } from '../protocol/wire.ts'

export type Cells = Uint8Array | Int8Array | Int16Array | Int32Array | Float64Array

export const cellSize = { u8: 1, i8: 1, i32: 4, text: 4, f64: 8 } as const satisfies Record<ColumnType, number>

/** What an unwritten column reads as: always this number, or the row's own id. */
export type Default = number | 'row'

/** Least and largest of some ids. */
export interface Range {
  low: number
  high: number
}

/** Growth leaves this much spare room, so that appending stays linear. */
const SPARE = 1.5

const noCells = {
  u8: new Uint8Array(0),
  i8: new Int8Array(0),
  i16: new Int16Array(0),
  i32: new Int32Array(0),
  f64: new Float64Array(0),
}
type Form = keyof typeof noCells

/**
 * Every form of cells has a field and loops of its own: code that meets several kinds of typed arrays in one place is
 * several times slower in every engine, and columns are read more often than anything else.
 */
export class Column {
  length = 0
  /** Null while all rows are the default. */
  private form: Form | null = null
  private u8 = noCells.u8
  private i8 = noCells.i8
  private i16 = noCells.i16
  private i32 = noCells.i32
  private f64 = noCells.f64
  private readonly type: ColumnType
  private readonly byRow: boolean
  private readonly constant: number

  constructor(type: ColumnType, fallback: Default) {
    this.type = type
    this.byRow = fallback === 'row'
    this.constant = fallback === 'row' ? 0 : fallback
  }

  at(row: number): number {
    switch (this.form) {
      case 'i32':
        return this.i32[row]!
      case 'f64':
        return this.f64[row]!
      case 'i16':
        return this.i16[row]!
      case 'i8':
        return this.i8[row]!
      case 'u8':
        return this.u8[row]!
      case null:
        return this.byRow ? row : this.constant
      default:
        return this.form satisfies never
    }
  }

  /** `range`: that of `source` where it is known already. */
  append(source: Cells, range: Range | null = null): void {
    const start = this.length
    this.length = start + source.length
    const ids = source instanceof Int32Array ? (range ?? rangeOf(source)) : null
    if (this.form === null && this.isDefault(source, ids, start)) return
    const cells = this.cellsFor(source, ids, start)
    cells.set(source, start)
  }

  /** Gives back spare room. */
  compact(): void {
    if (this.form !== null && this.cells.length > this.length) this.hold(this.form, this.cells.slice(0, this.length))
  }

  /** Bytes held, spare room included. */
  get bytes(): number {
    return this.form === null ? 0 : this.cells.byteLength
  }

  private get cells(): Cells {
    return this.form === null ? noCells.i8 : this[this.form]
  }

  private hold(form: Form, cells: Cells): void {
    for (const each of ['u8', 'i8', 'i16', 'i32', 'f64'] as const) this[each] = noCells[each] as never
    this[form] = cells as never
    this.form = form
  }

  private isDefault(source: Cells, ids: Range | null, start: number): boolean {
    if (this.byRow) {
      if (!ids || source.length === 0) return source.length === 0
      return ids.low === start && ids.high === this.length - 1 && isAscending(source as Int32Array)
    }
    if (ids) return source.length === 0 || (ids.low === this.constant && ids.high === this.constant)
    return source instanceof Float64Array
      ? isAll64(source, this.constant)
      : isAll8(new Uint8Array(source.buffer, source.byteOffset, source.byteLength), this.constant & 255)
  }

  /** The present cells when `source` fits into them after `start` rows; otherwise wider or longer ones with those rows. */
  private cellsFor(source: Cells, ids: Range | null, start: number): Cells {
    const form = this.formFor(ids, start)
    const present = this.form
    if (present === form && this.cells.length >= this.length) return this.cells
    const room = this.cells.length
    const capacity = present === null || room >= this.length ? Math.max(this.length, room) : Math.ceil(room * SPARE)
    const grown = newCells(form, Math.max(this.length, capacity))
    if (present !== null) grown.set(this.cells.subarray(0, start))
    else if (this.byRow) for (let row = 0; row < start; row++) grown[row] = row
    else grown.fill(this.constant, 0, start)
    this.hold(form, grown)
    return grown
  }

  private formFor(ids: Range | null, start: number): Form {
    if (this.type === 'f64' || this.type === 'u8' || this.type === 'i8') return this.type
    const known = this.form as 'i8' | 'i16' | 'i32' | null
    if (known === 'i32') return known
    const first = this.byRow ? start : this.constant
    const { low, high } = ids ?? { low: -128, high: 127 }
    const [least, most] = [Math.min(first, low), Math.max(first, high)]
    if (least < -32768 || most > 32767) return 'i32'
    return known === 'i16' || least < -128 || most > 127 ? 'i16' : 'i8'
  }
}

function newCells(form: Form, capacity: number): Cells {
  switch (form) {
    case 'u8':
      return new Uint8Array(capacity)
    case 'i8':
      return new Int8Array(capacity)
    case 'i16':
      return new Int16Array(capacity)
    case 'i32':
      return new Int32Array(capacity)
    case 'f64':
      return new Float64Array(capacity)
    default:
      return form satisfies never
  }
}

/** Of no ids: low above high. */
export function rangeOf(ids: Int32Array): Range {
  let low = 2 ** 31 - 1
  let high = -(2 ** 31)
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    if (id < low) low = id
    if (id > high) high = id
  }
  return { low, high }
}

function isAscending(ids: Int32Array): boolean {
  const first = ids[0]!
  for (let i = 0; i < ids.length; i++) if (ids[i] !== first + i) return false
  return true
}

function isAll64(cells: Float64Array, constant: number): boolean {
  for (let i = 0; i < cells.length; i++) if (!Object.is(cells[i], constant)) return false
  return true
}

function isAll8(cells: Uint8Array, constant: number): boolean {
  for (let i = 0; i < cells.length; i++) if (cells[i] !== constant) return false
  return true
}

/** Rows grouped by a key, in row order within each group: offsets and row numbers. */
export class Index {
  private readonly offsets: Int32Array
  private readonly rows: Int32Array

  /** Rows whose key is negative are left out. */
  constructor(length: number, buckets: number, key: (row: number) => number) {
    const offsets = new Int32Array(buckets + 1)
    for (let row = 0; row < length; row++) {
      const k = key(row)
      if (k >= 0) offsets[k + 1]!++
    }
    for (let k = 0; k < buckets; k++) offsets[k + 1]! += offsets[k]!
    const next = offsets.slice(0, buckets)
    const rows = new Int32Array(offsets[buckets]!)
    for (let row = 0; row < length; row++) {
      const k = key(row)
      if (k >= 0) rows[next[k]!++] = row
    }
    this.offsets = offsets
    this.rows = rows
  }

  /** A view, not a copy. Unknown keys have no rows. */
  of(key: number): Int32Array {
    if (key < 0 || key + 1 >= this.offsets.length) return none
    return this.rows.subarray(this.offsets[key]!, this.offsets[key + 1]!)
  }

  /** How many rows a key has. */
  count(key: number): number {
    return key < 0 || key + 1 >= this.offsets.length ? 0 : this.offsets[key + 1]! - this.offsets[key]!
  }
}

const none = new Int32Array(0)
