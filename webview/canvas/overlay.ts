import { cornerRadius, fonts, write } from './cards.ts'
import { edgeWidth, routeOf, traceArrow, traceEdge } from './edges.ts'
import { Tone } from './numbers.ts'
import { intoItem, intoScene, type View } from './paint.ts'
import type { Context } from './text.ts'

/** What is marked, by item and edge index. */
export interface Marks {
  hovered: number | null
  selected: number | null
  lit: readonly number[]
  breakpoints: readonly number[]
  /** Closed groups with one inside. */
  hiddenBreakpoints: readonly number[]
  /** The item whose step is the current one. */
  current: number | null
  hoveredEdge: number | null
  /** Edges along which a gradient is moving, and how far it has come. */
  flow: { edges: readonly number[]; share: number } | null
}

/** Screen pixels: a mark never gets smaller than this, however far out. */
const LEAST = 10
/** Radius. */
const DOT = 5

/** Draws the marks over the picture; cheap, so that hovering never repaints the picture itself. */
export function paintMarks(view: View, marks: Marks): void {
  const { ctx, size, ratio } = view
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx.clearRect(0, 0, size.width, size.height)
  const focusEdges =
    marks.hoveredEdge !== null
      ? [marks.hoveredEdge]
      : (edgesOf(view, marks.hovered) ?? edgesOf(view, marks.selected) ?? [])
  haloEdges(view, focusEdges)
  for (const item of marks.lit) markLit(view, item)
  if (marks.hovered !== null && marks.hovered !== marks.selected) ring(view, marks.hovered, { offset: 0, width: 1 })
  if (marks.selected !== null) ring(view, marks.selected, { offset: 0, width: 2 })
  if (marks.flow) for (const edge of marks.flow.edges) pulse(view, edge, marks.flow.share)
  for (const item of marks.breakpoints) dot(view, item, true)
  for (const item of marks.hiddenBreakpoints) dot(view, item, false)
  if (marks.current !== null) markCurrent(view, marks.current)
  if (marks.hoveredEdge !== null) edgeNumber(view, marks.hoveredEdge)
}

function edgesOf({ picture }: View, item: number | null): number[] | null {
  return item === null ? null : [...picture.incoming[item]!, ...picture.outgoing[item]!]
}

function haloEdges(view: View, edges: readonly number[]): void {
  if (edges.length === 0 || view.placement.edgeAlpha < 1) return
  const { ctx, picture, numbers, theme, camera, colours } = view
  intoScene(view)
  // Neutral: the accent is blue in many themes, and on an edge blue means a negative gradient.
  ctx.strokeStyle = theme.foreground
  ctx.lineCap = 'round'
  ctx.globalAlpha = theme.highContrast ? 0.6 : 0.25
  const widths = edges.map((edge) =>
    Math.max(1 / camera.zoom, edgeWidth(numbers?.frame.flowed[edge] === 1, numbers?.edgeMagnitude[edge] ?? 0)),
  )
  edges.forEach((edge, i) => {
    ctx.lineWidth = widths[i]! + 4 / Math.max(0.5, camera.zoom)
    ctx.beginPath()
    traceEdge(ctx, picture.scene, edge, widths[i]!)
    ctx.stroke()
  })
  ctx.lineCap = 'butt'
  ctx.globalAlpha = 1
  // The edge itself again, over its halo, so that its colour stays its own.
  edges.forEach((edge, i) => {
    const tone = numbers?.edgeTone[edge] ?? Tone.none
    ctx.strokeStyle = ctx.fillStyle = tone === Tone.none ? theme.dim : colours[tone]!
    ctx.lineWidth = widths[i]!
    ctx.beginPath()
    traceEdge(ctx, picture.scene, edge, widths[i]!)
    ctx.stroke()
    ctx.beginPath()
    traceArrow(ctx, picture.scene, edge, widths[i]!)
    ctx.fill()
  })
}

interface RingStyle {
  /** Distance from the card, and line width, in screen pixels. */
  offset: number
  width: number
  colour?: string
}

function ring(view: View, item: number, { offset, width, colour }: RingStyle): void {
  const { ctx, theme, camera, picture, placement } = view
  intoItem(view, item)
  const out = offset / camera.zoom
  const missing = (side: number) => Math.max(0, (LEAST / camera.zoom - side) / 2)
  const w = placement.w[item]!
  const h = placement.h[item]!
  const dx = out + missing(w)
  const dy = out + missing(h)
  ctx.beginPath()
  ctx.roundRect(-dx + 0.5, -dy + 0.5, w + 2 * dx - 1, h + 2 * dy - 1, cornerRadius(picture, item) + out)
  ctx.strokeStyle = colour ?? theme.focus
  ctx.lineWidth = width / Math.min(1, camera.zoom)
  ctx.stroke()
}

