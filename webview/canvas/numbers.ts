import { formatNumber, shortNumber } from '../../src/protocol/number.ts'
import { type Frame, GradientStatus, ItemKind, type Scene } from '../../src/protocol/view.ts'
import { mix, parseColour, type Theme } from './theme.ts'

/** Steps of a colour ramp; more cannot be told apart on a stripe. */
const LEVELS = 5
/** Orders of magnitude below the frame's largest gradient that still differ in width. */
const DECADES = 6

/** A tone is an index into the palette: 0 none, 1 zero, then the ramp up, the ramp down, non-finite. */
export const Tone = {
  none: 0,
  zero: 1,
  positive: 2,
  negative: 2 + LEVELS,
  bad: 2 + 2 * LEVELS,
  count: 3 + 2 * LEVELS,
} as const

/** The palette of a theme: one colour per tone. The weakest step keeps enough hue to show its sign. */
export function palette(theme: Theme): string[] {
  const ramp = (end: string) =>
    Array.from({ length: LEVELS }, (_, i) =>
      mix(parseColour(theme.zero), parseColour(end), 0.45 + (0.55 * i) / (LEVELS - 1)),
    )
  return [theme.line, theme.zero, ...ramp(theme.positive), ...ramp(theme.negative), theme.error]
}

const known = (status: number | undefined) =>
  status === GradientStatus.arrived || status === GradientStatus.released || status === GradientStatus.carried

/** The largest finite |gradient| of a frame; nobody follows the gradient of a constant, which may dwarf all others. */
export function largestGradient(frame: Frame, kinds: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < frame.status.length; i++) {
    if (kinds[i] === ItemKind.constant || !known(frame.status[i])) continue
    const size = Math.abs(frame.gradient[i]!)
    if (size > largest && size < Infinity) largest = size
  }
  return largest
}

/**
 * A frame made ready to draw: tones, magnitudes and texts. Magnitudes are 0 … 1 on a log scale, 1 being the largest
 * finite |gradient| of the frame's scene, constants aside.
 */
export class FrameNumbers {
  readonly frame: Frame
  /** What magnitude 1 stands for, 0 when there is no gradient. */
  readonly largest: number
  readonly itemTone: Uint8Array
  readonly itemMagnitude: Float32Array
  readonly edgeTone: Uint8Array
  readonly edgeMagnitude: Float32Array
  private readonly values: (string | undefined)[] = []
  private readonly gradients: (string | undefined)[] = []
  private readonly shortValues: (string | undefined)[] = []
  private readonly shortGradients: (string | undefined)[] = []

  constructor(frame: Frame, scene: Pick<Scene, 'kind'>) {
    this.frame = frame
    const items = frame.status.length
    const edges = frame.flowed.length
    const largest = largestGradient(frame, scene.kind)
    this.largest = largest
    this.itemTone = new Uint8Array(items)
    this.itemMagnitude = new Float32Array(items)
    this.edgeTone = new Uint8Array(edges)
    this.edgeMagnitude = new Float32Array(edges)
    for (let i = 0; i < items; i++) {
      if (!known(frame.status[i])) continue
      this.itemMagnitude[i] = magnitude(frame.gradient[i]!, largest)
      this.itemTone[i] = toneOf(frame.gradient[i]!, this.itemMagnitude[i]!)
    }
    for (let e = 0; e < edges; e++) {
      if (!frame.flowed[e]) continue
      this.edgeMagnitude[e] = magnitude(frame.contribution[e]!, largest)
      this.edgeTone[e] = toneOf(frame.contribution[e]!, this.edgeMagnitude[e]!)
    }
  }

  /** '' when the item has no value of its own. `short`: with fewer digits. */
  valueText(item: number, short = false): string {
    const texts = short ? this.shortValues : this.values
    const format = short ? shortNumber : formatNumber
    return (texts[item] ??= this.frame.hasValue[item] ? format(this.frame.value[item]!) : '')
  }

  badValue(item: number): boolean {
    return this.frame.hasValue[item] === 1 && !Number.isFinite(this.frame.value[item])
  }

  gradientText(item: number, short = false): string {
    const texts = short ? this.shortGradients : this.gradients
    const format = short ? shortNumber : formatNumber
    return (texts[item] ??= format(known(this.frame.status[item]) ? this.frame.gradient[item]! : null))
  }

  /** Of an edge that stands for `count` contributions, the largest. */
  contributionText(edge: number, count: number): string {
    if (!this.frame.flowed[edge]) return ''
    return `${count > 1 ? 'max ' : ''}${formatNumber(this.frame.contribution[edge]!)}`
  }
}

/** 0 … 1: how near `x` is to `largest`, in orders of magnitude; a non-finite `x` is as wide as the largest. */
export function magnitude(x: number, largest: number): number {
  if (!Number.isFinite(x)) return 1
  if (x === 0 || largest === 0) return 0
  return Math.min(1, Math.max(0, 1 + Math.log10(Math.abs(x) / largest) / DECADES))
}

export function toneOf(x: number, size: number): number {
  if (!Number.isFinite(x)) return Tone.bad
  if (x === 0) return Tone.zero
  const level = Math.min(LEVELS - 1, Math.floor(size * LEVELS))
  return (x > 0 ? Tone.positive : Tone.negative) + level
}

/** The old frame's numbers for a new scene, so that nothing blinks to "–" until the new scene's frame arrives. */
export function carryFrame(old: Scene, frame: Frame, scene: Scene): Frame {
  const oldItem = new Map<number, number>()
  old.element.forEach((element, i) => oldItem.set(element, i))
  const items = scene.element.length
  const edges = scene.edges.from.length
  const next: Frame = {
    ...frame,
    revision: scene.revision,
    value: new Float64Array(items),
    hasValue: new Uint8Array(items),
    gradient: new Float64Array(items),
    status: new Uint8Array(items),
    contribution: new Float64Array(edges),
    flowed: new Uint8Array(edges),
    current: -1,
  }
  for (let i = 0; i < items; i++) {
    const from = oldItem.get(scene.element[i]!)
    if (from === undefined) continue
    next.value[i] = frame.value[from]!
    next.hasValue[i] = frame.hasValue[from]!
    next.gradient[i] = frame.gradient[from]!
    next.status[i] = frame.status[from]!
    if (frame.current === from) next.current = i
  }
  const edgeKey = (s: Scene, e: number) =>
    `${s.element[s.edges.from[e]!]}>${s.element[s.edges.to[e]!]}:${s.edges.slot[e]}`
  const oldEdge = new Map<string, number>()
  for (let e = 0; e < old.edges.from.length; e++) oldEdge.set(edgeKey(old, e), e)
  for (let e = 0; e < edges; e++) {
    const from = oldEdge.get(edgeKey(scene, e))
    if (from === undefined) continue
    next.contribution[e] = frame.contribution[from]!
    next.flowed[e] = frame.flowed[from]!
  }
  return next
}
