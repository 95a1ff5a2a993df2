/** What cards and groups are called. */
import { CallKind, ValueKind } from '../protocol/wire.ts'
import { callLabel } from '../tape/calls.ts'
import type { Tape } from '../tape/tape.ts'
import { oneLine, titleOf } from '../tape/titles.ts'
import { callOfRef, refOfCall, type CallTree, type Ref } from './callTree.ts'
import { GroupKind, groupOfRef, type Groups } from './groups.ts'

const symbols: { readonly [op: string]: string } = {
  add: '+',
  sub: '−',
  mul: '×',
  truediv: '÷',
  div: '÷',
  matmul: '@',
  pow: '^',
  neg: '−',
}

/** `+` for `add`, `__radd__` …; other ops by their name. */
export function opSymbol(name: string): string {
  const plain = name.replace(/^__(.*)__$/, '$1')
  return symbols[plain] ?? symbols[plain.replace(/^r/, '')] ?? plain
}

/** A card has room for the last part of a path: `w[3]` of `model.layers[0].neurons[1].w[3]`. */
const lastPart = (path: string) => /[^.]*$/.exec(path)![0]

/** As `titleOf`, but of a path only the last part. */
export function opTitle(tape: Tape, op: number): string {
  const value = tape.valueOfOp(op)
  const name = value < 0 ? '' : tape.nameOf(value)
  return name === '' ? titleOf(tape, op) : lastPart(name)
}

/** The op's symbol, a tensor's shape; '' for leaves that are numbers. */
export function opSubtitle(tape: Tape, op: number): string {
  const value = tape.valueOfOp(op)
  const { kind, tensor } = tape.table('value')
  const symbol = tape.isLeaf(op) ? '' : opSymbol(tape.opName(op))
  if (value < 0 || kind.at(value) !== ValueKind.tensor || tensor.at(value) < 0) return symbol
  return tape.tables.string(tape.table('tensor').shape.at(tensor.at(value)))
}

/** Path pieces shown of a group that stands for calls in calls. */
const MAX_PIECES = 3

export function groupTitle(groups: Groups, group: number): string {
  const { tree } = groups
  const shell = groups.shell[group]!
  const pieces = [ownTitle(groups, group)]
  if (groups.kind[group] === GroupKind.call) pieces.unshift(...outerLabels(tree, groups.anchor[group]!))
  if (shell >= 0) pieces.unshift(...outerLabels(tree, shell), ...callLabels(tree, shell))
  if (pieces.length <= MAX_PIECES) return pieces.join(' › ')
  return [pieces[0], '…', ...pieces.slice(1 - MAX_PIECES)].join(' › ')
}

/** For a fold `× 16`, for an iteration `#3`, for a line its number. */
export function groupSubtitle(groups: Groups, group: number): string {
  if (groups.isFold(group)) return `× ${memberCount(groups, group)}`
  if (groups.kind[group] === GroupKind.call) return iterationOf(groups, group)
  if (groups.kind[group] !== GroupKind.line) return ''
  const { site } = groups.tape.table('op')
  return `:${groups.tape.table('site').startLine.at(site.at(groups.anchor[group]!))}`
}

/** `#3` of an iteration, or of a call that is all that an iteration does; '' of other calls. */
function iterationOf({ tree, tape, anchor }: Groups, group: number): string {
  const { kind, iteration } = tape.table('call')
  let at = anchor[group]!
  // `neurons[3]` says which one it is.
  if (kind.at(at) !== CallKind.loop && labelOf(tree, at).endsWith(']')) return ''
  while (kind.at(at) !== CallKind.loop) {
    at = tree.parent[at]!
    if (at === tree.calls || tree.childCount(at) !== 1) return ''
  }
  return `#${iteration.at(at)}`
}

/** Children of a group, those in ranges counted one by one. */
export function memberCount(groups: Groups, group: number): number {
  let count = 0
  for (const ref of groups.children(group)) count += groups.ranges.get(groupOfRef(ref))?.length ?? 1
  return count
}

function ownTitle(groups: Groups, group: number): string {
  const { tape } = groups
  const kind = groups.kind[group]!
  switch (kind) {
    case GroupKind.root:
      return tape.meta('script')
    case GroupKind.call:
      return isIteration(groups, group) ? loopHeader(groups, group) : labelOf(groups.tree, groups.anchor[group]!)
    case GroupKind.callFold:
    case GroupKind.opFold:
    case GroupKind.leaves:
      return foldTitle(groups, group)
    case GroupKind.line:
      return lineTitle(tape, groups.children(group))
    case GroupKind.range: {
      const { start, length } = groups.ranges.get(group)!
      return `${start} … ${start + length - 1}`
    }
    default:
      return kind satisfies never
  }
}

