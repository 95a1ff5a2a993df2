/**
 * A layered layout in linear time: the first picture of everything, and the only one of what is too large for ELK.
 * Arcs run through gaps between the layers and through room that is kept for them in each layer, never through boxes.
 */
import { layerings, type Layering } from './layers.ts'
import { netOf, type Arc, type Arrangement, type Problem } from './problem.ts'
import { routeGap, type Wire } from './tracks.ts'

/** Between boxes of one layer, around the room of a passing arc, and between layers (besides its tracks). */
const BOX_GAP = 24
const LINE_GAP = 12
const LAYER_GAP = 60
/** Between the border of a group and its first or last layer: no number is written there. */
const BORDER_GAP = 20
/** Below everything: the lanes of arcs that run backwards or are too long for a way of their own. */
const LANE = 12
/** Lines beyond these share lanes. */
const MAX_LANES = 24
const RELAXATIONS = 10

/** `level`: boxes that follow each other stand at one height, though lines then bend a little; a long row would slope. */
export function linearLayout(problem: Problem, level = false): Arrangement {
  const graph = layerings(problem)
  const y = placeAcross(problem, graph, level)
  return placeAlong(problem, graph, y)
}

const heightOf = (problem: Problem, vertex: number) => problem.boxes[vertex]?.h ?? 0
const widthOf = (problem: Problem, vertex: number) => problem.boxes[vertex]?.w ?? 0

/** Heights that keep the order and the gaps and come nearest to straight links, layer by layer (isotonic regression). */
function placeAcross(problem: Problem, graph: Layering, level: boolean): Float64Array {
  const { layers, links, size } = graph
  const y = new Float64Array(size)
  for (const row of layers) {
    let at = 0
    row.forEach((vertex, i) => {
      if (i > 0) at += gapBetween(problem, row[i - 1]!, vertex)
      y[vertex] = at
      at += heightOf(problem, vertex)
    })
    row.forEach((vertex) => (y[vertex]! -= at / 2))
  }
  const sum = new Float64Array(size)
  const weight = new Float64Array(size)
  const leftOf: number[][] = Array.from({ length: size }, () => [])
  const rightOf: number[][] = Array.from({ length: size }, () => [])
  links.forEach((link, l) => {
    leftOf[link.to]!.push(l)
    rightOf[link.from]!.push(l)
  })
  const isBox = (vertex: number) => vertex < problem.boxes.length
  const pull = (vertex: number, other: number, offset: number) => {
    const boxes = isBox(vertex) && isBox(other)
    // Long lines shall be straight first; boxes give way to them, and in level rows follow each other.
    const strength = boxes ? (level ? 8 : 1) : isBox(vertex) || isBox(other) ? (level ? 0.1 : 1) : 8
    const levelled = (heightOf(problem, other) - heightOf(problem, vertex)) / 2
    sum[vertex]! += strength * (y[other]! + (level && boxes ? levelled : offset))
    weight[vertex]! += strength
  }
  for (let round = 0; round < RELAXATIONS; round++) {
    const both = round >= RELAXATIONS - 2
    const rightwards = round % 2 === 0
    for (let k = 0; k < layers.length; k++) {
      const row = layers[rightwards ? k : layers.length - 1 - k]!
      for (const vertex of row) {
        sum[vertex] = 0
        weight[vertex] = 0
        if (rightwards || both)
          for (const l of leftOf[vertex]!) pull(vertex, links[l]!.from, links[l]!.fromAt - links[l]!.toAt)
        if (!rightwards || both)
          for (const l of rightOf[vertex]!) pull(vertex, links[l]!.to, links[l]!.toAt - links[l]!.fromAt)
        if (weight[vertex] === 0) {
          sum[vertex] = y[vertex]! * 0.01
          weight[vertex] = 0.01
        }
      }
      pool(problem, row, sum, weight, y)
    }
  }
  return y
}

/** Sets `y` of a row to the nearest heights to `sum / weight` that keep order and gaps (pool adjacent violators). */
function pool(
  problem: Problem,
  row: readonly number[],
  sum: Float64Array,
  weight: Float64Array,
  y: Float64Array,
): void {
  const blocks: { sum: number; weight: number; members: number }[] = []
  const offsets: number[] = []
  let offset = 0
  row.forEach((vertex, i) => {
    if (i > 0) offset += heightOf(problem, row[i - 1]!) + gapBetween(problem, row[i - 1]!, vertex)
    offsets.push(offset)
    let block = { sum: sum[vertex]! - offset * weight[vertex]!, weight: weight[vertex]!, members: 1 }
    for (let last = blocks.at(-1); last && last.sum / last.weight >= block.sum / block.weight; last = blocks.at(-1)) {
      block = { sum: last.sum + block.sum, weight: last.weight + block.weight, members: last.members + block.members }
      blocks.pop()
    }
    blocks.push(block)
  })
  let i = 0
  for (const block of blocks)
    for (let m = 0; m < block.members; m++, i++) y[row[i]!] = block.sum / block.weight + offsets[i]!
}

function gapBetween(problem: Problem, above: number, below: number): number {
  const boxes = problem.boxes.length
  return above < boxes && below < boxes ? BOX_GAP : LINE_GAP
}

