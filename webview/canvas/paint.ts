import { ItemKind } from '../../src/protocol/view.ts'
import { type Box, type Camera, type Size, viewBox } from './camera.ts'
import {
  type Drawing,
  DIMMED,
  drawCard,
  drawContainer,
  drawHeader,
  drawFrame,
  fonts,
  headerText,
  isDimmed,
  write,
} from './cards.ts'
import { edgeWidth, traceArrow, traceEdge, traceSegments } from './edges.ts'
import { type LabelPlace, LabelPlaces } from './labels.ts'
import { Tone } from './numbers.ts'
import { HEADER, overlaps, type Picture } from './picture.ts'
import { mix, parseColour } from './theme.ts'

/** Zooms from which on cards are written out, have their title at a fixed size, a stripe; and edges have numbers. */
export const detailZoom = { full: 0.45, header: 0.68, title: 0.32, labels: 0.58, stripe: 0.16 }
/** Below this zoom the numbers of edges are written larger, in places of their own. */
const FAR = 0.8
const FAR_SCALE = 1.4

/** Where items are now; the scene's own places except while they move. */
export interface Placement {
  x: Float32Array
  y: Float32Array
  w: Float32Array
  h: Float32Array
  /** Alpha of all edges, whose routes belong to the final places. */
  edgeAlpha: number
}

export interface View extends Drawing {
  camera: Camera
  size: Size
  /** Device pixels per CSS pixel. */
  ratio: number
  placement: Placement
  /** Whether the titles of open groups stay readable far out. */
  mapTitles: boolean
  labels: Labels | null
}

/** The places of the numbers of edges, near and far. */
export class Labels {
  private readonly near: LabelPlaces
  private readonly far: LabelPlaces

  constructor(picture: Picture) {
    this.near = new LabelPlaces(picture)
    this.far = new LabelPlaces(picture, FAR_SCALE)
  }

  /** Null where numbers are too small to be read. */
  at(zoom: number): LabelPlaces | null {
    return zoom >= FAR ? this.near : zoom >= detailZoom.labels ? this.far : null
  }
}

/** How many things one slice of the work is. */
const SLICE = 250
/** The usual height of a card, scene pixels. */
const CARD_HEIGHT = 56

/**
 * Paints the background and everything in view, back to front, and yields between slices of the work, so that a huge
 * picture can be spread over several animation frames.
 */
export function* paint(whole: View): Generator<void, void> {
  const view = { ...whole, line: Math.max(1, 1 / whole.camera.zoom) }
  const { ctx, camera, size, ratio, theme, picture, placement } = view
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx.globalAlpha = 1
  ctx.fillStyle = theme.background
  ctx.fillRect(0, 0, size.width, size.height)
  const box = viewBox(camera, size)
  // While items move, the index knows only where they will be.
  const moving = placement.x !== picture.scene.x
  const items = moving ? Uint32Array.from(picture.scene.element.keys()) : picture.itemsIn(grow(box, 8))
  const groups = items.filter((i) => picture.isOpen(i))
  const cards = items.filter((i) => !picture.isOpen(i))
  yield
  const edges = placement.edgeAlpha > 0 ? picture.edgesIn(box) : new Uint32Array()
  for (const group of groups) {
    intoItem(view, group)
    drawContainer(view, group, placement.w[group]!, placement.h[group]!)
  }
  yield
  yield* paintEdges(view, edges)
  if (camera.zoom >= detailZoom.header) {
    for (const group of groups) {
      intoItem(view, group)
      drawHeader(view, group, placement.w[group]!)
    }
  }
  if (camera.zoom >= detailZoom.title) yield* paintCards(view, cards)
  else yield* paintOverview(view, cards)
  if (camera.zoom < detailZoom.header && view.mapTitles) paintGroupTitles(view, groups)
  if (placement.edgeAlpha === 1) paintLabels(view, edges)
}

const grow = (box: Box, by: number): Box => ({ x0: box.x0 - by, y0: box.y0 - by, x1: box.x1 + by, y1: box.y1 + by })

/** Scene coordinates. */
export function intoScene({ ctx, camera, size, ratio }: View): void {
  const k = camera.zoom * ratio
  ctx.setTransform(
    k,
    0,
    0,
    k,
    (size.width / 2 - camera.x * camera.zoom) * ratio,
    (size.height / 2 - camera.y * camera.zoom) * ratio,
  )
}

