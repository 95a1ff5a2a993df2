/**
 * What keeps a picture in its order when groups in it are opened: the same problem with these groups closed is laid
 * out first, and the layers and the order of its boxes are kept. So the picture depends on what is open, not on the
 * way there.
 */
import type { Arc, Arrangement, Box, Hint, Problem } from './problem.ts'

export interface Closed {
  problem: Problem
  /** Per border port of the open problem, the one of the closed problem. */
  ins: readonly number[]
  outs: readonly number[]
}

/** What the closed problem is made from, besides the open one. */
export interface Boxes {
  /** Per box its size when closed where it is an open group, null for other boxes. */
  closed: readonly ({ w: number; h: number } | null)[]
  isGroup: readonly boolean[]
  /** Per border port in, what its lines come from when the groups outside are closed. */
  sources: readonly number[]
}

export function closedProblem(problem: Problem, { closed, isGroup, sources }: Boxes): Closed {
  const ins = numbered(sources)
  const outs: number[] = []
  const outKeys = new Map<string, number>()
  const arcs: Arc[] = []
  const known = new Set<string>()
  /** Ports in, per box: what arrives there, in order. */
  const places: Map<string, number>[] = problem.boxes.map(() => new Map())
  // In the order of the ports, as they were numbered.
  const byPort = [...problem.arcs].sort((a, b) => a.to - b.to || a.toPort - b.toPort)
  for (const { from, fromPort, to, toPort } of byPort) {
    const group = from >= 0 && isGroup[from]
    const arc: Arc = { from, fromPort: from < 0 ? ins[fromPort]! : closed[from] ? 0 : fromPort, to, toPort }
    if (to < 0) outs[toPort] = arc.toPort = place(outKeys, group ? `group ${from}` : `port ${toPort}`)
    // Lines from one group arrive as one; at a group all do.
    else arc.toPort = place(places[to]!, isGroup[to] ? 'all' : group ? `group ${from}` : `port ${toPort}`)
    const key = Object.values(arc).join()
    if (!known.has(key)) arcs.push(arc)
    known.add(key)
  }
  const boxes = problem.boxes.map((box, b): Box => {
    const { w, h } = closed[b] ?? box
    return { w, h, ins: evenly(h, places[b]!.size), outs: closed[b] ? [h / 2] : box.outs }
  })
  return { problem: { boxes, arcs, ins: new Set(ins).size, outs: outKeys.size }, ins, outs }
}

/** The number of a key, given in the order in which keys come. */
function place<K>(places: Map<K, number>, key: K): number {
  const known = places.get(key) ?? places.size
  places.set(key, known)
  return known
}

function numbered(keys: readonly number[]): number[] {
  const places = new Map<number, number>()
  return keys.map((key) => place(places, key))
}

export const evenly = (height: number, places: number) =>
  Array.from({ length: places }, (_, port) => (height * (port + 1)) / (places + 1))

/** The layers and the order of an arrangement; undefined where it is not in layers (wrapped, or on shelves). */
export function hintOf({ problem: { boxes, arcs }, ins, outs }: Closed, at: Arrangement): Hint | undefined {
  const { x, y } = at
  const layer = new Int32Array(boxes.length)
  let current = 0
  let right = -Infinity
  for (const box of [...boxes.keys()].sort((a, b) => x[a]! - x[b]!)) {
    if (x[box]! >= right) {
      current++
      right = -Infinity
    }
    layer[box] = current
    right = Math.max(right, x[box]! + boxes[box]!.w)
  }
  if (arcs.some(({ from, to }) => from >= 0 && to >= 0 && from !== to && layer[from]! >= layer[to]!)) return undefined
  const across = Float64Array.from([
    ...boxes.map((box, b) => y[b]! + box.h / 2),
    ...ins.map((port) => at.ins[port]!),
    ...outs.map((port) => at.outs[port]!),
  ])
  return { layer, across }
}