/** Widths: layers as wide as their widest box, gaps as wide as their tracks need; then the routes. */
function placeAlong(problem: Problem, graph: Layering, y: Float64Array): Arrangement {
  const { boxes, arcs } = problem
  const { layers, layer } = graph
  const wires: Map<string, Wire>[] = layers.map(() => new Map())
  const hops = graph.paths.map((path, a) => (path ? hopsOf(problem, path, arcs[a]!, y, wires, layer) : null))
  const starts: number[] = []
  const widths = layers.map((row) => row.reduce((widest, vertex) => Math.max(widest, widthOf(problem, vertex)), 0))
  let right = 0
  layers.forEach((_, k) => {
    starts.push(right)
    const tracks = routeGap([...wires[k]!.values()])
    const border = k === 0 || (problem.outs > 0 && k === layers.length - 2)
    const gap =
      k === layers.length - 1 || (border && wires[k]!.size === 0) ? 0 : tracks.width + (border ? BORDER_GAP : LAYER_GAP)
    for (const wire of wires[k]!.values())
      wire.x = right + widths[k]! + gap / 2 + wire.track * tracks.step - tracks.width / 2
    right += widths[k]! + gap
  })
  const x = new Float64Array(boxes.length)
  const isSource = new Uint8Array(boxes.length).fill(1)
  for (const arc of arcs) if (arc.to >= 0) isSource[arc.to] = 0
  boxes.forEach((box, b) => {
    // What has no inputs stands at the side of its consumer.
    const room = widths[layer[b]!]! - box.w
    x[b] = starts[layer[b]!]! + (isSource[b] ? room : 0)
  })
  let top = Infinity
  let bottom = -Infinity
  y.forEach((at, vertex) => {
    top = Math.min(top, at)
    bottom = Math.max(bottom, at + heightOf(problem, vertex))
  })
  if (boxes.length === 0) top = bottom = 0
  const lanes = new Map<string, number>()
  const laneOf = (net: string) => {
    const known = lanes.get(net) ?? lanes.size % MAX_LANES
    lanes.set(net, known)
    return bottom + LANE * (known + 1)
  }
  const places: Places = { problem, graph, x, y, starts, widths, right }
  const routes = arcs.map((arc, a) => {
    const way = hops[a]
    return way ? trace(places, arc, way) : laneRoute(places, arc, laneOf(netOf(arc)))
  })
  y.forEach((at, vertex) => (y[vertex] = at - top))
  for (const route of routes) for (let i = 1; i < route.length; i += 2) route[i]! -= top
  const n = boxes.length
  return {
    w: right,
    h: bottom - top + LANE * Math.min(lanes.size, MAX_LANES),
    x,
    y: y.slice(0, n),
    ins: y.slice(n, n + problem.ins),
    outs: y.slice(n + problem.ins, n + problem.ins + problem.outs),
    routes,
  }
}

/** One gap's piece of an arc. */
interface Hop {
  wire: Wire
  fromY: number
  toY: number
}

/** The wires (one per line and gap) of an arc's way; lines that leave one place together share a wire. */
function hopsOf(
  problem: Problem,
  path: readonly number[],
  arc: Arc,
  y: Float64Array,
  wires: Map<string, Wire>[],
  layer: Int32Array,
): Hop[] {
  const { boxes } = problem
  const hops: Hop[] = []
  for (let i = 0; i + 1 < path.length; i++) {
    const a = path[i]!
    const b = path[i + 1]!
    const fromY = y[a]! + (i === 0 && arc.from >= 0 ? boxes[a]!.outs[arc.fromPort]! : 0)
    const toY = y[b]! + (i + 2 === path.length && arc.to >= 0 ? boxes[b]!.ins[arc.toPort]! : 0)
    const key = `${a}:${i === 0 && arc.from >= 0 ? arc.fromPort : 0}`
    const gap = wires[layer[a]!]!
    const wire = gap.get(key) ?? { start: fromY, low: fromY, high: fromY, track: 0, x: 0 }
    gap.set(key, wire)
    wire.low = Math.min(wire.low, toY)
    wire.high = Math.max(wire.high, toY)
    hops.push({ wire, fromY, toY })
  }
  return hops
}

interface Places {
  problem: Problem
  graph: Layering
  x: Float64Array
  y: Float64Array
  /** Of layers. */
  starts: readonly number[]
  widths: readonly number[]
  /** Of the whole. */
  right: number
}

const startX = ({ problem, x }: Places, from: number) => (from < 0 ? 0 : x[from]! + problem.boxes[from]!.w)
const endX = ({ x, right }: Places, to: number) => (to < 0 ? right : x[to]!)

/** Horizontal through the layers, vertical on the wires' tracks. */
function trace(places: Places, arc: Arc, hops: readonly Hop[]): number[] {
  const route = [startX(places, arc.from), hops[0]!.fromY]
  let at = hops[0]!.fromY
  for (const { wire, toY } of hops) {
    // Less is not seen as a bend, but adds up over many layers.
    if (Math.abs(at - toY) <= 0.5) continue
    route.push(wire.x, at, wire.x, toY)
    at = toY
  }
  route.push(endX(places, arc.to), hops.at(-1)!.toY)
  return route
}

/** Down in the gap behind its start, along a lane below everything, and up in the gap before its end. */
function laneRoute(places: Places, arc: Arc, lane: number): number[] {
  const { problem, graph, y, starts, widths, right } = places
  const { boxes } = problem
  const a = arc.from < 0 ? boxes.length + arc.fromPort : arc.from
  const b = arc.to < 0 ? boxes.length + problem.ins + arc.toPort : arc.to
  const fromY = y[a]! + (arc.from < 0 ? 0 : boxes[a]!.outs[arc.fromPort]!)
  const toY = y[b]! + (arc.to < 0 ? 0 : boxes[b]!.ins[arc.toPort]!)
  const behind = starts[graph.layer[a]!]! + widths[graph.layer[a]!]! + LINE_GAP / 2
  const before = arc.to < 0 ? right - LINE_GAP / 2 : starts[graph.layer[b]!]! - LINE_GAP / 2
  return [
    startX(places, arc.from),
    fromY,
    behind,
    fromY,
    behind,
    lane,
    before,
    lane,
    before,
    toY,
    endX(places, arc.to),
    toY,
  ]
}
