/** What a group shows of its children: repeats folded, long runs of one line and long lists put together. */
import { CallKind } from '../protocol/wire.ts'
import type { Tape } from '../tape/tape.ts'
import { callOfRef, type CallTree, type Ref } from './callTree.ts'

/** Children of a group that are shown as one, in their order. */
export interface Part {
  kind: 'fold' | 'leaves' | 'line'
  members: Ref[]
}

/** Repeats smaller than this are no relief: they are listed. */
const MIN_FOLD_OPS = 8
const MIN_SINGLE_OPS = 5
const MIN_LEAVES = 4
/** A loop whose iterations differ is listed, up to so many different stretches. */
const MAX_STRETCHES = 12
/** A group with more direct children than this is grouped by source line. */
const MAX_DIRECT = 40

/** Children of a node of the call tree, single ones and parts. They never depend on each other in a circle. */
export function partition(tree: CallTree, node: number): (Ref | Part)[] {
  const children = tree.children(node)
  // Which part each child belongs to: the place of the part's first member.
  const part = Int32Array.from(children, (_, place) => place)
  const kinds = new Map<number, Part['kind']>()
  const join = (places: readonly number[], kind: Part['kind']) => {
    for (const place of places) part[place] = places[0]!
    kinds.set(places[0]!, kind)
  }
  for (const run of repeats(tree, children)) join(run, 'fold')
  dissolveCircles(tree, node, part, kinds)
  for (const group of leafFamilies(tree.tape, children, part, kinds)) join(group, 'leaves')
  if (countParts(part) > MAX_DIRECT) {
    for (const run of lineRuns(tree.tape, children, part, kinds)) join(run, 'line')
    dissolveCircles(tree, node, part, kinds)
  }
  const list: (Ref | Part)[] = []
  const parts = new Map<number, Part>()
  children.forEach((child, place) => {
    const first = part[place]!
    const kind = kinds.get(first)
    const ref = tree.innermost(child)
    const known = parts.get(first)
    if (kind === undefined) list.push(ref)
    else if (known) known.members.push(ref)
    else {
      const made = { kind, members: [ref] }
      parts.set(first, made)
      list.push(made)
    }
  })
  return list
}

function countParts(part: Int32Array): number {
  let count = 0
  part.forEach((first, place) => {
    if (first === place) count++
  })
  return count
}

/** Places of children that are instances of the same thing: iterations of a loop, calls of one function, ops of one expression. */
function repeats(tree: CallTree, children: Int32Array): number[][] {
  const families = new Map<string | number, number[]>()
  children.forEach((child, place) => {
    const key = familyOf(tree, child)
    if (key === null) return
    const family = families.get(key)
    if (family) family.push(place)
    else families.set(key, [place])
  })
  const folds: number[][] = []
  for (const family of families.values()) {
    if (family.length < 2) continue
    const stretches = alike(tree, children, family)
    if (stretches.length > MAX_STRETCHES) folds.push(family)
    else folds.push(...stretches.filter((stretch) => isWorthFolding(tree, children, stretch)))
  }
  return folds
}

/** Equal for instances of the same thing; null for leaves. */
function familyOf(tree: CallTree, child: Ref): string | number | null {
  const { tape } = tree
  if (child >= 0) {
    const { name, site } = tape.table('op')
    return tape.isLeaf(child) || site.at(child) < 0 ? null : site.at(child) * 2 ** 26 + name.at(child)
  }
  const calls = tape.table('call')
  const call = callOfRef(child)
  if (calls.kind.at(call) === CallKind.loop) return -2 - calls.site.at(call)
  return `${calls.function.at(call)} ${calls.site.at(call)} ${pattern(tape.tables.string(calls.instance.at(call)))}`
}

/** `blocks[3]` and `blocks[11]` are the same but for the index. */
const pattern = (path: string) => path.replace(/\[[^\]]*\]/g, '[]')

/** Consecutive members with the same ops and topology. */
function alike(tree: CallTree, children: Int32Array, family: readonly number[]): number[][] {
  const stretches: number[][] = []
  for (const place of family) {
    const last = stretches.at(-1)
    if (last && tree.sameShape(children[last[0]!]!, children[place]!)) last.push(place)
    else stretches.push([place])
  }
  return stretches
}

