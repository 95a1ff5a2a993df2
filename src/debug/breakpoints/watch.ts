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
import type { Tape } from '../../tape/tape.ts'
import { Kind, type Timeline } from '../timeline.ts'
import type { Breakpoint } from './breakpoint.ts'
import { filterHolds, type Moment } from './filters.ts'
import type { Nodes } from './places.ts'

export type StopOn = 'forward' | 'backward' | 'both'

export class Watch {
  readonly timeline: Timeline
  readonly lineage: Lineage
  private readonly stopOn: StopOn
  /** Called once per breakpoint whose condition cannot be evaluated. */
  private readonly failed: (breakpoint: Breakpoint, error: unknown) => void
  private snapshot: Snapshot | null = null
  private growing = false
  private ofNodes: OfNodes
  private ofValues = new Map<number, Breakpoint[]>()
  private ofKinds: Breakpoint[][] = Object.values(Kind).map(() => [])
  /** Everything up to here was looked at for all breakpoints. */
  private seen = -1
  private empty = true
  /** Nodes may still be made where breakpoints are. */
  private awaited = false
  /** Set and not arranged yet. */
  private wanted: readonly Breakpoint[] | null = null

  constructor(timeline: Timeline, stopOn: StopOn, failed: (breakpoint: Breakpoint, error: unknown) => void) {
    this.timeline = timeline
    this.lineage = new Lineage(timeline.tape)
    this.stopOn = stopOn
    this.failed = failed
    this.ofNodes = new OfNodes(timeline.tape, [])
  }

  /** The tape has grown, and may go on to. */
  grow(ended: boolean): void {
    this.snapshot = null
    this.growing = !ended
  }

  /** What they mean together is worked out when the next movement asks. */
  set(breakpoints: readonly Breakpoint[]): void {
    this.wanted = breakpoints.filter((breakpoint) => breakpoint.verified)
    this.awaited = breakpoints.some((breakpoint) => breakpoint.awaited)
    this.revision++
  }

  private arrange(all: readonly Breakpoint[]): void {
    this.wanted = null
    this.ofValues = new Map()
    this.ofKinds = Object.values(Kind).map(() => [])
    for (const breakpoint of all) {
      const { target } = breakpoint
      if (target.at === 'value') append(this.ofValues, target.value, breakpoint)
      else if (target.at === 'filter') for (const kind of target.filter.kinds) this.ofKinds[kind]!.push(breakpoint)
    }
    this.ofNodes = new OfNodes(this.timeline.tape, all)
    this.empty = all.length === 0
    this.seen = all.length === 0 ? -1 : Math.min(...all.map(({ seen }) => seen))
  }

  /** Grows when other breakpoints are set, or when they are elsewhere. */
  revision = 0

  /** Whether any breakpoint is on a node, or may come to be. */
  get onNodes(): boolean {
    return this.awaited || !this.arranged().ofNodes.isEmpty
  }

  /** Those on a node. */
  on(op: number): Breakpoint[] {
    const { ofNodes } = this.arranged()
    return ofNodes.has(op) ? ofNodes.of(op) : []
  }

  /** Those whose changes are watched. */
  values(): number[] {
    return [...this.arranged().ofValues.keys()]
  }

  /** Those that are filters. */
  filters(): Breakpoint[] {
    return [...new Set(this.arranged().ofKinds.flat())]
  }

  private arranged(): this {
    if (this.wanted) this.arrange(this.wanted)
    return this
  }

  /** The breakpoints hit at a moment, in the order in which they were set. */
  at(moment: number): Breakpoint[] {
    if (this.arranged().empty) return []
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
    if (this.ofValues.size === 0 && this.ofNodes.isEmpty) return filters
    const found = [...filters]
    if (this.ofValues.size > 0)
      for (const breakpoint of this.ofValues.get(this.timeline.value(moment)) ?? [])
        if (this.changes(breakpoint, moment, kind)) found.push(breakpoint)
    if (!this.ofNodes.isEmpty) {
      const op = this.timeline.op(moment)
      if (this.ofNodes.has(op) && this.stopsNode(moment, kind)) found.push(...this.ofNodes.of(op))
    }
    return found
  }

  private changes({ target }: Breakpoint, moment: number, kind: Kind): boolean {
    if (target.at !== 'value') return false
    if (kind === Kind.contribution || kind === Kind.seed) return target.cell === 'gradient'
    if (kind !== Kind.write || this.timeline.isIntervention(moment)) return false
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
    if (kind !== Kind.write || this.timeline.isIntervention(moment)) return false
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

/** Which breakpoints each node has. */
class OfNodes {
  isEmpty = true
  private readonly tape: Tape
  private readonly all: readonly Breakpoint[]
  /** Places in the list of all, ascending. */
  private readonly ofSites = new Map<number, number[]>()
  private readonly ofIds = new Map<number, number[]>()
  private readonly ofNames: { place: number; has: (op: number) => boolean }[] = []

  constructor(tape: Tape, all: readonly Breakpoint[]) {
    this.tape = tape
    this.all = all
    all.forEach(({ target }, place) => {
      if (target.at === 'nodes') this.add(target.nodes, place)
    })
  }

  private add(nodes: Nodes, place: number): void {
    this.isEmpty = false
    if (nodes.by === 'name') this.ofNames.push({ place, has: nodes.has })
    else if (nodes.by === 'id') append(this.ofIds, nodes.op, place)
    else for (const site of nodes.sites) append(this.ofSites, site, place)
  }

  has(op: number): boolean {
    return (
      op >= 0 &&
      (this.ofSites.has(this.tape.table('op').site.at(op)) ||
        this.ofIds.has(op) ||
        this.ofNames.some(({ has }) => has(op)))
    )
  }

  /** In the order in which they were set. */
  of(op: number): Breakpoint[] {
    const places = [
      ...(this.ofSites.get(this.tape.table('op').site.at(op)) ?? []),
      ...(this.ofIds.get(op) ?? []),
      ...this.ofNames.filter(({ has }) => has(op)).map(({ place }) => place),
    ]
    return places.sort((a, b) => a - b).map((place) => this.all[place]!)
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}
