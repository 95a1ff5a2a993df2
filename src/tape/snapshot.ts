/** Gradients of all values at one tick, moved along the tape; the bulk form of `gradientAt`, which it must agree with. */
import { GradientStatus } from '../protocol/view.ts'
import { Cell, Mode, WriteKind } from '../protocol/wire.ts'
import type { Column } from './column.ts'
import { isCarried, received } from './gradient.ts'
import type { Tape } from './tape.ts'

/** Saved states are this many events apart, and together no larger than this. */
const STRIDE = 30_000
const SAVED_BYTES = 64_000_000

/** Everything that moves with the tick. */
interface State {
  tick: number
  /** Per value: what its gradient cell holds; only where `has` is 1. */
  held: Float64Array
  has: Uint8Array
  released: Uint8Array
  /** Per value: the pass its gradient came from, −1 for none. */
  pass: Int32Array
  /** Per value: row of the tensor table of its gradient, −1 for none. */
  tensor: Int32Array
  /** Per operand row: what flowed along it in `flowPass`, summed. */
  flow: Float64Array
  flowPass: Int32Array
  /** Per value: when its gradient was last cleared, −1 for never. */
  cleared: Int32Array
  /** Start and end of the latest-begun pass that has ended; it did not reach what is older and has no gradient, unless that was cleared since. */
  endedStart: number
  endedEnd: number
  /** How many rows of each stream have happened. */
  cursor: { contributions: number; roots: number; writes: number; helds: number; ends: number }
}

/** Columns of the contribution table, and the norms of tensors. */
interface Contributions {
  target: Int32Array
  data: Float64Array
  mode: Column
  tensor: Column
  l2: Column
}

/** Rows of one table in the order they happened. */
export interface Stream {
  rows: number
  row(i: number): number
  tick(row: number): number
}

export class Snapshot {
  readonly tape: Tape
  private state: State
  /** States to go back to, oldest first. */
  private readonly saved: State[]
  private readonly stride: number
  private readonly born: Column
  private events = 0
  private readonly contributions: Stream
  private readonly roots: Stream
  private readonly writes: Stream
  private readonly helds: Stream
  private readonly ends: Stream
  /** Infinity while a pass runs. */
  private readonly passEnds: Float64Array
  private readonly contribution: Contributions
  /** Per contribution row: the operand row it flowed along (−1 for strays), its pass, what the cell held before that. */
  private readonly operandOf: Int32Array
  private readonly passOf: Int32Array
  private readonly before: Float64Array | null

  /** Reads the tape as it is now; make a new one when it has grown. */
  constructor(tape: Tape) {
    this.tape = tape
    this.born = tape.table('value').tick
    const values = tape.tables.rowsOf('value')
    const operands = tape.tables.rowsOf('operand')
    this.state = {
      tick: -Infinity,
      held: new Float64Array(values),
      has: new Uint8Array(values),
      released: new Uint8Array(values),
      pass: new Int32Array(values).fill(-1),
      tensor: new Int32Array(values).fill(-1),
      flow: new Float64Array(operands),
      flowPass: new Int32Array(operands).fill(-1),
      cleared: new Int32Array(values).fill(-1),
      endedStart: -Infinity,
      endedEnd: -Infinity,
      cursor: { contributions: 0, roots: 0, writes: 0, helds: 0, ends: 0 },
    }
    this.saved = [copyOf(this.state)]
    const ticks = (name: 'contribution' | 'root' | 'write' | 'passEnd') => {
      const known = tape.table(name).tick.ids()
      return stream(known.length, (row) => known[row]!)
    }
    this.contributions = ticks('contribution')
    this.roots = ticks('root')
    this.writes = ticks('write')
    this.ends = ticks('passEnd')
    const ends = (this.passEnds = Float64Array.from({ length: tape.passes }, (_, pass) => tape.passEnd(pass)))
    const held = tape.table('held')
    this.helds = stream(held.rows, (row) => ends[held.pass.at(row)]!)
    const { step, target, data, mode, tensor } = tape.table('contribution')
    this.contribution = { target: target.ids(), data: data.numbers(), mode, tensor, l2: tape.table('tensor').l2 }
    const passes = tape.table('step').pass.ids()
    const steps = step.ids()
    this.passOf = steps.map((at) => passes[at]!)
    this.operandOf = operandRows(tape, steps)
    this.before = heldBefore(tape, this.passOf)
    const total = this.contributions.rows + this.roots.rows + this.writes.rows + this.helds.rows
    const size = values * 22 + operands * 12
    this.stride = Math.max(STRIDE, (total * size) / SAVED_BYTES)
  }