function isWorthFolding(tree: CallTree, children: Int32Array, stretch: readonly number[]): boolean {
  const first = children[stretch[0]!]!
  if (tree.innermost(first) >= 0) return stretch.length >= MIN_SINGLE_OPS
  return stretch.length >= 2 && stretch.length * tree.opsIn(first) >= MIN_FOLD_OPS
}

/** Leaves that are entries of one list (`w[0]`, `w[1]` …), or were made by one expression. */
function leafFamilies(
  tape: Tape,
  children: Int32Array,
  part: Int32Array,
  kinds: Map<number, Part['kind']>,
): number[][] {
  const families = new Map<string, number[]>()
  children.forEach((child, place) => {
    if (child < 0 || part[place] !== place || kinds.has(place) || !tape.isLeaf(child)) return
    const name = tape.nameOf(tape.valueOfOp(child))
    const list = /^(.*)\[[^\]]*\]$/.exec(name)?.[1]
    const site = tape.table('op').site.at(child)
    const key = list ?? (name === '' && site >= 0 ? site : null)
    if (key === null) return
    const family = families.get(String(key))
    if (family) family.push(place)
    else families.set(String(key), [place])
  })
  return [...families.values()].filter((family) => family.length >= MIN_LEAVES)
}

/** Ops of one line that follow each other; a leaf goes with the op it was made for. */
function lineRuns(tape: Tape, children: Int32Array, part: Int32Array, kinds: Map<number, Part['kind']>): number[][] {
  const { site } = tape.table('op')
  const sites = tape.table('site')
  const runs: number[][] = []
  let run: number[] = []
  let ops = 0
  let line = -1
  let leaves: number[] = []
  const end = () => {
    if (ops >= 2) runs.push(run)
    run = []
    ops = 0
    line = -1
  }
  children.forEach((child, place) => {
    if (part[place] !== place || kinds.has(place)) return
    if (child < 0) return end()
    if (tape.isLeaf(child)) {
      leaves.push(place)
      return
    }
    const at = site.at(child) < 0 ? -1 : sites.startLine.at(site.at(child))
    if (at !== line || at < 0) end()
    line = at
    run.push(...leaves, place)
    ops++
    leaves = []
  })
  end()
  return runs
}

/** Takes apart what would make the parts of a group depend on each other in a circle. */
function dissolveCircles(tree: CallTree, node: number, part: Int32Array, kinds: Map<number, Part['kind']>): void {
  while (kinds.size > 0) {
    const circling = partsInCircles(tree, node, part)
    let dissolved = false
    for (const first of circling) dissolved = kinds.delete(first) || dissolved
    if (!dissolved) return
    const loose = new Set(circling)
    part.forEach((first, place) => {
      if (loose.has(first)) part[place] = place
    })
  }
}

/** Parts that are left when those without open inputs, and then those without open outputs, are taken away. */
function partsInCircles(tree: CallTree, node: number, part: Int32Array): number[] {
  const from: number[] = []
  const to: number[] = []
  tree.edges(node, (a, b) => {
    if (part[a] === part[b]) return
    from.push(part[a]!)
    to.push(part[b]!)
  })
  const gone = new Uint8Array(part.length)
  peel(part.length, from, to, gone)
  peel(part.length, to, from, gone)
  const left = new Set<number>()
  from.forEach((first, e) => {
    if (!gone[first] && !gone[to[e]!]) {
      left.add(first)
      left.add(to[e]!)
    }
  })
  return [...left]
}

/** Marks, one after the other, what has no edge coming in from something unmarked (Kahn). */
function peel(size: number, from: readonly number[], to: readonly number[], gone: Uint8Array): void {
  const open = new Int32Array(size)
  const offsets = new Int32Array(size + 1)
  from.forEach((a, e) => {
    if (gone[a] || gone[to[e]!]) return
    open[to[e]!]!++
    offsets[a + 1]!++
  })
  for (let i = 0; i < size; i++) offsets[i + 1]! += offsets[i]!
  const targets = new Int32Array(offsets[size]!)
  const next = offsets.slice(0, size)
  from.forEach((a, e) => {
    if (!gone[a] && !gone[to[e]!]) targets[next[a]!++] = to[e]!
  })
  const ready: number[] = []
  for (let i = 0; i < size; i++) if (!gone[i] && open[i] === 0) ready.push(i)
  while (ready.length > 0) {
    const a = ready.pop()!
    gone[a] = 1
    for (let e = offsets[a]!; e < offsets[a + 1]!; e++) if (--open[targets[e]!]! === 0) ready.push(targets[e]!)
  }
}
