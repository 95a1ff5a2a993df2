/** What the pointer asks for. Points are in CSS pixels of the element. */
export interface GestureHandlers {
  pan(dx: number, dy: number): void
  zoom(factor: number, x: number, y: number): void
  /** The pointer is somewhere with nothing pressed; null: it has left. */
  point(at: { x: number; y: number } | null): void
  click(x: number, y: number): void
  doubleClick(x: number, y: number): void
  contextMenu(x: number, y: number, event: MouseEvent): void
  drag(active: boolean): void
}

/** Screen pixels a press may wander and still be a click. */
const CLICK_SLACK = 4
/** Pixels of one wheel line and page, for devices that count in those. */
const WHEEL_UNIT = [1, 16, 400]

/** Mouse, pen, touch and wheel, told as gestures. Returns the function that stops listening. */
export function listenToGestures(target: HTMLElement, on: GestureHandlers): () => void {
  const pressed = new Map<number, { x: number; y: number }>()
  let wandered = 0
  let dragging = false
  const stop = new AbortController()
  const at = (event: MouseEvent) => {
    const box = target.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const listen = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void) =>
    target.addEventListener(type, listener, {
      signal: stop.signal,
      passive: type !== 'wheel' && type !== 'contextmenu',
    })

  listen('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button > 1) return
    if (pressed.size === 0) wandered = 0
    pressed.set(event.pointerId, at(event))
    target.setPointerCapture(event.pointerId)
  })

  listen('pointermove', (event) => {
    const now = at(event)
    const before = pressed.get(event.pointerId)
    if (!before) {
      if (pressed.size === 0) on.point(now)
      return
    }
    wandered += Math.hypot(now.x - before.x, now.y - before.y)
    if (pressed.size === 1) {
      if (!dragging && wandered <= CLICK_SLACK) return
      startDrag()
      on.pan(now.x - before.x, now.y - before.y)
    } else {
      const other = [...pressed].find(([id]) => id !== event.pointerId)![1]
      startDrag()
      pinch(before, now, other)
    }
    pressed.set(event.pointerId, now)
  })

  type Point = { x: number; y: number }
  const pinch = (before: Point, now: Point, other: Point) => {
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
    on.pan((now.x - before.x) / 2, (now.y - before.y) / 2)
    const spread = (p: Point) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y))
    on.zoom(spread(now) / spread(before), middle.x, middle.y)
  }

  const startDrag = () => {
    if (dragging) return
    dragging = true
    on.drag(true)
  }

  const release = (event: PointerEvent) => {
    pressed.delete(event.pointerId)
    if (pressed.size > 0 || !dragging) return
    dragging = false
    on.drag(false)
    on.point(event.pointerType === 'mouse' ? at(event) : null)
  }
  listen('pointerup', release)
  listen('pointercancel', release)
  listen('pointerleave', () => {
    if (pressed.size === 0) on.point(null)
  })

  listen('click', (event) => {
    const { x, y } = at(event)
    if (wandered <= CLICK_SLACK) on.click(x, y)
  })
  listen('dblclick', (event) => {
    const { x, y } = at(event)
    if (wandered <= CLICK_SLACK) on.doubleClick(x, y)
  })
  listen('contextmenu', (event) => {
    const { x, y } = at(event)
    on.contextMenu(x, y, event)
  })

  listen('wheel', (event) => {
    event.preventDefault()
    const unit = WHEEL_UNIT[event.deltaMode] ?? 1
    const dx = event.deltaX * unit
    const dy = event.deltaY * unit
    if (event.shiftKey) return on.pan(-(dx || dy), 0)
    if (!event.ctrlKey && Math.abs(dx) > Math.abs(dy)) return on.pan(-dx, 0)
    const { x, y } = at(event)
    // A trackpad's pinch comes as small deltas with ctrlKey; a wheel's notch as about 100.
    const speed = event.ctrlKey && Math.abs(dy) < 50 ? 0.01 : 0.0018
    on.zoom(Math.exp(-dy * speed), x, y)
  })

  return () => stop.abort()
}
