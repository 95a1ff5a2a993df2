/** Gradients of all values at one tick, moved along the tape; the bulk form of `gradientAt`, which it must agree with. */
import { GradientStatus } from '../protocol/view.ts'
import { Cell, Mode, WriteKind } from '../protocol/wire.ts'
import type { Column } from './column.ts'
import { isCarried, received } from './gradient.ts'
import type { Tape } from './tape.ts'

/** Rows of one table in the order they happened. */
interface Stream {
  rows: number
  row(i: number): number
  tick(row: number): number
}

export class Snapshot {
  readonly tape: Tape
  /** Everything up to and including this tick has happened. */
  tick = -Infinity
  /** Per value: what its gradient cell holds; only where `has` is 1. */
  private held: Float64Array
  private has: Uint8Array
  private released: Uint8Array
  /** Per value: the pass its gradient came from, −1 for none. */
  private pass: Int32Array
  /** Per value: row of the tensor table of its gradient, −1 for none. */
  private tensor: Int32Array
  /** Per operand row: what flowed along it in `flowPass`, summed. */
  private flow: Float64Array
  private flowPass: Int32Array
  /** The start of the latest-begun pass that has ended; values older than it and without a gradient are unreached. */
  private endedStart = -Infinity
  private readonly contributions: Stream
  private readonly roots: Stream
  private readonly writes: Stream
  private readonly helds: Stream
  private readonly ends: Stream
  private readonly operandOf: Int32Array
  private readonly cursor = { contributions: 0, roots: 0, writes: 0, helds: 0, ends: 0 }

  /** Reads the tape as it is now; make a new one when it has grown. */
  constructor(tape: Tape) {
    this.tape = tape
    const values = tape.tables.rowsOf('value')
    const operands = tape.tables.rowsOf('operand')
    this.held = new Float64Array(values)
    this.has = new Uint8Array(values)
    this.released = new Uint8Array(values)
    this.pass = new Int32Array(values).fill(-1)
    this.tensor = new Int32Array(values).fill(-1)
    this.flow = new Float64Array(operands)
    this.flowPass = new Int32Array(operands).fill(-1)
    const ticks = (name: 'contribution' | 'root' | 'write' | 'passEnd') => stream(tape.table(name).rows, columnTick(tape.table(name).tick))
    this.contributions = ticks('contribution')
    this.roots = ticks('root')
    this.writes = ticks('write')
    this.ends = ticks('passEnd')
    const ends = new Float64Array(tape.passes).fill(Infinity)
    const { pass, tick, rows } = tape.table('passEnd')
    for (let row = 0; row < rows; row++) ends[pass.at(row)] = tick.at(row)
    const held = tape.table('held')
    this.helds = stream(held.rows, (row) => ends[held.pass.at(row)]!)
    this.operandOf = operandRows(tape)
  }

  /** Forwards it reads only what is new; backwards it starts again. */
  moveTo(tick: number): void {
    if (tick < this.tick) this.rewind()
    this.tick = tick
    const { cursor } = this
    for (;;) {
      // At one tick: contributions, seeds, writes, and then what the engine's cell was read as.
      const next = Math.min(
        peek(this.contributions, cursor.contributions),
        peek(this.roots, cursor.roots),
        peek(this.writes, cursor.writes),
        peek(this.helds, cursor.helds),
        peek(this.ends, cursor.ends),
      )
      if (next > tick || next === Infinity) return
      while (peek(this.contributions, cursor.contributions) === next)
        this.contribute(this.contributions.row(cursor.contributions++))
      while (peek(this.roots, cursor.roots) === next) this.seed(this.roots.row(cursor.roots++))
      while (peek(this.writes, cursor.writes) === next) this.write(this.writes.row(cursor.writes++))
      while (peek(this.helds, cursor.helds) === next) this.settle(this.helds.row(cursor.helds++))
      while (peek(this.ends, cursor.ends) === next) this.end(this.ends.row(cursor.ends++))
    }
  }

  status(value: number): GradientStatus {
    if (this.released[value]) return GradientStatus.released
    if (!this.has[value]) {
      const born = this.tape.table('value').tick.at(value)
      return this.endedStart > born ? GradientStatus.unreached : GradientStatus.waiting
    }
    return isCarried(this.tape, value, this.pass[value]!, this.tick) ? GradientStatus.carried : GradientStatus.arrived
  }

  /** Whether the gradient is a number: arrived, carried or released. */
  hasGradient(value: number): boolean {
    return this.has[value] === 1 || this.released[value] === 1
  }

  /** What the engine's cell holds (released: what it had received); a tensor's is its norm. Only where `hasGradient`. */
  gradient(value: number): number {
    const tensor = this.tensor[value]!
    if (tensor >= 0) return this.tape.table('tensor').l2.at(tensor)
    return this.released[value] ? received(this.tape, value, this.pass[value]!) : this.held[value]!
  }

