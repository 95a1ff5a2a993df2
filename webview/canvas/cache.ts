import type { Camera, Size } from './camera.ts'
import { offscreen } from './layers.ts'
import { paint, type View } from './paint.ts'
import type { Context } from './text.ts'

/** Longest side of the bitmap of the whole scene, in device pixels. */
const WHOLE = 2048
/** Milliseconds that the very first frame may work. */
const FIRST_BUDGET = 80

interface Bitmap {
  ctx: Context
  camera: Camera
  size: Size
  ratio: number
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
  /** Counts finished bitmaps. */
  private paints = 0
  /** What `compose` last drew; '' when something else drew since. */
  private shown = ''
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

  /** To be told when the target was painted by anyone else, or resized. */
  forgetScreen(): void {
    this.shown = ''
  }

  /** Forgets everything: the bitmaps show another scene. */
  clear(): void {
    this.forgetScreen()
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
      return { kind: 'whole', job: begin({ ...view, ctx, size, camera, ratio: 1, mapTitles: false }, version) }
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
      this.paints++
      this.job = null
      return
    } while (performance.now() < end)
  }

  private compose(target: View, version: number): void {
    const { camera, size, ctx, ratio, theme } = target
    // While a slice is worked on and nothing moved, the screen already shows this.
    const key = [camera.x, camera.y, camera.zoom, size.width, size.height, ratio, this.paints].join()
    if (key === this.shown) return
    this.shown = key
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    ctx.globalAlpha = 1
    ctx.imageSmoothingQuality = 'low'
    if (!this.isCurrent(target, version)) {
      const covered = this.view && placeOf(target, this.view)
      for (const strip of stripsAround(covered, size)) {
        ctx.save()
        ctx.beginPath()
        ctx.rect(strip.x, strip.y, strip.width, strip.height)
        ctx.clip()
        ctx.fillStyle = theme.background
        ctx.fillRect(strip.x, strip.y, strip.width, strip.height)
        if (this.whole) place(target, this.whole)
        ctx.restore()
      }
    }
    if (this.view) place(target, this.view)
  }
}

function begin(view: View, version: number): Job {
  const { ctx, camera, size, ratio } = view
  const bitmap = { ctx, camera, size, ratio, version }
  return { bitmap, steps: paint(view) }
}

interface Rect {
  x: number
  y: number
  width: number
  height: number
}

/** Where a bitmap's scene lies on the target's screen. */
function placeOf({ camera, size }: View, bitmap: Bitmap): Rect {
  const scale = camera.zoom / bitmap.camera.zoom
  return {
    x: (bitmap.camera.x - camera.x) * camera.zoom + size.width / 2 - (bitmap.size.width / 2) * scale,
    y: (bitmap.camera.y - camera.y) * camera.zoom + size.height / 2 - (bitmap.size.height / 2) * scale,
    width: bitmap.size.width * scale,
    height: bitmap.size.height * scale,
  }
}

function place(target: View, bitmap: Bitmap): void {
  const { ctx, ratio } = target
  const { x, y, width, height } = placeOf(target, bitmap)
  if (target.camera.zoom === bitmap.camera.zoom && target.ratio === bitmap.ratio) {
    // Pixel on pixel: a plain copy, which is several times faster than a scaled one.
    ctx.setTransform(1, 0, 0, 1, 0, 0)
    ctx.drawImage(bitmap.ctx.canvas, Math.round(x * ratio), Math.round(y * ratio))
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  } else ctx.drawImage(bitmap.ctx.canvas, x, y, width, height)
}

/** What of the screen a rectangle leaves free: above, below, left and right of it; all of it when there is none. */
function stripsAround(covered: Rect | null, { width, height }: Size): Rect[] {
  if (!covered) return [{ x: 0, y: 0, width, height }]
  // One pixel of overlap hides the soft edge of a scaled bitmap.
  const left = Math.min(width, Math.max(0, covered.x + 1))
  const top = Math.min(height, Math.max(0, covered.y + 1))
  const right = Math.max(left, Math.min(width, covered.x + covered.width - 1))
  const bottom = Math.max(top, Math.min(height, covered.y + covered.height - 1))
  return [
    { x: 0, y: 0, width, height: top },
    { x: 0, y: bottom, width, height: height - bottom },
    { x: 0, y: top, width: left, height: bottom - top },
    { x: right, y: top, width: width - right, height: bottom - top },
  ].filter((strip) => strip.width > 0 && strip.height > 0)
}
