/** The way that a gradient came up to the root: from each node to the consumer that gave it most. */
import type { Tape } from '../tape/tape.ts'
import { contributionRows, sizeOf, type Situation } from './situation.ts'

export interface Rung {
  at: Situation
  /** What this node gave to the one before it, NaN at the start. */
  gave: number
}

/** Looked up as far as it is asked for: a chain may have 100,000 nodes. */
export class Ascent {
  private readonly tape: Tape
  private readonly rungs: Rung[]
  private readonly met: Set<number>
  private whole = false

  constructor(tape: Tape, start: Situation) {
    this.tape = tape
    this.rungs = [{ at: start, gave: NaN }]
    this.met = new Set([start.op])
  }

  /** Up to `end`, not included, and whether there are more. */
  slice(start: number, end: number): { rungs: Rung[]; more: boolean } {
    while (!this.whole && this.rungs.length <= end) this.climb()
    return { rungs: this.rungs.slice(start, end), more: this.rungs.length > end }
  }

  get length(): number {
    return this.rungs.length
  }

  private climb(): void {
    const { at } = this.rungs.at(-1)!
    const row = strongest(this.tape, at)
    const step = row < 0 ? -1 : this.tape.table('contribution').step.at(row)
    const op = step < 0 ? -1 : this.tape.table('step').op.at(step)
    // An engine that gives to what is above itself would go round for ever.
    if (op < 0 || this.met.has(op)) {
      this.whole = true
      return
    }
    this.met.add(op)
    this.rungs.push({ at: { ...at, op, step }, gave: sizeOf(this.tape, row) })
  }
}

/** The contribution of largest magnitude so far; of equal ones that of the lowest operand, then the earliest. */
function strongest(tape: Tape, at: Situation): number {
  const { slot } = tape.table('contribution')
  let best = -1
  let most = -1
  for (const row of contributionRows(tape, tape.valueOfOp(at.op), at)) {
    const given = sizeOf(tape, row)
    const size = Number.isNaN(given) ? Infinity : Math.abs(given)
    if (size > most || (size === most && slot.at(row) < slot.at(best))) {
      best = row
      most = size
    }
  }
  return best
}
