/**
 * All breakpoints over a timeline, and at which moments they are hit. Whether one is hit depends on the moment alone
 * and never on how one came there, so that going back meets the same stops in reverse.
 */
import { Cell, OpKind, WriteKind } from '../../protocol/wire.ts'
import { gradientAt, type Gradient } from '../../tape/gradient.ts'
import { Snapshot } from '../../tape/snapshot.ts'
import type { Names } from '../conditions/evaluate.ts'
import { truth } from '../conditions/evaluate.ts'
import { Lineage } from '../lineage.ts'
import { read, situationAt, type Gradients } from '../situation.ts'
import { Kind, type Timeline } from '../timeline.ts'
import type { Breakpoint } from './breakpoint.ts'
import { filterHolds, type Moment } from './filters.ts'

export type StopOn = 'forward' | 'backward' | 'both'

export class Watch {
  readonly timeline: Timeline
  readonly lineage: Lineage
  private readonly stopOn: StopOn
  /** Called once per breakpoint whose condition cannot be evaluated. */
  private readonly failed: (breakpoint: Breakpoint, error: unknown) => void
  private snapshot: Snapshot | null = null
  private growing = false
  /** By op and by value: the breakpoints there, as offsets into one list. */
  private ofOps = new Lists(0, [])
  private ofValues = new Map<number, Breakpoint[]>()
  private ofKinds: Breakpoint[][] = []
  /** Everything up to here was looked at for all breakpoints. */
  private seen = -1
  private empty = true
  /** Set and not arranged yet. */
  private wanted: readonly Breakpoint[] | null = null

  constructor(timeline: Timeline, stopOn: StopOn, failed: (breakpoint: Breakpoint, error: unknown) => void) {
    this.timeline = timeline
    this.lineage = new Lineage(timeline.tape)
    this.stopOn = stopOn
    this.failed = failed
  }

  /** The tape has grown, and may go on to. */
  grow(ended: boolean): void {
    this.snapshot = null
    this.growing = !ended
    this.lineage.grow()
  }

  /** What they mean together is worked out when the next movement asks. */
  set(breakpoints: readonly Breakpoint[]): void {
    this.wanted = breakpoints.filter((breakpoint) => breakpoint.verified)
  }

  private arrange(all: readonly Breakpoint[]): void {
    this.wanted = null
    this.ofValues = new Map()
    this.ofKinds = Object.values(Kind).map(() => [])
    for (const breakpoint of all) {
      const { target } = breakpoint
      if (target.at === 'value')
        this.ofValues.set(target.value, [...(this.ofValues.get(target.value) ?? []), breakpoint])
      else if (target.at === 'filter') for (const kind of target.filter.kinds) this.ofKinds[kind]!.push(breakpoint)
    }
    this.ofOps = new Lists(this.timeline.tape.ops, all)
    this.empty = all.length === 0
    this.seen = all.length === 0 ? -1 : Math.min(...all.map(({ seen }) => seen))
  }

  /** The breakpoints hit at a moment, in the order in which they were set. */
  at(moment: number): Breakpoint[] {
    if (this.wanted) this.arrange(this.wanted)
    if (this.empty) return []
    this.look(moment)
    return this.watching(moment).filter((breakpoint) => breakpoint.hitAt(moment))
  }

  names(moment: number, gradients: Gradients = (value, tick) => this.gradient(value, tick)): Names {
    const { timeline } = this
    const situation = situationAt(timeline, moment)
    if (situation === null) return () => null
    return (name) => read(timeline.tape, this.lineage, gradients, situation, name)
  }

  /** For the moments of one filter: what its text says of a stop. */
  moment(moment: number): Moment {
    return {
      timeline: this.timeline,
      moment,
      names: this.names(moment, (value, tick) => gradientAt(this.timeline.tape, value, tick)),
    }
  }

  /** Looks at what was not looked at yet, always in the order of time: hit counts begin at the run's start. */
  private look(until: number): void {
    for (let moment = this.seen + 1; moment <= until; moment++) {
      let names: Names | null = null
      for (const breakpoint of this.watching(moment)) {
        if (breakpoint.seen >= moment) continue
        names ??= this.names(moment)
        if (this.holds(breakpoint, moment, names)) breakpoint.reached.push(moment)
        breakpoint.seen = moment
      }
    }
    this.seen = Math.max(this.seen, until)
  }

