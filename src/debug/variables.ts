/** The scopes of a frame: the node, the contributions to and from it, the parameters. */
import { GradientStatus, type Flow } from '../protocol/view.ts'
import { formatNumber } from '../protocol/number.ts'
import { Cell, Mode, OpKind, WriteKind } from '../protocol/wire.ts'
import { awaited, contributionsOf, flow } from '../session/details.ts'
import { gradientAt } from '../tape/gradient.ts'
import type { Tape } from '../tape/tape.ts'
import { oneLine, titleOf } from '../tape/titles.ts'
import { conditionNames, type ConditionName } from './conditions/parse.ts'
import type { Value } from './conditions/values.ts'
import { item, lazily, type Children, type Item } from './items.ts'
import type { Lineage } from './lineage.ts'
import { integral, show } from './show.ts'
import { contributionRows, dataDatum, read, valueOf, type Situation } from './situation.ts'
import type { Strings } from './strings.ts'

/** Whole numbers that count something. */
const counts = new Set<ConditionName>(['line', 'pass', 'step'])

export class Scopes {
  private readonly tape: Tape
  private readonly lineage: Lineage
  private readonly s: Strings
  /** Leaves that the script updates, and those that it named, as ops in the order of making. */
  private readonly updated = new Set<number>()
  private readonly named = new Set<number>()
  /** The ones that are shown, and those in order. */
  private shown = this.named
  private ordered: number[] = []
  /** Rows that were looked at. */
  private writes = 0
  private names = 0

  constructor(tape: Tape, lineage: Lineage, s: Strings) {
    this.tape = tape
    this.lineage = lineage
    this.s = s
  }

  read(at: Situation, name: ConditionName): Value {
    return read(this.tape, this.lineage, (value, tick) => gradientAt(this.tape, value, tick), at, name)
  }

  /** Everything that a condition can read of a node, and its operands. */
  node(at: Situation): Children {
    const { tape } = this
    const operands = tape.operands(at.op)
    return lazily(
      () => [
        ...conditionNames.map((name) => this.readable(at, name)),
        { name: 'expression', value: oneLine(this.expression(at.op)) },
        ...Array.from(operands, (value, slot) => this.operand(at, value, slot)),
      ],
      conditionNames.length + 1 + operands.length,
    )
  }

  private readable(at: Situation, name: ConditionName): Item {
    const value = this.tape.valueOfOp(at.op)
    const given = this.read(at, name)
    const made = item(name, given, { evaluateName: name })
    if (counts.has(name)) return { ...made, value: show(given, integral) }
    if (name === 'grad') return { ...made, type: this.statusOf(value, at.tick), changes: { cell: 'gradient', value } }
    return name === 'data' ? { ...made, changes: { cell: 'value', value } } : made
  }

  private operand(at: Situation, value: number, slot: number): Item {
    const name = `operand ${slot}`
    if (value >= 0) return { ...this.summary(this.tape.table('value').op.at(value), at), name }
    return item(name, this.tape.constant(at.op, slot))
  }

  /** A node among others: its name, its value and gradient, and inside what a scope of its own shows. */
  summary(op: number, at: Situation): Item {
    const { tape } = this
    const value = tape.valueOfOp(op)
    const inside = { ...at, op, step: this.ownStep(op, at) }
    const grad = this.read(inside, 'grad')
    const data = valueOf(dataDatum(tape, value, at.tick))
    return {
      name: titleOf(tape, op),
      value: `data ${show(data)}, grad ${show(grad)}`,
      type: tape.opName(op),
      children: this.node(inside),
      ...(value < 0 ? {} : { changes: { cell: 'gradient' as const, value } }),
    }
  }

  /** What came from each consumer, in the order it came, with the sum so far; then what goes on to each operand. */
  contributions(at: Situation): Children {
    const { tape, s } = this
    const value = tape.valueOfOp(at.op)
    const rows = contributionRows(tape, value, at)
    const consumer = (row: number) => tape.table('step').op.at(tape.table('contribution').step.at(row))
    const waiting = awaited(tape, value, at.pass, at.tick, new Set(rows.map(consumer)))
    const seed = this.seedOf(value, at)
    const sums = this.sums(rows, seed)
    const given = contributionsOf(tape, at.op, at.pass, at.tick)
    const before = seed === null ? 0 : 1
    const total = before + rows.length
    const make = (i: number): Item => {
      if (i < before) return item(s.seed, seed)
      if (i < total) {
        const row = rows[i - before]!
        const from = consumer(row)
        return this.flow(s.fromConsumer(titleOf(tape, from), from), flow(tape, row, from), at, sums[i - before])
      }
      if (i < total + waiting.length) {
        const from = waiting[i - total]!
        return { ...item(s.fromConsumer(titleOf(tape, from), from), null), type: s.waiting }
      }
      if (i === total + waiting.length) return item(s.sumSoFar, sums.at(-1) ?? seed)
      const to = given[i - total - waiting.length - 1]!
      return this.flow(to.stray ? s.toOther(to.title, to.element) : s.toOperand(to.title, to.slot), to, at)
    }
    const count = total + waiting.length + 1 + given.length
    return {
      count,
      slice: (start, end) =>
        Array.from({ length: Math.max(0, Math.min(end, count) - start) }, (_, i) => make(start + i)),
    }
  }

