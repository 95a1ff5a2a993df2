/**
 * The calls and loop iterations of a tape as a tree over its ops, in the order things happened. Leaves that one call
 * alone uses are moved into it. Everything here is linear in ops, calls and operands, and nothing recurses.
 */
import { CallKind, OpKind } from '../protocol/wire.ts'
import type { Tape } from '../tape/tape.ts'
import { operandEdges, type OperandEdges } from '../tape/operandEdges.ts'

/** A child of a node: an op (its id, ≥ 0) or a call (−1 − its row). */
export type Ref = number

export const refOfCall = (call: number): Ref => -1 - call
export const callOfRef = (ref: Ref) => -1 - ref

export class CallTree {
  readonly tape: Tape
  /** Ops and call rows when this tree was built. Node `calls` is the whole graph; the others are call rows. */
  readonly ops: number
  readonly calls: number
  /** Per call row, its node; −1 for the whole graph. */
  readonly parent: Int32Array
  private readonly leaf: Uint8Array
  /** Per op, the node it is shown in. */
  readonly home: Int32Array
  private readonly childOffsets: Int32Array
  private readonly childRefs: Int32Array
  /** Per op and per call row: its place among its parent's children. */
  private readonly placeOfOp: Int32Array
  private readonly placeOfCall: Int32Array
  private readonly depth: Int32Array
  /** Ops inside, per node. */
  readonly count: Int32Array
  private readonly opHash: Int32Array
  /** Two lanes of a hash over ops and topology inside a node, names left out. */
  private readonly hashA: Int32Array
  private readonly hashB: Int32Array
  /** Ops depth first; those of a node begin at `start`. */
  private readonly inOrder: Int32Array
  private readonly start: Int32Array
  /** Edges between the children of one node: places among them. */
  private readonly edgeOffsets: Int32Array
  private readonly edgeFrom: Int32Array
  private readonly edgeTo: Int32Array

  constructor(tape: Tape) {
    this.tape = tape
    this.ops = tape.ops
    this.calls = tape.tables.rowsOf('call')
    const nodes = this.calls + 1
    const parents = tape.table('call').parent.ids()
    this.parent = new Int32Array(nodes).fill(-1)
    this.depth = new Int32Array(nodes)
    for (let call = 0; call < this.calls; call++) {
      const parent = parents[call]!
      this.parent[call] = parent < 0 ? this.calls : parent
      this.depth[call] = parent < 0 ? 1 : this.depth[parent]! + 1
    }
    const edges = operandEdges(tape)
    const kinds = tape.table('op').kind.ids()
    this.leaf = new Uint8Array(this.ops)
    for (let op = 0; op < this.ops; op++)
      this.leaf[op] = Number(kinds[op] === OpKind.leaf || kinds[op] === OpKind.constant)
    this.home = this.findHomes(edges)
    const { next, head } = this.threadChildren(edges)
    this.childOffsets = new Int32Array(nodes + 1)
    this.childRefs = new Int32Array(this.ops + this.calls)
    this.placeOfOp = new Int32Array(this.ops)
    this.placeOfCall = new Int32Array(this.calls).fill(-1)
    this.fillChildren(next, head)
    this.count = this.countOps()
    const order = this.order()
    this.start = order.start
    this.inOrder = new Int32Array(this.ops)
    order.of.forEach((at, op) => (this.inOrder[at] = op))
    const lifted = this.liftEdges(edges, order)
    this.edgeOffsets = lifted.offsets
    this.edgeFrom = lifted.from
    this.edgeTo = lifted.to
    this.opHash = this.hashOps()
    this.hashA = new Int32Array(nodes)
    this.hashB = new Int32Array(nodes)
    this.hash(lifted.mix)
  }

  /** In the order of their first op, a leaf just before its first consumer if that is here. A view, not a copy. */
  children(node: number): Int32Array {
    return this.childRefs.subarray(this.childOffsets[node]!, this.childOffsets[node + 1]!)
  }

  childCount(node: number): number {
    return this.childOffsets[node + 1]! - this.childOffsets[node]!
  }

  /** Calls `visit` for each edge between two children of a node, as places among the children. */
  edges(node: number, visit: (from: number, to: number) => void): void {
    for (let e = this.edgeOffsets[node]!; e < this.edgeOffsets[node + 1]!; e++)
      visit(this.edgeFrom[e]!, this.edgeTo[e]!)
  }

  /** A call that holds nothing but one thing is that thing. */
  innermost(ref: Ref): Ref {
    let at = ref
    while (at < 0 && this.childCount(callOfRef(at)) === 1) at = this.childRefs[this.childOffsets[callOfRef(at)]!]!
    return at
  }

