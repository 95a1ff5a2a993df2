/** Where a script that runs on is to wait, so that nothing is missed that one may want to stop at. */
import type { GatePlan } from '../protocol/gate.ts'
import type { Tape } from '../tape/tape.ts'
import type { StopOn, Watch } from './breakpoints/watch.ts'
import type { Movement } from './walker.ts'

export const lookingForNothing: GatePlan = {
  steps: false,
  contributions: false,
  nodes: false,
  ops: [],
  values: [],
  more: false,
  extremeGradients: false,
  extremeValues: false,
  look: false,
}

/**
 * Steps wait at everything that they may end at, breakpoints at their nodes, filters at what may interest them. New
 * nodes are asked for when the next pass begins, where every script waits.
 */
export class GatePlanner {
  private readonly tape: Tape
  private readonly watch: Watch
  private readonly stopOn: StopOn
  /** What was asked for already: of which breakpoints, and among how many nodes. */
  private revision = -1
  private ops = 0

  constructor(watch: Watch, stopOn: StopOn) {
    this.tape = watch.timeline.tape
    this.watch = watch
    this.stopOn = stopOn
  }

  plan(movement: Movement): GatePlan {
    const { tape, watch } = this
    const more = watch.revision === this.revision
    const stepping = movement.goal !== null
    const needs = new Set(watch.filters().map(({ needs }) => needs))
    const [backward, forward] = [this.stopOn !== 'forward', this.stopOn !== 'backward']
    const plan: GatePlan = {
      steps: (stepping && backward) || needs.has('steps'),
      contributions: movement.intoRules ?? false,
      nodes: forward && (stepping || watch.onNodes),
      ops: [],
      values: more ? [] : watch.values(),
      more,
      extremeGradients: needs.has('gradients'),
      extremeValues: needs.has('values'),
      look: movement.toNext ?? false,
    }
    for (let op = more ? this.ops : 0; op < tape.ops; op++) {
      if (!watch.isOn(op)) continue
      if (tape.isLeaf(op)) plan.values.push(tape.valueOfOp(op))
      else plan.ops.push(op)
    }
    this.revision = watch.revision
    this.ops = tape.ops
    return plan
  }
}
