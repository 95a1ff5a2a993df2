import { type Camera, fit, type Size } from './camera.ts'
import { contextOf, offscreen } from './layers.ts'
import { placementOf } from './motion.ts'
import { palette } from './numbers.ts'
import { paint, type View } from './paint.ts'
import { defaultTheme } from './theme.ts'

/** Scene pixels around an exported picture, and the most image pixels along a side that browsers agree on. */
const EXPORT_MARGIN = 24
const EXPORT_LIMIT = 8192
/** CSS pixels around an overview. */
const OVERVIEW_MARGIN = 6

/** The whole scene in an image, and the camera that shows it so. */
export interface Overview {
  image: CanvasImageSource
  camera: Camera
  /** Paints for `budget` ms; true when the image is complete. */
  work(budget: number): boolean
}

/** The whole scene in `size` CSS pixels; nothing is painted before `work` is called. */
export function overviewOf(view: View, size: Size, ratio: number): Overview {
  const { width, height } = view.picture.scene
  const camera = fit({ x0: 0, y0: 0, x1: width, y1: height }, size, OVERVIEW_MARGIN)
  const ctx = offscreen(size.width * ratio, size.height * ratio)
  const steps = paint({ ...atRest(view), ctx, size, ratio, camera, mapTitles: false })
  return {
    image: ctx.canvas,
    camera,
    work(budget) {
      const end = performance.now() + budget
      do if (steps.next().done) return true
      while (performance.now() < end)
      return false
    },
  }
}

/** The whole scene as a PNG; see `GraphCanvas.toPng`. */
export function pngOf(view: View, scale: number, background: string): Promise<Blob> {
  const { width, height } = view.picture.scene
  const full = { width: width + 2 * EXPORT_MARGIN, height: height + 2 * EXPORT_MARGIN }
  const zoom = Math.min(scale, EXPORT_LIMIT / Math.max(full.width, full.height))
  const size = { width: Math.round(full.width * zoom), height: Math.round(full.height * zoom) }
  const readable = defaultTheme(background)
  const theme =
    readable.dark === view.theme.dark ? { ...view.theme, background } : { ...readable, mono: view.theme.mono }
  const canvas = document.createElement('canvas')
  Object.assign(canvas, size)
  const camera = { x: width / 2, y: height / 2, zoom }
  const ctx = contextOf(canvas, true)
  const steps = paint({ ...atRest(view), ctx, size, camera, ratio: 1, theme, colours: palette(theme), path: null })
  while (!steps.next().done);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the browser made no image'))), 'image/png'),
  )
}

const atRest = (view: View): View => ({ ...view, placement: placementOf(view.picture.scene), appearing: null })
