import { toScene, toScreen, viewBox } from './camera.ts'
import type { GraphCanvas } from './graphCanvas.ts'
import type { Overview } from './image.ts'

/** Milliseconds of quiet before the picture is painted again: during play it may lag. */
const PAUSE = 150
/** Milliseconds of a frame for painting. */
const BUDGET = 4

/** The whole scene, small, with the viewport on it; pressing or dragging moves the camera there. Fills its container. */
export class Minimap {
  private readonly graph: GraphCanvas
  private readonly container: HTMLElement
  private readonly canvas = document.createElement('canvas')
  private readonly stop: (() => void)[]
  private readonly observer: ResizeObserver
  private overview: Overview | null = null
  /** The next one, while it is painted. */
  private coming: Overview | null = null
  private request = 0
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(container: HTMLElement, graph: GraphCanvas) {
    this.container = container
    this.graph = graph
    Object.assign(this.canvas.style, { width: '100%', height: '100%', display: 'block', touchAction: 'none' })
    this.canvas.setAttribute('aria-hidden', 'true')
    container.append(this.canvas)
    this.observer = new ResizeObserver(() => this.repaint())
    this.observer.observe(container)
    const follow = (event: PointerEvent) => {
      if (event.buttons & 1) this.moveTo(event)
    }
    this.canvas.addEventListener('pointerdown', (event) => {
      this.canvas.setPointerCapture(event.pointerId)
      follow(event)
    })
    this.canvas.addEventListener('pointermove', follow)
    this.stop = [graph.onCamera(() => this.draw()), graph.onChange(() => this.repaintSoon())]
    this.repaint()
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    cancelAnimationFrame(this.request)
    for (const stop of this.stop) stop()
    this.observer.disconnect()
    this.canvas.remove()
  }

  private get size() {
    return { width: this.container.clientWidth, height: this.container.clientHeight }
  }

  private moveTo(event: PointerEvent): void {
    if (!this.overview) return
    const box = this.canvas.getBoundingClientRect()
    const [x, y] = toScene(this.overview.camera, this.size, event.clientX - box.left, event.clientY - box.top)
    this.graph.setCamera({ x, y, zoom: this.graph.camera.zoom })
  }

  private repaintSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null
      // What is being painted is finished first: during play there is always something newer.
      if (this.coming) this.repaintSoon()
      else this.repaint()
    }, PAUSE)
  }

  private repaint(): void {
    const { width, height } = this.size
    if (width === 0 || height === 0) return
    this.coming = this.graph.overview(this.size, devicePixelRatio)
    cancelAnimationFrame(this.request)
    this.paint()
  }

  private paint(): void {
    if (!this.coming?.work(BUDGET)) {
      if (this.coming) this.request = requestAnimationFrame(() => this.paint())
      return
    }
    this.overview = this.coming
    this.coming = null
    this.draw()
  }

  private draw(): void {
    const ctx = this.canvas.getContext('2d')
    if (!ctx || !this.overview) return
    const { width, height } = this.size
    const theme = this.graph.currentTheme
    const pixels = { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) }
    // Setting a size clears the canvas, even when it is the same.
    if (this.canvas.width !== pixels.width || this.canvas.height !== pixels.height) Object.assign(this.canvas, pixels)
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    ctx.globalAlpha = 1
    ctx.drawImage(this.overview.image, 0, 0, width, height)
    const view = viewBox(this.graph.camera, this.graph.viewport)
    const corner = (x: number, y: number) => toScreen(this.overview!.camera, this.size, x, y)
    const [left, top] = corner(view.x0, view.y0)
    const [right, bottom] = corner(view.x1, view.y1)
    // A viewport larger than the map still has its frame.
    const x0 = Math.max(0, left)
    const y0 = Math.max(0, top)
    const x1 = Math.min(width, right)
    const y1 = Math.min(height, bottom)
    // What lies outside the viewport steps back.
    ctx.beginPath()
    ctx.rect(0, 0, width, height)
    ctx.rect(x1, y0, x0 - x1, y1 - y0)
    ctx.globalAlpha = 0.5
    ctx.fillStyle = theme.background
    ctx.fill('evenodd')
    ctx.globalAlpha = 1
    ctx.strokeStyle = theme.focus
    ctx.strokeRect(x0 + 0.5, y0 + 0.5, x1 - x0 - 1, y1 - y0 - 1)
  }
}
