/** Growable typed columns. A column that holds nothing but its default takes no memory. */
import type { ColumnType } from '../protocol/wire.ts'

type Cells = Uint8Array | Int8Array | Int32Array | Float64Array

const arrays = { u8: Uint8Array, i8: Int8Array, i32: Int32Array, text: Int32Array, f64: Float64Array } as const

export const cellSize = { u8: 1, i8: 1, i32: 4, text: 4, f64: 8 } as const satisfies Record<ColumnType, number>

/** What an unwritten column reads as: always this number, or the row's own id. */
export type Default = number | 'row'

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

  /** Makes room for `rows` in all, exactly; for files, whose size is known ahead. */
  reserve(rows: number): void {
    if (this.cells !== null && this.cells.length < rows) this.grow(rows)
    else if (this.cells === null) this.reserved = Math.max(this.reserved, rows)
  }
  private reserved = 0

  append(source: Cells): void {
    const start = this.length
    if (this.cells === null && !this.allDefault(source)) {
      this.grow(Math.max(this.reserved, start + source.length))
      const cells = this.cells as unknown as Cells
      for (let row = 0; row < start; row++) cells[row] = this.fallback === 'row' ? row : this.fallback
    }
    this.length = start + source.length
    if (this.cells === null) return
    if (this.cells.length < this.length) this.grow(Math.max(this.length, Math.ceil(this.cells.length * 1.6)))
    this.cells.set(source, start)
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

  private grow(capacity: number): void {
    const next = new arrays[this.type](capacity)
    if (this.cells !== null) next.set(this.cells.subarray(0, this.length))
    this.cells = next
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