  private flow(name: string, given: Flow, at: Situation, sum?: number | null): Item {
    const [local, upstream, contribution] = [given.local, given.upstream, given.contribution].map(valueOf) as Value[]
    const there = contribution !== null
    const product = `${show(local!)} × ${show(upstream!)} = ${show(contribution!)}`
    const rule = given.vjp?.rule ?? given.formula
    return {
      name,
      value: !there ? show(null) : given.vjp ? `${given.vjp.rule} = ${show(contribution!)}` : product,
      type: there ? given.mode : this.s.waiting,
      children: lazily(
        () => [
          { ...item('local derivative', local!), ...(rule === '' ? {} : { value: withRule(rule, local!) }) },
          item('upstream', upstream!),
          item('contribution', contribution!),
          ...(sum === undefined ? [] : [item(this.s.sumSoFar, sum)]),
          ...(given.element < 0 ? [] : [this.summary(given.element, at)]),
        ],
        3 + (sum === undefined ? 0 : 1) + (given.element < 0 ? 0 : 1),
      ),
    }
  }

  /** The parameters that the script updates; where it updates none, the leaves that it named. */
  parameters(at: Situation): Children {
    const made = this.tape.table('value').tick
    const ops = this.allParameters().filter((op) => made.at(this.tape.valueOfOp(op)) <= at.tick)
    return {
      count: ops.length,
      slice: (start, end) => ops.slice(start, end).map((op) => this.summary(op, at)),
    }
  }

  private allParameters(): number[] {
    const { tape } = this
    const { op } = tape.table('value')
    const { kind } = tape.table('op')
    const write = tape.table('write')
    for (; this.writes < write.rows; this.writes++) {
      if (write.cell.at(this.writes) !== Cell.value || write.kind.at(this.writes) !== WriteKind.update) continue
      const leaf = op.at(write.target.at(this.writes))
      if (kind.at(leaf) === OpKind.leaf) this.updated.add(leaf)
    }
    const name = tape.table('name')
    for (; this.names < name.rows; this.names++) {
      const leaf = op.at(name.value.at(this.names))
      if (kind.at(leaf) === OpKind.leaf) this.named.add(leaf)
    }
    const all = this.updated.size > 0 ? this.updated : this.named
    if (all !== this.shown || all.size !== this.ordered.length) this.ordered = [...all].sort((a, b) => a - b)
    this.shown = all
    return this.ordered
  }

  /** Running sums in the order the engine added; null for tensors, whose norms do not add. */
  private sums(rows: readonly number[], seed: Value): (number | null)[] {
    const { data, mode, tensor } = this.tape.table('contribution')
    let sum: number | null = typeof seed === 'number' ? seed : 0
    return rows.map((row) => {
      if (tensor.at(row) >= 0) sum = null
      else if (mode.at(row) === Mode.set) sum = data.at(row)
      else sum = sum === null ? null : sum + data.at(row)
      return sum
    })
  }

  private seedOf(value: number, at: Situation): Value {
    const { pass, tick, seed, tensor } = this.tape.table('root')
    for (const row of this.tape.rows('rootsOfValue', value))
      if (pass.at(row) === at.pass && tick.at(row) <= at.tick)
        return tensor.at(row) < 0 ? seed.at(row) : this.tape.table('tensor').l2.at(tensor.at(row))
    return null
  }

  /** The last step of a node's own in the pass that has begun by then; −1 for none. */
  private ownStep(op: number, at: Situation): number {
    const { pass, tick } = this.tape.table('step')
    return (
      this.tape.rows('stepsOfOp', op).findLast((step) => pass.at(step) === at.pass && tick.at(step) <= at.tick) ?? -1
    )
  }

  private expression(op: number): string {
    const site = this.tape.table('op').site.at(op)
    return site < 0 ? '' : this.tape.siteText(site)
  }

  private statusOf(value: number, tick: number): string {
    const status = gradientAt(this.tape, value, tick).status
    return statusNames(this.s)[status]
  }
}

const withRule = (rule: string, local: Value) => (typeof local === 'number' ? `${rule} = ${formatNumber(local)}` : rule)

const statusNames = (s: Strings): Record<GradientStatus, string> => ({
  [GradientStatus.waiting]: s.waiting,
  [GradientStatus.arrived]: s.arrived,
  [GradientStatus.unreached]: s.unreached,
  [GradientStatus.released]: s.released,
  [GradientStatus.carried]: s.carried,
})
