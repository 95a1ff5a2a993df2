/** The canvas and what lies on it: minimap, legend, the card at the pointer, notices. */
import { formatNumber } from '../src/protocol/number.ts'
import type { ElementId } from '../src/protocol/view.ts'
import { button } from './bars/header.ts'
import { GraphCanvas } from './canvas/graphCanvas.ts'
import { Minimap } from './canvas/minimap.ts'
import { largestGradient } from './canvas/numbers.ts'
import { detailZoom } from './canvas/paint.ts'
import { Disposables, el } from './dom.ts'
import type { Explorer } from './explorer.ts'
import { menuContext } from './menuContext.ts'
import { Preview } from './preview.ts'
import type { Strings } from './strings.ts'

/** Milliseconds that the pointer rests before the card appears. */
const DWELL = 140
export const ZOOM_STEP = 1.25
const EXPORT_SCALE = 2

export class GraphPane {
  readonly element: HTMLElement
  readonly surface: HTMLElement
  readonly canvas: GraphCanvas
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly preview = new Preview()
  private readonly map = el('div', { class: 'minimap' })
  private readonly legend = el('div', { class: 'legend', 'aria-hidden': 'true' })
  private readonly zoom = el('button', { class: 'zoom-level' })
  private readonly notice = el('div', { class: 'notice', role: 'status' })
  private readonly empty = el('div', { class: 'empty' })
  /** The edge under the pointer, an index into the scene's edges. */
  private edge: number | null = null
  private pointer = { x: 0, y: 0 }
  private dwell: ReturnType<typeof setTimeout> | undefined
  private restored = false

  /** `outline` lies over the canvas while it has the focus. */
  constructor(explorer: Explorer, strings: Strings, outline: HTMLElement) {
    this.explorer = explorer
    this.strings = strings
    this.surface = el('div', {
      class: 'surface',
      tabindex: 0,
      role: 'application',
      'aria-label': strings.canvas,
      'aria-description': strings.canvasHint,
    })
    this.element = el(
      'div',
      { class: 'graph-pane' },
      this.surface,
      this.legend,
      this.map,
      this.zoomControls(),
      outline,
      this.empty,
      this.notice,
      this.preview.element,
    )
    this.canvas = new GraphCanvas(this.surface, {
      hover: (element, edge) => this.hovered(element, edge),
      select: (element) => explorer.select(element),
      open: (element) => void explorer.open(element),
      close: (element) => void explorer.close(element),
      contextMenu: (element) => {
        explorer.select(element)
        this.surface.dataset['vscodeContext'] = menuContext(element)
      },
    })
    this.owned.push(() => this.canvas.dispose())
    const minimap = new Minimap(this.map, this.canvas)
    this.owned.push(() => minimap.dispose())
    this.owned.listen<PointerEvent>(this.surface, 'pointermove', (event) => {
      this.pointer = { x: event.clientX, y: event.clientY }
      this.preview.moveTo(event.clientX, event.clientY)
    })
    this.owned.push(
      () => clearTimeout(this.dwell),
      this.canvas.onCamera((camera) => {
        explorer.store.set({ camera: { ...camera } })
        this.zoom.textContent = strings.zoom(Math.round(camera.zoom * 100))
        this.showMap()
      }),
      explorer.store.watch(['scene'], () => this.sceneChanged()),
      explorer.store.watch(['frame'], () => this.frameChanged()),
      explorer.store.watch(['camera'], () => this.cameraChanged()),
      explorer.store.watch(['hovered', 'selectedVisible', 'lit', 'path', 'breakpoints', 'hiddenBreakpoints'], () =>
        this.mark(),
      ),
      explorer.store.watch(['hoveredDetails'], () => this.fillPreview()),
      explorer.store.watch(['layingOut'], () => this.showNotice()),
      explorer.store.watch(['overview', 'scene'], () => this.showEmpty()),
      explorer.onReveal((element, why) => (why === 'step' ? this.follow(element) : this.goTo(element))),
    )
    this.showEmpty()
  }

  dispose(): void {
    this.owned.dispose()
  }

  themeChanged(): void {
    this.canvas.themechange()
  }

  zoomToSelection(): void {
    const { selectedVisible } = this.explorer.state
    if (selectedVisible !== null) this.canvas.zoomTo([selectedVisible])
  }

  private zoomControls(): HTMLElement {
    const { strings } = this
    this.zoom.title = strings.fit
    this.zoom.addEventListener('click', () => this.canvas.zoomToFit())
    return el(
      'div',
      { class: 'zoom', role: 'group', 'aria-label': strings.canvas },
      button('minus', strings.zoomOut, () => this.canvas.zoomBy(1 / ZOOM_STEP)),
      this.zoom,
      button('plus', strings.zoomIn, () => this.canvas.zoomBy(ZOOM_STEP)),
    )
  }

  private follow(element: ElementId): void {
    this.canvas.reveal(element)
    this.canvas.showFlow()
  }

  /** An element that the user went to is shown with its title readable; where it is so already, nothing moves. */
  private goTo(element: ElementId): void {
    const box = this.canvas.boxOf(element)
    if (!box) return
    const { width, height } = this.canvas.viewport
    const inside = box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height
    if (this.canvas.camera.zoom < detailZoom.title) this.canvas.zoomTo([element])
    else if (!inside) this.canvas.centre(element)
  }

