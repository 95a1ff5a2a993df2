/**
 * Growable columns, as narrow as what they hold: ids take one, two or four bytes, and a column that holds
 * nothing but its default takes none.
 */
import type { ColumnType } from '../protocol/wire.ts'

export type Cells = Uint8Array | Int8Array | Int16Array | Int32Array | Float64Array

export const cellSize = { u8: 1, i8: 1, i32: 4, text: 4, f64: 8 } as const satisfies Record<ColumnType, number>

/** What an unwritten column reads as: always this number, or the row's own id. */
export type Default = number | 'row'

/** Growth leaves this much spare room, so that appending stays linear. */
const SPARE = 1.5

export class Column {
  length = 0
  private cells: Cells | null = null
  private readonly type: ColumnType
  private readonly fallback: Default

  constructor(type: ColumnType, fallback: Default) {
    this.type = type
    this.fallback = fallback
  }

  at(row: number): number {
    if (this.cells !== null) return this.cells[row]!
    return this.fallback === 'row' ? row : this.fallback
  }

  append(source: Cells): void {
    const start = this.length
    const end = start + source.length
    if (this.cells === null && !this.allDefault(source)) {
      this.cells = this.fit(source, end)
      for (let row = 0; row < start; row++) this.cells[row] = this.fallback === 'row' ? row : this.fallback
    }
    this.length = end
    if (this.cells === null) return
    const fitting = this.fit(source, end)
    if (fitting !== this.cells) {
      fitting.set(this.cells.subarray(0, start))
      this.cells = fitting
    }
    this.cells.set(source, start)
  }

  /** Gives back spare room. */
  compact(): void {
    if (this.cells !== null && this.cells.length > this.length) this.cells = this.cells.slice(0, this.length)
  }

  /** Bytes held, spare room included. */
  get bytes(): number {
    return this.cells?.byteLength ?? 0
  }

  private allDefault(source: Cells): boolean {
    const fallback = this.fallback
    if (fallback === 'row') {
      for (let i = 0; i < source.length; i++) if (source[i] !== this.length + i) return false
    } else {
      for (let i = 0; i < source.length; i++) if (!Object.is(source[i], fallback)) return false
    }
    return true
  }

  /** The present cells when `source` fits into them as rows up to `end`; otherwise empty ones that are wide and long enough. */
  private fit(source: Cells, end: number): Cells {
    const present = this.cells
    const width = Math.max(present?.BYTES_PER_ELEMENT ?? 1, this.widthOf(source))
    if (present !== null && present.length >= end && present.BYTES_PER_ELEMENT === width) return present
    const capacity =
      present === null || present.length >= end
        ? Math.max(end, present?.length ?? 0)
        : Math.max(end, Math.ceil(present.length * SPARE))
    if (this.type === 'u8') return new Uint8Array(capacity)
    if (width === 8) return new Float64Array(capacity)
    return width === 4 ? new Int32Array(capacity) : width === 2 ? new Int16Array(capacity) : new Int8Array(capacity)
  }

  private widthOf(source: Cells): number {
    if (this.type === 'f64') return 8
    if (this.type === 'u8' || this.type === 'i8') return 1
    let low = this.fallback === 'row' ? this.length : 0
    let high = low
    for (let i = 0; i < source.length; i++) {
      const cell = source[i]!
      if (cell < low) low = cell
      else if (cell > high) high = cell
    }
    return low >= -128 && high < 128 ? 1 : low >= -32768 && high < 32768 ? 2 : 4
  }
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
