/** A tape as a picture that can be opened, searched and walked: what a session answers the view with. */
import type { Datum, Details, ElementId, Frame, Scene, SessionRequests, TreeRow } from '../protocol/view.ts'
import { GradientStatus } from '../protocol/view.ts'
import type { Direction, Layouter, Positioned } from '../layout/layout.ts'
import { callPath } from '../tape/calls.ts'
import { datum, gradientDatum, none, valueDatum } from '../tape/datum.ts'
import { gradientAt } from '../tape/gradient.ts'
import { Snapshot } from '../tape/snapshot.ts'
import type { Tape } from '../tape/tape.ts'
import { frame, sizeOf } from './frame.ts'
import { GroupKind, groupOfRef, Groups, type Origin } from './groups.ts'
import { firstOpening } from './opening.ts'
import { way } from './paths.ts'
import { searchOps } from './search.ts'
import { statistics, statisticsText } from './statistics.ts'
import { closedAncestors, opFacts, structure, type OpFacts, type Structure } from './structure.ts'
import { svg } from './svg.ts'
import { groupSubtitle, groupTitle, opSymbol, opTitle } from './titles.ts'

type Reply<K extends keyof SessionRequests> = SessionRequests[K]['reply']
type Request<K extends keyof SessionRequests> = SessionRequests[K]['request']

/** Frames of so many earlier scenes are still answered: a view may ask while a newer scene is on its way. */
const KEPT_SCENES = 4
/** Consumers listed in a row of the tree. */
const MAX_CONSUMERS = 20

/** A first picture of at most this size can be read: it is shown at half its size or larger. */
const READABLE = { width: 1900, height: 1150 }
/** A zoom at which everything on a card can be read without effort. */
const COMFORTABLE = 0.8

/** What groups, their titles and the marks of ops are made of; while a pass runs, none of them grows. */
const shaping = ['op', 'value', 'operand', 'call', 'name', 'site', 'root', 'write'] as const
const shapeOf = (tape: Tape) => shaping.map((table) => tape.tables.rowsOf(table)).join(' ')

interface Graph {
  /** Of the tape when this was made. */
  shape: string
  groups: Groups
  facts: OpFacts
  /** Groups that are open before the user said anything. */
  startOpen: ReadonlySet<number>
}

export class GraphView {
  private readonly tape: Tape
  private readonly layouter: Layouter
  private known: Graph | null = null
  private numbers: Snapshot | null = null
  private readonly opened = new Set<ElementId>()
  private readonly closed = new Set<ElementId>()
  /** null: nobody chose one yet. */
  private direction: Direction | null = null
  private revision = 0
  /** Newest last. */
  private readonly structures = new Map<number, Structure>()
  private scenes: { structure: Structure; best: Scene } | null = null

  constructor(tape: Tape, layouter: Layouter) {
    this.tape = tape
    this.layouter = layouter
  }

  /** To be called when the tape has grown. The picture stays as it is until a scene is asked for. */
  grown(): void {
    if (this.known?.shape !== shapeOf(this.tape)) this.known = null
    this.numbers = null
  }

  /**
   * Opens and closes groups. `first` is there at once, and is the final one where nothing can be better; `final`
   * rejects when the signal aborts, and the first picture stays.
   */
  scene(
    { open = [], close = [], direction, room }: Request<'scene'>,
    signal: AbortSignal,
  ): { first: Scene; final: Promise<Scene> } {
    for (const element of open) {
      this.opened.add(element)
      this.closed.delete(element)
    }
    for (const element of close) {
      this.closed.add(element)
      this.opened.delete(element)
    }
    const { groups, facts } = this.graph()
    const made = structure(groups, facts, this.isOpen)
    this.direction = direction ?? this.direction ?? (room ? this.directionIn(room, made) : null)
    const flow = this.direction ?? 'right'
    const { first, complete, final } = this.layouter.layout(made, flow, signal)
    const quick = this.toScene(made, first, flow, true, complete)
    if (complete) return { first: quick, final: Promise.resolve(quick) }
    return { first: quick, final: final.then((positioned) => this.toScene(made, positioned, flow, false, true)) }
  }

