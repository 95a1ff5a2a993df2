import type { Scene } from '../../src/protocol/view.ts'
import type { Context } from './text.ts'

const CORNER = 10
const ARROW = 6

/** Scene pixels: unreached edges are hairlines, the strongest contribution is the widest. */
export const edgeWidth = (flowed: boolean, magnitude: number) => (flowed ? 1.25 + 3.25 * magnitude : 1)

/**
 * Adds an edge to the current path, with rounded corners; a straight skew edge becomes an S that leaves and arrives
 * along the flow, as ports do.
 */
export function traceEdge(ctx: Context, scene: Scene, edge: number): void {
  const { offset, points } = scene.edges
  const first = offset[edge]!
  const last = offset[edge + 1]! - 1
  if (last <= first) return
  const x0 = points[2 * first]!
  const y0 = points[2 * first + 1]!
  const x1 = points[2 * last]!
  const y1 = points[2 * last + 1]!
  ctx.moveTo(x0, y0)
  if (last === first + 1) {
    traceS(ctx, leavesSideways(scene, edge), x0, y0, x1, y1)
    return
  }
  for (let p = first + 1; p < last; p++) {
    const px = points[2 * p]!
    const py = points[2 * p + 1]!
    const nx = points[2 * p + 2]!
    const ny = points[2 * p + 3]!
    const before = Math.hypot(px - points[2 * p - 2]!, py - points[2 * p - 1]!)
    const after = Math.hypot(nx - px, ny - py)
    // The end pieces belong to one corner only; inner ones are shared by two.
    const radius = Math.min(CORNER, p === first + 1 ? before : before / 2, p === last - 1 ? after : after / 2)
    ctx.arcTo(px, py, nx, ny, radius)
  }
  ctx.lineTo(x1, y1)
}

function traceS(ctx: Context, sideways: boolean, x0: number, y0: number, x1: number, y1: number): void {
  const bend = (sideways ? Math.abs(x1 - x0) : Math.abs(y1 - y0)) / 2
  if (sideways) ctx.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1)
  else ctx.bezierCurveTo(x0, y0 + bend, x1, y1 - bend, x1, y1)
}

/** Whether an edge starts at the right side of its operand (else at the bottom). */
function leavesSideways(scene: Scene, edge: number): boolean {
  const from = scene.edges.from[edge]!
  const start = scene.edges.offset[edge]!
  const right = scene.x[from]! + scene.w[from]!
  const bottom = scene.y[from]! + scene.h[from]!
  return Math.abs(scene.edges.points[2 * start]! - right) <= Math.abs(scene.edges.points[2 * start + 1]! - bottom)
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
  const first = offset[edge]!
  if (last <= first) return
  const x = points[2 * last]!
  const y = points[2 * last + 1]!
  let dx = x - points[2 * last - 2]!
  let dy = y - points[2 * last - 1]!
  if (last === first + 1) [dx, dy] = leavesSideways(scene, edge) ? [1, 0] : [0, 1]
  const length = Math.hypot(dx, dy) || 1
  const ux = dx / length
  const uy = dy / length
  const size = ARROW + width / 2
  const half = size * 0.45 + width / 4
  ctx.moveTo(x, y)
  ctx.lineTo(x - ux * size - uy * half, y - uy * size + ux * half)
  ctx.lineTo(x - ux * size + uy * half, y - uy * size - ux * half)
  ctx.closePath()
}
