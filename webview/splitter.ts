/** A border that can be dragged, and moved with the arrow keys. */
import { el, setAria } from './dom.ts'

/** Pixels per arrow key. */
const STEP = 24

export interface SplitterOptions {
  label: string
  /** The panel is left of the border, or right of it. */
  side: 'left' | 'right'
  min: number
  max(): number
  get(): number
  set(width: number): void
}

export function splitter({ label, side, min, max, get, set }: SplitterOptions): {
  element: HTMLElement
  update(): void
} {
  const bar = el('div', {
    class: 'splitter',
    role: 'separator',
    tabindex: 0,
    'aria-orientation': 'vertical',
    'aria-label': label,
    'aria-valuemin': min,
  })
  const outward = side === 'left' ? 1 : -1
  const move = (width: number) => set(Math.round(Math.max(min, Math.min(max(), width))))
  let grip: { x: number; width: number } | null = null
  bar.addEventListener('pointerdown', (event) => {
    bar.setPointerCapture(event.pointerId)
    grip = { x: event.clientX, width: get() }
    event.preventDefault()
  })
  bar.addEventListener('pointermove', (event) => {
    if (grip) move(grip.width + outward * (event.clientX - grip.x))
  })
  for (const end of ['pointerup', 'pointercancel']) bar.addEventListener(end, () => (grip = null))
  bar.addEventListener('keydown', (event) => {
    const by = event.key === 'ArrowRight' ? STEP : event.key === 'ArrowLeft' ? -STEP : 0
    if (by === 0) return
    move(get() + outward * by)
    event.preventDefault()
    event.stopPropagation()
  })
  return {
    element: bar,
    update: () => {
      setAria(bar, 'valuemax', Math.max(min, Math.round(max())))
      setAria(bar, 'valuenow', get())
    },
  }
}
