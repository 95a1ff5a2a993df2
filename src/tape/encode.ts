/** Tables to wire bytes: recordings made here (facts about a run), generated tapes in tests. */
import { WIRE_MAGIC, WIRE_VERSION, tableNames, wireTables, type ColumnType, type TableName } from '../protocol/wire.ts'
import { cellSize } from './column.ts'

const padded = (bytes: number) => Math.ceil(bytes / 8) * 8

type Cell<C extends ColumnType> = C extends 'text' ? string | null : number
export type Row<T extends TableName> = {
  [C in keyof (typeof wireTables)[T]]: Cell<(typeof wireTables)[T][C] & ColumnType>
}

/** The 8 bytes every stream begins with. */
export function preamble(): Uint8Array {
  const bytes = new Uint8Array(8)
  for (let i = 0; i < 4; i++) bytes[i] = WIRE_MAGIC.charCodeAt(i)
  new DataView(bytes.buffer).setUint32(4, WIRE_VERSION, true)
  return bytes
}

/** Collects rows and writes them as blocks, texts interned. Row ids count over the whole stream. */
export class Encoder {
  private readonly rows = new Map<TableName, Record<string, string | number | null>[]>()
  private readonly counts = new Map<TableName, number>()
  private readonly texts = new Map<string, number>()
  private newTexts: string[] = []

  /** `knownTexts` and `knownRows`: what the stream already holds when blocks are appended to one. */
  constructor(knownTexts: readonly string[] = [], knownRows: (table: TableName) => number = () => 0) {
    knownTexts.forEach((text, id) => this.texts.set(text, id))
    this.textCount = knownTexts.length
    for (const name of tableNames) this.counts.set(name, knownRows(name))
  }
  private textCount: number

  /** Returns the row's id. */
  add<T extends Exclude<TableName, 'text'>>(table: T, row: Row<T>): number {
    const list = this.rows.get(table) ?? []
    this.rows.set(table, list)
    list.push(row as Record<string, string | number | null>)
    const id = this.counts.get(table)!
    this.counts.set(table, id + 1)
    return id
  }

  /** Blocks of all rows added since the last call. */
  flush(): Uint8Array {
    const blocks: Uint8Array[] = []
    for (const name of tableNames) {
      const list = this.rows.get(name)
      if (name === 'text' || !list || list.length === 0) continue
      blocks.push(this.block(name, list))
    }
    this.rows.clear()
    if (this.newTexts.length > 0) blocks.unshift(textBlock(this.newTexts))
    this.newTexts = []
    return concat(blocks)
  }

  private block(name: TableName, list: Record<string, string | number | null>[]): Uint8Array {
    const columns = (Object.entries(wireTables[name]) as [string, ColumnType][]).map(([column, type]) => {
      const cells = list.map((row) => {
        const cell = row[column]!
        return type === 'text' ? this.intern(cell as string | null) : (cell as number)
      })
      return { type, cells, short: shortened(type, cells) }
    })
    // One column tells how many rows there are.
    if (columns.every(({ short }) => short !== null)) columns[0]!.short = null
    for (const column of columns) if (column.short !== null) column.cells.length = 1
    const size = columns.reduce((sum, { type, cells }) => sum + padded(cells.length * cellSize[type]), 0)
    const bytes = header(name, list.length, size)
    const view = new DataView(bytes.buffer)
    const bits = (kind: 'same' | 'rising') =>
      columns.reduce((sum, { short }, i) => sum + Number(short === kind) * 2 ** i, 0)
    view.setUint16(2, bits('same'), true)
    view.setUint16(12, bits('rising'), true)
    let at = 16
    for (const { type, cells } of columns) {
      cells.forEach((cell, i) => {
        if (type === 'f64') view.setFloat64(at + i * 8, cell, true)
        else if (type === 'u8') view.setUint8(at + i, cell)
        else if (type === 'i8') view.setInt8(at + i, cell)
        else view.setInt32(at + i * 4, cell, true)
      })
      at += padded(cells.length * cellSize[type])
    }
    return bytes
  }

  private intern(text: string | null): number {
    if (text === null) return -1
    let id = this.texts.get(text)
    if (id === undefined) {
      id = this.textCount++
      this.texts.set(text, id)
      this.newTexts.push(text)
    }
    return id
  }
}

/** How a column can be told by its first cell alone. */
function shortened(type: ColumnType, cells: readonly number[]): 'same' | 'rising' | null {
  if (cells.every((cell) => Object.is(cell, cells[0]))) return 'same'
  return type === 'i32' && cells.every((cell, row) => cell === cells[0]! + row) ? 'rising' : null
}

function header(name: TableName, rows: number, size: number): Uint8Array {
  const bytes = new Uint8Array(16 + size)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, tableNames.indexOf(name), true)
  view.setUint32(4, rows, true)
  view.setUint32(8, size, true)
  return bytes
}

function textBlock(texts: string[]): Uint8Array {
  const encoder = new TextEncoder()
  const parts = texts.map((text) => encoder.encode(text))
  const body = parts.reduce((sum, part) => sum + part.length, 0)
  const head = padded((texts.length + 1) * 4)
  const bytes = header('text', texts.length, head + padded(body))
  const view = new DataView(bytes.buffer)
  let end = 0
  parts.forEach((part, i) => {
    bytes.set(part, 16 + head + end)
    end += part.length
    view.setUint32(16 + (i + 1) * 4, end, true)
  })
  return bytes
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}
