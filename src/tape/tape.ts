/**
 * A run as it was recorded: every value in the order it was made, every step of every backward pass in the
 * order it ran. Everything else (graph, hover, timeline, diagnosis) asks a tape.
 */
import { Cell, OpKind, WriteKind, type TableName } from '../protocol/wire.ts'
import type { SiteRange } from '../protocol/view.ts'
import { Index } from './column.ts'
import { Decoder } from './decode.ts'
import { Tables, type Table } from './tables.ts'

/** Rows of a table grouped by one of its columns. */
const indexKeys = {
  sitesOfSource: ['site', 'source'],
  opsOfSite: ['op', 'site'],
  operandsOfOp: ['operand', 'op'],
  consumersOfValue: ['operand', 'value'],
  constantsOfOp: ['constant', 'op'],
  valuesOfOp: ['value', 'op'],
  cutsOfOp: ['cut', 'op'],
  namesOfValue: ['name', 'value'],
  rootsOfPass: ['root', 'pass'],
  rootsOfValue: ['root', 'value'],
  stepsOfPass: ['step', 'pass'],
  stepsOfOp: ['step', 'op'],
  upstreamsOfStep: ['upstream', 'step'],
  contributionsOfStep: ['contribution', 'step'],
  contributionsTo: ['contribution', 'target'],
  heldOfValue: ['held', 'value'],
  writesTo: ['write', 'target'],
  endOfPass: ['passEnd', 'pass'],
  endOfStep: ['stepEnd', 'step'],
} as const satisfies Record<string, readonly [TableName, string]>
export type IndexName = keyof typeof indexKeys

export class Tape {
  readonly tables = new Tables()
  private readonly decoder = new Decoder(this.tables)
  private readonly indexes = new Map<IndexName, Index>()

  /** Takes wire bytes as they arrive. Throws a `WireError`; what came before the fault stays. */
  push(chunk: Uint8Array): void {
    this.decoder.push(chunk)
  }

  /** Throws a `WireError` when the bytes stopped in the middle of a block. */
  finish(): void {
    this.decoder.end()
  }

  /** A run was killed inside a block: forgets that piece; returns how many bytes of the stream were taken. */
  discardPartial(): number {
    return this.decoder.discardPartial()
  }

  table<T extends TableName>(name: T): Table<T> {
    return this.tables.table(name)
  }

  /** Rows of a table by the id they belong to, in row order, as far as they are recorded. */
  rows(name: IndexName, id: number): Int32Array {
    return this.index(name).of(id)
  }

  /** The `i`-th of them, −1 when there are no so many. */
  row(name: IndexName, id: number, i = 0): number {
    return this.index(name).at(id, i)
  }

  count(name: IndexName, id: number): number {
    return this.index(name).count(id)
  }

  /** Made when it is first asked for; then it grows with the tape. */
  private index(name: IndexName): Index {
    let index = this.indexes.get(name)
    if (index === undefined) {
      const [table, column] = indexKeys[name]
      index = new Index(this.tables.columnsOf(table).find(([key]) => key === column)![2])
      this.indexes.set(name, index)
    }
    return index
  }

  get ops(): number {
    return this.tables.rowsOf('op')
  }

  get passes(): number {
    return this.tables.rowsOf('pass')
  }

  /** The last tick anything happened at. */
  get lastTick(): number {
    let last = 0
    for (const name of [
      'value',
      'name',
      'pass',
      'passEnd',
      'root',
      'step',
      'stepEnd',
      'contribution',
      'write',
      'event',
    ] as const) {
      const { tick, rows } = this.table(name)
      if (rows > 0) last = Math.max(last, tick.at(rows - 1))
    }
    return last
  }

  meta(key: string): string {
    const { key: keys, value, rows } = this.table('meta')
    for (let row = rows - 1; row >= 0; row--)
      if (this.tables.string(keys.at(row)) === key) return this.tables.string(value.at(row))
    return ''
  }

  /** Texts of all events of a kind, in order. */
  events(kind: string): string[] {
    const { kind: kinds, text, rows } = this.table('event')
    const found: string[] = []
    for (let row = 0; row < rows; row++)
      if (this.tables.string(kinds.at(row)) === kind) found.push(this.tables.string(text.at(row)))
    return found
  }

  opName(op: number): string {
    return this.tables.string(this.table('op').name.at(op))
  }

  isLeaf(op: number): boolean {
    const kind = this.table('op').kind.at(op)
    return kind === OpKind.leaf || kind === OpKind.constant
  }

  /** The op's first value: for scalar engines its only one, with the same id. −1 when it made none. */
  valueOfOp(op: number): number {
    const value = this.table('value')
    if (op < value.rows && value.op.at(op) === op) return op
    return this.row('valuesOfOp', op)
  }

