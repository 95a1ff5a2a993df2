/** Where a script that runs on is to wait, so that nothing is missed that one may want to stop at. */
import type { GatePlan, Suspects } from '../protocol/gate.ts'
import type { Tape } from '../tape/tape.ts'
import type { Breakpoint } from './breakpoints/breakpoint.ts'
import { type Filter, regionOfFilter } from './breakpoints/filters.ts'
import type { StopOn, Watch } from './breakpoints/watch.ts'
import { everything, isEverything, isNothing, regionOf, union, type Region } from './conditions/region.ts'
import { modulePath } from './situation.ts'
import type { Movement } from './walker.ts'

export const lookingForNothing: GatePlan = {
  steps: false,
  contributions: false,
  nodes: false,
  ops: [],
  suspects: [],
  values: [],
  more: false,
  extremeGradients: false,
  extremeValues: false,
  look: false,
}

/**
 * Steps wait at everything that they may end at, breakpoints at their nodes where their condition may hold, filters at
 * what may interest them. New nodes are asked for when the next pass begins, where every script waits.
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
    const [backward, forward] = [this.stopOn !== 'forward', this.stopOn !== 'backward']
    const { extremes, region } = this.filters()
    const plan: GatePlan = {
      steps: (stepping && backward) || isEverything(region),
      contributions: movement.intoRules ?? false,
      nodes: forward && (stepping || watch.onNodes),
      ops: [],
      suspects: more || isNothing(region) ? [] : [suspects(null, region)],
      values: more ? [] : watch.values(),
      more,
      extremeGradients: extremes.has('gradients'),
      extremeValues: extremes.has('values'),
      look: movement.toNext ?? false,
    }
    const suspected = new Map<Region, number[]>()
    const regions = new Regions(tape)
    for (let op = more ? this.ops : 0; op < tape.ops; op++) {
      const breakpoints = watch.on(op)
      if (breakpoints.length === 0) continue
      const region = regions.of(breakpoints, op)
      if (isNothing(region)) continue
      if (tape.isLeaf(op)) plan.values.push(tape.valueOfOp(op))
      else if (isEverything(region)) plan.ops.push(op)
      else {
        const alike = suspected.get(region)
        if (alike) alike.push(op)
        else suspected.set(region, [op])
      }
    }
    for (const [region, ops] of suspected) plan.suspects.push(suspects(ops, region))
    this.revision = watch.revision
    this.ops = tape.ops
    return plan
  }

  private filters() {
    const extremes = new Set<Filter['extremes']>()
    let region: Region = { ranges: [], nan: false }
    for (const { target, threshold, condition } of this.watch.filters()) {
      if (target.at !== 'filter') continue
      extremes.add(target.filter.extremes)
      region = union(region, regionOfFilter(target.filter, threshold, condition) ?? region)
    }
    return { extremes, region }
  }
}

/** The gradients at which breakpoints may hold: the same for many nodes. */
class Regions {
  private readonly tape: Tape
  private readonly known = new Map<string, Region>()

  constructor(tape: Tape) {
    this.tape = tape
  }

  of(breakpoints: readonly Breakpoint[], op: number): Region {
    if (breakpoints.some(({ condition }) => condition === null)) return everything
    const { name, site, call } = this.tape.table('op')
    const key = [name.at(op), site.at(op), call.at(op), ...breakpoints.map(({ id }) => id)].join(' ')
    let region = this.known.get(key)
    if (region === undefined) {
      region = breakpoints.map(({ condition }) => regionOf(condition!, this.fixed(op))).reduce(union)
      this.known.set(key, region)
    }
    return region
  }

  /** What stays as it is from when a node is made. */
  private fixed(op: number) {
    return (name: string) => {
      const { tape } = this
      if (name === 'op') return tape.opName(op)
      if (name === 'module') return modulePath(tape, op)
      if (name !== 'line') return undefined
      const site = tape.table('op').site.at(op)
      return site < 0 ? null : tape.table('site').startLine.at(site)
    }
  }
}

const suspects = (ops: number[] | null, { ranges, nan }: Region): Suspects => ({
  ops,
  // JSON has no infinities.
  ranges: ranges.map(([low, high]) => [
    low === -Infinity ? null : Math.min(low, Number.MAX_VALUE),
    high === Infinity ? null : Math.max(high, -Number.MAX_VALUE),
  ]),
  nan,
})
