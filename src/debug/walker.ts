/** Moves along a timeline, forwards and backwards, from stop to stop. */
import type { Breakpoint } from './breakpoints/breakpoint.ts'
import type { StopOn, Watch } from './breakpoints/watch.ts'
import { endOfStep, isStation, type Step } from './stepping.ts'
import { Kind, type Timeline } from './timeline.ts'

export interface Stop {
  /** Before the first moment −1, after the last one the timeline's length. */
  moment: number
  /** `more`: the end of what is recorded so far, which is no place to stop at. */
  why: 'breakpoint' | 'step' | 'start' | 'end' | 'more'
  /** The breakpoints hit there. */
  hits: Breakpoint[]
}

/** Asks of a moment whether a movement ends there. */
export type Goal = (moment: number) => boolean
export interface Movement {
  from: number
  direction: 1 | -1
  /** Null: on to the next breakpoint. */
  goal: Goal | null
  /** It ends at the next place where the script can wait. */
  toNext?: boolean
  /** It may end within a rule. */
  intoRules?: boolean
}

/** Moments looked at between two looks at the clock. */
const STRIDE = 512

export class Walker {
  readonly timeline: Timeline
  readonly watch: Watch
  private readonly stopOn: StopOn
  /** Prints a message of a logpoint; null: it has none to print at this moment. */
  private readonly print: (breakpoint: Breakpoint, moment: number) => void
  position = -1
  /** The script goes on recording. */
  open = false
  /** Single steps also go through the statements of rules. */
  intoRules = false

  constructor(watch: Watch, stopOn: StopOn, print: (breakpoint: Breakpoint, moment: number) => void) {
    this.timeline = watch.timeline
    this.watch = watch
    this.stopOn = stopOn
    this.print = print
  }

  step(kind: Step): Movement {
    if (kind === 'into')
      return { ...this.towards((moment) => this.isPlace(moment)), toNext: true, intoRules: this.intoRules }
    const ends = endOfStep(this.timeline.tape, kind, this.opAt(this.position))
    return this.towards((moment) => this.isStation(moment) && ends(this.timeline.op(moment)))
  }

  back(): Movement {
    return this.towards((moment) => this.isPlace(moment), -1)
  }

  towards(goal: Goal | null, direction: 1 | -1 = 1): Movement {
    return { from: this.position, direction, goal }
  }

  /** Goes on until a stop, or null when the time is up: then the same movement goes on from here. */
  walk({ from, direction, goal }: Movement, deadline = Infinity): Stop | null {
    const { length } = this.timeline
    for (let looked = 1; ; looked++) {
      const moment = this.position + direction
      if (moment < 0 || moment >= length) break
      this.position = moment
      const hits = this.hits(moment)
      if (hits.length > 0) return { moment, why: 'breakpoint', hits }
      if (goal?.(moment)) return { moment, why: 'step', hits: [] }
      if (looked % STRIDE === 0 && performance.now() > deadline) return null
    }
    if (direction === 1 && this.open) return { moment: this.position, why: 'more', hits: [] }
    this.position = direction === 1 ? length : Math.min(this.first(), Math.max(from, 0))
    return { moment: this.position, why: direction === 1 ? 'end' : 'start', hits: [] }
  }

  /** The first place to stand at: where stepping begins. */
  first(): number {
    for (let moment = 0; moment < this.timeline.length; moment++) if (this.isStation(moment)) return moment
    return Math.min(0, this.timeline.length - 1)
  }

  isStation(moment: number): boolean {
    return isStation(this.timeline, moment, this.stopOn)
  }

  /** Where single steps end. */
  private isPlace(moment: number): boolean {
    return this.isStation(moment) || this.isInRule(moment)
  }

  /** A statement of a rule that one steps through. */
  isInRule(moment: number): boolean {
    const { timeline, intoRules } = this
    return intoRules && moment >= 0 && moment < timeline.length && timeline.kind(moment) === Kind.contribution
  }

  /** The node whose rule runs, or that the moment is about. */
  private opAt(moment: number): number {
    const { timeline } = this
    if (moment < 0 || moment >= timeline.length) return -1
    return timeline.kind(moment) === Kind.contribution
      ? timeline.tape.table('step').op.at(timeline.step(moment))
      : timeline.op(moment)
  }

  /** Those that stop; logpoints print instead, once for each moment. */
  private hits(moment: number): Breakpoint[] {
    const hit = this.watch.at(moment)
    if (hit.length === 0) return hit
    for (const breakpoint of hit) {
      if (breakpoint.log === null || breakpoint.printed.has(moment)) continue
      breakpoint.printed.add(moment)
      this.print(breakpoint, moment)
    }
    return hit.filter(({ log }) => log === null)
  }
}
