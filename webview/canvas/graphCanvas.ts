import type { ElementId, Frame, Scene } from '../../src/protocol/view.ts'
import { PaintCache } from './cache.ts'
import { type Camera, type Size, viewBox } from './camera.ts'
import { listenToGestures } from './gestures.ts'
import { type Overview, overviewOf, pngOf } from './image.ts'
import { addLayer, type Layer } from './layers.ts'
import { FlowMotion, placementOf, reducedMotion, SceneMotion } from './motion.ts'
import { carryFrame, FrameNumbers, palette } from './numbers.ts'
import { type Marks, paintMarks } from './overlay.ts'
import { Labels, paint, type Placement, type View } from './paint.ts'
import { type Direction, type Hit, Picture } from './picture.ts'
import { Pointing, type PointingCallbacks } from './pointing.ts'
import { type Context, TextMeasure } from './text.ts'
import { readTheme, type Theme } from './theme.ts'
import { Viewpoint } from './viewpoint.ts'

export interface Highlight {
  hovered: ElementId | null
  selected: ElementId | null
  /** Elements whose code is hovered. */
  lit: ReadonlySet<ElementId>
  /** All other elements are dimmed. */
  path: ReadonlySet<ElementId> | null
  /** Elements that have a breakpoint, and closed groups with one inside. */
  breakpoints: ReadonlySet<ElementId>
  hiddenBreakpoints: ReadonlySet<ElementId>
}

const noHighlight: Highlight = {
  hovered: null,
  selected: null,
  lit: new Set(),
  path: null,
  breakpoints: new Set(),
  hiddenBreakpoints: new Set(),
}

/** Cards and edges that can be painted within a frame; more go through the cache. */
const PAINTED_AT_ONCE = 100
/** Edges along which gradients are seen to move at once. */
const MOST_FLOWING = 60
/** Milliseconds of a frame for painting slices. */
const BUDGET = 5
/** Pixels that the pointer may be from an edge. */
const EDGE_REACH = 5

/**
 * The graph on a canvas: shows a scene and the numbers of a frame, tells what the pointer does. It fills its
 * container. It holds no state of the page: marks are shown as `setHighlight` says.
 */
export class GraphCanvas {
  private readonly container: HTMLElement
  private readonly pointing: Pointing
  private readonly base: Layer
  private readonly marks: Layer
  private readonly stopListening: () => void
  private readonly observer: ResizeObserver
  private readonly viewpoint = new Viewpoint(
    () => this.picture?.bounds([]) ?? null,
    () => {
      this.baseDirty = true
      this.schedule()
    },
  )
  private readonly changeListeners = new Set<() => void>()
  private readonly cache = new PaintCache()
  private readonly text = new TextMeasure()

  private theme: Theme
  private colours: string[]
  private ratio = 1
  private picture: Picture | null = null
  private labels: Labels | null = null
  private placement: Placement | null = null
  private numbers: FrameNumbers | null = null
  private highlight: Highlight = noHighlight

  private sceneMotion: SceneMotion | null = null
  private flow: FlowMotion | null = null
  /** Counts changes of what is painted, the camera aside. */
  private version = 0
  private baseDirty = true
  private request = 0
  /** The upper canvas has marks on it. */
  private marked = false

  constructor(container: HTMLElement, callbacks: PointingCallbacks) {
    this.container = container
    if (getComputedStyle(container).position === 'static') container.style.position = 'relative'
    this.base = addLayer(container, true)
    this.marks = addLayer(container, false)
    this.theme = readTheme(container)
    this.colours = palette(this.theme)
    this.observer = new ResizeObserver(() => this.resize())
    this.observer.observe(container)
    this.resize()
    const target = {
      picture: () => this.picture,
      hit: (x: number, y: number) => this.hitAt(x, y),
      setCursor: (cursor: string) => (this.marks.canvas.style.cursor = cursor),
      changed: () => this.schedule(),
    }
    this.pointing = new Pointing(target, callbacks)
    this.stopListening = listenToGestures(this.marks.canvas, {
      pan: (dx, dy) => this.panBy(dx, dy),
      zoom: (factor, x, y) => this.viewpoint.zoomAt(factor, x, y),
      point: (at) => this.pointing.point(at),
      click: (x, y) => this.pointing.click(x, y),
      doubleClick: (x, y) => this.pointing.doubleClick(x, y),
      contextMenu: (x, y, event) => this.pointing.contextMenu(x, y, event),
      drag: (active) => {
        if (active) this.pointing.point(null)
        target.setCursor(active ? 'grabbing' : '')
      },
    })
  }

