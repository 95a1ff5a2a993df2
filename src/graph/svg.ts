/** A scene with its numbers as a standalone SVG on white: inline styles, no scripts, fonts by name with fallbacks. */
import { formatNumber } from '../protocol/number.ts'
import { GradientStatus, ItemFlag, ItemKind, type Frame, type Scene } from '../protocol/view.ts'

const colour = {
  background: '#ffffff',
  foreground: '#3b3b3b',
  dim: '#6b6b6b',
  card: '#fbfbfb',
  line: '#cecece',
  positive: '#b8590f',
  negative: '#0b66a8',
  zero: '#949494',
  error: '#c72e0f',
} as const
const mono = `ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace`
const sans = `system-ui,'Segoe UI','DejaVu Sans',sans-serif`
const text = {
  title: { size: 12.5, style: `font:600 12.5px ${mono};fill:${colour.foreground}` },
  plain: { size: 11.5, style: `font:11.5px ${mono};fill:${colour.dim}` },
  value: { size: 11.5, style: `font:11.5px ${mono};fill:${colour.foreground}` },
  header: {
    size: 11.5,
    style: `font:11.5px ${sans};fill:${colour.foreground};paint-order:stroke;stroke:${colour.background};stroke-width:4px;stroke-linejoin:round`,
  },
} as const
/** Width of a letter of a monospaced font, in its size. */
const LETTER = 0.61
const LEFT = 14
const RIGHT = 10
const CORNER = 10
const ARROW = 6
/** Orders of magnitude below the largest number that still differ in width. */
const DECADES = 6

export function svg(scene: Scene, frame: Frame): string {
  const strength = strengths(frame)
  const items = [...scene.element.keys()]
  const open = (item: number) => has(scene, item, ItemFlag.open)
  const [width, height] = [Math.ceil(scene.width), Math.ceil(scene.height)]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="${colour.background}"/>`,
    ...items.filter(open).map((item) => container(scene, item)),
    // Strong contributions are drawn over weak ones.
    ...edgesByStrength(frame, strength).map((edge) => edgePath(scene, frame, edge, strength)),
    ...items.filter((item) => !open(item)).map((item) => card(scene, frame, item, strength)),
    // Titles last, on a halo: in pictures that flow down, edges enter where a title may be.
    ...items.filter(open).map((item) => header(scene, item)),
    '</svg>',
    '',
  ].join('\n')
}

const has = (scene: Scene, item: number, flag: number) => (scene.flags[item]! & flag) !== 0

const known = (status: number) =>
  status === GradientStatus.arrived || status === GradientStatus.released || status === GradientStatus.carried

/** 0 … 1 on a log scale; 1 is the largest finite number of the frame, and anything non-finite. */
type Strength = (x: number) => number

function strengths(frame: Frame): Strength {
  let largest = 0
  const consider = (x: number) => {
    if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x))
  }
  frame.gradient.forEach((x, item) => known(frame.status[item]!) && consider(x))
  frame.contribution.forEach((x, edge) => frame.flowed[edge] && consider(x))
  return (x) => {
    if (!Number.isFinite(x)) return 1
    if (x === 0 || largest === 0) return 0
    return Math.max(0, 1 + Math.log10(Math.abs(x) / largest) / DECADES)
  }
}

function toneOf(x: number, strength: number): string {
  if (!Number.isFinite(x)) return colour.error
  if (x === 0) return colour.zero
  return mixed(colour.zero, x > 0 ? colour.positive : colour.negative, 0.45 + 0.55 * strength)
}

function mixed(from: string, to: string, share: number): string {
  const channel = (at: number) => {
    const [a, b] = [from, to].map((hex) => parseInt(hex.slice(at, at + 2), 16)) as [number, number]
    return Math.round(a + (b - a) * share)
      .toString(16)
      .padStart(2, '0')
  }
  return `#${channel(1)}${channel(3)}${channel(5)}`
}

function edgesByStrength(frame: Frame, strength: Strength): number[] {
  const key = (edge: number) => (frame.flowed[edge] ? strength(frame.contribution[edge]!) : -1)
  return [...frame.flowed.keys()].sort((a, b) => key(a) - key(b) || a - b)
}

function edgePath(scene: Scene, frame: Frame, edge: number, strength: Strength): string {
  const points = pointsOf(scene, edge)
  if (points.length < 2) return ''
  const flowed = frame.flowed[edge] === 1
  const x = frame.contribution[edge]!
  const width = flowed ? 1.25 + 3.25 * strength(x) : 1
  const stroke = flowed ? toneOf(x, strength(x)) : colour.line
  const title = flowed ? `<title>${formatNumber(x)}</title>` : ''
  return `<g>${title}<path d="${rounded(points)}" fill="none" stroke="${stroke}" stroke-width="${short(width)}" stroke-linejoin="round"/><path d="${arrow(points, width)}" fill="${stroke}"/></g>`
}