/** A broad band in the editor's own highlight, around the card and not over its numbers. */
function markLit(view: View, item: number): void {
  ring(view, item, { offset: 2.5, width: 5, colour: view.theme.lit })
  ring(view, item, { offset: 0, width: 1 })
}

/** A gradient moves from the consumer to the operand. */
function pulse(view: View, edge: number, share: number): void {
  const { ctx, numbers, camera, colours, theme, picture } = view
  const tone = numbers?.edgeTone[edge] ?? Tone.none
  const [x, y] = pointAlong(routeOf(picture.scene, edge), 1 - share)
  const scale = 1 / Math.min(1, camera.zoom)
  intoScene(view)
  disc(ctx, x, y, 5 * scale, tone === Tone.none ? theme.focus : colours[tone]!, theme.background, 1.5 * scale)
}

/** As in the gutter of the code, on the card's edge; a ring where it is on something inside. */
function dot(view: View, item: number, filled: boolean): void {
  const { ctx, theme, camera, placement } = view
  intoItem(view, item)
  ctx.scale(1 / camera.zoom, 1 / camera.zoom)
  const y = (placement.h[item]! * camera.zoom) / 2
  if (filled) disc(ctx, 1, y, DOT, theme.breakpoint, theme.background, 1.5)
  else disc(ctx, 1, y, DOT, theme.background, theme.breakpoint, 2.5)
}

/** A filled circle and the line around it, in the units of the context. */
function disc(ctx: Context, x: number, y: number, radius: number, fill: string, line: string, width: number): void {
  ctx.beginPath()
  ctx.arc(x, y, radius, 0, 2 * Math.PI)
  ctx.fillStyle = fill
  ctx.fill()
  ctx.strokeStyle = line
  ctx.lineWidth = width
  ctx.stroke()
}

/** An outer ring and a play mark: not to be taken for the selection. */
function markCurrent(view: View, item: number): void {
  const { ctx, theme, camera, placement } = view
  ring(view, item, { offset: 5, width: 2 })
  intoItem(view, item)
  ctx.scale(1 / camera.zoom, 1 / camera.zoom)
  // On the ring's corner, where no text is, whatever the zoom.
  const x = Math.min(0, (placement.w[item]! * camera.zoom - LEAST) / 2) - 3
  const y = Math.min(0, (placement.h[item]! * camera.zoom - LEAST) / 2) - 3
  disc(ctx, x, y, 8, theme.focus, theme.background, 1.5)
  ctx.beginPath()
  ctx.moveTo(x - 2.5, y - 4)
  ctx.lineTo(x + 4, y)
  ctx.lineTo(x - 2.5, y + 4)
  ctx.closePath()
  ctx.fillStyle = theme.background
  ctx.fill()
}

/** The number of the edge under the pointer, even where the picture has no room for it. */
function edgeNumber(view: View, edge: number): void {
  const { ctx, theme, text, numbers, picture, camera, size, ratio } = view
  const label = numbers?.contributionText(edge, picture.scene.edges.count[edge]!) ?? ''
  if (label === '') return
  const [sceneX, sceneY] = numberPlace(view, edge)
  const x = (sceneX - camera.x) * camera.zoom + size.width / 2
  const y = (sceneY - camera.y) * camera.zoom + size.height / 2
  const font = fonts.plain(theme)
  const width = text.width(ctx, font, label) + 12
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx.beginPath()
  ctx.roundRect(Math.round(x - width / 2) + 0.5, Math.round(y - 9) + 0.5, Math.round(width), 18, 4)
  ctx.fillStyle = theme.card
  ctx.fill()
  ctx.strokeStyle = theme.focus
  ctx.lineWidth = 1
  ctx.stroke()
  write(ctx, font, theme.foreground, label, x, y + 0.5, 'center')
}

/** Over the number that the picture shows already, else halfway along the edge. */
function numberPlace({ camera, labels, picture }: View, edge: number): [number, number] {
  const places = labels?.at(camera.zoom)
  const place = places?.place(edge)
  if (!places || !place) return pointAlong(routeOf(picture.scene, edge), 0.5)
  return [place.x + { left: 24, center: 0, right: -24 }[place.align] * places.scale, place.y]
}

/** The point after a share of a line of x and y in turn. */
function pointAlong(route: ArrayLike<number>, share: number): [number, number] {
  const length = (i: number) => Math.hypot(route[i + 2]! - route[i]!, route[i + 3]! - route[i + 1]!)
  let left = 0
  for (let i = 0; i + 3 < route.length; i += 2) left += length(i) * share
  for (let i = 0; i + 3 < route.length; i += 2) {
    if (length(i) >= left && length(i) > 0) {
      const t = left / length(i)
      return [route[i]! + (route[i + 2]! - route[i]!) * t, route[i + 1]! + (route[i + 3]! - route[i + 1]!) * t]
    }
    left -= length(i)
  }
  return [route[route.length - 2]!, route[route.length - 1]!]
}
