import type { ElementId } from '../../src/protocol/view.ts'
import type { GestureHandlers } from './gestures.ts'
import type { Hit, Picture } from './picture.ts'

export interface PointingCallbacks {
  /** The pointer came over another element or edge (an index into the scene's edges), or over neither. */
  hover(element: ElementId | null, edge: number | null): void
  /** A click on an element; null: on nothing. */
  select(element: ElementId | null): void
  /** A closed group's badge, or a double click on it. */
  open(element: ElementId): void
  close(element: ElementId): void
  /** A menu is about to open; client coordinates of the pointer. */
  contextMenu?(element: ElementId | null, x: number, y: number): void
}

/** What the pointer needs to know of the canvas. */
export interface Target {
  picture(): Picture | null
  hit(x: number, y: number): Hit
  setCursor(cursor: string): void
  /** The edge under the pointer changed. */
  changed(): void
}

/** Turns gestures into what they mean: hovering, selecting, opening and closing. */
export class Pointing implements Pick<GestureHandlers, 'point' | 'click' | 'doubleClick' | 'contextMenu'> {
  private readonly target: Target
  private readonly callbacks: PointingCallbacks
  private element: ElementId | null = null
  private clickedBadge = false
  /** The edge under the pointer. */
  edge: number | null = null

  constructor(target: Target, callbacks: PointingCallbacks) {
    this.target = target
    this.callbacks = callbacks
  }

  /** The scene changed: an edge's index means another one now. */
  forget(): void {
    this.element = null
    this.edge = null
  }

  point(at: { x: number; y: number } | null): void {
    const hit = at && this.target.hit(at.x, at.y)
    const element = this.elementOf(hit)
    const edge = hit && 'edge' in hit ? hit.edge : null
    if (at) this.target.setCursor(hit ? 'pointer' : '')
    if (element === this.element && edge === this.edge) return
    this.element = element
    this.edge = edge
    this.target.changed()
    this.callbacks.hover(element, edge)
  }

  click(x: number, y: number): void {
    const hit = this.target.hit(x, y)
    this.clickedBadge = hit !== null && 'item' in hit && hit.badge
    if (hit && 'edge' in hit) return
    if (hit?.badge) this.toggle(hit.item)
    else this.callbacks.select(this.elementOf(hit))
  }

  doubleClick(x: number, y: number): void {
    // The second click on a badge is meant for the badge, which may by then lie under the pointer no more.
    if (this.clickedBadge) return
    const hit = this.target.hit(x, y)
    if (hit && 'item' in hit && this.target.picture()!.isGroup(hit.item)) this.toggle(hit.item)
  }

  contextMenu(x: number, y: number, event: MouseEvent): void {
    this.callbacks.contextMenu?.(this.elementOf(this.target.hit(x, y)), event.clientX, event.clientY)
  }

  private elementOf(hit: Hit): ElementId | null {
    return hit && 'item' in hit ? this.target.picture()!.scene.element[hit.item]! : null
  }

  private toggle(item: number): void {
    const picture = this.target.picture()!
    const element = picture.scene.element[item]!
    if (picture.isOpen(item)) this.callbacks.close(element)
    else this.callbacks.open(element)
  }
}