  private holds(breakpoint: Breakpoint, moment: number, names: Names): boolean {
    const { target, condition, threshold } = breakpoint
    try {
      return target.at === 'filter'
        ? filterHolds(target.filter, threshold, condition, { timeline: this.timeline, moment, names })
        : condition === null || truth(condition, names) === true
    } catch (error) {
      if (!breakpoint.failed) this.failed(breakpoint, error)
      breakpoint.failed = true
      return false
    }
  }

  private watching(moment: number): readonly Breakpoint[] {
    const kind = this.timeline.kind(moment)
    const filters = this.ofKinds[kind]!
    if (this.ofValues.size === 0 && this.ofOps.size === 0) return filters
    const found = [...filters]
    if (this.ofValues.size > 0)
      for (const breakpoint of this.ofValues.get(this.timeline.value(moment)) ?? [])
        if (this.changes(breakpoint, moment, kind)) found.push(breakpoint)
    if (this.ofOps.size > 0) {
      const op = this.timeline.op(moment)
      if (this.ofOps.has(op) && this.stopsNode(moment, kind)) found.push(...this.ofOps.of(op))
    }
    return found
  }

  private changes({ target }: Breakpoint, moment: number, kind: Kind): boolean {
    if (target.at !== 'value') return false
    if (kind === Kind.contribution || kind === Kind.seed) return target.cell === 'gradient'
    if (kind !== Kind.write) return false
    const cell = this.timeline.tape.table('write').cell.at(this.timeline.row(moment))
    return (cell === Cell.gradient) === (target.cell === 'gradient')
  }

  /** Before a node's rule runs; a leaf has none and stops at what its gradient gets, clearing it not counted. */
  private stopsNode(moment: number, kind: Kind): boolean {
    if (kind === Kind.made) return this.stopOn !== 'backward'
    if (this.stopOn === 'forward') return false
    if (kind === Kind.step) return true
    if (this.timeline.tape.table('op').kind.at(this.timeline.op(moment)) !== OpKind.leaf) return false
    if (kind === Kind.contribution || kind === Kind.seed) return true
    if (kind !== Kind.write) return false
    const { cell, kind: how } = this.timeline.tape.table('write')
    const row = this.timeline.row(moment)
    return cell.at(row) === Cell.gradient && how.at(row) !== WriteKind.zero && how.at(row) !== WriteKind.release
  }

  /** In the order of time a snapshot only reads what is new. */
  private gradient(value: number, tick: number): Gradient {
    if (this.growing) return gradientAt(this.timeline.tape, value, tick)
    this.snapshot ??= new Snapshot(this.timeline.tape)
    this.snapshot.moveTo(tick)
    const held = this.snapshot.heldNumber(value)
    return { status: this.snapshot.status(value), held, tensor: this.snapshot.tensorOf(value), pass: -1 }
  }
}

/** The breakpoints of each op, packed. */
class Lists {
  readonly size: number
  private readonly offsets: Int32Array
  private readonly entries: Uint32Array
  private readonly all: readonly Breakpoint[]

  constructor(ops: number, all: readonly Breakpoint[]) {
    this.all = all
    this.offsets = new Int32Array(ops + 1)
    const each = (take: (op: number, i: number) => void) =>
      all.forEach(({ target }, i) => {
        if (target.at === 'ops') for (const op of target.ops) take(op, i)
      })
    each((op) => this.offsets[op + 1]!++)
    for (let op = 0; op < ops; op++) this.offsets[op + 1]! += this.offsets[op]!
    this.size = this.offsets[ops]!
    const next = this.offsets.slice()
    this.entries = new Uint32Array(this.size)
    each((op, i) => (this.entries[next[op]!++] = i))
  }

  has(op: number): boolean {
    return op >= 0 && this.offsets[op]! < this.offsets[op + 1]!
  }

  of(op: number): Breakpoint[] {
    return Array.from(this.entries.subarray(this.offsets[op], this.offsets[op + 1]), (i) => this.all[i]!)
  }
}
