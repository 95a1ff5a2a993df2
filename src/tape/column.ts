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

  /** All rows of a column of ids, for loops over everything. Not to be written to; rows that come later are not in it. */
  ids(): Int32Array {
    return this.form === 'i32' ? this.i32.subarray(0, this.length) : this.copyTo(new Int32Array(this.length))
  }

  /** The same for any column. */
  numbers(): Float64Array {
    return this.form === 'f64' ? this.f64.subarray(0, this.length) : this.copyTo(new Float64Array(this.length))
  }

  private copyTo<T extends Int32Array | Float64Array>(numbers: T): T {
    if (this.form !== null) numbers.set(this.cells.subarray(0, this.length))
    else if (this.byRow) for (let row = 0; row < numbers.length; row++) numbers[row] = row
    else numbers.fill(this.constant)
    return numbers
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

/** What rows are grouped by: a column, or anything as long as the rows. Grows at its end only. */
export interface Keys {
  readonly length: number
  at(row: number): number
}

/**
 * Rows grouped by a key, in row order within each group. It grows with its keys, at a cost per new row that does not
 * depend on how many there are: a debugger asks after every event of a run.
 */
export class Index {
  private readonly keys: Keys
  /** How many rows were taken. */
  private taken = 0
  /** Per key three numbers: where its rows begin in `rows`, how many there are, and for how many there is room. */
  private spans = none
  private rows = none
  /** Where in `rows` nothing is kept yet. */
  private free = 0

  /** Rows whose key is negative are left out. */
  constructor(keys: Keys) {
    this.keys = keys
  }

  /** A view, not a copy; it stays what it is when the index grows. Unknown keys have no rows. */
  of(key: number): Int32Array {
    if (this.taken < this.keys.length) this.grow()
    if (key < 0 || 3 * key >= this.spans.length) return none
    const start = this.spans[3 * key]!
    return this.rows.subarray(start, start + this.spans[3 * key + 1]!)
  }

  /** The `i`-th row of a key, −1 when it has no so many. */
  at(key: number, i: number): number {
    return i >= 0 && i < this.count(key) ? this.rows[this.spans[3 * key]! + i]! : -1
  }

  /** How many rows a key has. */
  count(key: number): number {
    if (this.taken < this.keys.length) this.grow()
    return key < 0 || 3 * key >= this.spans.length ? 0 : this.spans[3 * key + 1]!
  }

  private grow(): void {
    const { keys, taken } = this
    const { length } = keys
    let most = -1
    for (let row = taken; row < length; row++) most = Math.max(most, keys.at(row))
    const known = this.spans.length
    if (3 * most >= known) {
      const spans = new Int32Array(taken === 0 ? 3 * (most + 1) : Math.max(3 * (most + 1), 2 * known))
      spans.set(this.spans)
      this.spans = spans
    }
    this.taken = length
    // Where most is new, putting all in order anew is quicker, and leaves no gaps.
    if (length - taken > taken) this.arrange()
    else for (let row = taken; row < length; row++) this.add(keys.at(row), row)
  }

  private arrange(): void {
    const { keys, spans, taken } = this
    for (let at = 1; at < spans.length; at += 3) spans[at] = 0
    for (let row = 0; row < taken; row++) {
      const key = keys.at(row)
      if (key >= 0) spans[3 * key + 1]!++
    }
    this.free = 0
    for (let at = 0; at < spans.length; at += 3) {
      spans[at] = this.free
      this.free += spans[at + 2] = spans[at + 1]!
      spans[at + 1] = 0
    }
    const rows = (this.rows = new Int32Array(this.free))
    for (let row = 0; row < taken; row++) {
      const key = keys.at(row)
      if (key >= 0) rows[spans[3 * key]! + spans[3 * key + 1]!++] = row
    }
  }

  private add(key: number, row: number): void {
    if (key < 0) return
    const { spans } = this
    if (spans[3 * key + 1]! === spans[3 * key + 2]!) this.move(key)
    this.rows[spans[3 * key]! + spans[3 * key + 1]!++] = row
  }

  /** To the end, where there is twice the room. */
  private move(key: number): void {
    const { spans } = this
    const count = spans[3 * key + 1]!
    const room = Math.max(2, 2 * count)
    if (this.free + room > this.rows.length) this.repack(room)
    const start = spans[3 * key]!
    this.rows.copyWithin(this.free, start, start + count)
    spans[3 * key] = this.free
    spans[3 * key + 2] = room
    this.free += room
  }

  /** Into twice the room that is needed, without the gaps that moves have left. */
  private repack(more: number): void {
    const { spans, rows } = this
    let needed = more
    for (let at = 0; at < spans.length; at += 3) needed += spans[at + 2]!
    const packed = new Int32Array(Math.max(LEAST_ROOM, 2 * needed))
    let free = 0
    for (let at = 0; at < spans.length; at += 3) {
      const start = spans[at]!
      // Few rows are the rule, for which `set` of a view costs more than it saves.
      for (let i = 0; i < spans[at + 1]!; i++) packed[free + i] = rows[start + i]!
      spans[at] = free
      free += spans[at + 2]!
    }
    this.rows = packed
    this.free = free
  }
}

const none = new Int32Array(0)
const LEAST_ROOM = 256
