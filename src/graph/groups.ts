/** A tape as a tree of groups: calls, loop iterations, folds of repeats, lists of parameters, lines, ranges. */
import type { ElementId } from '../protocol/view.ts'
import { CallKind } from '../protocol/wire.ts'
import type { Tape } from '../tape/tape.ts'
import { callOfRef, CallTree, type Ref } from './callTree.ts'
import { partition, type Part } from './folds.ts'

/**
 * `call`: a call or one iteration of a loop. `fold`: repeats, shown as one ("× 16"). `leaves`: entries of one list.
 * `line`: what one source line made. `range`: a stretch of a list that is too long to show.
 */
export const GroupKind = { root: 0, call: 1, callFold: 2, leaves: 3, line: 4, range: 5, opFold: 6 } as const
export type GroupKind = (typeof GroupKind)[keyof typeof GroupKind]

/** What an element is of: an op, also of a line or list its first; or a call, perhaps with its repeats. */
export type Origin = { op: number } | { call: number; repeats: boolean }

/** More children than this are split into ranges. */
const MAX_CHILDREN = 400
/** Iterations that are no repeats of each other and as small as this are shown as their ops. */
const TINY_OPS = 3
/** Between the ids of groups of different anchors. */
const ANCHOR_STRIDE = 64

/**
 * A group's inside is made when it is first asked for: of a million ops, a picture shows a few. Dense numbers of groups are places in the arrays and change when the tape grows; `id`s do not. Group 0 is the whole
 * graph.
 */
export class Groups {
  readonly tape: Tape
  readonly tree: CallTree
  readonly parent: number[] = []
  readonly kind: GroupKind[] = []
  /** Stable: made from the rows of the tape that the group stands for. */
  readonly id: number[] = []
  /** The call row of a call, the first member of a fold or range, the first op of a line that is no leaf. */
  readonly anchor: number[] = []
  /** Ops inside. */
  readonly count: number[] = []
  /** A call whose only content is this fold, −1 for none: both are shown as one. */
  readonly shell: number[] = []
  /** Ops (≥ 0) and groups (−1 − dense number), in order. */
  private readonly content: Int32Array[] = []
  /** Per op the innermost group around it that is made; `ancestors` makes the others. */
  readonly groupOf: Int32Array
  /** Of ranges: the place of the first member in the list they are cut from, and how many members they have. */
  readonly ranges = new Map<number, { start: number; length: number }>()
  private readonly dense = new Map<number, number>()
  /** What groups are made from whose inside is not made yet. */
  private readonly pending = new Map<number, (Ref | Part)[]>()

  constructor(tape: Tape) {
    this.tape = tape
    this.tree = new CallTree(tape)
    this.groupOf = new Int32Array(tape.ops)
    this.addNode(-1, this.tree.calls)
  }

  /** Groups made so far. */
  get size(): number {
    return this.parent.length
  }

  /** Every group but the whole graph. */
  all(): number[] {
    for (let group = 0; group < this.size; group++) this.children(group)
    return Array.from({ length: this.size - 1 }, (_, i) => i + 1)
  }

  /** Refs of what a group holds: ops (≥ 0) and groups (−1 − dense number). */
  children(group: number): Int32Array {
    const parts = this.pending.get(group)
    if (parts) {
      this.pending.delete(group)
      this.content[group] = this.fill(group, parts)
    }
    return this.content[group]!
  }

  elementOf(ref: Ref): ElementId {
    return ref >= 0 ? ref : -1 - this.id[-1 - ref]!
  }

  /** Ops inside, in no order that matters. */
  ops(group: number): Int32Array {
    const ops = new Int32Array(this.count[group]!)
    let length = 0
    const stack = [group]
    for (let g = stack.pop(); g !== undefined; g = stack.pop()) {
      const parts = this.pending.get(g)
      for (const part of parts ?? []) for (const ref of refsOf(part)) length = this.tree.copyOps(ref, ops, length)
      if (parts) continue
      for (const ref of this.content[g]!) {
        if (ref < 0) stack.push(groupOfRef(ref))
        else ops[length++] = ref
      }
    }
    return ops
  }

  /** Dense number of a group element, undefined when there is no such group (any more). */
  find(element: ElementId): number | undefined {
    const id = -1 - element
    // It may be known from before the tape grew, when more was made: what is around its first op is made now.
    if (!this.dense.has(id))
      for (const op of this.tree.firstOps(anchorOf(id))) while (!this.dense.has(id) && this.makeAround(op));
    return this.dense.get(id)
  }

  isFold(group: number): boolean {
    const kind = this.kind[group]!
    return kind === GroupKind.callFold || kind === GroupKind.opFold || kind === GroupKind.leaves
  }

  origin(element: ElementId): Origin {
    if (element >= 0) return { op: element }
    const group = this.find(element)
    if (group === undefined) throw new Error('this group is no longer there')
    const kind = this.kind[group]!
    if (kind === GroupKind.range || kind === GroupKind.root)
      return this.origin(this.elementOf(this.children(group)[0]!))
    const repeats = kind === GroupKind.callFold
    return kind === GroupKind.call || repeats ? { call: this.anchor[group]!, repeats } : { op: this.anchor[group]! }
  }

