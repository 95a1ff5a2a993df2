/** What is debugged: a tape as far as it is recorded, and everything that is worked out of it. */
import type { Tape } from '../tape/tape.ts'
import type { Breakpoint } from './breakpoints/breakpoint.ts'
import { Places } from './breakpoints/places.ts'
import type { BreakpointStore } from './breakpoints/store.ts'
import { Watch, type StopOn } from './breakpoints/watch.ts'
import { GatePlanner } from './gatePlan.ts'
import { situationAt, type Situation } from './situation.ts'
import type { Strings } from './strings.ts'
import { Kind, Timeline } from './timeline.ts'
import { Scopes } from './variables.ts'
import { Walker, type Stop } from './walker.ts'

export interface SubjectEvents {
  /** A condition cannot be evaluated. */
  failed(breakpoint: Breakpoint, error: unknown): void
  /** A logpoint was reached for the first time at this moment. */
  print(breakpoint: Breakpoint, moment: number): void
}

export class Subject {
  readonly timeline: Timeline
  readonly watch: Watch
  readonly walker: Walker
  readonly planner: GatePlanner
  readonly scopes: Scopes
  readonly places: Places
  private readonly tape: Tape
  /** Nodes among which breakpoints were looked for. */
  private placed: number

  /** `open`: the script goes on recording. */
  constructor(tape: Tape, stopOn: StopOn, open: boolean, s: Strings, events: SubjectEvents) {
    this.tape = tape
    this.placed = tape.ops
    this.timeline = new Timeline(tape)
    this.places = new Places(tape)
    this.watch = new Watch(this.timeline, stopOn, events.failed)
    this.walker = new Walker(this.watch, stopOn, events.print)
    this.planner = new GatePlanner(this.watch, stopOn)
    this.scopes = new Scopes(tape, this.watch.lineage, s)
    this.walker.open = this.places.open = open
  }

  /** The tape has grown. Returns the breakpoints that have nodes now. */
  grow(store: BreakpointStore, ended: boolean): Breakpoint[] {
    this.walker.open = this.places.open = !ended
    const since = this.placed
    this.placed = this.tape.ops
    const moved = this.places.grow()
    const changed = moved || ended || this.placed > since ? store.grow(since, moved || ended) : []
    this.timeline.grow()
    this.watch.grow(ended)
    if (moved || changed.length > 0) this.watch.set(store.all())
    return changed
  }

  /** The node that a moment is about; at the end, the root of the last pass. */
  situation(moment: number): Situation | null {
    const { tape, timeline } = this
    if (moment >= 0 && moment < timeline.length) return situationAt(timeline, moment)
    const pass = tape.passes - 1
    const root = pass < 0 ? undefined : tape.roots(pass)[0]
    if (root === undefined) return null
    const op = tape.table('value').op.at(root)
    return { op, tick: timeline.shown(moment), pass, step: tape.rows('stepsOfOp', op).at(-1) ?? -1 }
  }

  /** The tick of what was changed last at a stop where the script waits; that of the stop itself where nothing was. */
  tickAt(stop: Stop): number {
    const { timeline } = this
    for (let moment = timeline.length - 1; moment > stop.moment; moment--)
      if (timeline.isIntervention(moment)) return timeline.happens(moment)
    return timeline.happens(stop.moment)
  }

  /**
   * Whether a script that waits now is where a stop is. It stands in the statement that adds what was recorded last:
   * before a rule, one contribution may be on the tape already.
   */
  isPresent(stop: Stop): boolean {
    const { timeline } = this
    const since: Kind[] = []
    for (let moment = stop.moment + 1; moment < timeline.length && since.length < 2; moment++)
      if (timeline.kind(moment) !== Kind.step && !timeline.isIntervention(moment)) since.push(timeline.kind(moment))
    return since.length === 0 || (since.length === 1 && since[0] === Kind.contribution)
  }
}