  /** The numbers of a scene at a tick. Throws when the scene is too old. */
  frame(revision: number, tick: number): Frame {
    const known = this.structures.get(revision)
    if (!known) throw new Error(`picture ${revision} is out of date; ask for the scene again`)
    return frame(this.snapshot(), known, revision, tick)
  }

  /** The closed groups around an element, outermost first, and its innermost visible one. */
  locate(element: ElementId): Reply<'locate'> {
    const ancestors = closedAncestors(this.graph().groups, element, this.isOpen)
    return { ancestors, visible: ancestors[0] ?? element }
  }

  /** Visible elements on the way from an element to the roots or to the leaves it depends on, itself included. */
  path(element: ElementId, to: 'root' | 'leaves'): Reply<'path'> {
    const { element: elements, itemOfOp } = this.picture().structure
    const on = way(this.graph().groups, element, to)
    const items = new Uint8Array(elements.length)
    itemOfOp.forEach((item, op) => (items[item]! |= on[op]!))
    return { elements: elements.filter((_, item) => items[item] === 1) }
  }

  search(text: string, limit: number): Reply<'search'> {
    const { groups } = this.graph()
    const ops = searchOps(this.tape, text)
    const hits = ops.slice(0, limit).map((op) => ({
      element: op,
      title: opTitle(this.tape, op),
      op: this.tape.opName(op),
      path: callPath(this.tape, this.tape.table('op').call.at(op)).join(' › '),
      site: this.tape.site(this.tape.table('op').site.at(op)),
      ancestors: closedAncestors(groups, op, this.isOpen),
    }))
    return { hits, total: ops.length }
  }

  /** Rows of the tree: what a group holds (the whole graph when `element` is null), from `start` on. */
  children(element: ElementId | null, tick: number, start: number, limit: number): Reply<'children'> {
    const { groups } = this.graph()
    const group = element === null ? 0 : groups.find(element)
    const refs = group === undefined ? new Int32Array(0) : groups.children(group)
    return {
      rows: Array.from(refs.subarray(start, start + limit), (ref) =>
        ref >= 0 ? this.opRow(ref, tick) : this.groupRow(groupOfRef(ref), tick),
      ),
      total: refs.length,
    }
  }

  /** Throws when there is no such group. */
  groupDetails(element: ElementId, tick: number): Details {
    const { groups } = this.graph()
    const group = groups.find(element)
    if (group === undefined) throw new Error('this group is no longer there')
    const { gradient, status } = this.strongest(group, tick)
    const { site, path } = this.placeOf(group)
    return {
      element,
      title: groupTitle(groups, group),
      expression: site?.text ?? '',
      op: statisticsText(statistics(groups, group)),
      kind: groups.isFold(group) ? 'fold' : 'group',
      path,
      site,
      value: none,
      gradient,
      status,
      gradientName: '',
      cameFrom: [],
      flowsTo: [],
      moreCameFrom: 0,
      moreFlowsTo: 0,
      bookkeeping: null,
      history: [],
      members: groups.count[group]!,
    }
  }

  origin(element: ElementId): Origin {
    return this.graph().groups.origin(element)
  }

  /** The picture as it is now, with the best layout there is, as a standalone SVG. */
  svg(tick: number): string {
    const { best, structure: made } = this.picture()
    return svg(best, frame(this.snapshot(), made, best.revision, tick))
  }

  private readonly isOpen = (group: number): boolean => {
    const { groups, startOpen } = this.graph()
    const element = groups.elementOf(-1 - group)
    return this.opened.has(element) || (!this.closed.has(element) && startOpen.has(group))
  }

  private graph(): Graph {
    if (this.known) return this.known
    const groups = new Groups(this.tape)
    const facts = opFacts(this.tape)
    const startOpen = firstOpening(groups, (open) => {
      const { width, height } = this.layouter.quickSize(
        structure(groups, facts, (group) => open.has(group)),
        'right',
      )
      return width <= READABLE.width && height <= READABLE.height
    })
    return (this.known = { shape: shapeOf(this.tape), groups, facts, startOpen })
  }

  private snapshot(): Snapshot {
    this.numbers ??= new Snapshot(this.tape)
    return this.numbers
  }