const isIteration = ({ tape, kind, anchor }: Groups, group: number) =>
  kind[group] === GroupKind.call && tape.table('call').kind.at(anchor[group]!) === CallKind.loop

const loopHeader = ({ tape, anchor }: Groups, group: number) =>
  oneLine(tape.siteText(tape.table('call').site.at(anchor[group]!))).replace(/:$/, '')

function foldTitle(groups: Groups, group: number): string {
  const first = memberAt(groups, group, 0)
  if (first < 0 && isIteration(groups, groupOfRef(first))) return loopHeader(groups, groupOfRef(first))
  return between(refTitle(groups, first), refTitle(groups, memberAt(groups, group, -1)))
}

/** The first or the last member of a fold, looked for through ranges. */
function memberAt(groups: Groups, group: number, at: 0 | -1): Ref {
  let ref = groups.children(group).at(at)!
  while (groups.ranges.has(groupOfRef(ref))) ref = groups.children(groupOfRef(ref)).at(at)!
  return ref
}

export const refTitle = (groups: Groups, ref: Ref) =>
  ref >= 0 ? opTitle(groups.tape, ref) : groupTitle(groups, groupOfRef(ref))

/** `w[0 … 15]` for `w[0]` and `w[15]`; the first of two that differ in more than numbers. */
function between(first: string, last: string): string {
  const a = first.split(/(\d+)/)
  const b = last.split(/(\d+)/)
  const alike = a.length === b.length && a.every((piece, i) => i % 2 === 1 || piece === b[i])
  return alike ? a.map((piece, i) => (piece === b[i] ? piece : `${piece} … ${b[i]}`)).join('') : first
}

/** The longest expression of the line, which holds the others. */
function lineTitle(tape: Tape, refs: Int32Array): string {
  const { site } = tape.table('op')
  let longest = ''
  for (const ref of refs.slice(0, 100)) {
    const text = ref < 0 || tape.isLeaf(ref) ? '' : oneLine(tape.siteText(site.at(ref)))
    if (text.length > longest.length) longest = text
  }
  return longest
}

/** Labels of the calls whose only content a call is, outermost first. */
function outerLabels(tree: CallTree, call: number): string[] {
  const labels: string[] = []
  for (let at = tree.parent[call]!; at !== tree.calls && tree.childCount(at) === 1; at = tree.parent[at]!)
    labels.unshift(...callLabels(tree, at))
  return labels
}

/** A loop says less than the call in it: only calls have a label here. */
const callLabels = (tree: CallTree, call: number): string[] =>
  tree.tape.table('call').kind.at(call) === CallKind.loop ? [] : [labelOf(tree, call)]

/** What a constructor made is better known by what its parameters are called later: `neurons[3]`. */
function labelOf(tree: CallTree, call: number): string {
  const label = callLabel(tree.tape, call)
  if (!label.endsWith('.__init__')) return label
  const path = commonPath(nameAt(tree, call, 0), nameAt(tree, call, -1)).split('.')
  const made = path.at(-1 - callsInside(tree, call)) ?? ''
  return made.endsWith(']') ? made : label
}

/** How many calls a call stands for besides itself: each is one step further in the path of what it made. */
function callsInside(tree: CallTree, call: number): number {
  let calls = 0
  for (let at = call; tree.childCount(at) === 1;) {
    const ref = tree.children(at)[0]!
    if (ref >= 0) break
    at = callOfRef(ref)
    if (tree.tape.table('call').kind.at(at) !== CallKind.loop) calls++
  }
  return calls
}

/** The name of the first or last op inside. */
function nameAt(tree: CallTree, call: number, at: 0 | -1): string {
  let ref: Ref = refOfCall(call)
  while (ref < 0) ref = tree.children(callOfRef(ref)).at(at)!
  const value = tree.tape.valueOfOp(ref)
  return value < 0 ? '' : tree.tape.nameOf(value)
}

/** `model.layers[0]` of `model.layers[0].w` and `model.layers[0].b`. */
function commonPath(a: string, b: string): string {
  const [first, second] = [a.split('.'), b.split('.')]
  const length = Math.min(first.length, second.length) - 1
  let same = 0
  while (same < length && first[same] === second[same]) same++
  return first.slice(0, same).join('.')
}