  /**
   * Shows a scene. `anchor`: the element that stays where it is on the screen. As long as nothing but the whole scene
   * was asked for, it is shown whole.
   */
  setScene(scene: Scene, options: { animate?: boolean; anchor?: ElementId } = {}): void {
    const old = this.picture
    const oldPlacement = this.placement
    const oldNumbers = this.numbers
    const now = performance.now()
    this.picture = new Picture(scene)
    this.labels = new Labels(this.picture)
    this.placement = placementOf(scene)
    this.numbers = null
    this.sceneMotion = null
    this.flow = null
    this.cache.clear()
    let shift = { x: 0, y: 0 }
    if (old && oldPlacement && options.anchor !== undefined) {
      const before = old.itemOf.get(options.anchor)
      const after = this.picture.itemOf.get(options.anchor)
      if (before !== undefined && after !== undefined) {
        // The upper left corner: where the title is, on a card as on the header of an open group.
        shift = { x: scene.x[after]! - oldPlacement.x[before]!, y: scene.y[after]! - oldPlacement.y[before]! }
        this.viewpoint.shift(shift.x, shift.y)
      }
    }
    if (old && oldNumbers) this.numbers = new FrameNumbers(carryFrame(old.scene, oldNumbers.frame, scene), scene)
    if (old && oldPlacement && options.animate && SceneMotion.worthwhile(old.scene, scene)) {
      this.sceneMotion = new SceneMotion(old.scene, oldPlacement, scene, shift, now)
      this.placement = this.sceneMotion.placement
    }
    if (this.viewpoint.fitted) this.viewpoint.showAll(old !== null && (options.animate ?? false))
    this.pointing.forget()
    this.repaint()
  }

  /** Shows the numbers of a frame; one of another scene than the present is not shown. */
  setFrame(frame: Frame): void {
    const scene = this.picture?.scene
    if (!scene || frame.revision !== scene.revision) return
    this.numbers = new FrameNumbers(frame, scene)
    this.repaint()
  }

  /** What is left out is not marked. */
  setHighlight(highlight: Partial<Highlight>): void {
    const before = this.highlight
    this.highlight = { ...noHighlight, ...highlight }
    const pathChanged = !sameSet(this.highlight.path, before.path)
    if (pathChanged) this.repaint()
    else this.schedule()
  }

  /** Reads colours and fonts again. */
  themechange(): void {
    this.theme = readTheme(this.container)
    this.colours = palette(this.theme)
    this.repaint()
  }

  get camera(): Readonly<Camera> {
    return { ...this.viewpoint.camera }
  }

  setCamera(camera: Camera): void {
    this.viewpoint.set(camera)
  }

  /** Returns the function that stops listening. */
  onCamera(listener: (camera: Camera) => void): () => void {
    return this.viewpoint.listen(listener)
  }

  /** Called when scene, numbers, theme or size changed. Returns the function that stops listening. */
  onChange(listener: () => void): () => void {
    this.changeListeners.add(listener)
    return () => this.changeListeners.delete(listener)
  }

  zoomToFit(): void {
    this.viewpoint.showAll(true)
  }

  zoomTo(elements: readonly ElementId[]): void {
    const items = this.itemsOf(elements)
    if (!this.picture || items.length === 0) return
    this.viewpoint.show(this.picture.bounds(items))
  }

  /** Brings an element into the middle, at the zoom there is. */
  centre(element: ElementId): void {
    const item = this.picture?.itemOf.get(element)
    if (this.picture && item !== undefined) this.viewpoint.centre(this.picture.itemBox(item))
  }

  zoomBy(factor: number): void {
    const { width, height } = this.viewpoint.size
    this.viewpoint.zoomAt(factor, width / 2, height / 2)
  }

