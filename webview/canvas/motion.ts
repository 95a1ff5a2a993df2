import type { Scene } from '../../src/protocol/view.ts'
import type { Camera } from './camera.ts'
import type { Placement } from './paint.ts'

/** Milliseconds that items and camera take to arrive. */
export const MOTION_MS = 180
/** Milliseconds that a gradient takes along its edge: to be followed by eye. */
const FLOW_MS = 700
/** Scenes larger than this change at once. */
const LIMIT = 3000

const easeOut = (t: number) => 1 - (1 - t) ** 3

/** As the system or VS Code is set. */
export const reducedMotion = () =>
  matchMedia('(prefers-reduced-motion: reduce)').matches || document.body.classList.contains('vscode-reduce-motion')

export const placementOf = (scene: Scene): Placement => ({
  x: scene.x,
  y: scene.y,
  w: scene.w,
  h: scene.h,
  edgeAlpha: 1,
})

/** Items on their way from one scene to the next. */
export class SceneMotion {
  private readonly scene: Scene
  private readonly start: number
  /** Per item: where it comes from, or −1 when it is new. */
  private readonly source: Int32Array
  private readonly from: Placement
  private readonly shift: { x: number; y: number }
  readonly placement: Placement
  readonly appearing: Float32Array

  /** `shift`: how far the old scene is moved so that the anchor stays where it is on the screen. */
  constructor(old: Scene, from: Placement, scene: Scene, shift: { x: number; y: number }, now: number) {
    const oldItem = new Map<number, number>()
    old.element.forEach((element, i) => oldItem.set(element, i))
    this.scene = scene
    this.from = from
    this.shift = shift
    this.start = now
    this.source = scene.element.map((element) => oldItem.get(element) ?? -1)
    const empty = () => new Float32Array(scene.element.length)
    this.placement = { x: empty(), y: empty(), w: empty(), h: empty(), edgeAlpha: 0 }
    this.appearing = empty()
    this.advance(now)
  }

  static worthwhile = (old: Scene, scene: Scene) =>
    Math.max(old.element.length, scene.element.length) <= LIMIT && !reducedMotion()

  /** Moves the items to where they are at `now`; false once they have arrived. */
  advance(now: number): boolean {
    const t = Math.min(1, Math.max(0, (now - this.start) / MOTION_MS))
    const s = easeOut(t)
    const { placement, scene, from, shift } = this
    for (let i = 0; i < this.source.length; i++) {
      const j = this.source[i]!
      this.appearing[i] = j < 0 ? s : 1
      placement.x[i] = j < 0 ? scene.x[i]! : between(from.x[j]! + shift.x, scene.x[i]!, s)
      placement.y[i] = j < 0 ? scene.y[i]! : between(from.y[j]! + shift.y, scene.y[i]!, s)
      placement.w[i] = j < 0 ? scene.w[i]! : between(from.w[j]!, scene.w[i]!, s)
      placement.h[i] = j < 0 ? scene.h[i]! : between(from.h[j]!, scene.h[i]!, s)
    }
    // Edges know only their final routes: they appear when the items are nearly there.
    placement.edgeAlpha = Math.max(0, 2 * s - 1)
    return t < 1
  }
}

/** The camera on its way. Zoom moves on a log scale, which looks even. */
export class CameraMotion {
  private readonly from: Camera
  private readonly to: Camera
  private readonly start: number

  constructor(from: Camera, to: Camera, now: number) {
    this.from = from
    this.to = to
    this.start = now
  }

  at(now: number): { camera: Camera; done: boolean } {
    const t = Math.min(1, Math.max(0, (now - this.start) / MOTION_MS))
    if (t === 1) return { camera: this.to, done: true }
    const s = easeOut(t)
    const { from, to } = this
    const zoom = from.zoom * (to.zoom / from.zoom) ** s
    return { camera: { x: between(from.x, to.x, s), y: between(from.y, to.y, s), zoom }, done: false }
  }
}

/** Gradients on their way along edges, against the arrows. */
export class FlowMotion {
  readonly edges: readonly number[]
  /** How much of the way they have come, 0 … 1. */
  share = 0
  private readonly start: number

  constructor(edges: readonly number[], now: number) {
    this.edges = edges
    this.start = now
  }

  /** false once they have arrived. */
  advance(now: number): boolean {
    this.share = easeOut(Math.min(1, Math.max(0, (now - this.start) / FLOW_MS)))
    return this.share < 1
  }
}

const between = (a: number, b: number, s: number) => a + (b - a) * s