  /** White as paper, whatever the theme. */
  toPng(): Promise<Blob> {
    return this.canvas.toPng(EXPORT_SCALE, '#ffffff')
  }

  private sceneChanged(): void {
    const { scene, anchor } = this.explorer.state
    if (!scene) return
    this.canvas.setScene(scene, { animate: true, ...(anchor === null ? {} : { anchor }) })
    this.mark()
    this.showMap()
  }

  private frameChanged(): void {
    const { frame } = this.explorer.state
    if (!frame) return
    this.canvas.setFrame(frame)
    this.showLegend()
    if (this.edge !== null) this.fillPreview()
  }

  /** The canvas moves its own camera; only the one that was saved comes from the state. */
  private cameraChanged(): void {
    const { camera, scene } = this.explorer.state
    if (!camera || !scene) return
    const now = this.canvas.camera
    if (camera.x === now.x && camera.y === now.y && camera.zoom === now.zoom) return
    if (!this.restored) this.canvas.setCamera(camera)
    this.restored = true
  }

  private mark(): void {
    const { hovered, selectedVisible, lit, path, breakpoints, hiddenBreakpoints } = this.explorer.state
    this.canvas.setHighlight({ hovered, selected: selectedVisible, lit, path, breakpoints, hiddenBreakpoints })
  }

  private hovered(element: ElementId | null, edge: number | null): void {
    clearTimeout(this.dwell)
    this.preview.hide()
    this.edge = edge
    this.explorer.hover(element)
    if (element !== null || edge !== null) this.dwell = setTimeout(() => this.fillPreview(true), DWELL)
  }

  /** `rested`: the pointer stayed long enough; otherwise a card that is already there gets new numbers. */
  private fillPreview(rested = false): void {
    if (!rested && this.preview.element.hidden) return
    const { hovered, hoveredDetails, scene, frame } = this.explorer.state
    if (this.edge !== null && scene && frame?.revision === scene.revision) {
      const from = scene.title[scene.edges.from[this.edge]!] ?? ''
      const to = scene.title[scene.edges.to[this.edge]!] ?? ''
      const count = scene.edges.count[this.edge]!
      const contribution = formatNumber(frame.flowed[this.edge] ? frame.contribution[this.edge]! : null)
      const title = `${from} → ${to}${count > 1 ? ` × ${count}` : ''}`
      const meaning = count > 1 ? this.strings.largestContribution : this.strings.contribution
      this.preview.fillText(title, `${meaning} ${contribution}`)
    } else if (hovered !== null && hoveredDetails?.element === hovered && hovered !== this.explorer.state.selected)
      this.preview.fill(hoveredDetails)
    else return
    this.preview.moveTo(this.pointer.x, this.pointer.y)
  }

  /** What the ends of the colour ramp mean: the largest finite gradient of this moment. */
  private showLegend(): void {
    const { frame, scene } = this.explorer.state
    const largest = frame && scene?.revision === frame.revision ? largestGradient(frame, scene.kind) : 0
    this.legend.hidden = largest === 0
    this.legend.replaceChildren(
      el('span', { text: `∂ ${this.strings.legend}` }),
      el('span', { class: 'legend-end', text: formatNumber(-largest) }),
      el('span', { class: 'legend-ramp' }),
      el('span', { class: 'legend-end', text: formatNumber(largest) }),
    )
  }

  /** The minimap is in the way while everything is in view. */
  private showMap(): void {
    const { scene } = this.explorer.state
    const { x, y, zoom } = this.canvas.camera
    const { width, height } = this.canvas.viewport
    const whole =
      !scene ||
      (x - width / 2 / zoom <= 0 &&
        y - height / 2 / zoom <= 0 &&
        x + width / 2 / zoom >= scene.width &&
        y + height / 2 / zoom >= scene.height)
    this.map.classList.toggle('unneeded', whole)
  }

  private showNotice(): void {
    const { layingOut } = this.explorer.state
    this.notice.replaceChildren(
      ...(layingOut
        ? [
            el('span', { class: 'spinner' }),
            el('span', { text: this.strings.layingOut }),
            el('button', {
              class: 'link',
              text: this.strings.cancel,
              click: () => this.explorer.host.cancelLayout(),
            }),
          ]
        : []),
    )
  }

  private showEmpty(): void {
    const { overview, scene } = this.explorer.state
    const { strings } = this
    this.empty.hidden = scene !== null
    if (scene) return
    if (!overview) this.empty.replaceChildren(el('span', { class: 'spinner' }), el('p', { text: strings.loading }))
    else if (overview.nodes > 0)
      this.empty.replaceChildren(el('span', { class: 'spinner' }), el('p', { text: strings.layingOut }))
    else if (overview.state === 'running')
      this.empty.replaceChildren(el('span', { class: 'spinner' }), el('p', { text: strings.emptyRunning }))
    else {
      this.empty.replaceChildren(
        el('h2', { text: strings.emptyTitle }),
        ...(overview.end?.kind === 'done' ? overview.notices.map((text) => el('p', { text })) : []),
        el('p', { class: 'dim', text: overview.end?.kind === 'done' ? strings.emptyBody : strings.emptyEnded }),
      )
    }
  }
}