  /** Moves the picture by CSS pixels. */
  panBy(dx: number, dy: number): void {
    this.viewpoint.pan(dx, dy)
  }

  /** Moves the camera as little as needed to see an element. */
  reveal(element: ElementId): void {
    const item = this.picture?.itemOf.get(element)
    if (!this.picture || item === undefined) return
    this.viewpoint.reveal(this.picture.itemBox(item))
  }

  /** Shows how gradients move at the step that the frame stands at: to the operands, or, before the rule runs, to its op. */
  showFlow(): void {
    const { picture, numbers } = this
    const current = numbers?.frame.current ?? -1
    if (!picture || !numbers || current < 0 || reducedMotion()) return
    const flowed = (edges: readonly number[]) => edges.filter((edge) => numbers.frame.flowed[edge] === 1)
    const passed = flowed(picture.incoming[current]!)
    const edges = passed.length > 0 ? passed : flowed(picture.outgoing[current]!)
    if (edges.length === 0 || edges.length > MOST_FLOWING) return
    this.flow = new FlowMotion(edges, performance.now())
    this.schedule()
  }

  /** The element that an arrow key leads to: operands against the flow, consumers with it, siblings beside. */
  neighbour(element: ElementId, direction: Direction): ElementId | null {
    const item = this.picture?.itemOf.get(element)
    if (!this.picture || item === undefined) return null
    const next = this.picture.neighbour(item, direction)
    return next === null ? null : this.picture.scene.element[next]!
  }

  /** Where an element is on the screen, in CSS pixels of the container; null when it is not in the scene. */
  boxOf(element: ElementId): { x: number; y: number; width: number; height: number } | null {
    const item = this.picture?.itemOf.get(element)
    if (!this.picture || item === undefined) return null
    const box = this.picture.itemBox(item)
    const [x, y] = this.viewpoint.toScreen(box.x0, box.y0)
    const { zoom } = this.viewpoint.camera
    return { x, y, width: (box.x1 - box.x0) * zoom, height: (box.y1 - box.y0) * zoom }
  }

  /** The viewport's size in CSS pixels. */
  get viewport(): Readonly<Size> {
    return this.viewpoint.size
  }

  /** The whole scene in `size` CSS pixels, to be painted bit by bit; null without a scene. */
  overview(size: Size, ratio: number): Overview | null {
    return this.picture && overviewOf(this.viewOn(this.base.ctx), size, ratio)
  }

  /** Whether something moves, or waits to be painted. */
  get busy(): boolean {
    return this.request !== 0
  }

  get currentTheme(): Readonly<Theme> {
    return this.theme
  }

  /**
   * The whole scene as a PNG, `scale` device pixels per scene pixel (less where the image would be larger than
   * browsers can make). On a background unlike the theme's, the texts change with it.
   */
  async toPng(scale: number, background: string): Promise<Blob> {
    if (!this.picture) throw new Error('there is no graph to export yet')
    return pngOf(this.viewOn(this.base.ctx), scale, background)
  }

  dispose(): void {
    cancelAnimationFrame(this.request)
    this.stopListening()
    this.observer.disconnect()
    this.viewpoint.dispose()
    this.changeListeners.clear()
    this.cache.clear()
    this.base.canvas.remove()
    this.marks.canvas.remove()
  }

  private itemsOf(elements: Iterable<ElementId>): number[] {
    const items: number[] = []
    for (const element of elements) {
      const item = this.picture?.itemOf.get(element)
      if (item !== undefined) items.push(item)
    }
    return items
  }

  private itemOf(element: ElementId | null): number | null {
    return element === null ? null : (this.picture?.itemOf.get(element) ?? null)
  }

  private resize(): void {
    const size = { width: this.container.clientWidth, height: this.container.clientHeight }
    this.viewpoint.size = size
    this.ratio = window.devicePixelRatio
    for (const { canvas } of [this.base, this.marks]) {
      canvas.width = Math.max(1, Math.round(size.width * this.ratio))
      canvas.height = Math.max(1, Math.round(size.height * this.ratio))
    }
    this.cache.forgetScreen()
    if (this.viewpoint.fitted) this.viewpoint.showAll(false)
    this.repaint()
    // A resized canvas is blank until it is drawn: not in the next frame but now.
    this.render(performance.now())
  }