/** The item's own coordinates, its corner on a whole device pixel so that hairlines and text are crisp. */
export function intoItem({ ctx, camera, size, ratio, placement }: View, item: number): void {
  const k = camera.zoom * ratio
  const x = ((placement.x[item]! - camera.x) * camera.zoom + size.width / 2) * ratio
  const y = ((placement.y[item]! - camera.y) * camera.zoom + size.height / 2) * ratio
  ctx.setTransform(k, 0, 0, k, Math.round(x), Math.round(y))
}

function* paintEdges(view: View, edges: Uint32Array): Generator<void, void> {
  const { ctx, camera, ratio, picture, numbers, placement, theme } = view
  const { scene } = picture
  const detailed = camera.zoom >= detailZoom.title
  const hairline = 1 / (camera.zoom * ratio)
  // One path per tone, dimming and (rounded) width; only in detail do widths differ.
  const buckets = new Map<number, number[]>()
  for (const edge of edges) {
    const tone = numbers?.edgeTone[edge] ?? Tone.none
    const dim = isDimmed(view, scene.edges.from[edge]!) || isDimmed(view, scene.edges.to[edge]!) ? 1 : 0
    const level = detailed ? Math.round((numbers?.edgeMagnitude[edge] ?? 0) * 8) : 0
    const key = (tone * 2 + dim) * 9 + level
    const bucket = buckets.get(key)
    if (bucket) bucket.push(edge)
    else buckets.set(key, [edge])
  }
  intoScene(view)
  ctx.lineJoin = 'round'
  for (const key of [...buckets.keys()].sort((a, b) => a - b)) {
    const bucket = buckets.get(key)!
    const tone = Math.floor(key / 18)
    const dim = Math.floor(key / 9) % 2 === 1
    const flowed = tone !== Tone.none
    const width = detailed ? Math.max(hairline, edgeWidth(flowed, (key % 9) / 8)) : hairline
    ctx.globalAlpha = (dim ? DIMMED : detailed || theme.highContrast ? 1 : 0.6) * placement.edgeAlpha
    ctx.strokeStyle = view.colours[tone]!
    ctx.fillStyle = view.colours[tone]!
    ctx.lineWidth = width
    if (dim && theme.highContrast) {
      ctx.globalAlpha = placement.edgeAlpha
      ctx.setLineDash([2, 4])
    }
    for (let start = 0; start < bucket.length; start += SLICE) {
      const slice = bucket.slice(start, start + SLICE)
      ctx.beginPath()
      for (const edge of slice) {
        if (detailed) traceEdge(ctx, scene, edge, width)
        else traceSegments(ctx, scene, edge)
      }
      ctx.stroke()
      if (detailed) {
        ctx.beginPath()
        for (const edge of slice) traceArrow(ctx, scene, edge, width)
        ctx.fill()
      }
      if (bucket.length > SLICE) yield
    }
    ctx.setLineDash([])
  }
  ctx.globalAlpha = 1
}

function* paintCards(view: View, cards: Uint32Array): Generator<void, void> {
  const { camera, placement } = view
  const full = camera.zoom >= detailZoom.full
  let done = 0
  for (const item of cards) {
    intoItem(view, item)
    if (full) drawCard(view, item, placement.w[item]!, placement.h[item]!)
    else drawTitleCard(view, item)
    if (++done % SLICE === 0) yield
  }
}

/** Between overview and detail: the card and its title, at a size that stays readable on the screen. */
function drawTitleCard(view: View, item: number): void {
  const { ctx, theme, picture, placement, camera, text } = view
  const w = placement.w[item]!
  const h = placement.h[item]!
  drawFrame(view, item, w, h)
  const font = `600 9.5px ${theme.mono}`
  // The font is written for scale 1, so the room is in screen pixels and the text is scaled back.
  const title = text.fit(ctx, font, picture.scene.title[item]!, (w - 22) * camera.zoom)
  ctx.scale(1 / camera.zoom, 1 / camera.zoom)
  const constant = picture.scene.kind[item] === ItemKind.constant
  write(ctx, font, constant ? theme.dim : theme.foreground, title, 13 * camera.zoom, (h / 2) * camera.zoom, 'left')
  ctx.globalAlpha = 1
}

