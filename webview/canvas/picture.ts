import Flatbush from 'flatbush'
import { type ElementId, ItemFlag, ItemKind, type Scene } from '../../src/protocol/view.ts'
import type { Box } from './camera.ts'
import { routeOf } from './edges.ts'

/** Height of the band at the top of an open group that holds its title and badge, in scene pixels. */
export const HEADER = 26
/** Side of the +/− badge. */
export const BADGE = 16

export type Direction = 'left' | 'right' | 'up' | 'down'

const turned: Record<Direction, Direction> = { up: 'left', down: 'right', left: 'up', right: 'down' }

/** What lies under a point: an item, its badge, an edge, or nothing. Indices into the scene. */
export type Hit = { item: number; badge: boolean } | { edge: number } | null

/** A scene with what drawing and pointing need to be fast: spatial indices, neighbours, depths. */
export class Picture {
  readonly scene: Scene
  /** Item index by element. */
  readonly itemOf: ReadonlyMap<ElementId, number>
  /** 0 at the top. */
  readonly depth: Uint8Array
  readonly incoming: readonly (readonly number[])[]
  readonly outgoing: readonly (readonly number[])[]
  private readonly items: Flatbush | null
  private readonly edges: Flatbush | null

  constructor(scene: Scene) {
    this.scene = scene
    const count = scene.element.length
    const itemOf = new Map<ElementId, number>()
    this.depth = new Uint8Array(count)
    for (let i = 0; i < count; i++) {
      itemOf.set(scene.element[i]!, i)
      const parent = scene.parent[i]!
      if (parent >= 0) this.depth[i] = Math.min(255, this.depth[parent]! + 1)
    }
    this.itemOf = itemOf
    const incoming: number[][] = Array.from({ length: count }, () => [])
    const outgoing: number[][] = Array.from({ length: count }, () => [])
    for (let e = 0; e < scene.edges.from.length; e++) {
      outgoing[scene.edges.from[e]!]!.push(e)
      incoming[scene.edges.to[e]!]!.push(e)
    }
    this.incoming = incoming
    this.outgoing = outgoing
    this.items = indexBoxes(count, (i) => this.itemBox(i))
    this.edges = indexBoxes(scene.edges.from.length, (e) => this.edgeBox(e))
  }

  itemBox(item: number): Box {
    const { x, y, w, h } = this.scene
    return { x0: x[item]!, y0: y[item]!, x1: x[item]! + w[item]!, y1: y[item]! + h[item]! }
  }

