import { type Camera, fit, type Size } from './camera.ts'
import { offscreen, paint, type View } from './paint.ts'
import type { Context } from './text.ts'

/** Longest side of the bitmap of the whole scene, in device pixels. */
const WHOLE = 2048
/** Milliseconds that the very first frame may work. */
const FIRST_BUDGET = 80

interface Bitmap {
  ctx: Context
  camera: Camera
  size: Size
  version: number
}

interface Job {
  bitmap: Bitmap
  steps: Generator<void, void>
}

/**
 * Shows a picture that is too large to paint within one frame: while the camera moves, a bitmap painted earlier is
 * moved and scaled, over a coarse one of the whole scene; when it rests, a crisp one is painted a slice per frame.
 */
export class PaintCache {
  private view: Bitmap | null = null
  private whole: Bitmap | null = null
  private job: { kind: 'view' | 'whole'; job: Job } | null = null

  /**
   * Shows the best there is, works up to `budget` ms on something better, and tells whether anything is left to do.
   * `version` counts changes of what is painted; `still`: the camera rests.
   */
  show(target: View, version: number, still: boolean, budget: number): boolean {
    if (!this.job) this.job = this.nextJob(target, version, still)
    // With nothing to show yet, a long frame is better than a blank one.
    if (this.job) this.work(this.view ? budget : FIRST_BUDGET)
    this.compose(target, version)
    return this.job !== null || !this.isCurrent(target, version) || this.whole?.version !== version
  }

  /** Forgets everything: the bitmaps show another scene. */
  clear(): void {
    this.view = null
    this.whole = null
    this.job = null
  }

  private isCurrent({ camera, size, ratio }: View, version: number): boolean {
    const at = this.view
    return (
      at !== null &&
      at.version === version &&
      at.camera.x === camera.x &&
      at.camera.y === camera.y &&
      at.camera.zoom === camera.zoom &&
      at.ctx.canvas.width === Math.round(size.width * ratio) &&
      at.ctx.canvas.height === Math.round(size.height * ratio)
    )
  }

  private nextJob(view: View, version: number, still: boolean): PaintCache['job'] {
    const stale = this.view?.version !== version
    if (stale || (still && !this.isCurrent(view, version))) {
      const ctx = offscreen(view.size.width * view.ratio, view.size.height * view.ratio)
      return { kind: 'view', job: begin({ ...view, ctx }, version) }
    }
    if (still && this.whole?.version !== version) {
      const { width, height } = view.picture.scene
      const scale = Math.min(1, WHOLE / Math.max(width, height, 1))
      const size = { width: width * scale, height: height * scale }
      const camera = { x: width / 2, y: height / 2, zoom: scale }
      const ctx = offscreen(size.width, size.height)
      return { kind: 'whole', job: begin({ ...view, ctx, size, camera, ratio: 1 }, version) }
    }
    return null
  }

  private work(budget: number): void {
    if (!this.job) return
    const end = performance.now() + budget
    const { kind, job } = this.job
    do {
      if (!job.steps.next().done) continue
      this[kind] = job.bitmap
      this.job = null
      return
    } while (performance.now() < end)
  }

  private compose(target: View, version: number): void {
    const { ctx, size, ratio, theme } = target
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    ctx.globalAlpha = 1
    if (!this.isCurrent(target, version)) {
      ctx.fillStyle = theme.background
      ctx.fillRect(0, 0, size.width, size.height)
      ctx.imageSmoothingQuality = 'low'
      if (this.whole) place(target, this.whole)
    }
    if (this.view) place(target, this.view)
  }
}

function begin(view: View, version: number): Job {
  const bitmap = { ctx: view.ctx, camera: view.camera, size: view.size, version }
  return { bitmap, steps: paint(view) }
}

/** Draws a bitmap so that its scene lies where the target's camera has it. */
function place({ ctx, camera, size }: View, bitmap: Bitmap): void {
  const scale = camera.zoom / bitmap.camera.zoom
  const x = (bitmap.camera.x - camera.x) * camera.zoom + size.width / 2 - (bitmap.size.width / 2) * scale
  const y = (bitmap.camera.y - camera.y) * camera.zoom + size.height / 2 - (bitmap.size.height / 2) * scale
  ctx.drawImage(bitmap.ctx.canvas, x, y, bitmap.size.width * scale, bitmap.size.height * scale)
}

/** The whole scene as a bitmap of at most `size`, painted at once. */
export function paintWhole(view: View, size: Size): { canvas: Context['canvas']; camera: Camera } {
  const { width, height } = view.picture.scene
  const camera = fit({ x0: 0, y0: 0, x1: width, y1: height }, size)
  const ctx = offscreen(size.width * view.ratio, size.height * view.ratio)
  const steps = paint({ ...view, ctx, size, camera })
  while (!steps.next().done);
  return { canvas: ctx.canvas, camera }
}