  private repaint(): void {
    this.version++
    this.baseDirty = true
    this.schedule()
    for (const listener of this.changeListeners) listener()
  }

  private schedule(): void {
    if (this.request === 0) this.request = requestAnimationFrame((now) => this.render(now))
  }

  private viewOn(ctx: Context): View {
    return {
      ctx,
      theme: this.theme,
      colours: this.colours,
      text: this.text,
      picture: this.picture!,
      numbers: this.numbers,
      path: this.highlight.path,
      appearing: this.sceneMotion?.appearing ?? null,
      camera: this.viewpoint.camera,
      size: this.viewpoint.size,
      ratio: this.ratio,
      placement: this.placement!,
      labels: this.labels,
      line: 1,
      mapTitles: true,
    }
  }

  private render(now: number): void {
    cancelAnimationFrame(this.request)
    this.request = 0
    // No event tells that the window came to a screen of another density.
    if (this.ratio !== window.devicePixelRatio) this.resize()
    const { width, height } = this.viewpoint.size
    if (width === 0 || height === 0) return
    this.viewpoint.advance(now)
    if (this.sceneMotion) {
      this.baseDirty = true
      if (!this.sceneMotion.advance(now)) {
        this.sceneMotion = null
        this.placement = placementOf(this.picture!.scene)
      }
    }
    if (this.flow?.advance(now) === false) this.flow = null
    if (this.baseDirty) this.renderBase(now)
    this.renderMarks()
    if (this.viewpoint.moving || this.sceneMotion || this.flow || this.baseDirty) this.schedule()
  }

  private renderBase(now: number): void {
    this.baseDirty = false
    const { ctx } = this.base
    if (!this.picture) {
      ctx.fillStyle = this.theme.background
      ctx.fillRect(0, 0, ctx.canvas.width, ctx.canvas.height)
      return
    }
    const view = this.viewOn(ctx)
    if (this.sceneMotion || this.isLight()) {
      this.cache.forgetScreen()
      const steps = paint(view)
      while (!steps.next().done);
    } else {
      this.baseDirty = this.cache.show(view, this.version, this.viewpoint.rests(now), BUDGET)
    }
  }

  /** Whether what is in view can be painted within a frame. */
  private isLight(): boolean {
    const view = viewBox(this.viewpoint.camera, this.viewpoint.size)
    return this.picture!.countIn(view, PAINTED_AT_ONCE) <= PAINTED_AT_ONCE
  }

  private renderMarks(): void {
    if (!this.picture) return
    const current = this.numbers?.frame.current ?? -1
    const marks: Marks = {
      hovered: this.itemOf(this.highlight.hovered),
      selected: this.itemOf(this.highlight.selected),
      lit: this.itemsOf(this.highlight.lit),
      breakpoints: this.itemsOf(this.highlight.breakpoints),
      hiddenBreakpoints: this.itemsOf(this.highlight.hiddenBreakpoints),
      current: current < 0 ? null : current,
      hoveredEdge: this.pointing.edge,
      flow: this.flow,
    }
    const any = Object.values(marks).some((mark) => (Array.isArray(mark) ? mark.length > 0 : mark !== null))
    // Two canvases cost twice as much to show as one: the upper is touched only while there is something on it.
    if (any || this.marked) paintMarks(this.viewOn(this.marks.ctx), marks)
    this.marked = any
  }

  private hitAt(x: number, y: number): Hit {
    if (!this.picture) return null
    const [sceneX, sceneY] = this.viewpoint.toScene(x, y)
    return this.picture.hit(sceneX, sceneY, EDGE_REACH / this.viewpoint.camera.zoom)
  }
}

function sameSet(a: ReadonlySet<number> | null, b: ReadonlySet<number> | null): boolean {
  if (a === b) return true
  if (!a || !b || a.size !== b.size) return false
  for (const element of a) if (!b.has(element)) return false
  return true
}
