/** Forward mode: what a tangent is summed from, and where it goes on to. A step writes to its own op, not to its operands. */
import type { Flow } from '../protocol/view.ts'
import { PassKind } from '../protocol/wire.ts'
import { datum, none } from '../tape/datum.ts'
import { gradientAt } from '../tape/gradient.ts'
import type { Tape } from '../tape/tape.ts'
import { titleOf } from '../tape/titles.ts'
import { operandValues } from './operands.ts'
import { slopeFormula } from './slopes.ts'

export const isForward = (tape: Tape, pass: number) =>
  pass >= 0 && tape.table('pass').kind.at(pass) === PassKind.forwardMode

/** `dn`; an expression gets its parentheses. */
export const differential = (title: string) => (/^[\p{L}\p{N}_.[\]]+$/u.test(title) ? `d${title}` : `d(${title})`)

/** One row for each operand whose tangent the op's own is summed from. */
export function tangentsOf(tape: Tape, op: number, tick: number): Flow[] {
  const operands = tape.operands(op)
  return contributionsIn(tape, op, tick).map((row) => {
    const operand = operands[tape.table('contribution').slot.at(row)] ?? -1
    return flow(tape, row, op, operand, operand < 0 ? -1 : tape.table('value').op.at(operand))
  })
}

/** What the ops that use a value got from its tangent. */
export function tangentsFrom(tape: Tape, value: number, tick: number): Flow[] {
  const slots = tape.table('contribution').slot
  return [...new Set(tape.consumers(value))].flatMap((op) =>
    contributionsIn(tape, op, tick)
      .filter((row) => tape.operands(op)[slots.at(row)] === value)
      .map((row) => flow(tape, row, op, value, op)),
  )
}

function contributionsIn(tape: Tape, op: number, tick: number): number[] {
  const ticks = tape.table('contribution').tick
  return Array.from(tape.rows('stepsOfOp', op))
    .flatMap((step) => Array.from(tape.rows('contributionsOfStep', step)))
    .filter((row) => ticks.at(row) <= tick)
}

/** `other` is the op at the far end, −1 when a tangent could not be told apart by operands. */
function flow(tape: Tape, row: number, op: number, operand: number, other: number): Flow {
  const { slot, data, tick } = tape.table('contribution')
  const at = tick.at(row)
  const given = data.at(row)
  const tangent = operand < 0 ? null : gradientAt(tape, operand, at).held
  const known = tangent !== null && tangent !== 0 && Number.isFinite(tangent)
  return {
    element: other,
    title: other < 0 ? tape.opName(op) : titleOf(tape, other),
    op: other < 0 ? '' : tape.opName(other),
    slot: slot.at(row),
    upstream: tangent === null ? none : datum(tape, tangent, -1),
    local: known ? { kind: 'number', value: given / tangent } : none,
    contribution: datum(tape, given, -1),
    formula: known
      ? slopeFormula(
          tape.opName(op),
          operandValues(tape, op, at),
          tape.valueAt(tape.valueOfOp(op), at),
          slot.at(row),
          tangent,
          given,
        )
      : '',
    vjp: null,
    mode: 'added',
    stray: false,
  }
}
