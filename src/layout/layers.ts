/** The first half of a layered layout: which layer each box is in, what stands in for long arcs, and the order within layers. */
import type { Hint, Problem } from './problem.ts'

/** A box of the problem (its number), a border port, or one layer of a long arc (a dummy). */
export interface Layering {
  /** Vertices: boxes first, then border ports in, border ports out, then dummies. */
  size: number
  layer: Int32Array
  /** Vertices of each layer from top to bottom. */
  layers: number[][]
  /** Links between neighbouring layers, left to right, with the ports at boxes' ends. */
  links: Link[]
  /** Per arc: the vertices it passes, ends included; null for one that is too long for dummies. */
  paths: (number[] | null)[]
}

export interface Link {
  from: number
  to: number
  /** Height of the ends within their boxes; 0 for other vertices. */
  fromAt: number
  toAt: number
}

/** More dummies than this per box and arc, and the longest arcs go without. */
const MAX_DUMMIES = 6
const SWEEPS = 12
/** Sweeps without a gain, and then no more. */
const PATIENCE = 3
/** Larger pictures get fewer sweeps. */
const SWEEP_WORK = 400_000

export function layerings(problem: Problem): Layering {
  const layer = assignLayers(problem)
  const graph = withDummies(problem, layer)
  if (problem.hint) keepOrder(graph, problem.hint)
  else order(graph)
  return graph
}

export const inVertex = (problem: Problem, port: number) => problem.boxes.length + port
export const outVertex = (problem: Problem, port: number) => problem.boxes.length + problem.ins + port

/** Longest paths from the left; boxes without inputs are pulled to their first consumer. */
export function assignLayers({ boxes, arcs, ins, outs, hint }: Problem): Int32Array {
  const n = boxes.length
  if (hint) {
    const last = hint.layer.reduce((most, layer) => Math.max(most, layer), 0)
    return Int32Array.from([
      ...hint.layer,
      ...new Array<number>(ins).fill(0),
      ...new Array<number>(outs).fill(last + 1),
    ])
  }
  const rank = ranks(n, arcs)
  const layer = new Int32Array(n + ins + outs).fill(1)
  const inner = arcs.filter((arc) => arc.from >= 0 && arc.to >= 0 && arc.from !== arc.to)
  // Arcs by the rank of their tail: one pass settles every layer.
  const forward = inner.map((arc) => (rank[arc.from]! < rank[arc.to]! ? arc : { ...arc, from: arc.to, to: arc.from }))
  forward.sort((a, b) => rank[a.from]! - rank[b.from]!)
  const hasInput = new Uint8Array(n)
  for (const arc of forward) {
    hasInput[arc.to] = 1
    layer[arc.to] = Math.max(layer[arc.to]!, layer[arc.from]! + 1)
  }
  const first = new Int32Array(n).fill(-1)
  for (const arc of forward)
    if (first[arc.from] === -1 || layer[arc.to]! < first[arc.from]!) first[arc.from] = layer[arc.to]!
  for (const arc of arcs) if (arc.from === -1 && arc.to >= 0) hasInput[arc.to] = 1
  for (let box = 0; box < n; box++) if (!hasInput[box] && first[box]! > 0) layer[box] = first[box]! - 1
  let last = 0
  for (let box = 0; box < n; box++) last = Math.max(last, layer[box]!)
  for (let port = 0; port < ins; port++) layer[n + port] = 0
  for (let port = 0; port < outs; port++) layer[n + ins + port] = last + 1
  return layer
}

/** A topological order (Kahn); in a circle the box that comes first breaks it. */
function ranks(n: number, arcs: Problem['arcs']): Int32Array {
  const open = new Int32Array(n)
  const next: number[][] = Array.from({ length: n }, () => [])
  for (const { from, to } of arcs) {
    if (from < 0 || to < 0 || from === to) continue
    next[from]!.push(to)
    open[to]!++
  }
  const rank = new Int32Array(n).fill(-1)
  let ranked = 0
  let scan = 0
  const ready: number[] = []
  for (let box = 0; box < n; box++) if (open[box] === 0) ready.push(box)
  for (let head = 0; ranked < n; head++) {
    if (head === ready.length) {
      while (rank[scan] !== -1) scan++
      ready.push(scan)
    }
    const box = ready[head]!
    rank[box] = ranked++
    for (const to of next[box]!) if (--open[to]! === 0 && rank[to] === -1) ready.push(to)
  }
  return rank
}

/** Arcs that leave one port share their dummies: they are drawn as one line that branches. */
function withDummies(problem: Problem, base: Int32Array): Layering {
  const { boxes, arcs, ins } = problem
  const n = boxes.length
  const layer = Array.from(base)
  const links: Link[] = []
  const longest = longestWithDummies(problem, base)
  const trunks = new Map<string, number[]>()
  const paths = arcs.map((arc): number[] | null => {
    const a = arc.from < 0 ? n + arc.fromPort : arc.from
    const b = arc.to < 0 ? n + ins + arc.toPort : arc.to
    const span = layer[b]! - layer[a]!
    if (span <= 0 || span > longest) return null
    const fromAt = arc.from < 0 ? 0 : boxes[a]!.outs[arc.fromPort]!
    const toAt = arc.to < 0 ? 0 : boxes[b]!.ins[arc.toPort]!
    const key = `${a}:${arc.fromPort}`
    const trunk = trunks.get(key) ?? []
    trunks.set(key, trunk)
    while (trunk.length < span - 1) {
      layer.push(layer[a]! + trunk.length + 1)
      links.push({ from: trunk.at(-1) ?? a, to: layer.length - 1, fromAt: trunk.length === 0 ? fromAt : 0, toAt: 0 })
      trunk.push(layer.length - 1)
    }
    const before = span === 1 ? a : trunk[span - 2]!
    links.push({ from: before, to: b, fromAt: span === 1 ? fromAt : 0, toAt })
    return [a, ...trunk.slice(0, span - 1), b]
  })
  const layers: number[][] = []
  layer.forEach((l, vertex) => {
    while (layers.length <= l) layers.push([])
    layers[l]!.push(vertex)
  })
  return { size: layer.length, layer: Int32Array.from(layer), layers, links, paths }
}