  /** Everything up to and including this tick has happened. */
  get tick(): number {
    return this.state.tick
  }

  /** Forwards it reads only what is new; backwards it starts from the nearest saved state. */
  moveTo(tick: number): void {
    if (tick < this.state.tick) {
      this.state = copyOf(this.saved.findLast((state) => state.tick <= tick)!)
      this.events = 0
    }
    for (;;) {
      const { cursor } = this.state
      const others = Math.min(
        peek(this.roots, cursor.roots),
        peek(this.writes, cursor.writes),
        peek(this.helds, cursor.helds),
        peek(this.ends, cursor.ends),
      )
      // At one tick: contributions, seeds, writes, and then what the engine's cell was read as.
      this.takeContributions(Math.min(others, tick))
      if (others > tick || others === Infinity) break
      while (peek(this.roots, cursor.roots) === others) this.seed(this.roots.row(cursor.roots++))
      while (peek(this.writes, cursor.writes) === others) this.write(this.writes.row(cursor.writes++))
      while (peek(this.helds, cursor.helds) === others) this.settle(this.helds.row(cursor.helds++))
      while (peek(this.ends, cursor.ends) === others) this.end(this.ends.row(cursor.ends++))
      this.state.tick = others
    }
    this.state.tick = tick
  }

  status(value: number): GradientStatus {
    if (this.state.released[value]) return GradientStatus.released
    if (!this.state.has[value]) {
      const born = this.born.at(value)
      const passed = this.state.endedStart > born && this.state.endedEnd > this.state.cleared[value]!
      return passed ? GradientStatus.unreached : GradientStatus.waiting
    }
    return isCarried(this.tape, value, this.state.pass[value]!, this.state.tick)
      ? GradientStatus.carried
      : GradientStatus.arrived
  }

  /** Whether the gradient is a number: arrived, carried or released. */
  hasGradient(value: number): boolean {
    return this.state.has[value] === 1 || this.state.released[value] === 1
  }

  /** What the engine's cell holds (released: what it had received); a tensor's is its norm. Only where `hasGradient`. */
  gradient(value: number): number {
    const tensor = this.state.tensor[value]!
    if (tensor >= 0) return this.tape.table('tensor').l2.at(tensor)
    return this.state.released[value] ? received(this.tape, value, this.state.pass[value]!) : this.state.held[value]!
  }

  /** The number behind a gradient as `gradientAt` gives it, before a tensor's norm is taken. */
  heldNumber(value: number): number | null {
    if (this.state.released[value]) return received(this.tape, value, this.state.pass[value]!)
    return this.state.has[value] ? this.state.held[value]! : null
  }

  /** Row of the tensor table of the gradient, −1 for scalars. */
  tensorOf(value: number): number {
    return this.state.tensor[value]!
  }

  /** Whether something flowed along an operand row in the pass that the gradient of its op's `value` is from. */
  flowed(operand: number, value: number): boolean {
    const pass = this.state.flowPass[operand]!
    return pass >= 0 && pass === this.state.pass[value]
  }

  /** The contribution that flowed along an operand row; a tensor's is its norm. */
  flowOf(operand: number): number {
    return this.state.flow[operand]!
  }

  /** The last pass in which something flowed along an operand row, −1 for none. */
  flowPassOf(operand: number): number {
    return this.state.flowPass[operand]!
  }

  /** All contributions up to a tick, which nothing else comes between. */
  private takeContributions(until: number): void {
    const { cursor } = this.state
    for (;;) {
      const next = peek(this.contributions, cursor.contributions)
      if (next > until || next === Infinity) return
      if (this.events >= this.stride && next > this.state.tick) this.save()
      this.contribute(this.contributions.row(cursor.contributions++))
      this.state.tick = next
      this.events++
    }
  }

  private save(): void {
    this.events = 0
    if (this.state.tick > this.saved.at(-1)!.tick) this.saved.push(copyOf(this.state))
  }

  private contribute(row: number): void {
    const { state, contribution } = this
    const value = contribution.target[row]!
    const pass = this.passOf[row]!
    const given = contribution.data[row]!
    const tensor = contribution.tensor.at(row)
    if (contribution.mode.at(row) === Mode.set) state.held[value] = given
    else if (state.pass[value] === pass && state.has[value]) state.held[value]! += given
    else state.held[value] = this.heldBefore(value, pass, row) + given
    this.arrive(value, pass, tensor)
    const operand = this.operandOf[row]!
    if (operand < 0) return
    const amount = tensor < 0 ? given : contribution.l2.at(tensor)
    state.flow[operand] = state.flowPass[operand] === pass && tensor < 0 ? state.flow[operand]! + amount : amount
    state.flowPass[operand] = pass
  }

