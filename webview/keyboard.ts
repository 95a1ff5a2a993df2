/** Every key of the view. Keys that a focused control needs itself never get here. */
import { commandKey, Disposables, takesText } from './dom.ts'
import type { Explorer } from './explorer.ts'
import { type GraphPane, ZOOM_STEP } from './graphPane.ts'

export interface KeyActions {
  search(): void
  help(): void
  outline(): void
  togglePlay(): void
  /** Closes what lies over the graph; false when nothing did. */
  closeOverlay(): boolean
}

const arrows = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' } as const

export function listenToKeys(explorer: Explorer, graph: GraphPane, actions: KeyActions): Disposables {
  const owned = new Disposables()

  function key(event: KeyboardEvent): boolean {
    if (commandKey(event)) {
      // The browser's own search sees nothing on a canvas.
      if (event.key.toLowerCase() !== 'f' || event.shiftKey || event.altKey) return false
      actions.search()
      return true
    }
    if (event.altKey || takesText(event.target)) return false
    // A dialog leaves by its own keys; it also keeps Escape.
    if (event.target instanceof Element && event.target.closest('dialog')) {
      if (event.key === '?') actions.help()
      return event.key === '?'
    }
    // Buttons and summaries keep Space and Enter; only the graph takes arrows.
    const control = event.target instanceof Element && event.target.closest('button, summary')
    const onGraph = event.target === graph.surface || event.target === document.body
    switch (event.key) {
      case '/':
        actions.search()
        return true
      case '?':
        actions.help()
        return true
      case 'Escape':
        if (actions.closeOverlay()) return true
        if (explorer.state.path !== null && explorer.state.pathTo) explorer.togglePath(explorer.state.pathTo)
        else explorer.select(null)
        return true
      case 'f':
        graph.canvas.zoomToFit()
        return true
      case 's':
        graph.zoomToSelection()
        return true
      case '+':
      case '=':
        graph.canvas.zoomBy(ZOOM_STEP)
        return true
      case '-':
      case '−':
        graph.canvas.zoomBy(1 / ZOOM_STEP)
        return true
      case '0':
        graph.canvas.zoomBy(1 / graph.canvas.camera.zoom)
        return true
      case '[':
        void explorer.step(-1)
        return true
      case ']':
        void explorer.step(1)
        return true
      case 'p':
        explorer.togglePath('root')
        return true
      case 'P':
        explorer.togglePath('leaves')
        return true
      case 'o':
        actions.outline()
        return true
      case 'b':
      case 'B':
        explorer.toggleBreakpoint(event.key === 'B')
        return true
      case 'r':
        explorer.runToSelection()
        return true
      case ' ':
        if (control) return false
        actions.togglePlay()
        return true
      case 'Enter':
        return onGraph && enter()
      case 'ArrowLeft':
      case 'ArrowRight':
      case 'ArrowUp':
      case 'ArrowDown':
        return onGraph && follow(arrows[event.key])
      default:
        return false
    }
  }

  function enter(): boolean {
    const { selectedVisible, selected } = explorer.state
    if (selected === null || selectedVisible === null) return follow('right')
    if (selected !== selectedVisible) void explorer.goTo(selected)
    else if (explorer.isGroup(selected)) void explorer.toggle(selected)
    else graph.canvas.reveal(selected)
    return true
  }

  function follow(direction: 'left' | 'right' | 'up' | 'down'): boolean {
    const { selectedVisible } = explorer.state
    const next =
      selectedVisible === null ? explorer.startingPoint() : graph.canvas.neighbour(selectedVisible, direction)
    if (next === null) return true
    explorer.select(next)
    graph.canvas.reveal(next)
    return true
  }

  owned.listen<KeyboardEvent>(document, 'keydown', (event) => {
    if (!event.defaultPrevented && !event.isComposing && key(event)) event.preventDefault()
  })
  return owned
}
