/** Where the camera is, how it moves, and who is told. */
import {
  bringIntoView,
  type Box,
  type Camera,
  clampZoom,
  fit,
  type Size,
  toScene,
  toScreen,
  zoomAround,
} from './camera.ts'
import { CameraMotion, reducedMotion } from './motion.ts'

/** Milliseconds without a move after which the camera is said to rest. */
const REST = 120

export class Viewpoint {
  size: Size = { width: 0, height: 0 }
  /** The whole scene was asked for and nothing else since: a new size keeps showing it whole. */
  fitted = true
  private at: Camera = { x: 0, y: 0, zoom: 1 }
  private motion: CameraMotion | null = null
  private lastMove = -Infinity
  private readonly listeners = new Set<(camera: Camera) => void>()
  private readonly scene: () => Box | null
  private readonly moved: () => void

  /** `scene`: the bounds of the whole scene, null without one. `moved` is called when there is something to draw. */
  constructor(scene: () => Box | null, moved: () => void) {
    this.scene = scene
    this.moved = moved
  }

  get camera(): Readonly<Camera> {
    return this.at
  }

  get moving(): boolean {
    return this.motion !== null
  }

  rests(now: number): boolean {
    return now - this.lastMove > REST
  }

  /** Returns the function that stops listening. */
  listen(listener: (camera: Camera) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Takes a camera as it is, within the bounds of zoom. */
  set(camera: Camera): void {
    // Without a scene there is nothing to fit: a camera that is restored early is taken as it is.
    this.jump({ ...camera, zoom: this.scene() ? clampZoom(camera.zoom, this.fitting().zoom) : camera.zoom })
  }

  /** Moves the camera by scene pixels. */
  shift(x: number, y: number): void {
    this.jump({ x: this.at.x + x, y: this.at.y + y, zoom: this.at.zoom })
  }

  /** Moves the picture by CSS pixels. */
  pan(dx: number, dy: number): void {
    this.shift(-dx / this.at.zoom, -dy / this.at.zoom)
  }

  /** Zooms around a point of the viewport. */
  zoomAt(factor: number, x: number, y: number): void {
    this.jump(zoomAround(this.at, this.size, factor, x, y, this.fitting().zoom))
  }

  /** Shows the whole scene, and keeps doing so. */
  showAll(glide: boolean): void {
    if (glide && this.size.width > 0) this.glide(this.fitting())
    else this.jump(this.fitting())
    this.fitted = true
  }

  show(box: Box): void {
    this.glide(fit(box, this.size))
  }

  centre({ x0, y0, x1, y1 }: Box): void {
    this.glide({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: this.at.zoom })
  }

  /** Moves as little as needed to see a box. */
  reveal(box: Box): void {
    const goal = bringIntoView(this.at, this.size, box)
    if (goal.x !== this.at.x || goal.y !== this.at.y) this.glide(goal)
  }

  /** One step of a glide. */
  advance(now: number): void {
    if (!this.motion) return
    const { camera, done } = this.motion.at(now)
    if (done) this.motion = null
    this.go(camera)
  }

  toScene(x: number, y: number): [number, number] {
    return toScene(this.at, this.size, x, y)
  }

  toScreen(x: number, y: number): [number, number] {
    return toScreen(this.at, this.size, x, y)
  }

  dispose(): void {
    this.listeners.clear()
  }

  private fitting(): Camera {
    const box = this.scene()
    return box ? fit(box, this.size) : { x: 0, y: 0, zoom: 1 }
  }

  private glide(goal: Camera): void {
    if (reducedMotion()) return this.jump(goal)
    this.fitted = false
    this.motion = new CameraMotion(this.at, goal, performance.now())
    this.moved()
  }

  private jump(camera: Camera): void {
    this.motion = null
    this.fitted = false
    this.go(camera)
  }

  private go(camera: Camera): void {
    if (camera.x === this.at.x && camera.y === this.at.y && camera.zoom === this.at.zoom) return
    this.at = camera
    this.lastMove = performance.now()
    this.moved()
    for (const listener of this.listeners) listener({ ...camera })
  }
}