  /** What is shown; a quick layout of the first picture when nobody asked for one yet. */
  private picture(): { structure: Structure; best: Scene } {
    if (!this.scenes) this.scene({}, AbortSignal.abort()).final.catch(() => undefined)
    return this.scenes!
  }

  /** To the right, as one reads, unless that makes everything small and the other way does not. */
  private directionIn(room: { width: number; height: number }, made: Structure): Direction {
    const zoom = (direction: Direction) => {
      const { width, height } = this.layouter.quickSize(made, direction)
      return Math.min(1, room.width / width, room.height / height)
    }
    const right = zoom('right')
    return right < COMFORTABLE && zoom('down') > 1.25 * right ? 'down' : 'right'
  }

  private toScene(made: Structure, at: Positioned, direction: Direction, first: boolean, final: boolean): Scene {
    const revision = ++this.revision
    const { offset, points, ...boxes } = at
    const edges = { from: made.from, to: made.to, slot: made.slot, count: made.edgeCount, offset, points }
    const { element, kind, flags, parent, count, title, subtitle } = made
    const cards = { element, kind, flags, parent, count, title, subtitle }
    const scene: Scene = { revision, final, ...boxes, direction, ...cards, edges }
    this.structures.set(revision, made)
    for (const old of this.structures.keys()) if (old <= revision - KEPT_SCENES) this.structures.delete(old)
    // The late layout of an older picture is not the picture any more.
    if (first || this.scenes?.structure === made) this.scenes = { structure: made, best: scene }
    return scene
  }

  private opRow(op: number, tick: number): TreeRow {
    const value = this.tape.valueOfOp(op)
    const gradient = value < 0 ? null : gradientAt(this.tape, value, tick)
    return {
      element: op,
      title: opTitle(this.tape, op),
      op: opSymbol(this.tape.opName(op)),
      expandable: false,
      count: 1,
      value: valueDatum(this.tape, value, tick),
      gradient: gradient ? gradientDatum(this.tape, gradient) : none,
      status: gradient?.status ?? GradientStatus.waiting,
      consumers: Array.from(this.tape.consumers(value).subarray(0, MAX_CONSUMERS), (by) => opTitle(this.tape, by)),
    }
  }

  /** The code that a group stands for, and the calls around it. */
  private placeOf(group: number): Pick<Details, 'site' | 'path'> {
    const { groups } = this.graph()
    const { tape } = this
    const kind = groups.kind[group]!
    const anchor = groups.anchor[group]!
    if (kind === GroupKind.root || kind === GroupKind.range) return { site: null, path: [] }
    const { site, call } =
      kind === GroupKind.call || kind === GroupKind.callFold
        ? { site: tape.table('call').site.at(anchor), call: tape.table('call').parent.at(anchor) }
        : { site: tape.table('op').site.at(anchor), call: tape.table('op').call.at(anchor) }
    return { site: tape.site(site), path: callPath(tape, call) }
  }

  private groupRow(group: number, tick: number): TreeRow {
    const { groups } = this.graph()
    return {
      element: groups.elementOf(-1 - group),
      title: groupTitle(groups, group),
      op: groupSubtitle(groups, group),
      expandable: true,
      count: groups.count[group]!,
      value: none,
      ...this.strongest(group, tick),
      consumers: [],
    }
  }

  /** The gradient of largest magnitude inside a group. */
  private strongest(group: number, tick: number): { gradient: Datum; status: GradientStatus } {
    const { groups } = this.graph()
    const snapshot = this.snapshot()
    snapshot.moveTo(tick)
    let best = -1
    let waits = false
    for (const op of groups.ops(group)) {
      const value = this.tape.valueOfOp(op)
      if (value < 0) continue
      if (!snapshot.hasGradient(value)) waits ||= snapshot.status(value) === GradientStatus.waiting
      else if (best < 0 || sizeOf(snapshot.gradient(value)) > sizeOf(snapshot.gradient(best))) best = value
    }
    if (best < 0) return { gradient: none, status: waits ? GradientStatus.waiting : GradientStatus.unreached }
    return {
      gradient: datum(this.tape, snapshot.gradient(best), snapshot.tensorOf(best)),
      status: snapshot.status(best),
    }
  }
}
