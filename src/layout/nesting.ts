/** A structure taken apart: one layout problem per open group, and the way of every edge through them. */
import { ItemFlag, ItemKind } from '../protocol/view.ts'
import type { Structure } from '../graph/structure.ts'
import type { Arc } from './problem.ts'

export type Direction = 'right' | 'down'

/** The inside of an open group, or of the whole picture. Boxes are numbered in the order of `items`. */
export interface Inside {
  /** −1 for the whole picture. */
  item: number
  items: number[]
  arcs: Arc[]
  /** Ports of the border by the item that the line comes from. */
  ins: Map<number, number>
  outs: Map<number, number>
}

export interface Nesting {
  /** Open groups, the whole picture first, outer before inner ones. */
  insides: Inside[]
  /** Place of an open group's inside in `insides`, by item. */
  insideOf: Map<number, number>
  /** Per edge, its arcs from its start to its end. */
  ways: { inside: number; arc: number }[][]
  /** Per item the number of places where edges arrive. */
  inPorts: Int32Array
}

export const isOpen = (s: Structure, item: number) => (s.flags[item]! & ItemFlag.open) !== 0

export const isGroup = (s: Structure, item: number) => s.kind[item] === ItemKind.group || s.kind[item] === ItemKind.fold

export function nest(s: Structure): Nesting {
  const insides: Inside[] = [{ item: -1, items: [], arcs: [], ins: new Map(), outs: new Map() }]
  const insideOf = new Map<number, number>([[-1, 0]])
  const box = new Int32Array(s.element.length)
  const depth = new Int32Array(s.element.length)
  for (let item = 0; item < s.element.length; item++) {
    const parent = s.parent[item]!
    const around = insides[insideOf.get(parent)!]!
    depth[item] = parent < 0 ? 0 : depth[parent]! + 1
    box[item] = around.items.push(item) - 1
    if (!isOpen(s, item)) continue
    insideOf.set(item, insides.length)
    insides.push({ item, items: [], arcs: [], ins: new Map(), outs: new Map() })
  }
  const { ports, inPorts } = arrivals(s)
  const known = insides.map(() => new Map<string, number>())
  const ways = Array.from(s.from, (from, edge) => {
    const to = s.to[edge]!
    const way: Nesting['ways'][number] = []
    const add = (parent: number, arc: Arc) => {
      const inside = insideOf.get(parent)!
      const key = `${arc.from},${arc.fromPort},${arc.to},${arc.toPort}`
      const at = known[inside]!.get(key) ?? insides[inside]!.arcs.push(arc) - 1
      known[inside]!.set(key, at)
      return { inside, arc: at }
    }
    const port = (parent: number, side: 'ins' | 'outs') => {
      const map = insides[insideOf.get(parent)!]![side]
      const at = map.get(from) ?? map.size
      map.set(from, at)
      return at
    }
    // Climb from both ends to the group that holds both; every group that is left or entered has a place at its border.
    const tail: Nesting['ways'][number] = []
    let a = from
    let aPort = 0
    let b = to
    let bPort = ports[edge]!
    while (s.parent[a] !== s.parent[b]) {
      if (depth[a]! >= depth[b]!) {
        const parent = s.parent[a]!
        const out = port(parent, 'outs')
        way.push(add(parent, { from: box[a]!, fromPort: aPort, to: -1, toPort: out }))
        a = parent
        aPort = out
      } else {
        const parent = s.parent[b]!
        const entry = port(parent, 'ins')
        tail.push(add(parent, { from: -1, fromPort: entry, to: box[b]!, toPort: bPort }))
        b = parent
        bPort = entry
      }
    }
    way.push(add(s.parent[a]!, { from: box[a]!, fromPort: aPort, to: box[b]!, toPort: bPort }))
    return way.concat(tail.reverse())
  })
  return { insides, insideOf, ways, inPorts }
}

/** Per edge the place it arrives at: operands in order at an op, all edges at one place at a closed group. */
function arrivals(s: Structure): { ports: Int32Array; inPorts: Int32Array } {
  const inPorts = new Int32Array(s.element.length)
  const ports = new Int32Array(s.from.length)
  const arriving: number[][] = Array.from(s.element, () => [])
  s.to.forEach((item, edge) => {
    if (isGroup(s, item)) inPorts[item] = 1
    else arriving[item]!.push(edge)
  })
  arriving.forEach((edges, item) => {
    if (edges.length === 0) return
    // Merged edges have no slot; they keep their order among the others, which is that of their first operand.
    edges.forEach((edge, place) => (ports[edge] = place))
    inPorts[item] = edges.length
  })
  return { ports, inPorts }
}
