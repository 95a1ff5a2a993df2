/** The operands of all ops as edges, for loops over the whole graph. */
import type { Tape } from './tape.ts'

/** By row of the operand table. */
export interface OperandEdges {
  /** The op that made the value, −1 for constants. */
  from: Int32Array
  /** The op that uses it … */
  to: Int32Array
  /** … as which of its operands. */
  slot: Int32Array
}

export function operandEdges(tape: Tape): OperandEdges {
  const operand = tape.table('operand')
  const [to, values] = [operand.op.ids(), operand.value.ids()]
  const makers = tape.table('value').op.ids()
  const from = values.map((value) => (value < 0 ? -1 : makers[value]!))
  const slot = new Int32Array(to.length)
  for (let row = 1; row < to.length; row++) slot[row] = to[row] === to[row - 1] ? slot[row - 1]! + 1 : 0
  return { from, to, slot }
}