  /** Equal only for refs with the same ops in the same topology. */
  sameShape(a: Ref, b: Ref): boolean {
    if (a >= 0 || b >= 0) return a >= 0 && b >= 0 && this.opHash[a] === this.opHash[b]
    const [x, y] = [callOfRef(a), callOfRef(b)]
    return this.hashA[x] === this.hashA[y] && this.hashB[x] === this.hashB[y] && this.count[x] === this.count[y]
  }

  opsIn(ref: Ref): number {
    return ref >= 0 ? 1 : this.count[callOfRef(ref)]!
  }

  /** Copies the ops inside to an array, from `at` on; returns where it went on to. */
  copyOps(ref: Ref, to: Int32Array, at: number): number {
    if (ref >= 0) to[at] = ref
    else to.set(this.inOrder.subarray(this.start[callOfRef(ref)]!, this.start[callOfRef(ref)]! + this.opsIn(ref)), at)
    return at + this.opsIn(ref)
  }

  /** The op of this number, and the first one inside the call of this row. */
  firstOps(row: number): number[] {
    const inside = row < this.calls && this.count[row]! > 0 ? [this.inOrder[this.start[row]!]!] : []
    return row < this.ops ? [row, ...inside] : inside
  }

  /** Writes `value` for every op inside. */
  fillOps(ref: Ref, array: Int32Array, value: number): void {
    if (ref >= 0) {
      array[ref] = value
      return
    }
    const call = callOfRef(ref)
    const end = this.start[call]! + this.count[call]!
    for (let at = this.start[call]!; at < end; at++) array[this.inOrder[at]!] = value
  }

  private hashOps(): Int32Array {
    const { name, kind } = this.tape.table('op')
    const [names, kinds] = [name.ids(), kind.ids()]
    const hashes = new Int32Array(this.ops)
    for (let op = 0; op < this.ops; op++)
      hashes[op] = mix(mix(names[op]!, kinds[op]!), this.tape.count('operandsOfOp', op))
    return hashes
  }

  /** A leaf made elsewhere moves into the call that all its consumers are in, loops not counted. */
  private findHomes({ from, to }: OperandEdges): Int32Array {
    const { tape, calls } = this
    const kinds = tape.table('call').kind.ids()
    /** The innermost call that is not a loop iteration. */
    const instance = new Int32Array(calls + 1)
    instance[calls] = calls
    for (let call = 0; call < calls; call++)
      instance[call] = kinds[call] === CallKind.loop ? instance[this.parent[call]!]! : call
    const home = this.birthplaces()
    const user = new Int32Array(this.ops).fill(-1)
    for (let row = 0; row < from.length; row++) {
      const source = from[row]!
      if (source < 0) continue
      const by = instance[home[to[row]!]!]!
      user[source] = user[source] === -1 || user[source] === by ? by : calls
    }
    for (let op = 0; op < this.ops; op++) {
      const by = user[op]!
      if (by >= 0 && by !== calls && this.leaf[op] && instance[home[op]!] !== by) home[op] = by
    }
    return home
  }

  /** Per op, the node of the call that made it. */
  private birthplaces(): Int32Array {
    const { calls } = this
    return this.tape
      .table('op')
      .call.ids()
      .map((call) => (call < 0 ? calls : call))
  }

  /** Children as linked lists in order of appearance: an op's link is at its id, a call's at `ops` + its row. */
  private threadChildren(edges: OperandEdges): { next: Int32Array; head: Int32Array } {
    const { tape, ops, calls } = this
    const head = new Int32Array(calls + 1).fill(-1)
    const tail = new Int32Array(calls + 1).fill(-1)
    const next = new Int32Array(ops + calls).fill(-1)
    const attached = new Uint8Array(ops + calls)
    const attach = (link: number, node: number) => {
      attached[link] = 1
      if (tail[node] === -1) head[node] = link
      else next[tail[node]!] = link
      tail[node] = link
    }
    const place = (op: number) => {
      attach(op, this.home[op]!)
      for (let node = this.home[op]!; node !== calls && !attached[ops + node]; node = this.parent[node]!)
        attach(ops + node, this.parent[node]!)
    }
    const staysInPlace = this.unusedAtHome(edges)
    for (let op = 0; op < ops; op++) {
      if (this.leaf[op]) {
        if (staysInPlace[op]) place(op)
        continue
      }
      for (const row of tape.rows('operandsOfOp', op)) {
        const source = edges.from[row]!
        if (source >= 0 && !attached[source] && this.leaf[source]) place(source)
      }
      place(op)
    }
    for (let op = 0; op < ops; op++) if (!attached[op]) place(op)
    return { next, head }
  }

