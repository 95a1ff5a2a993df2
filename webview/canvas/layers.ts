import type { Context } from './text.ts'

export interface Layer {
  canvas: HTMLCanvasElement
  ctx: CanvasRenderingContext2D
}

/** A canvas that covers `container`. The page shows the same in a tree that assistive technology can read. */
export function addLayer(container: HTMLElement, opaque: boolean): Layer {
  const canvas = document.createElement('canvas')
  Object.assign(canvas.style, { position: 'absolute', inset: '0', width: '100%', height: '100%', touchAction: 'none' })
  canvas.setAttribute('aria-hidden', 'true')
  container.append(canvas)
  return { canvas, ctx: contextOf(canvas, opaque) }
}

export function contextOf(canvas: HTMLCanvasElement, opaque: boolean): CanvasRenderingContext2D {
  const ctx = canvas.getContext('2d', { alpha: !opaque })
  if (!ctx) throw new Error('this browser gives no 2d context')
  return ctx
}

/** A context that draws into an opaque canvas of its own; sizes in device pixels. */
export function offscreen(width: number, height: number): Context {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width)), Math.max(1, Math.round(height)))
  const ctx = canvas.getContext('2d', { alpha: false })
  if (!ctx) throw new Error('this browser gives no 2d context to an offscreen canvas')
  return ctx
}