  /** The number behind a gradient as `gradientAt` gives it, before a tensor's norm is taken. */
  heldNumber(value: number): number | null {
    if (this.released[value]) return received(this.tape, value, this.pass[value]!)
    return this.has[value] ? this.held[value]! : null
  }

  /** Row of the tensor table of the gradient, −1 for scalars. */
  tensorOf(value: number): number {
    return this.tensor[value]!
  }

  /** Whether something flowed along an operand row in the pass that the gradient of its op's `value` is from. */
  flowed(operand: number, value: number): boolean {
    const pass = this.flowPass[operand]!
    return pass >= 0 && pass === this.pass[value]
  }

  /** The contribution that flowed along an operand row; a tensor's is its norm. */
  flowOf(operand: number): number {
    return this.flow[operand]!
  }

  private rewind(): void {
    this.has.fill(0)
    this.released.fill(0)
    this.pass.fill(-1)
    this.tensor.fill(-1)
    this.flowPass.fill(-1)
    this.endedStart = -Infinity
    Object.assign(this.cursor, { contributions: 0, roots: 0, writes: 0, helds: 0, ends: 0 })
  }

  private contribute(row: number): void {
    const { step, target, data, mode, tensor } = this.tape.table('contribution')
    const value = target.at(row)
    const pass = this.tape.table('step').pass.at(step.at(row))
    const given = data.at(row)
    if (mode.at(row) === Mode.set) this.held[value] = given
    else if (this.pass[value] === pass && this.has[value]) this.held[value]! += given
    else this.held[value] = heldBefore(this.tape, value, pass) + given
    this.arrive(value, pass, tensor.at(row))
    const operand = this.operandOf[row]!
    if (operand < 0) return
    const amount = tensor.at(row) < 0 ? given : this.tape.table('tensor').l2.at(tensor.at(row))
    this.flow[operand] = this.flowPass[operand] === pass && tensor.at(row) < 0 ? this.flow[operand]! + amount : amount
    this.flowPass[operand] = pass
  }

  private seed(row: number): void {
    const { pass, value, seed, tensor } = this.tape.table('root')
    this.held[value.at(row)] = seed.at(row)
    this.arrive(value.at(row), pass.at(row), tensor.at(row))
  }

  private write(row: number): void {
    const { target, cell, kind, after } = this.tape.table('write')
    if (cell.at(row) !== Cell.gradient) return
    const value = target.at(row)
    const how = kind.at(row)
    const cleared = how === WriteKind.zero || how === WriteKind.release
    this.has[value] = cleared ? 0 : 1
    if (!cleared) this.held[value] = after.at(row)
    this.released[value] = how === WriteKind.release && this.pass[value]! >= 0 ? 1 : 0
    if (cleared && !this.released[value]) this.pass[value] = -1
  }

  private settle(row: number): void {
    const { pass, value, after, tensor } = this.tape.table('held')
    const target = value.at(row)
    if (this.pass[target] === pass.at(row)) {
      this.held[target] = after.at(row)
      this.has[target] = 1
    }
    this.released[target] = 0
    this.pass[target] = pass.at(row)
    this.tensor[target] = tensor.at(row)
  }

  private end(row: number): void {
    const pass = this.tape.table('passEnd').pass.at(row)
    this.endedStart = Math.max(this.endedStart, this.tape.passStart(pass))
  }

  private arrive(value: number, pass: number, tensor: number): void {
    this.has[value] = 1
    this.released[value] = 0
    this.pass[value] = pass
    this.tensor[value] = tensor
  }
}

const peek = (stream: Stream, i: number) => (i < stream.rows ? stream.tick(stream.row(i)) : Infinity)

const columnTick = (column: Column) => (row: number) => column.at(row)

/** Rows by tick; the identity when the table is already in order, as one thread writes it. */
function stream(rows: number, tick: (row: number) => number): Stream {
  let sorted = true
  for (let row = 1; row < rows && sorted; row++) sorted = tick(row - 1) <= tick(row)
  if (sorted) return { rows, row: (i) => i, tick }
  const order = Uint32Array.from({ length: rows }, (_, row) => row).sort((a, b) => tick(a) - tick(b) || a - b)
  return { rows, row: (i) => order[i]!, tick }
}

/** The operand row that each contribution flowed along, −1 for strays. */
function operandRows(tape: Tape): Int32Array {
  const { step, slot, rows } = tape.table('contribution')
  const ops = tape.table('step').op
  const found = new Int32Array(rows).fill(-1)
  for (let row = 0; row < rows; row++) {
    const operands = tape.rows('operandsOfOp', ops.at(step.at(row)))
    found[row] = slot.at(row) < 0 ? -1 : (operands[slot.at(row)] ?? -1)
  }
  return found
}

/** What the cell held when the pass began. */
function heldBefore(tape: Tape, value: number, pass: number): number {
  const held = tape.table('held')
  const row = tape.rows('heldOfValue', value).find((candidate) => held.pass.at(candidate) === pass)
  const before = row === undefined ? 0 : held.before.at(row)
  return Number.isNaN(before) ? 0 : before
}