  /** What a cell held when a pass began is recorded when the pass ends. */
  private heldBefore(value: number, pass: number, contribution: number): number {
    if (this.passEnds[pass] === Infinity) return this.state.has[value] ? this.state.held[value]! : 0
    return this.before?.[contribution] ?? 0
  }

  private seed(row: number): void {
    const { pass, value, seed, tensor } = this.tape.table('root')
    this.state.held[value.at(row)] = seed.at(row)
    this.arrive(value.at(row), pass.at(row), tensor.at(row))
  }

  private write(row: number): void {
    const { tick, target, cell, kind, after } = this.tape.table('write')
    if (cell.at(row) !== Cell.gradient) return
    const value = target.at(row)
    const how = kind.at(row)
    const cleared = how === WriteKind.zero || how === WriteKind.release
    this.state.has[value] = cleared ? 0 : 1
    if (!cleared) this.state.held[value] = after.at(row)
    this.state.released[value] = how === WriteKind.release && this.state.pass[value]! >= 0 ? 1 : 0
    if (cleared && !this.state.released[value]) {
      this.state.pass[value] = -1
      this.state.cleared[value] = tick.at(row)
    }
  }

  private settle(row: number): void {
    const { pass, value, after, tensor } = this.tape.table('held')
    const target = value.at(row)
    // What the engine let go of during the pass, its cell has no number of at the end.
    if (this.state.released[target] && this.state.pass[target] === pass.at(row) && Number.isNaN(after.at(row))) return
    if (this.state.pass[target] === pass.at(row)) {
      this.state.held[target] = after.at(row)
      this.state.has[target] = 1
    }
    this.state.released[target] = 0
    this.state.pass[target] = pass.at(row)
    this.state.tensor[target] = tensor.at(row)
  }

  private end(row: number): void {
    const { pass, tick } = this.tape.table('passEnd')
    const start = this.tape.passStart(pass.at(row))
    if (start <= this.state.endedStart) return
    this.state.endedStart = start
    this.state.endedEnd = tick.at(row)
  }

  private arrive(value: number, pass: number, tensor: number): void {
    this.state.has[value] = 1
    this.state.released[value] = 0
    this.state.pass[value] = pass
    this.state.tensor[value] = tensor
  }
}

const peek = (stream: Stream, i: number) => (i < stream.rows ? stream.tick(stream.row(i)) : Infinity)

/** Rows by tick; the identity when the table is already in order, as one thread writes it. */
export function stream(rows: number, tick: (row: number) => number): Stream {
  let sorted = true
  for (let row = 1; row < rows && sorted; row++) sorted = tick(row - 1) <= tick(row)
  if (sorted) return { rows, row: (i) => i, tick }
  const order = Uint32Array.from({ length: rows }, (_, row) => row).sort((a, b) => tick(a) - tick(b) || a - b)
  return { rows, row: (i) => order[i]!, tick }
}

/** The operand row that each contribution flowed along, −1 for strays. */
function operandRows(tape: Tape, steps: Int32Array): Int32Array {
  const slots = tape.table('contribution').slot.ids()
  const ops = tape.table('step').op.ids()
  return steps.map((step, row) => tape.row('operandsOfOp', ops[step]!, slots[row]!))
}

/** Per contribution row, what its target's cell held when the pass began; null when that is 0 everywhere. */
function heldBefore(tape: Tape, passOf: Int32Array): Float64Array | null {
  const { pass, before, rows } = tape.table('held')
  let any = false
  for (let row = 0; row < rows && !any; row++) any = before.at(row) !== 0 && !Number.isNaN(before.at(row))
  if (!any) return null
  const { target } = tape.table('contribution')
  return Float64Array.from(passOf, (wanted, row) => {
    const held = tape.rows('heldOfValue', target.at(row)).find((candidate) => pass.at(candidate) === wanted)
    return held === undefined || Number.isNaN(before.at(held)) ? 0 : before.at(held)
  })
}

function copyOf(state: State): State {
  const { held, has, released, pass, tensor, flow, flowPass, cleared, cursor } = state
  return {
    ...state,
    held: held.slice(),
    has: has.slice(),
    released: released.slice(),
    pass: pass.slice(),
    tensor: tensor.slice(),
    flow: flow.slice(),
    flowPass: flowPass.slice(),
    cleared: cleared.slice(),
    cursor: { ...cursor },
  }
}
