/** Rows of `node` and `run` to the rows that they are short for. */
import type { TableName } from '../protocol/wire.ts'
import type { Cells } from './column.ts'
import type { Tables } from './tables.ts'

const MOST_OPERANDS = 2

export class Expander {
  private readonly tables: Tables
  /** The first row in `operand` of each op, −1 for those without. */
  private firsts = new Int32Array(0)

  constructor(tables: Tables) {
    this.tables = tables
  }

  /** Takes note of operands that came as rows of their own. */
  operands([ops]: readonly Cells[]): void {
    const before = this.tables.rowsOf('operand') - ops!.length
    this.grow(this.tables.rowsOf('op'))
    for (let row = 0; row < ops!.length; row++) {
      const op = ops![row]!
      if (this.firsts[op]! < 0) this.firsts[op] = before + row
    }
  }

  /** Takes rows of `node`; says what is wrong with them, and then takes none. */
  nodes(cells: readonly Cells[]): string | null {
    const [makers, sites, calls, ticks, kinds, data, lefts, rights] = cells as Columns<8>
    const rows = makers.length
    const op = this.tables.rowsOf('op')
    const value = this.tables.rowsOf('value')
    const maker = this.tables.table('maker')
    const [nameOf, kindOf, flagsOf] = [maker.name, maker.kind, maker.flags].map((column) => column.ids())
    const names = new Int32Array(rows)
    const opKinds = new Uint8Array(rows)
    const operandOps = new Int32Array(MOST_OPERANDS * rows)
    const operandValues = new Int32Array(MOST_OPERANDS * rows)
    const operandFlags = new Uint8Array(MOST_OPERANDS * rows)
    const firsts = new Int32Array(rows).fill(-1)
    const operandsBefore = this.tables.rowsOf('operand')
    let operands = 0
    for (let row = 0; row < rows; row++) {
      const made = makers[row]!
      names[row] = nameOf![made]!
      opKinds[row] = kindOf![made]!
      let flags = flagsOf![made]!
      if (flags >>> (2 * MOST_OPERANDS) !== 0) return `a maker of more than ${MOST_OPERANDS} operands`
      if (flags !== 0) firsts[row] = operandsBefore + operands
      for (let side = 0; side < MOST_OPERANDS; side++) {
        const given = side === 0 ? lefts[row]! : rights[row]!
        if (flags !== 0 ? given < 0 || given >= value + row : given !== -1)
          return `node ${op + row} cannot have value ${given} as an operand`
        if (flags === 0) continue
        operandOps[operands] = op + row
        operandValues[operands] = given
        operandFlags[operands++] = flags & 3
        flags >>>= 2
      }
    }
    this.grow(op + rows)
    this.firsts.set(firsts, op)
    this.append('op', rows, { name: names, site: sites, call: calls, kind: opKinds })
    this.append('value', rows, { op: ascending(op, rows), tick: ticks, kind: kinds, data })
    this.append('operand', operands, {
      op: operandOps.subarray(0, operands),
      value: operandValues.subarray(0, operands),
      flags: operandFlags.subarray(0, operands),
    })
    return null
  }

  /** Takes rows of `run`; says what is wrong with them, and then takes none. */
  runs(cells: readonly Cells[]): string | null {
    const [passes, rules, ops, ticks, upstreams, firstAmounts, secondAmounts] = cells as Columns<7>
    const rows = passes.length
    const { rule, operand } = { rule: this.tables.table('rule'), operand: this.tables.table('operand') }
    const { op: opOf, value: valueOf, rows: operands } = operand
    const slots = [rule.firstSlot.ids(), rule.secondSlot.ids()]
    const sites = [rule.firstSite.ids(), rule.secondSite.ids()]
    const step = this.tables.rowsOf('step')
    const steps = ascending(step, rows)
    const ends = new Int32Array(rows)
    const columns = {
      step: new Int32Array(2 * rows),
      slot: new Int8Array(2 * rows),
      target: new Int32Array(2 * rows),
      tick: new Int32Array(2 * rows),
      data: new Float64Array(2 * rows),
      site: new Int32Array(2 * rows),
    }
    const begins = new Int32Array(rows)
    let parts = 0
    let free = 0
    for (let row = 0; row < rows; row++) {
      const known = rules[row]!
      const op = ops[row]!
      const first = op < this.firsts.length ? this.firsts[op]! : -1
      let tick = (begins[row] = Math.max(ticks[row]!, free))
      for (let part = 0; part < 2; part++) {
        const slot = slots[part]![known]!
        if (part === 1 && slot < 0) break
        const at = first + slot
        if (first < 0 || slot < 0 || at >= operands || opOf.at(at) !== op || valueOf.at(at) < 0)
          return `a rule of op ${op} gives to its operand ${slot}, which is no value`
        columns.step[parts] = step + row
        columns.slot[parts] = slot
        columns.target[parts] = valueOf.at(at)
        columns.tick[parts] = ++tick
        columns.data[parts] = part === 0 ? firstAmounts[row]! : secondAmounts[row]!
        columns.site[parts] = sites[part]![known]!
        parts++
      }
      ends[row] = tick + 1
      free = tick + 2
    }
    this.append('step', rows, { pass: passes, op: ops, tick: begins })
    this.append('stepEnd', rows, { step: steps, tick: ends })
    this.append('upstream', rows, { step: steps, data: upstreams })
    this.append(
      'contribution',
      parts,
      Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.subarray(0, parts)])),
    )
    return null
  }

  /** Adds rows; the columns that are not given hold what they hold in a scalar engine. */
  private append(table: TableName, rows: number, given: { readonly [column: string]: Cells }): void {
    for (const [name, , column] of this.tables.columnsOf(table)) {
      const cells = given[name]
      if (cells) column.append(cells)
      else column.append(new Int8Array(rows).fill(name === 'tensor' ? -1 : 0))
    }
  }

  private grow(ops: number): void {
    if (this.firsts.length >= ops) return
    const grown = new Int32Array(Math.max(ops, 2 * this.firsts.length)).fill(-1)
    grown.set(this.firsts)
    this.firsts = grown
  }
}

function ascending(first: number, rows: number): Int32Array {
  const numbers = new Int32Array(rows)
  for (let row = 0; row < rows; row++) numbers[row] = first + row
  return numbers
}

type Columns<N extends number, T extends Cells[] = []> = T['length'] extends N ? T : Columns<N, [...T, Cells]>