  /** Leaves that are still where they were made and that nothing there uses: parameters in a constructor. */
  private unusedAtHome({ from, to }: OperandEdges): Uint8Array {
    const { home } = this
    const birthplaces = this.birthplaces()
    const marks = new Uint8Array(this.ops)
    for (let op = 0; op < marks.length; op++) marks[op] = Number(birthplaces[op] === home[op])
    for (let row = 0; row < from.length; row++) {
      const source = from[row]!
      if (source >= 0 && home[source] === home[to[row]!]) marks[source] = 0
    }
    return marks
  }

  private fillChildren(next: Int32Array, head: Int32Array): void {
    let at = 0
    for (let node = 0; node <= this.calls; node++) {
      this.childOffsets[node] = at
      for (let link = head[node]!; link >= 0; link = next[link]!) {
        const place = at - this.childOffsets[node]!
        if (link < this.ops) this.placeOfOp[link] = place
        else this.placeOfCall[link - this.ops] = place
        this.childRefs[at++] = link < this.ops ? link : refOfCall(link - this.ops)
      }
    }
    this.childOffsets[this.calls + 1] = at
  }

  private countOps(): Int32Array {
    const count = new Int32Array(this.calls + 1)
    for (let op = 0; op < this.ops; op++) count[this.home[op]!]!++
    for (let call = this.calls - 1; call >= 0; call--) count[this.parent[call]!]! += count[call]!
    return count
  }

  /** Every edge of the tape once, at the innermost node that holds both its ends. */
  private liftEdges(edges: OperandEdges, order: { of: Int32Array; start: Int32Array }) {
    const { depth, parent, home } = this
    const rows = edges.from.length
    const owner = new Int32Array(rows).fill(-1)
    const from = new Int32Array(rows)
    const to = new Int32Array(rows)
    const offsets = new Int32Array(this.calls + 2)
    for (let row = 0; row < rows; row++) {
      const source = edges.from[row]!
      if (source < 0) continue
      const op = edges.to[row]!
      let a = home[source]!
      let b = home[op]!
      let placeA = this.placeOfOp[source]!
      let placeB = this.placeOfOp[op]!
      while (a !== b) {
        if (depth[a]! >= depth[b]!) {
          placeA = this.placeOfCall[a]!
          a = parent[a]!
        } else {
          placeB = this.placeOfCall[b]!
          b = parent[b]!
        }
      }
      owner[row] = a
      from[row] = placeA
      to[row] = placeB
      offsets[a + 1]!++
    }
    for (let node = 0; node <= this.calls; node++) offsets[node + 1]! += offsets[node]!
    const lifted = offsets[this.calls + 1]!
    const [edgeFrom, edgeTo, edgeMix] = [new Int32Array(lifted), new Int32Array(lifted), new Int32Array(lifted)]
    const next = offsets.slice()
    for (let row = 0; row < rows; row++) {
      const node = owner[row]!
      if (node < 0) continue
      const at = next[node]!++
      edgeFrom[at] = from[row]!
      edgeTo[at] = to[row]!
      const base = order.start[node]!
      const ends = mix(order.of[edges.from[row]!]! - base, order.of[edges.to[row]!]! - base)
      edgeMix[at] = mix(ends, edges.slot[row]!)
    }
    return { offsets, from: edgeFrom, to: edgeTo, mix: edgeMix }
  }

  /** Ops numbered depth first; the ops of a node are then numbered in a row, from `start` on. */
  private order(): { of: Int32Array; start: Int32Array } {
    const of = new Int32Array(this.ops)
    const start = new Int32Array(this.calls + 1)
    // A call's row is larger than its parent's, so parents are numbered first.
    const number = (node: number) => {
      let at = start[node]!
      for (const ref of this.children(node)) {
        if (ref >= 0) of[ref] = at++
        else {
          start[callOfRef(ref)] = at
          at += this.count[callOfRef(ref)]!
        }
      }
    }
    number(this.calls)
    for (let call = 0; call < this.calls; call++) number(call)
    return { of, start }
  }

  private hash(edgeMix: Int32Array): void {
    const close = (node: number) => {
      let a = 17
      let b = 41
      for (const ref of this.children(node)) {
        a = mix(a, ref >= 0 ? this.opHash[ref]! : this.hashA[callOfRef(ref)]!)
        b = mix(b, ref >= 0 ? Math.imul(this.opHash[ref]!, 31) : this.hashB[callOfRef(ref)]!)
      }
      let sum = 0
      let product = 1
      for (let e = this.edgeOffsets[node]!; e < this.edgeOffsets[node + 1]!; e++) {
        sum = (sum + edgeMix[e]!) | 0
        product = Math.imul(product, edgeMix[e]! | 1)
      }
      this.hashA[node] = mix(a, sum)
      this.hashB[node] = mix(b, product)
    }
    for (let call = this.calls - 1; call >= 0; call--) close(call)
    close(this.calls)
  }
}

/** Two numbers to one, well spread (the finaliser of MurmurHash3). */
function mix(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ b
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
