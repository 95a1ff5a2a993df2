/**
 * Where a recording can stand still: at the start of each pass, after each step, and at the end. A step that other
 * steps run inside of (a recursive engine) is shown as it is just before the first of them.
 */
import type { Tape } from './tape.ts'

/** The tick after which the `i`th of a pass's steps is shown. Grows with `i`. */
export function stepStop(tape: Tape, steps: ArrayLike<number>, i: number): number {
  const done = tape.stepDone(steps[i]!)
  const next = steps[i + 1]
  return next === undefined ? done : Math.min(done, tape.table('step').tick.at(next) - 1)
}

/** The first stop after a tick; the end of the tape when there is none. */
export function stopAfter(tape: Tape, tick: number): number {
  const pass = tape.passAt(tick)
  if (pass >= 0) {
    const steps = tape.rows('stepsOfPass', pass)
    const next = stepsUpTo(tape, steps, tick)
    if (next < steps.length) return stepStop(tape, steps, next)
  }
  return pass + 1 < tape.passes ? tape.passStart(pass + 1) : Math.max(tick, tape.lastTick)
}

/** The last stop before a tick; the tick itself when there is none. */
export function stopBefore(tape: Tape, tick: number): number {
  const pass = tape.passAt(tick - 1)
  if (pass < 0) return tick
  const steps = tape.rows('stepsOfPass', pass)
  const before = stepsUpTo(tape, steps, tick - 1)
  return before > 0 ? stepStop(tape, steps, before - 1) : tape.passStart(pass)
}

/** How many steps have their stop at or before a tick. */
function stepsUpTo(tape: Tape, steps: ArrayLike<number>, tick: number): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (stepStop(tape, steps, middle) <= tick) low = middle + 1
    else high = middle
  }
  return low
}
