import type { Scene } from '../../src/protocol/view.ts'
import type { Context } from './text.ts'

const CORNER = 10
const ARROW = 6
/** Pieces that an S is measured in. */
const PIECES = 10

/** Scene pixels: unreached edges are hairlines, the strongest contribution is the widest. */
export const edgeWidth = (flowed: boolean, magnitude: number) => (flowed ? 1.25 + 3.25 * magnitude : 1)

const arrowLength = (width: number) => ARROW + 1.2 * width

/**
 * Adds an edge to the current path, with rounded corners; a straight skew edge becomes an S that leaves and arrives
 * along the flow, as ports do. It ends inside its arrow head when it is to have one of that `width`.
 */
export function traceEdge(ctx: Context, scene: Scene, edge: number, width: number): void {
  const { offset, points } = scene.edges
  const first = offset[edge]!
  const last = offset[edge + 1]! - 1
  if (last <= first) return
  const [ux, uy] = arrival(scene, edge)
  const x1 = points[2 * last]! - (ux * arrowLength(width)) / 2
  const y1 = points[2 * last + 1]! - (uy * arrowLength(width)) / 2
  ctx.moveTo(points[2 * first]!, points[2 * first + 1]!)
  if (last === first + 1) {
    if (isSkew(scene, edge)) {
      const s = curve(scene, edge)
      ctx.bezierCurveTo(s[2], s[3], s[4], s[5], x1, y1)
    } else ctx.lineTo(x1, y1)
    return
  }
  for (let p = first + 1; p < last; p++) {
    const px = points[2 * p]!
    const py = points[2 * p + 1]!
    const nx = points[2 * p + 2]!
    const ny = points[2 * p + 3]!
    const before = Math.hypot(px - points[2 * p - 2]!, py - points[2 * p - 1]!)
    const after = Math.hypot(nx - px, ny - py)
    // Inner pieces are shared by two corners, the last one by a corner and the arrow; the first is one corner's own.
    const radius = Math.min(CORNER, p === first + 1 ? before : before / 2, after / 2)
    ctx.arcTo(px, py, nx, ny, radius)
  }
  ctx.lineTo(x1, y1)
}

/** Adds an edge as plain segments. */
export function traceSegments(ctx: Context, scene: Scene, edge: number): void {
  const { offset, points } = scene.edges
  for (let p = offset[edge]!; p < offset[edge + 1]!; p++) {
    if (p === offset[edge]) ctx.moveTo(points[2 * p]!, points[2 * p + 1]!)
    else ctx.lineTo(points[2 * p]!, points[2 * p + 1]!)
  }
}

/** Adds the small triangle at the consumer's end. */
export function traceArrow(ctx: Context, scene: Scene, edge: number, width: number): void {
  const { offset, points } = scene.edges
  const last = offset[edge + 1]! - 1
  if (last <= offset[edge]!) return
  const x = points[2 * last]!
  const y = points[2 * last + 1]!
  const [ux, uy] = arrival(scene, edge)
  const size = arrowLength(width)
  const half = size * 0.45 + width / 4
  ctx.moveTo(x, y)
  ctx.lineTo(x - ux * size - uy * half, y - uy * size + ux * half)
  ctx.lineTo(x - ux * size + uy * half, y - uy * size - ux * half)
  ctx.closePath()
}

/** The line that is seen, as x and y in turn: the scene's points, or pieces of an S. Corners are not rounded. */
export function routeOf(scene: Scene, edge: number): ArrayLike<number> {
  const { offset, points } = scene.edges
  if (!isSkew(scene, edge)) return points.subarray(2 * offset[edge]!, 2 * offset[edge + 1]!)
  const s = curve(scene, edge)
  const route: number[] = []
  for (let i = 0; i <= PIECES; i++) {
    const t = i / PIECES
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
    for (const axis of [0, 1]) route.push(weights.reduce((sum, weight, k) => sum + weight * s[2 * k + axis]!, 0))
  }
  return route
}

/** One straight piece, neither level nor upright. */
function isSkew(scene: Scene, edge: number): boolean {
  const { offset, points } = scene.edges
  const p = offset[edge]!
  if (offset[edge + 1]! !== p + 2) return false
  return Math.abs(points[2 * p]! - points[2 * p + 2]!) > 1 && Math.abs(points[2 * p + 1]! - points[2 * p + 3]!) > 1
}

type Curve = [number, number, number, number, number, number, number, number]

/** The four points of the Bézier curve of a skew edge. */
function curve(scene: Scene, edge: number): Curve {
  const p = 2 * scene.edges.offset[edge]!
  const [x0, y0, x1, y1] = scene.edges.points.subarray(p, p + 4) as unknown as [number, number, number, number]
  return leavesSideways(scene, edge)
    ? [x0, y0, (x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1]
    : [x0, y0, x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1]
}

/** The direction, of length 1, in which an edge comes to its consumer. */
function arrival(scene: Scene, edge: number): [number, number] {
  if (isSkew(scene, edge)) return leavesSideways(scene, edge) ? [1, 0] : [0, 1]
  const { offset, points } = scene.edges
  const last = offset[edge + 1]! - 1
  const dx = points[2 * last]! - points[2 * last - 2]!
  const dy = points[2 * last + 1]! - points[2 * last - 1]!
  const length = Math.hypot(dx, dy) || 1
  return [dx / length, dy / length]
}

/** Whether an edge starts at the right side of its operand (else at the bottom). */
function leavesSideways(scene: Scene, edge: number): boolean {
  const from = scene.edges.from[edge]!
  const start = scene.edges.offset[edge]!
  const right = scene.x[from]! + scene.w[from]!
  const bottom = scene.y[from]! + scene.h[from]!
  return Math.abs(scene.edges.points[2 * start]! - right) <= Math.abs(scene.edges.points[2 * start + 1]! - bottom)
}
