/** The numbers an op was computed from. */
import type { Tape } from '../tape/tape.ts'

export function operandValues(tape: Tape, op: number, tick: number): number[] {
  return Array.from(tape.operands(op), (value, slot) =>
    value < 0 ? (tape.constant(op, slot) ?? NaN) : tape.valueAt(value, tick),
  )
}