  /** Operands of an op in order: value ids, −1 for constants. */
  operands(op: number): Int32Array {
    const { value } = this.table('operand')
    return this.rows('operandsOfOp', op).map((row) => value.at(row))
  }

  /** The number of a constant operand, null when it was none or not recorded. */
  constant(op: number, slot: number): number | null {
    const { slot: slots, data } = this.table('constant')
    for (const row of this.rows('constantsOfOp', op)) if (slots.at(row) === slot) return data.at(row)
    return null
  }

  /** Ops that have a value as operand, in order; an op that uses it twice is there twice. */
  consumers(value: number): Int32Array {
    const { op } = this.table('operand')
    return this.rows('consumersOfValue', value).map((row) => op.at(row))
  }

  /** The first name a value got, '' when it has none. */
  nameOf(value: number): string {
    const row = this.row('namesOfValue', value)
    return row < 0 ? '' : this.tables.string(this.table('name').path.at(row))
  }

  site(id: number): SiteRange | null {
    if (id < 0) return null
    const site = this.table('site')
    const source = site.source.at(id)
    return {
      source,
      path: this.sourcePath(source),
      startLine: site.startLine.at(id),
      startColumn: site.startColumn.at(id),
      endLine: site.endLine.at(id),
      endColumn: site.endColumn.at(id),
      text: this.siteText(id),
    }
  }

  sourcePath(source: number): string {
    return this.tables.string(this.table('source').path.at(source))
  }

  sourceText(source: number): string {
    return this.tables.string(this.table('source').content.at(source))
  }

  /** The code a site covers. */
  siteText(id: number): string {
    const known = this.siteTexts.get(id)
    if (known !== undefined) return known
    const site = this.table('site')
    const lines = this.lines(site.source.at(id)).slice(site.startLine.at(id) - 1, site.endLine.at(id))
    if (lines.length > 0) {
      lines[lines.length - 1] = lines[lines.length - 1]!.slice(0, site.endColumn.at(id))
      lines[0] = lines[0]!.slice(site.startColumn.at(id))
    }
    const text = lines.join('\n')
    this.siteTexts.set(id, text)
    return text
  }
  private readonly siteTexts = new Map<number, string>()

  /** Lines of a source without their ends, as Python counts them. */
  lines(source: number): readonly string[] {
    let lines = this.sourceLines.get(source)
    if (!lines) {
      lines = this.sourceText(source).split(/\r\n|\r|\n/)
      this.sourceLines.set(source, lines)
    }
    return lines
  }
  private readonly sourceLines = new Map<number, readonly string[]>()

  passStart(pass: number): number {
    return this.table('pass').tick.at(pass)
  }

  /** Infinity while the pass runs. */
  passEnd(pass: number): number {
    const row = this.row('endOfPass', pass)
    return row < 0 ? Infinity : this.table('passEnd').tick.at(row)
  }

  /** The last pass that began at or before a tick, −1 before the first. */
  passAt(tick: number): number {
    const { tick: ticks, rows } = this.table('pass')
    return lastAtOrBefore(rows, (row) => ticks.at(row), tick)
  }

  roots(pass: number): number[] {
    const { value } = this.table('root')
    return [...new Set(Array.from(this.rows('rootsOfPass', pass), (row) => value.at(row)))]
  }

  /** The tick at which a step is complete: its end, or its last contribution, or its start. */
  stepDone(step: number): number {
    const end = this.row('endOfStep', step)
    if (end >= 0) return this.table('stepEnd').tick.at(end)
    const contributions = this.rows('contributionsOfStep', step)
    const last = contributions[contributions.length - 1]
    return last === undefined ? this.table('step').tick.at(step) : this.table('contribution').tick.at(last)
  }

  /** What a value was at a tick: at creation, or after the last recorded update. */
  valueAt(value: number, tick: number): number {
    const write = this.table('write')
    let data = this.table('value').data.at(value)
    for (const row of this.rows('writesTo', value)) {
      if (write.tick.at(row) > tick) break
      if (write.cell.at(row) === Cell.value) data = write.after.at(row)
    }
    return data
  }

  /** A leaf whose value the script updates. */
  isUpdated(value: number): boolean {
    const write = this.table('write')
    return this.rows('writesTo', value).some(
      (row) => write.cell.at(row) === Cell.value && write.kind.at(row) === WriteKind.update,
    )
  }
}

/** The last of `rows` ascending keys that is ≤ `limit`, −1 when none is. */
export function lastAtOrBefore(rows: number, key: (row: number) => number, limit: number): number {
  let low = 0
  let high = rows
  while (low < high) {
    const middle = (low + high) >> 1
    if (key(middle) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