type Point = readonly [number, number]

function pointsOf({ edges }: Scene, edge: number): Point[] {
  const points: Point[] = []
  for (let p = edges.offset[edge]!; p < edges.offset[edge + 1]!; p++)
    points.push([edges.points[2 * p]!, edges.points[2 * p + 1]!])
  return points
}

const distance = ([ax, ay]: Point, [bx, by]: Point) => Math.hypot(ax - bx, ay - by)

/** The point `by` from `from` towards `to`. */
function towards(from: Point, to: Point, by: number): Point {
  const share = by / (distance(from, to) || 1)
  return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
}

function rounded(points: readonly Point[]): string {
  const at = ([x, y]: Point) => `${short(x)} ${short(y)}`
  let path = `M${at(points[0]!)}`
  for (let i = 1; i + 1 < points.length; i++) {
    const [before, corner, after] = [points[i - 1]!, points[i]!, points[i + 1]!]
    // The end pieces belong to one corner only; inner ones are shared by two.
    const room = (other: Point, end: boolean) => distance(corner, other) / (end ? 1 : 2)
    const radius = Math.min(CORNER, room(before, i === 1), room(after, i + 2 === points.length))
    path += `L${at(towards(corner, before, radius))}Q${at(corner)} ${at(towards(corner, after, radius))}`
  }
  return `${path}L${at(points.at(-1)!)}`
}

function arrow(points: readonly Point[], width: number): string {
  const [before, [x, y]] = [points.at(-2)!, points.at(-1)!]
  const [ux, uy] = towards([0, 0], [x - before[0], y - before[1]], 1)
  const size = ARROW + width / 2
  const half = size * 0.45 + width / 4
  const corner = (side: number) =>
    `${short(x - ux * size - uy * half * side)} ${short(y - uy * size + ux * half * side)}`
  return `M${short(x)} ${short(y)}L${corner(1)}L${corner(-1)}Z`
}

function container(scene: Scene, item: number): string {
  const [x, y, w, h] = box(scene, item)
  return (
    `<rect x="${short(x + 0.5)}" y="${short(y + 0.5)}" width="${short(w - 1)}" height="${short(h - 1)}" rx="8" ` +
    `fill="${colour.foreground}" fill-opacity="0.025" stroke="${colour.line}" stroke-dasharray="4 4"/>`
  )
}

function header(scene: Scene, item: number): string {
  const [x, y, w] = box(scene, item)
  const title = `${scene.title[item]!}${scene.subtitle[item] === '' ? '' : `  ${scene.subtitle[item]!}`}`
  return write(title, x + RIGHT, y + 18, 'header', 'start', w - 2 * RIGHT)
}

const box = ({ x, y, w, h }: Scene, item: number) => [x[item]!, y[item]!, w[item]!, h[item]!] as const

function card(scene: Scene, frame: Frame, item: number, strength: Strength): string {
  const [x, y, w, h] = box(scene, item)
  const kind = scene.kind[item]!
  const group = kind === ItemKind.group || kind === ItemKind.fold
  const constant = kind === ItemKind.constant
  const radius = kind === ItemKind.leaf ? 14 : constant ? 10 : group ? 8 : 6
  const bad = known(frame.status[item]!) && !Number.isFinite(frame.gradient[item])
  const stroke = bad ? colour.error : colour.line
  const parts = [
    // The sheets behind a closed group.
    ...(group ? [2, 1] : []).map((sheet) =>
      frameRect(x + sheet * 4, y - sheet * 3, w - sheet * 8, radius * 2, radius, colour.line),
    ),
    has(scene, item, ItemFlag.root) ? frameRect(x - 4, y - 4, w + 8, h + 8, radius + 3, colour.line, 'none') : '',
    frameRect(
      x,
      y,
      w,
      h,
      radius,
      stroke,
      constant ? colour.background : colour.card,
      has(scene, item, ItemFlag.unlinked),
    ),
    constant ? '' : stripe(scene, frame, item, strength),
    ...(constant ? oneLine(scene, item) : twoLines(scene, frame, item, group, strength)),
  ]
  return `<g>${parts.join('')}</g>`
}

