/** What a picture shows when certain groups are open: items, and edges lifted to what is visible. Positions come later. */
import { ItemFlag, ItemKind, type ElementId } from '../protocol/view.ts'
import { Cell, OpKind, OperandFlag, ValueKind, WriteKind } from '../protocol/wire.ts'
import { operandEdges } from '../tape/operandEdges.ts'
import type { Tape } from '../tape/tape.ts'
import { groupOfRef, refOfGroup, type Groups } from './groups.ts'
import { groupSubtitle, groupTitle, opSubtitle, opTitle } from './titles.ts'

export interface Structure {
  element: Int32Array
  kind: Uint8Array
  flags: Uint8Array
  /** Parents come before their children; −1 at the top. */
  parent: Int32Array
  count: Int32Array
  title: string[]
  subtitle: string[]
  /** Edges between items that are no open groups, in the order of their first operand row. */
  from: Int32Array
  to: Int32Array
  slot: Int32Array
  edgeCount: Int32Array
  /** Per op of the tape, the item that shows it. */
  itemOfOp: Int32Array
  /** Per operand row of the tape, the edge that shows it; −1 where none does. */
  edgeOfOperand: Int32Array
}

/** Facts about ops that cards show, read once per tape length. */
export interface OpFacts {
  flags: Uint8Array
}

export function opFacts(tape: Tape): OpFacts {
  const flags = new Uint8Array(tape.ops)
  const value = tape.table('value')
  const opOf = (row: number) => value.op.at(row)
  const root = tape.table('root')
  for (let row = 0; row < root.rows; row++) flags[opOf(root.value.at(row))]! |= ItemFlag.root
  const write = tape.table('write')
  for (let row = 0; row < write.rows; row++) {
    const op = opOf(write.target.at(row))
    if (write.cell.at(row) === Cell.value && write.kind.at(row) === WriteKind.update && tape.isLeaf(op))
      flags[op]! |= ItemFlag.parameter
  }
  const operand = tape.table('operand')
  for (let row = 0; row < operand.rows; row++) {
    const source = operand.value.at(row)
    const cut = (operand.flags.at(row) & (OperandFlag.used | OperandFlag.linked)) === OperandFlag.used
    if (source >= 0 && cut) flags[opOf(source)]! |= ItemFlag.unlinked
  }
  for (let row = 0; row < value.rows; row++)
    if (value.kind.at(row) === ValueKind.tensor) flags[opOf(row)]! |= ItemFlag.tensor
  return { flags }
}

export function structure(groups: Groups, facts: OpFacts, isOpen: (group: number) => boolean): Structure {
  const { tape } = groups
  const items = visibleItems(groups, isOpen)
  const count = items.refs.length
  const kinds = tape.table('op').kind
  const element = new Int32Array(count)
  const kind = new Uint8Array(count)
  const flags = new Uint8Array(count)
  const sizes = new Int32Array(count)
  const title: string[] = []
  const subtitle: string[] = []
  items.refs.forEach((ref, item) => {
    element[item] = groups.elementOf(ref)
    if (ref >= 0) {
      const k = kinds.at(ref)
      kind[item] = k === OpKind.leaf ? ItemKind.leaf : k === OpKind.constant ? ItemKind.constant : ItemKind.op
      flags[item] = facts.flags[ref]!
      sizes[item] = 1
      title.push(opTitle(tape, ref))
      subtitle.push(opSubtitle(tape, ref))
      return
    }
    const group = groupOfRef(ref)
    kind[item] = groups.isFold(group) ? ItemKind.fold : ItemKind.group
    flags[item] = items.open[item] ? ItemFlag.open : 0
    sizes[item] = groups.count[group]!
    title.push(groupTitle(groups, group))
    subtitle.push(groupSubtitle(groups, group))
  })
  // A closed group carries the marks of what it hides.
  for (let op = 0; op < items.itemOfOp.length; op++) {
    const item = items.itemOfOp[op]!
    if (items.refs[item]! < 0) flags[item]! |= facts.flags[op]! & (ItemFlag.root | ItemFlag.tensor)
  }
  const edges = liftedEdges(tape, items.itemOfOp, items.refs)
  return {
    ...edges,
    element,
    kind,
    flags,
    parent: Int32Array.from(items.parent),
    count: sizes,
    title,
    subtitle,
    itemOfOp: items.itemOfOp,
  }
}

/** Depth first, with a stack of its own: calls may be nested thousands deep. */
function visibleItems(groups: Groups, isOpen: (group: number) => boolean) {
  const refs: number[] = []
  const parent: number[] = []
  const open: boolean[] = []
  /** Per group; groups are made while they are opened. */
  const itemOfGroup: number[] = []
  const itemOfOp = new Int32Array(groups.groupOf.length).fill(-1)
  const stack: { ref: number; parent: number }[] = []
  const pushChildren = (group: number, item: number) => {
    const children = groups.children(group)
    for (let i = children.length - 1; i >= 0; i--) stack.push({ ref: children[i]!, parent: item })
  }
  pushChildren(0, -1)
  for (let next = stack.pop(); next; next = stack.pop()) {
    const item = refs.length
    refs.push(next.ref)
    parent.push(next.parent)
    const opened = next.ref < 0 && isOpen(groupOfRef(next.ref))
    open.push(opened)
    if (next.ref >= 0) itemOfOp[next.ref] = item
    else itemOfGroup[groupOfRef(next.ref)] = item
    if (opened) pushChildren(groupOfRef(next.ref), item)
  }
  // Hidden groups are shown by what shows their parent; parents have smaller numbers.
  for (let group = 1; group < groups.size; group++) itemOfGroup[group] ??= itemOfGroup[groups.parent[group]!]!
  for (let op = 0; op < itemOfOp.length; op++) if (itemOfOp[op] === -1) itemOfOp[op] = itemOfGroup[groups.groupOf[op]!]!
  return { refs, parent, open, itemOfOp }
}

function liftedEdges(tape: Tape, itemOfOp: Int32Array, refs: readonly number[]) {
  const edges = operandEdges(tape)
  const rows = edges.from.length
  const from: number[] = []
  const to: number[] = []
  const slots: number[] = []
  const edgeCount: number[] = []
  const edgeOfOperand = new Int32Array(rows).fill(-1)
  const merged = new Map<number, number>()
  for (let row = 0; row < rows; row++) {
    const source = edges.from[row]!
    const op = edges.to[row]!
    if (source < 0 || op >= itemOfOp.length) continue
    const a = itemOfOp[source]!
    const b = itemOfOp[op]!
    if (a === b || a === undefined) continue
    const apart = refs[a]! >= 0 && refs[b]! >= 0
    const key = a * refs.length + b
    const known = apart ? undefined : merged.get(key)
    if (known !== undefined) {
      edgeOfOperand[row] = known
      edgeCount[known]!++
      slots[known] = -1
      continue
    }
    const edge = from.length
    if (!apart) merged.set(key, edge)
    edgeOfOperand[row] = edge
    from.push(a)
    to.push(b)
    slots.push(refs[b]! >= 0 ? edges.slot[row]! : -1)
    edgeCount.push(1)
  }
  return {
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    slot: Int32Array.from(slots),
    edgeCount: Int32Array.from(edgeCount),
    edgeOfOperand,
  }
}

/** Elements of the closed groups around something, outermost first: opening them shows it. */
export function closedAncestors(groups: Groups, element: ElementId, isOpen: (group: number) => boolean): ElementId[] {
  return groups
    .ancestors(element)
    .reverse()
    .filter((group) => !isOpen(group))
    .map((group) => groups.elementOf(refOfGroup(group)))
}
