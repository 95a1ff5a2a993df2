/** The time machine: passes as segments, steps as dots, filled up to now. */
import { Disposables, el, setAria, svg } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import type { Strings } from '../strings.ts'
import { shorten } from '../text.ts'
import { stopAt } from '../timelineStops.ts'
import { button, relabel } from './header.ts'

/** Pixels between two dots at least; below that, steps are thinned, and the line is filled instead. */
const DOT_GAP = 9
/** Pixels of a segment that its title needs. */
const TITLE_ROOM = 64
const HEIGHT = 34
const MIDDLE = 17
const PAD = 10

export class Timeline {
  readonly element: HTMLElement
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly playButton: HTMLButtonElement
  private readonly buttons: HTMLButtonElement[]
  private readonly position = el('span', { class: 'timeline-position' })
  private readonly slider: HTMLElement
  private readonly track = svg('svg', { class: 'timeline-track', 'aria-hidden': 'true' })
  private readonly fill = svg('line', { class: 'track-fill', y1: MIDDLE, y2: MIDDLE, x1: PAD })
  private readonly thumb = svg('circle', { class: 'track-thumb', cy: MIDDLE, r: 7 })
  private dots: { dot: SVGCircleElement; stop: number }[] = []
  private width = 0

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    this.playButton = button('play', strings.play, () => this.togglePlay())
    this.playButton.classList.add('primary')
    this.buttons = [
      button('toStart', strings.toStart, () => explorer.goToStop(0)),
      button('stepBack', strings.stepBack, () => void explorer.step(-1)),
      this.playButton,
      button('step', strings.step, () => void explorer.step(1)),
      button('toEnd', strings.toEnd, () => explorer.goToStop(explorer.stops.length - 1)),
    ]
    this.slider = el(
      'div',
      { class: 'timeline-slider', role: 'slider', tabindex: 0, 'aria-label': strings.timeline, 'aria-valuemin': 0 },
      this.track,
    )
    this.element = el('footer', { class: 'timeline' }, ...this.buttons, this.position, this.slider)
    const resize = new ResizeObserver(() => this.draw())
    resize.observe(this.slider)
    this.owned.listen<PointerEvent>(this.slider, 'pointerdown', (event) => {
      if (event.button !== 0) return
      this.slider.setPointerCapture(event.pointerId)
      explorer.pause()
      this.goToPointer(event)
    })
    this.owned.listen<PointerEvent>(this.slider, 'pointermove', (event) => {
      if (this.slider.hasPointerCapture(event.pointerId)) this.goToPointer(event)
    })
    this.owned.listen<KeyboardEvent>(this.slider, 'keydown', (event) => this.key(event))
    this.owned.push(
      () => resize.disconnect(),
      explorer.store.watch(['overview'], () => this.draw()),
      explorer.store.watch(['tick', 'frame'], () => this.update()),
      explorer.store.watch(['playing'], () => this.showPlaying()),
    )
    this.draw()
  }

  dispose(): void {
    this.explorer.pause()
    this.owned.dispose()
  }

  togglePlay(): void {
    if (this.explorer.state.playing) this.explorer.pause()
    else this.explorer.play()
  }

  private showPlaying(): void {
    const { playing } = this.explorer.state
    relabel(this.playButton, playing ? 'pause' : 'play', playing ? this.strings.pause : this.strings.play)
  }

  private x(stop: number): number {
    return PAD + (stop * (this.width - 2 * PAD)) / Math.max(1, this.explorer.stops.length - 1)
  }

  private goToPointer(event: PointerEvent): void {
    const share = (event.clientX - this.slider.getBoundingClientRect().left - PAD) / (this.width - 2 * PAD)
    this.explorer.goToStop(Math.round(share * (this.explorer.stops.length - 1)))
  }

  private key(event: KeyboardEvent): void {
    const { explorer } = this
    switch (event.key) {
      case 'ArrowRight':
      case 'ArrowUp':
        void explorer.step(1)
        break
      case 'ArrowLeft':
      case 'ArrowDown':
        void explorer.step(-1)
        break
      case 'Home':
        explorer.goToStop(0)
        break
      case 'End':
        explorer.goToStop(explorer.stops.length - 1)
        break
      case 'PageUp':
        explorer.stepPass(1)
        break
      case 'PageDown':
        explorer.stepPass(-1)
        break
      default:
        return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  private draw(): void {
    this.width = this.slider.clientWidth
    const { stops } = this.explorer
    const usable = stops.length > 1
    for (const control of this.buttons) control.disabled = !usable
    setAria(this.slider, 'disabled', !usable)
    setAria(this.slider, 'valuemax', stops.length - 1)
    this.position.style.minWidth = `${0.86 * this.longestText()}ch`
    this.track.setAttribute('height', String(HEIGHT))
    this.track.setAttribute('width', String(this.width))
    this.track.replaceChildren(
      svg('line', { class: 'track-line', x1: PAD, x2: Math.max(PAD, this.width - PAD), y1: MIDDLE, y2: MIDDLE }),
      this.fill,
      ...(usable && this.width > 2 * PAD ? [...this.segments(), ...this.drawDots()] : []),
      this.thumb,
    )
    this.update()
  }

  private segments(): SVGElement[] {
    const { stops, state } = this.explorer
    const starts = [...stops.keys()].filter((i) => i === 0 || stops[i]!.pass !== stops[i - 1]!.pass)
    const marks: SVGElement[] = []
    let last = -Infinity
    starts.forEach((start, i) => {
      const x = this.x(start)
      // Passes closer than a dot are one line, not a picket fence.
      if (x - last < DOT_GAP) return
      last = x
      const room = this.x(starts[i + 1] ?? stops.length - 1) - x
      const half = room > TITLE_ROOM ? 8 : 4
      marks.push(svg('line', { class: 'track-pass', x1: x, x2: x, y1: MIDDLE - half, y2: MIDDLE + half }))
      const { pass } = stops[start]!
      const title = `${pass + 1} · ${state.overview?.passes[pass]?.title ?? ''}`
      if (starts.length > 1 && room > TITLE_ROOM)
        marks.push(svg('text', { class: 'track-title', x: x + 4, y: 8, text: shorten(title, room / 7) }))
    })
    return marks
  }

  private drawDots(): SVGElement[] {
    const { stops } = this.explorer
    const stride = Math.ceil(((stops.length - 1) * DOT_GAP) / (this.width - 2 * PAD))
    this.dots = []
    if (stride === 1 || stops.length / stride > 20) {
      for (let stop = 0; stop < stops.length; stop += Math.max(1, stride)) {
        if (stops[stop]!.done === 0) continue
        this.dots.push({ dot: svg('circle', { cx: this.x(stop), cy: MIDDLE, r: stride > 1 ? 1.6 : 3 }), stop })
      }
    }
    return this.dots.map(({ dot }) => dot)
  }

  private update(): void {
    const { explorer } = this
    const at = stopAt(explorer.stops, explorer.state.tick)
    const x = this.x(at)
    this.fill.setAttribute('x2', String(x))
    this.thumb.setAttribute('cx', String(x))
    for (const { dot, stop } of this.dots) dot.setAttribute('class', stop <= at ? 'track-dot past' : 'track-dot')
    const text = this.text(at)
    this.position.textContent = text
    setAria(this.slider, 'valuenow', at)
    setAria(this.slider, 'valuetext', text)
  }

  /** Columns that the position may need: the line beside it must not jump while one steps. */
  private longestText(): number {
    const { passes = [] } = this.explorer.state.overview ?? {}
    const steps = passes.reduce((most, pass) => Math.max(most, pass.steps), 0)
    const longest = this.strings.position(passes.length, passes.length, steps, steps)
    return [...longest].reduce((sum, character) => sum + (character >= '\u1100' ? 2 : 1), 0)
  }

  private text(at: number): string {
    const { overview, frame, tick } = this.explorer.state
    if (!overview || overview.passes.length === 0) return this.strings.noPasses
    const stop = this.explorer.stops[at]!
    const { passes } = overview
    if (tick >= overview.lastTick) return this.strings.positionEnd(stop.pass + 1, passes.length)
    // The frame knows the exact step even where the summary of a long pass is sampled.
    const exact = frame?.tick === tick && frame.position.pass === stop.pass ? frame.position.step + 1 : stop.done
    return this.strings.position(stop.pass + 1, passes.length, exact, passes[stop.pass]?.steps ?? 0)
  }
}