function frameRect(
  x: number,
  y: number,
  w: number,
  h: number,
  radius: number,
  stroke: string,
  fill: string = colour.card,
  dashed = false,
): string {
  const dash = dashed ? ' stroke-dasharray="3 3"' : ''
  return `<rect x="${short(x + 0.5)}" y="${short(y + 0.5)}" width="${short(w - 1)}" height="${short(h - 1)}" rx="${radius}" fill="${fill}" stroke="${stroke}"${dash}/>`
}

function stripe(scene: Scene, frame: Frame, item: number, strength: Strength): string {
  const [x, y, , h] = box(scene, item)
  const arrived = known(frame.status[item]!)
  const gradient = frame.gradient[item]!
  const inset = scene.kind[item] === ItemKind.leaf ? h / 4 : 0
  const width = arrived ? 3 + 4 * strength(gradient) : 3
  const fill = arrived ? toneOf(gradient, strength(gradient)) : colour.line
  return `<rect x="${short(x)}" y="${short(y + inset)}" width="${short(width)}" height="${short(h - 2 * inset)}" rx="2" fill="${fill}"/>`
}

function oneLine(scene: Scene, item: number): string[] {
  const [x, y, w, h] = box(scene, item)
  return [write(scene.title[item]!, x + RIGHT, y + h / 2 + 4, 'plain', 'start', w - 2 * RIGHT)]
}

function twoLines(scene: Scene, frame: Frame, item: number, group: boolean, strength: Strength): string[] {
  const [x, y, w, h] = box(scene, item)
  const [upper, lower] = [y + h * 0.32 + 4, y + h * 0.71 + 4]
  const parts: string[] = []
  let right = w - RIGHT
  if (has(scene, item, ItemFlag.parameter)) {
    parts.push(`<circle cx="${short(x + right - 3.5)}" cy="${short(upper - 4)}" r="3.5" fill="${colour.dim}"/>`)
    right -= 14
  }
  const subtitle = fitted(scene.subtitle[item]!, 'plain', (right - LEFT) / 2)
  if (subtitle !== '') {
    parts.push(write(subtitle, x + right, upper, 'plain', 'end', right))
    right -= subtitle.length * LETTER * text.plain.size + 8
  }
  parts.push(write(scene.title[item]!, x + LEFT, upper, 'title', 'start', right - LEFT))
  const arrived = known(frame.status[item]!)
  const gradient = `∂ ${formatNumber(arrived ? frame.gradient[item]! : null)}`
  const count = scene.count[item]!
  const value = group
    ? `${count.toLocaleString('en-US')} ${count === 1 ? 'op' : 'ops'}`
    : frame.hasValue[item]
      ? formatNumber(frame.value[item]!)
      : ''
  const norm = has(scene, item, ItemFlag.tensor) && !group && value !== '' ? `‖·‖ ${value}` : value
  const roomy = (norm.length + gradient.length + 1) * LETTER * text.plain.size <= w - LEFT - RIGHT
  parts.push(write(roomy ? norm : value, x + LEFT, lower, group ? 'plain' : 'value', 'start', w))
  const tone = arrived && frame.gradient[item] !== 0 ? toneOf(frame.gradient[item]!, strength(Infinity)) : colour.dim
  parts.push(write(gradient, x + w - RIGHT, lower, 'plain', 'end', w, tone))
  return parts
}

function write(
  content: string,
  x: number,
  y: number,
  style: keyof typeof text,
  anchor: 'start' | 'end',
  room: number,
  fill?: string,
): string {
  const shown = fitted(content, style, room)
  if (shown === '') return ''
  const end = anchor === 'end' ? ';text-anchor:end' : ''
  const tone = fill === undefined ? '' : `;fill:${fill}`
  const full = shown === content ? '' : `<title>${escaped(content)}</title>`
  return `<text x="${short(x)}" y="${short(y)}" style="${text[style].style}${end}${tone}">${full}${escaped(shown)}</text>`
}

/** As many letters as fit, the rest an ellipsis. */
function fitted(content: string, style: keyof typeof text, room: number): string {
  const letters = [...content]
  const fit = Math.floor(room / (LETTER * text[style].size))
  if (letters.length <= fit) return content
  return fit < 2 ? '' : `${letters.slice(0, fit - 1).join('')}…`
}

/** Control characters but for tab and the ends of lines, and two that are no characters, cannot stand in XML at all. */
const isXml = (character: string) =>
  /[\t\n\r]/.test(character) || (character >= ' ' && !/[\ufffe\uffff]/.test(character))

const escaped = (raw: string) =>
  Array.from(raw)
    .filter(isXml)
    .join('')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')

const short = (x: number) => String(Math.round(x * 100) / 100)
