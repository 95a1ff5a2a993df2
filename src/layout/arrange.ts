/** Picks the shape of a group's inside: one layered picture, independent parts on shelves, or a long one wrapped like text. */
import { assignLayers } from './layers.ts'
import { linearLayout } from './linear.ts'
import { netOf, type Arc, type Arrangement, type Problem } from './problem.ts'
import { assemble, type Cell } from './shelves.ts'

/** Lays out a problem in layers; ELK's answer where it is known, else the linear one. */
export type Layered = (problem: Problem) => Arrangement

/** A picture is wrapped when it is longer than this and this many times longer than high; likewise for tall ones. */
const LONG = 2600
const LONG_RATIO = 5
const TALL = 1300
const TALL_RATIO = 1.5
/** Width to height that wrapped pictures aim at. */
const ASPECT = 1.8

export function arrange(problem: Problem, layered: Layered): Arrangement {
  // A layered picture stays one when something in it is opened.
  if (problem.hint) return layered(problem)
  const plain = linearLayout(problem)
  if (plain.h > TALL && plain.h > TALL_RATIO * plain.w) {
    const parts = components(problem)
    if (parts.length > 2) return onShelves(problem, parts, layered)
  }
  // What is one wide box and little else would not become shorter.
  const widest = problem.boxes.reduce((w, box) => Math.max(w, box.w), 0)
  if (plain.w > LONG && widest < 0.6 * plain.w) {
    const level = linearLayout(problem, true)
    if (level.w > LONG_RATIO * level.h) return wrapped(problem, level, widest)
  }
  return layered(problem)
}

/** Boxes that hang together, the border not counted; in the order of their first box. */
function components({ boxes, arcs }: Problem): number[][] {
  const parent = Int32Array.from(boxes, (_, box) => box)
  const find = (box: number) => {
    let at = box
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!
      at = parent[at]!
    }
    return at
  }
  for (const { from, to } of arcs)
    if (from >= 0 && to >= 0) parent[Math.max(find(from), find(to))] = Math.min(find(from), find(to))
  const parts = new Map<number, number[]>()
  boxes.forEach((_, box) => {
    const root = find(box)
    const part = parts.get(root)
    if (part) part.push(box)
    else parts.set(root, [box])
  })
  return [...parts.values()]
}

function onShelves(problem: Problem, parts: number[][], layered: Layered): Arrangement {
  const cells = cut(problem, parts).map((cell) => ({ ...cell, layout: arrange(cell.problem, layered) }))
  const area = cells.reduce((sum, { layout }) => sum + (layout.w + 60) * (layout.h + 40), 0)
  const width = Math.max(1.1 * Math.sqrt(area * ASPECT), ...cells.map(({ layout }) => layout.w))
  const rows: Cell[][] = []
  let used = Infinity
  for (const cell of cells) {
    if (used + cell.layout.w > width) {
      rows.push([])
      used = 0
    }
    rows.at(-1)!.push(cell)
    used += cell.layout.w + 60
  }
  return assemble(problem, rows)
}

/** Stretches of layers one below the other. */
function wrapped(problem: Problem, plain: Arrangement, widest: number): Arrangement {
  const layer = assignLayers(problem)
  const layers: { boxes: number[]; start: number; end: number }[] = []
  problem.boxes.forEach((box, b) => {
    const at = (layers[layer[b]!] ??= { boxes: [], start: Infinity, end: -Infinity })
    at.boxes.push(b)
    at.start = Math.min(at.start, plain.x[b]!)
    at.end = Math.max(at.end, plain.x[b]! + box.w)
  })
  const rowCount = Math.max(2, Math.round(Math.sqrt(plain.w / (ASPECT * (plain.h + 60)))))
  const width = Math.max(plain.w / rowCount, widest)
  const rows: number[][] = []
  let start = -Infinity
  // Layers count from 1; 0 is the border.
  for (const { boxes, start: left, end } of layers.slice(1)) {
    if (end - start > width) {
      rows.push([])
      start = left
    }
    rows.at(-1)!.push(...boxes)
  }
  const cells = cut(problem, rows)
  return assemble(
    problem,
    cells.map((cell) => [{ ...cell, layout: linearLayout(cell.problem, true) }]),
  )
}

/** A problem per part; arcs between parts end at their borders. */
function cut(problem: Problem, parts: readonly number[][]): Omit<Cell, 'layout'>[] {
  const partOf = new Int32Array(problem.boxes.length)
  const local = new Int32Array(problem.boxes.length)
  parts.forEach((part, p) =>
    part.forEach((box, i) => {
      partOf[box] = p
      local[box] = i
    }),
  )
  const cells = parts.map((part) => ({
    boxes: part,
    arcs: new Map<number, number>(),
    ins: new Map<string, number>(),
    outs: new Map<string, number>(),
    list: [] as Arc[],
  }))
  const port = (ports: Map<string, number>, net: string) => {
    const known = ports.get(net) ?? ports.size
    ports.set(net, known)
    return known
  }
  problem.arcs.forEach((arc, a) => {
    const source = arc.from < 0 ? null : cells[partOf[arc.from]!]!
    const target = arc.to < 0 ? null : cells[partOf[arc.to]!]!
    const net = netOf(arc)
    if (source && source === target) {
      source.arcs.set(a, source.list.length)
      source.list.push({ ...arc, from: local[arc.from]!, to: local[arc.to]! })
      return
    }
    if (source) {
      // Arcs of one net to the same side leave the part together.
      const out = port(source.outs, arc.to < 0 ? `out ${arc.toPort}` : net)
      source.arcs.set(a, source.list.length)
      source.list.push({ from: local[arc.from]!, fromPort: arc.fromPort, to: -1, toPort: out })
    }
    if (target) {
      target.arcs.set(source ? a + problem.arcs.length : a, target.list.length)
      target.list.push({ from: -1, fromPort: port(target.ins, net), to: local[arc.to]!, toPort: arc.toPort })
    }
  })
  return cells.map(({ boxes, arcs, ins, outs, list }) => ({
    boxes,
    arcs,
    ins,
    outs,
    problem: { boxes: boxes.map((box) => problem.boxes[box]!), arcs: list, ins: ins.size, outs: outs.size },
  }))
}