/** The longest span that still gets dummies when there shall not be too many. */
function longestWithDummies({ boxes, arcs, ins }: Problem, layer: Int32Array): number {
  const n = boxes.length
  const spans = arcs.map(
    (arc) => layer[arc.to < 0 ? n + ins + arc.toPort : arc.to]! - layer[arc.from < 0 ? n + arc.fromPort : arc.from]!,
  )
  const enough = 500 + MAX_DUMMIES * (n + arcs.length)
  let dummies = 0
  for (const span of spans.sort((a, b) => a - b)) {
    dummies += Math.max(0, span - 1)
    if (dummies > enough) return Math.max(1, span - 1)
  }
  return Infinity
}

/** Dummies stand between the ends of the arc they belong to. */
function keepOrder({ size, layers, paths }: Layering, { across }: Hint): void {
  const place = new Float64Array(size)
  place.set(across)
  for (const path of paths) {
    if (!path) continue
    const [start, end] = [place[path[0]!]!, place[path.at(-1)!]!]
    path.forEach((vertex, i) => {
      if (vertex >= across.length) place[vertex] = start + ((end - start) * i) / (path.length - 1)
    })
  }
  for (const row of layers) row.sort((a, b) => place[a]! - place[b]! || a - b)
}

/** Fewest crossings of several sweeps (Sugiyama): a vertex goes to the mean place of its neighbours. */
function order(graph: Layering): void {
  const { size, layers, links } = graph
  const left: Link[][] = Array.from({ length: size }, () => [])
  const right: Link[][] = Array.from({ length: size }, () => [])
  for (const link of links) {
    right[link.from]!.push(link)
    left[link.to]!.push(link)
  }
  for (const list of left) list.sort((a, b) => a.toAt - b.toAt)
  startFromTrees(graph, left)
  const place = new Float64Array(size)
  const settle = (row: readonly number[]) => row.forEach((vertex, i) => (place[vertex] = i))
  layers.forEach(settle)
  let best = layers.map((row) => row.slice())
  let fewest = countCrossings(layers, left, place)
  const sweeps = Math.min(SWEEPS, Math.ceil(SWEEP_WORK / (links.length + 1)))
  const mean = new Float64Array(size)
  let idle = 0
  for (let sweep = 0; sweep < sweeps && fewest > 0 && idle < PATIENCE; sweep++) {
    const rightwards = sweep % 2 === 1
    const neighbours = rightwards ? left : right
    for (let k = 0; k < layers.length; k++) {
      const row = layers[rightwards ? k : layers.length - 1 - k]!
      for (const vertex of row) {
        const list = neighbours[vertex]!
        let sum = 0
        for (const link of list)
          sum += rightwards ? place[link.from]! + portShare(link.fromAt) : place[link.to]! + portShare(link.toAt)
        mean[vertex] = list.length === 0 ? place[vertex]! : sum / list.length
      }
      row.sort((a, b) => mean[a]! - mean[b]! || place[a]! - place[b]!)
      settle(row)
    }
    const crossings = countCrossings(layers, left, place)
    idle++
    if (crossings >= fewest) continue
    idle = 0
    fewest = crossings
    best = layers.map((row) => row.slice())
  }
  best.forEach((row, k) => (layers[k] = row))
}

/** Ports of one box differ by less than a place. */
const portShare = (at: number) => at / (at + 200)

/** Depth first from what nobody uses, operands in order: trees stay together and operands in their order. */
function startFromTrees({ size, layer, layers }: Layering, left: readonly Link[][]): void {
  const seen = new Uint8Array(size)
  const rows: number[][] = layers.map(() => [])
  const stack: number[] = []
  for (let k = layers.length - 1; k >= 0; k--) {
    for (const root of layers[k]!) {
      stack.push(root)
      while (stack.length > 0) {
        const vertex = stack.pop()!
        if (seen[vertex]) continue
        seen[vertex] = 1
        rows[layer[vertex]!]!.push(vertex)
        const list = left[vertex]!
        for (let i = list.length - 1; i >= 0; i--) if (!seen[list[i]!.from]) stack.push(list[i]!.from)
      }
    }
  }
  rows.forEach((row, k) => (layers[k] = row))
}

/** Pairs of links that cross, counted with a Fenwick tree per layer. */
function countCrossings(layers: readonly number[][], left: readonly Link[][], place: Float64Array): number {
  let crossings = 0
  for (let k = 1; k < layers.length; k++) {
    const width = layers[k - 1]!.length
    const tree = new Int32Array(width + 1)
    let total = 0
    for (const vertex of layers[k]!) {
      const starts = left[vertex]!.map((link) => place[link.from]!)
      for (const start of starts) {
        let smaller = 0
        for (let i = start + 1; i > 0; i -= i & -i) smaller += tree[i]!
        crossings += total - smaller
      }
      for (const start of starts) {
        for (let i = start + 1; i <= width; i += i & -i) tree[i]!++
        total++
      }
    }
  }
  return crossings
}