  /** The groups around an op or group, innermost first, without the whole graph. */
  ancestors(element: ElementId): number[] {
    const chain: number[] = []
    if (element >= 0) while (this.makeAround(element));
    const group = element >= 0 ? this.groupOf[element] : this.find(element)
    let at = element >= 0 ? group : group === undefined ? undefined : this.parent[group]
    while (at !== undefined && at > 0) {
      chain.push(at)
      at = this.parent[at]
    }
    return chain
  }

  /** Makes the inside of the innermost group around an op that is made; false when that was there. */
  private makeAround(op: number): boolean {
    const group = this.groupOf[op]
    if (group === undefined || !this.pending.has(group)) return false
    this.children(group)
    return true
  }

  private add(parent: number, kind: GroupKind, anchor: number, count: number): number {
    const group = this.parent.length
    this.parent.push(parent)
    this.kind.push(kind)
    this.anchor.push(anchor)
    this.count.push(count)
    this.shell.push(-1)
    this.content.push(none)
    let id = anchor * ANCHOR_STRIDE + kind * 8
    while (this.dense.has(id)) id++
    this.id.push(id)
    this.dense.set(id, group)
    return group
  }

  /** A node of the call tree as a group; one that holds a single fold becomes that fold. */
  private addNode(parent: number, node: number): number {
    const parts = partition(this.tree, node)
    const root = node === this.tree.calls
    const only = parts.length === 1 && !root ? parts[0]! : 0
    if (typeof only === 'object') {
      const group = this.addPart(parent, only)
      this.shell[group] = node
      return group
    }
    const group = this.add(parent, root ? GroupKind.root : GroupKind.call, root ? 0 : node, this.tree.count[node]!)
    this.keep(group, parts)
    return group
  }

  private addPart(parent: number, { kind, members }: Part): number {
    const first = members[0]!
    const count = this.opsIn({ kind, members })
    const folded = first >= 0 ? GroupKind.opFold : GroupKind.callFold
    const groupKind = kind === 'leaves' ? GroupKind.leaves : kind === 'line' ? GroupKind.line : folded
    // A line may begin with leaves, which were made elsewhere.
    const anchor = kind === 'line' ? members.find((ref) => !this.tape.isLeaf(ref))! : first
    const group = this.add(parent, groupKind, anchor >= 0 ? anchor : callOfRef(anchor), count)
    this.keep(group, members)
    return group
  }

  private keep(group: number, parts: (Ref | Part)[]): void {
    this.pending.set(group, parts)
    for (const part of parts) for (const ref of refsOf(part)) this.tree.fillOps(ref, this.groupOf, group)
  }

  private fill(group: number, parts: readonly (Ref | Part)[]): Int32Array {
    if (parts.length > MAX_CHILDREN) return Int32Array.from(this.splitIntoRanges(group, parts), refOfGroup)
    const refs: Ref[] = []
    for (const part of parts) {
      if (typeof part === 'object') refs.push(refOfGroup(this.addPart(group, part)))
      else if (part >= 0) refs.push(part)
      else if (!this.isRepeat(group) && this.isTiny(callOfRef(part))) refs.push(...this.tree.children(callOfRef(part)))
      else refs.push(refOfGroup(this.addNode(group, callOfRef(part))))
    }
    return Int32Array.from(refs)
  }

  /** A fold, or a range of one: its members stay what they are. */
  private isRepeat(group: number): boolean {
    let at = group
    while (this.kind[at] === GroupKind.range) at = this.parent[at]!
    return this.isFold(at)
  }

  /** An iteration with an op or two and their constants says no more than they do. */
  private isTiny(call: number): boolean {
    const loop = this.tape.table('call').kind.at(call) === CallKind.loop
    return loop && this.tree.count[call]! <= TINY_OPS && this.tree.children(call).every((ref) => ref >= 0)
  }

  private opsIn(part: Ref | Part): number {
    return refsOf(part).reduce((sum, ref) => sum + this.tree.opsIn(ref), 0)
  }

  /** Ranges of 100, 1,000 … so that there are at most a hundred of them. */
  private splitIntoRanges(group: number, parts: readonly (Ref | Part)[]): number[] {
    let size = 100
    while (parts.length / size > 100) size *= 10
    const ranges: number[] = []
    for (let start = 0; start < parts.length; start += size) {
      const slice = parts.slice(start, start + size)
      const count = slice.reduce<number>((sum, part) => sum + this.opsIn(part), 0)
      const first = typeof slice[0] === 'object' ? slice[0].members[0]! : slice[0]!
      const range = this.add(group, GroupKind.range, first >= 0 ? first : callOfRef(first), count)
      this.ranges.set(range, { start: (this.ranges.get(group)?.start ?? 0) + start, length: slice.length })
      this.keep(range, slice)
      ranges.push(range)
    }
    return ranges
  }
}

export const isGroupRef = (ref: Ref) => ref < 0
export const refOfGroup = (group: number): Ref => -1 - group
export const groupOfRef = (ref: Ref) => -1 - ref

const refsOf = (part: Ref | Part): readonly Ref[] => (typeof part === 'number' ? [part] : part.members)
/** An op or a call row. */
const anchorOf = (id: number) => Math.floor(id / ANCHOR_STRIDE)

const none = new Int32Array(0)