/** Far out, a card is a rectangle with its stripe; farther still, one in the colour of its gradient. */
function* paintOverview(view: View, cards: Uint32Array): Generator<void, void> {
  const { ctx, camera, ratio, placement, numbers, colours, theme, appearing } = view
  const striped = camera.zoom >= detailZoom.stripe
  const buckets: number[][] = Array.from({ length: 2 * Tone.count }, () => [])
  for (const item of cards) {
    const tone = numbers?.itemTone[item] ?? Tone.none
    buckets[tone + (isDimmed(view, item) ? Tone.count : 0)]!.push(item)
  }
  ctx.setTransform(1, 0, 0, 1, 0, 0)
  const k = camera.zoom * ratio
  const x0 = (view.size.width / 2) * ratio - camera.x * k
  const y0 = (view.size.height / 2) * ratio - camera.y * k
  // Smaller than a pixel or two, cards are blended: rounded up, the last tone drawn would hide all others.
  const snap = CARD_HEIGHT * k < 2 ? (n: number) => n : Math.round
  const least = snap === Math.round ? 1 : 0
  let done = 0
  for (const [bucket, items] of buckets.entries()) {
    const dimmed = bucket >= Tone.count
    // High contrast knows no faint fills: there, a dimmed card is a line.
    const flat = dimmed && theme.highContrast
    const alpha = dimmed && !flat ? DIMMED : 1
    const tone = bucket % Tone.count
    const body = tone === Tone.none ? theme.line : striped && tone !== Tone.bad ? mixed(view, tone) : colours[tone]!
    ctx.globalAlpha = alpha
    for (const part of striped && tone !== Tone.none ? (['body', 'stripe'] as const) : (['body'] as const)) {
      ctx.fillStyle = part === 'body' ? body : colours[tone]!
      for (const item of items) {
        if (appearing) ctx.globalAlpha = alpha * appearing[item]!
        // Whole device pixels: no anti-aliased edges, which are slow, and no shimmer while panning.
        const x = snap(placement.x[item]! * k + x0)
        const y = snap(placement.y[item]! * k + y0)
        const w = Math.max(least, snap(placement.w[item]! * k))
        const share = part === 'body' ? 1 : 0.12 + 0.28 * (numbers?.itemMagnitude[item] ?? 0)
        const h = flat ? 1 : Math.max(least, snap(placement.h[item]! * k))
        ctx.fillRect(x, y, Math.max(least, snap(w * share)), h)
        if (++done % (4 * SLICE) === 0) yield
      }
    }
  }
  ctx.globalAlpha = 1
}

/** The body of a striped card: a hint of the tone, so that the picture stays calm. */
const mixed = (view: View, tone: number) => mix(parseColour(view.theme.card), parseColour(view.colours[tone]!), 0.28)

/** Far out, the titles of open groups stay readable where there is room, like the names on a map. */
function paintGroupTitles(view: View, groups: Uint32Array): void {
  const { ctx, camera, size, ratio, placement, theme, text, picture } = view
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  const font = `11px ${theme.sans}`
  const written: Box[] = []
  for (const group of groups) {
    const width = placement.w[group]! * camera.zoom
    if (width < 48) continue
    const x = (placement.x[group]! - camera.x) * camera.zoom + size.width / 2
    const y = (placement.y[group]! - camera.y) * camera.zoom + size.height / 2
    const title = text.fit(ctx, font, headerText(picture, group), width - 12)
    if (title === '') continue
    const middle = y + Math.max(7, (HEADER / 2) * camera.zoom)
    const box = { x0: x + 4, y0: middle - 7, x1: x + 8 + text.width(ctx, font, title), y1: middle + 7 }
    if (written.some((other) => overlaps(box, other))) continue
    written.push(box)
    if (camera.zoom < detailZoom.title) {
      // The header is lower than the text: what lies under it must not shine through.
      ctx.globalAlpha = 0.8
      ctx.fillStyle = theme.background
      ctx.fillRect(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0)
    }
    ctx.globalAlpha = isDimmed(view, group) ? 0.5 : 1
    write(ctx, font, theme.foreground, title, x + 6, middle, 'left')
  }
  ctx.globalAlpha = 1
}

function paintLabels(view: View, edges: Uint32Array): void {
  const { numbers, picture } = view
  const labels = view.labels?.at(view.camera.zoom)
  if (!labels || !numbers) return
  intoScene(view)
  for (const edge of edges) {
    const label = numbers.contributionText(edge, picture.scene.edges.count[edge]!)
    if (
      label === '' ||
      isDimmed(view, picture.scene.edges.from[edge]!) ||
      isDimmed(view, picture.scene.edges.to[edge]!)
    )
      continue
    const place = labels.place(edge)
    if (place) writeLabel(view, edge, label, place, labels.scale)
  }
}

function writeLabel(view: View, edge: number, label: string, { x, y, align, width }: LabelPlace, scale: number): void {
  const { ctx, text, theme, numbers } = view
  const font = fonts.label(theme, scale)
  if (text.width(ctx, font, label) > width) return
  write(ctx, font, numbers?.edgeTone[edge] === Tone.bad ? theme.error : theme.dim, label, x, y, align)
}
