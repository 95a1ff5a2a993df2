/** The tables of a tape: one column per field of the wire, and the texts. Append-only. */
import { tableNames, wireTables, type ColumnType, type TableName } from '../protocol/wire.ts'
import { Column, type Default } from './column.ts'

type Columns<T extends TableName> = { readonly [C in keyof (typeof wireTables)[T]]: Column }
export type Table<T extends TableName> = Columns<T> & { readonly rows: number }

/** Columns that scalar engines leave at one value, which then costs nothing. */
const defaults: { [column: string]: Default } = {
  'op.thread': 0,
  'value.op': 'row',
  'value.output': 0,
  'value.kind': 0,
  'value.tensor': -1,
  'operand.flags': 3,
  'upstream.step': 'row',
  'upstream.output': 0,
  'upstream.tensor': -1,
  'contribution.tensor': -1,
  'contribution.how': 0,
  'contribution.mode': 0,
  'held.tensor': -1,
  'held.before': 0,
  'write.tensor': -1,
  'root.tensor': -1,
  'pass.parent': -1,
}

/** Which table an id column points into. */
export const references: { readonly [column: string]: TableName } = {
  'site.source': 'source',
  'call.parent': 'call',
  'call.site': 'site',
  'node.maker': 'maker',
  'node.site': 'site',
  'node.call': 'call',
  'op.site': 'site',
  'op.call': 'call',
  'value.op': 'op',
  'value.tensor': 'tensor',
  'operand.op': 'op',
  'operand.value': 'value',
  'constant.op': 'op',
  'cut.op': 'op',
  'name.value': 'value',
  'pass.parent': 'pass',
  'pass.site': 'site',
  'passEnd.pass': 'pass',
  'root.pass': 'pass',
  'root.value': 'value',
  'root.tensor': 'tensor',
  'rule.firstSite': 'site',
  'rule.secondSite': 'site',
  'run.pass': 'pass',
  'run.rule': 'rule',
  'run.op': 'op',
  'step.pass': 'pass',
  'step.op': 'op',
  'stepEnd.step': 'step',
  'upstream.step': 'step',
  'upstream.tensor': 'tensor',
  'contribution.step': 'step',
  'contribution.target': 'value',
  'contribution.tensor': 'tensor',
  'contribution.site': 'site',
  'held.pass': 'pass',
  'held.value': 'value',
  'held.tensor': 'tensor',
  'write.target': 'value',
  'write.tensor': 'tensor',
  'write.site': 'site',
}

/** Id columns that must name a row; the others may be −1. */
const required = new Set([
  'site.source',
  'node.maker',
  'run.pass',
  'run.rule',
  'run.op',
  'value.op',
  'operand.op',
  'constant.op',
  'cut.op',
  'name.value',
  'passEnd.pass',
  'root.pass',
  'root.value',
  'step.pass',
  'step.op',
  'stepEnd.step',
  'upstream.step',
  'contribution.step',
  'contribution.target',
  'held.pass',
  'held.value',
  'write.target',
])

export class Tables {
  readonly text: string[] = []
  private readonly columns = new Map<TableName, [name: string, type: ColumnType, column: Column][]>()
  private readonly views = new Map<TableName, object>()

  constructor() {
    for (const name of tableNames) {
      const list = Object.entries(wireTables[name]).map(([column, type]): [string, ColumnType, Column] => [
        column,
        type,
        new Column(type, defaults[`${name}.${column}`] ?? (type === 'f64' ? NaN : 0)),
      ])
      this.columns.set(name, list)
      const first = list[0]?.[2]
      const view = Object.fromEntries(list.map(([column, , cells]) => [column, cells]))
      Object.defineProperty(view, 'rows', { get: () => first?.length ?? 0 })
      this.views.set(name, view)
    }
  }

  table<T extends TableName>(name: T): Table<T> {
    return this.views.get(name) as Table<T>
  }

  columnsOf(name: TableName): readonly [name: string, type: ColumnType, column: Column][] {
    return this.columns.get(name)!
  }

  rowsOf(name: TableName): number {
    return name === 'text' ? this.text.length : (this.columnsOf(name)[0]?.[2].length ?? 0)
  }

  /** '' for −1. */
  string(id: number): string {
    return this.text[id] ?? ''
  }

  /** Gives back spare room once nothing more will come. */
  compact(): void {
    for (const list of this.columns.values()) for (const [, , column] of list) column.compact()
  }

  /** Bytes that the columns take. */
  get bytes(): number {
    let sum = 0
    for (const list of this.columns.values()) for (const [, , column] of list) sum += column.bytes
    return sum
  }
}

/** The ids that a column may hold: from `low` up to, not including, `high`; and for messages, the table they name. */
export interface Bounds {
  target: TableName
  low: number
  high: number
}

/** Null for columns that hold no ids. Within its own table a row may only name earlier ones: `high` then grows by one per row. */
export function boundsOf(table: TableName, column: string, type: ColumnType, tables: Tables): Bounds | null {
  const target = type === 'text' ? 'text' : references[`${table}.${column}`]
  if (target === undefined) return null
  return { target, low: required.has(`${table}.${column}`) ? 0 : -1, high: tables.rowsOf(target) }
}
