/** Where a script that runs on is to wait, so that nothing is missed that one may want to stop at. */
import type { GatePlan } from '../protocol/gate.ts'
import type { Tape } from '../tape/tape.ts'
import type { Breakpoint } from './breakpoints/breakpoint.ts'
import type { StopOn } from './breakpoints/watch.ts'
import type { Movement } from './walker.ts'

/**
 * Steps wait at everything that they may end at. Breakpoints wait at their nodes; new nodes are asked for when the next
 * pass begins, where every script waits. What only filters look for is found a little later: the stop is then in the past.
 */
export function gatePlan(tape: Tape, movement: Movement, breakpoints: readonly Breakpoint[], stopOn: StopOn): GatePlan {
  const stepping = movement.goal !== null
  const ops = new Set<number>()
  const values = new Set<number>()
  for (const { target } of breakpoints) {
    if (target.at === 'value') {
      values.add(target.value)
    }
    if (target.at !== 'ops') continue
    for (const op of target.ops) {
      if (tape.isLeaf(op)) values.add(tape.valueOfOp(op))
      else ops.add(op)
    }
  }
  const forward = stopOn !== 'backward'
  return {
    every: stepping && stopOn !== 'forward',
    nodes: forward && (stepping || breakpoints.some(({ request }) => request.kind !== 'filter')),
    ops: [...ops],
    values: [...values],
  }
}