  /** Where the scene gives an edge no route, the corner of its operand. */
  edgeBox(edge: number): Box {
    const { offset, points, from } = this.scene.edges
    if (offset[edge] === offset[edge + 1]) {
      const { x0, y0 } = this.itemBox(from[edge]!)
      return { x0, y0, x1: x0, y1: y0 }
    }
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity }
    for (let p = offset[edge]!; p < offset[edge + 1]!; p++) {
      const x = points[2 * p]!
      const y = points[2 * p + 1]!
      box.x0 = Math.min(box.x0, x)
      box.x1 = Math.max(box.x1, x)
      box.y0 = Math.min(box.y0, y)
      box.y1 = Math.max(box.y1, y)
    }
    return box
  }

  /** Bounds of some items; of the whole scene when there are none. */
  bounds(items: readonly number[]): Box {
    if (items.length === 0) return { x0: 0, y0: 0, x1: this.scene.width, y1: this.scene.height }
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity }
    for (const item of items) {
      const own = this.itemBox(item)
      box.x0 = Math.min(box.x0, own.x0)
      box.y0 = Math.min(box.y0, own.y0)
      box.x1 = Math.max(box.x1, own.x1)
      box.y1 = Math.max(box.y1, own.y1)
    }
    return box
  }

  isGroup(item: number): boolean {
    const kind = this.scene.kind[item]
    return kind === ItemKind.group || kind === ItemKind.fold
  }

  has(item: number, flag: number): boolean {
    return (this.scene.flags[item]! & flag) !== 0
  }

  isOpen(item: number): boolean {
    return this.isGroup(item) && this.has(item, ItemFlag.open)
  }

  /** Items that touch `box`, parents before children. */
  itemsIn(box: Box): Uint32Array {
    return inOrder(this.items, box)
  }

  edgesIn(box: Box): Uint32Array {
    return inOrder(this.edges, box)
  }

  /** How many items and edges touch `box`; more than `limit` reads `limit + 1`. */
  countIn(box: Box, limit: number): number {
    const { element, edges } = this.scene
    if (element.length + edges.from.length <= limit) return element.length + edges.from.length
    let count = 0
    for (const index of [this.items, this.edges]) {
      index?.search(box.x0, box.y0, box.x1, box.y1, () => {
        count++
        return false
      })
      if (count > limit) return limit + 1
    }
    return count
  }

  /** The square of a group's +/− badge. */
  badgeBox(item: number): Box {
    const box = this.itemBox(item)
    const x1 = box.x1 - 8
    const y0 = box.y0 + (this.isOpen(item) ? (HEADER - BADGE) / 2 : 8)
    return { x0: x1 - BADGE, y0, x1, y1: y0 + BADGE }
  }

  /**
   * What is at a point of the scene. An open group is hit by its header only, so that the space between its cards
   * counts as empty. `tolerance`: how far, in scene pixels, the pointer may be from an edge.
   */
  hit(x: number, y: number, tolerance: number): Hit {
    const under = this.itemsIn({ x0: x, y0: y, x1: x, y1: y })
    for (const item of under.reverse()) {
      if (this.isOpen(item) && y > this.scene.y[item]! + HEADER) continue
      const badge = this.isGroup(item) && contains(this.badgeBox(item), x, y)
      return { item, badge }
    }
    const near = this.edgesIn({ x0: x - tolerance, y0: y - tolerance, x1: x + tolerance, y1: y + tolerance })
    let best = -1
    let bestDistance = tolerance
    for (const edge of near) {
      const distance = this.distanceToEdge(edge, x, y)
      if (distance <= bestDistance) {
        best = edge
        bestDistance = distance
      }
    }
    return best < 0 ? null : { edge: best }
  }

  private distanceToEdge(edge: number, x: number, y: number): number {
    const route = routeOf(this.scene, edge)
    let least = Infinity
    for (let i = 0; i + 3 < route.length; i += 2) {
      least = Math.min(least, distanceToSegment(x, y, route[i]!, route[i + 1]!, route[i + 2]!, route[i + 3]!))
    }
    return least
  }

  /**
   * Along the edges to the operand (against the flow: left, or up where the picture flows down) or the consumer of the
   * lowest slot, or to the sibling at its side.
   */
  neighbour(item: number, arrow: Direction): number | null {
    const direction = this.scene.direction === 'down' ? turned[arrow] : arrow
    if (direction === 'up' || direction === 'down') return this.sibling(item, direction === 'up' ? -1 : 1)
    const { from, to, slot } = this.scene.edges
    const edges = direction === 'left' ? this.incoming[item]! : this.outgoing[item]!
    let best: number | null = null
    for (const edge of edges) if (best === null || slot[edge]! < slot[best]!) best = edge
    if (best !== null) return direction === 'left' ? from[best]! : to[best]!
    return this.isOpen(item) ? this.firstInside(item, direction) : null
  }

  /** An open group has no edges of its own: its rightmost (left) or leftmost (right) child is the way in. */
  private firstInside(group: number, direction: 'left' | 'right'): number | null {
    const { parent } = this.scene
    const along = this.scene.direction === 'down' ? this.scene.y : this.scene.x
    let best: number | null = null
    for (let i = group + 1; i < parent.length; i++) {
      if (parent[i] !== group) continue
      if (best === null || (direction === 'right' ? along[i]! < along[best]! : along[i]! > along[best]!)) best = i
    }
    return best
  }

  private sibling(item: number, sign: 1 | -1): number | null {
    const { parent, x, y, w, h, direction } = this.scene
    const centre = (i: number) => [x[i]! + w[i]! / 2, y[i]! + h[i]! / 2] as const
    /** Along the row or column of siblings, and away from it. */
    const distances = (i: number) => {
      const [dx, dy] = [centre(i)[0] - centre(item)[0], centre(i)[1] - centre(item)[1]]
      return direction === 'down' ? [dx, dy] : [dy, dx]
    }
    let best: number | null = null
    let bestScore = Infinity
    for (let i = 0; i < parent.length; i++) {
      if (i === item || parent[i] !== parent[item]) continue
      const [along = 0, away = 0] = distances(i)
      if (along * sign < 1) continue
      // Away counts more: one should stay in the column as long as the column goes on.
      const score = along * sign + 4 * Math.abs(away)
      if (score < bestScore) {
        best = i
        bestScore = score
      }
    }
    return best
  }
}

/** A typed array sorts by number, and much faster than a plain one with a comparison. */
const inOrder = (index: Flatbush | null, box: Box) =>
  Uint32Array.from(index?.search(box.x0, box.y0, box.x1, box.y1) ?? []).sort()

function indexBoxes(count: number, boxOf: (i: number) => Box): Flatbush | null {
  if (count === 0) return null
  const index = new Flatbush(count)
  for (let i = 0; i < count; i++) {
    const box = boxOf(i)
    index.add(box.x0, box.y0, box.x1, box.y1)
  }
  index.finish()
  return index
}

const contains = (box: Box, x: number, y: number) => x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1

export const overlaps = (a: Box, b: Box) => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1

export function distanceToSegment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax
  const dy = by - ay
  const length = dx * dx + dy * dy
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length))
  return Math.hypot(x - ax - t * dx, y - ay - t * dy)
}
