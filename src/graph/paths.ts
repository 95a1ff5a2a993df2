/** What lies between an op and the roots, or the leaves. Ops come after their operands, so one pass each way is enough. */
import type { ElementId } from '../protocol/view.ts'
import { operandEdges } from '../tape/operandEdges.ts'
import type { Tape } from '../tape/tape.ts'
import type { Groups } from './groups.ts'

/** Per op 1 when it is on the way. From a group: on the way from any op inside. */
export function way(groups: Groups, element: ElementId, to: 'root' | 'leaves'): Uint8Array {
  const { tape } = groups
  const start = opsOf(groups, element)
  if (to === 'leaves') return operandsOf(tape, start)
  const after = consumersOf(tape, start)
  const { value, rows } = tape.table('root')
  if (rows === 0) return after
  const roots = new Uint8Array(tape.ops)
  for (let row = 0; row < rows; row++) roots[tape.table('value').op.at(value.at(row))] = 1
  const before = operandsOf(tape, roots)
  return after.map((on, op) => on & before[op]!)
}

function opsOf(groups: Groups, element: ElementId): Uint8Array {
  const marks = new Uint8Array(groups.tape.ops)
  if (element >= 0) {
    marks[element] = 1
    return marks
  }
  const group = groups.find(element)
  if (group !== undefined) for (const op of groups.ops(group)) marks[op] = 1
  return marks
}

function operandsOf(tape: Tape, start: Uint8Array): Uint8Array {
  const marks = start.slice()
  const { from, to } = operandEdges(tape)
  for (let row = from.length - 1; row >= 0; row--) if (from[row]! >= 0 && marks[to[row]!]) marks[from[row]!] = 1
  return marks
}

function consumersOf(tape: Tape, start: Uint8Array): Uint8Array {
  const marks = start.slice()
  const { from, to } = operandEdges(tape)
  for (let row = 0; row < from.length; row++) if (from[row]! >= 0 && marks[from[row]!]) marks[to[row]!] = 1
  return marks
}
