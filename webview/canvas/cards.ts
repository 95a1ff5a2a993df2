import { PENDING } from '../../src/protocol/number.ts'
import { GradientStatus, ItemFlag, ItemKind } from '../../src/protocol/view.ts'
import type { FrameNumbers } from './numbers.ts'
import { Tone } from './numbers.ts'
import { BADGE, HEADER, type Picture } from './picture.ts'
import type { Context, TextMeasure } from './text.ts'
import type { Theme } from './theme.ts'

/** Everything that drawing a picture needs to know. */
export interface Drawing {
  ctx: Context
  theme: Theme
  /** A colour per tone. */
  colours: readonly string[]
  text: TextMeasure
  picture: Picture
  numbers: FrameNumbers | null
  /** Elements outside are dimmed. */
  path: ReadonlySet<number> | null
  /** Per item, below 1 while it fades in; null when none does. */
  appearing: Float32Array | null
  /** Width of a border: a scene pixel, or more so that it stays a pixel on the screen. */
  line: number
}

/** Space left of the texts (after the stripe) and right of them. */
const LEFT = 14
const RIGHT = 10
/** Cards lower than this have one line: their title. */
const TWO_LINES = 40
/** Alpha of what is not on the path. */
export const DIMMED = 0.22

/** How much smaller than well readable a number may be rather than not there. */
const SHRINK = 0.84

/** `line` is a pixel of the screen in the scene: zoomed out, texts grow against their card so that they can still be read. */
const readable = (size: number, line: number) => Math.max(size, Math.round(2 * Math.min(1.6 * size, 8.5 * line)) / 2)

export const fonts = {
  title: (theme: Theme, line = 1) => `600 ${readable(12.5, line)}px ${theme.mono}`,
  plain: (theme: Theme, line = 1) => `${readable(11.5, line)}px ${theme.mono}`,
  small: (theme: Theme, line = 1) => `${readable(10, line)}px ${theme.mono}`,
  /** Of an edge. */
  label: (theme: Theme, scale: number) => `${10 * scale}px ${theme.mono}`,
  header: (theme: Theme) => `11.5px ${theme.sans}`,
}

export function cornerRadius(picture: Picture, item: number): number {
  const { kind, h } = picture.scene
  if (kind[item] === ItemKind.leaf) return Math.min(14, h[item]! / 2)
  if (kind[item] === ItemKind.constant) return Math.min(10, h[item]! / 2)
  return picture.isGroup(item) ? 8 : 6
}

/** One card in its own coordinates: (0, 0) is its top left corner, `w` × `h` its size. */
export function drawCard(d: Drawing, item: number, w: number, h: number): void {
  drawFrame(d, item, w, h)
  if (h < TWO_LINES) drawOneLine(d, item, w, h)
  else drawTwoLines(d, item, w, h)
  d.ctx.globalAlpha = 1
}

/** A card without its texts; leaves the card's opacity set. */
export function drawFrame(d: Drawing, item: number, w: number, h: number): void {
  const { ctx, theme, picture } = d
  const dimmed = isDimmed(d, item)
  const radius = cornerRadius(picture, item)
  ctx.globalAlpha = opacity(d, item)
  if (picture.isGroup(item)) drawSheets(d, w, h, radius)
  if (picture.has(item, ItemFlag.root)) {
    ctx.beginPath()
    ctx.roundRect(-3.5, -3.5, w + 7, h + 7, radius + 3)
    ctx.strokeStyle = theme.line
    ctx.lineWidth = d.line
    ctx.stroke()
  }
  drawBody(d, item, w, h, radius, dimmed)
  if (!isConstant(d, item) && !(dimmed && theme.highContrast)) drawStripe(d, item, w, h, radius)
}

const isConstant = (d: Drawing, item: number) => d.picture.scene.kind[item] === ItemKind.constant

export const isDimmed = (d: Drawing, item: number) => d.path !== null && !d.path.has(d.picture.scene.element[item]!)

/** High contrast knows no faint colours: there, what is dimmed has broken lines and no stripe. */
export const opacity = (d: Drawing, item: number) =>
  (isDimmed(d, item) && !d.theme.highContrast ? DIMMED : 1) * (d.appearing?.[item] ?? 1)

/** The sheets that peek out behind a closed group: below it, where no arrow arrives. */
function drawSheets(d: Drawing, w: number, h: number, radius: number): void {
  const { ctx, theme } = d
  ctx.strokeStyle = theme.line
  ctx.fillStyle = theme.card
  ctx.lineWidth = d.line
  for (const step of [2, 1]) {
    const inset = step * 4 + 0.5
    ctx.beginPath()
    // Only what peeks out: a dimmed card lets shine through what is behind it.
    ctx.roundRect(inset, h - 0.5, w - 2 * inset, step * 3, [0, 0, radius, radius])
    ctx.fill()
    ctx.stroke()
  }
}

function drawBody(d: Drawing, item: number, w: number, h: number, radius: number, dimmed: boolean): void {
  const { ctx, theme, picture, numbers } = d
  ctx.beginPath()
  ctx.roundRect(0.5, 0.5, w - 1, h - 1, radius)
  ctx.fillStyle = isConstant(d, item) ? theme.background : theme.card
  ctx.fill()
  const dashed = picture.has(item, ItemFlag.unlinked) || (dimmed && theme.highContrast)
  if (dashed) ctx.setLineDash([3, 3])
  ctx.strokeStyle = numbers?.itemTone[item] === Tone.bad ? theme.error : theme.line
  ctx.lineWidth = d.line
  ctx.stroke()
  if (dashed) ctx.setLineDash([])
}

/** Its width is the gradient's size. Hollow: released by the engine. In pieces: carried over from an earlier pass. */
function drawStripe(d: Drawing, item: number, w: number, h: number, radius: number): void {
  const { ctx, numbers, picture } = d
  const width = Math.min(w / 4, 3 + 4 * (numbers?.itemMagnitude[item] ?? 0))
  const leaf = picture.scene.kind[item] === ItemKind.leaf
  const inset = leaf ? Math.min(radius, h / 4) : 0
  const status = numbers?.frame.status[item]
  const tone = numbers?.itemTone[item] ?? Tone.none
  const corners = leaf ? 2 : [radius, 0, 0, radius]
  ctx.beginPath()
  if (status === GradientStatus.carried) {
    const piece = (h - 2 * inset - 4) / 3
    for (let i = 0; i < 3; i++) ctx.rect(0.5, inset + i * (piece + 2), width, piece)
  } else if (status === GradientStatus.released) {
    ctx.roundRect(0.5, inset + 0.5, width, h - 2 * inset - 1, corners)
    ctx.strokeStyle = d.colours[tone]!
    ctx.lineWidth = d.line
    ctx.stroke()
    return
  } else ctx.roundRect(0, inset, width, h - 2 * inset, corners)
  ctx.fillStyle = d.colours[tone]!
  ctx.fill()
}

function drawOneLine(d: Drawing, item: number, w: number, h: number): void {
  const { ctx, theme, text, picture } = d
  const constant = isConstant(d, item)
  const left = constant ? RIGHT : LEFT
  const font = constant ? fonts.plain(theme, d.line) : fonts.title(theme, d.line)
  const title = text.fit(ctx, font, picture.scene.title[item]!, w - left - RIGHT)
  write(ctx, font, constant ? theme.dim : theme.foreground, title, left, h / 2, 'left')
}

function drawTwoLines(d: Drawing, item: number, w: number, h: number): void {
  const { ctx, theme, text, picture } = d
  const { scene } = picture
  const upper = Math.round(h * 0.32)
  const plain = fonts.plain(theme, d.line)
  let right = w - RIGHT
  if (picture.isGroup(item)) {
    drawBadge(d, right + 2 - BADGE, 8, false)
    right -= BADGE + 4
  } else if (picture.has(item, ItemFlag.parameter)) {
    ctx.beginPath()
    ctx.arc(right - 3.5, upper, 3.5, 0, 2 * Math.PI)
    ctx.fillStyle = theme.dim
    ctx.fill()
    right -= 14
  }
  const subtitle = scene.subtitle[item]!
  if (subtitle !== '') {
    // The title may take what the symbol leaves, but a long shape leaves it at least half.
    const short = text.fit(ctx, plain, subtitle, (right - LEFT) / 2)
    write(ctx, plain, theme.dim, short, right, upper, 'right')
    right -= text.width(ctx, plain, short) + 8
  }
  const title = text.fit(ctx, fonts.title(theme, d.line), scene.title[item]!, right - LEFT)
  write(ctx, fonts.title(theme, d.line), theme.foreground, title, LEFT, upper, 'left')
  drawNumbers(d, item, w, Math.round(h * 0.71))
}

function drawNumbers(d: Drawing, item: number, w: number, y: number): void {
  const { ctx, theme, text, numbers, picture } = d
  const room = w - LEFT - RIGHT
  const tone = numbers?.itemTone[item] ?? Tone.none
  const gradient = numbers?.gradientText(item) ?? PENDING
  const group = picture.isGroup(item)
  const tensor = picture.has(item, ItemFlag.tensor)
  const value = group ? countText(picture.scene.count[item]!) : (numbers?.valueText(item) ?? '')
  const short = group ? value : (numbers?.valueText(item, true) ?? '')
  const badValue = !group && (numbers?.badValue(item) ?? false)
  const colour = tone === Tone.none || tone === Tone.zero ? theme.dim : strongest(d, tone)
  const icon = tone === Tone.bad ? 15 : 0
  // From the fullest wording to the shortest; the first that fits is written, the last one, the gradient alone, in any case.
  const wordings = wordingsOf(value, gradient, group, tensor && gradient !== PENDING, tensor && value !== '')
  // Fewer digits of both say more than all digits of one.
  wordings.splice(-1, 0, [short, `∂ ${numbers?.gradientText(item, true) ?? PENDING}`])
  // Groups and tensors have more to say: always small, so that they look alike.
  const small = fonts.small(theme, d.line)
  const sizes = [...(group || tensor ? [] : [fonts.plain(theme, d.line)]), small, fonts.small(theme, SHRINK * d.line)]
  for (const [left, right] of wordings) {
    for (const font of sizes) {
      const last = left === wordings.at(-1)![0] && right === wordings.at(-1)![1] && font === sizes.at(-1)
      const gap = left === '' ? 0 : 5
      const rightWidth = text.width(ctx, font, right)
      if (!last && text.width(ctx, font, left) + gap + rightWidth + icon > room) continue
      const valueColour = badValue ? theme.error : group ? theme.dim : theme.foreground
      write(ctx, font, valueColour, left, LEFT, y, 'left', Math.max(0, room - gap - rightWidth - icon))
      write(ctx, font, colour, right, w - RIGHT, y, 'right')
      if (icon > 0) drawWarning(ctx, theme.error, theme.card, w - RIGHT - rightWidth - icon, y)
      return
    }
  }
}

function wordingsOf(
  value: string,
  gradient: string,
  group: boolean,
  gradientNorm: boolean,
  valueNorm: boolean,
): [string, string][] {
  const short = `∂ ${gradient}`
  if (group)
    return gradient === PENDING
      ? [[value, short]]
      : [
          [value, `max ${short}`],
          [value, short],
          ['', short],
        ]
  const left = valueNorm ? `‖·‖ ${value}` : value
  const right = gradientNorm ? `‖∂‖ ${gradient}` : short
  return [
    [left, right],
    [left, short],
    [value, short],
    ['', short],
  ]
}

const countText = (count: number) => `${count.toLocaleString('en-US')} ${count === 1 ? 'op' : 'ops'}`

/** Text takes the full colour of its sign; the weak end of a ramp would not be readable as text. */
export function strongest(d: Drawing, tone: number): string {
  if (tone === Tone.bad) return d.theme.error
  return tone >= Tone.negative ? d.theme.negative : d.theme.positive
}

/** `y` is the middle of the line. */
export function write(
  ctx: Context,
  font: string,
  colour: string,
  text: string,
  x: number,
  y: number,
  align: CanvasTextAlign,
  room?: number,
): void {
  if (text === '') return
  ctx.font = font
  ctx.fillStyle = colour
  ctx.textAlign = align
  ctx.textBaseline = 'middle'
  if (room === undefined) ctx.fillText(text, x, y)
  else ctx.fillText(text, x, y, room)
}

/** A triangle with an exclamation mark, 12 wide, drawn so that no font has to have it. */
export function drawWarning(ctx: Context, colour: string, ground: string, x: number, y: number): void {
  ctx.beginPath()
  ctx.moveTo(x + 6, y - 6)
  ctx.lineTo(x + 12, y + 5)
  ctx.lineTo(x, y + 5)
  ctx.closePath()
  ctx.fillStyle = colour
  ctx.fill()
  ctx.fillStyle = ground
  ctx.fillRect(x + 5.25, y - 2.5, 1.5, 4)
  ctx.fillRect(x + 5.25, y + 2.5, 1.5, 1.5)
}

/** + on a closed group, − on an open one. */
export function drawBadge(d: Drawing, x: number, y: number, open: boolean): void {
  const { ctx, theme } = d
  ctx.beginPath()
  ctx.roundRect(x + 0.5, y + 0.5, BADGE - 1, BADGE - 1, 3)
  ctx.fillStyle = theme.background
  ctx.fill()
  ctx.strokeStyle = theme.line
  ctx.lineWidth = d.line
  ctx.stroke()
  ctx.fillStyle = theme.foreground
  ctx.fillRect(x + 4, y + BADGE / 2 - 0.5, BADGE - 8, 1)
  if (!open) ctx.fillRect(x + BADGE / 2 - 0.5, y + 4, 1, BADGE - 8)
}

/** Open groups that are deeper are not shaded any more: shade upon shade is mud. */
const DEEPEST_SHADE = 2

/** An open group: a dashed frame, and a shade that deepens with nesting. */
export function drawContainer(d: Drawing, item: number, w: number, h: number): void {
  const { ctx, theme } = d
  const alpha = opacity(d, item)
  ctx.beginPath()
  ctx.roundRect(0.5, 0.5, w - 1, h - 1, 8)
  if (!theme.highContrast) {
    ctx.globalAlpha = alpha
    ctx.fillStyle = theme.shade
    if (d.picture.depth[item]! < DEEPEST_SHADE) ctx.fill()
    ctx.setLineDash([4, 4])
  }
  ctx.globalAlpha = alpha
  ctx.strokeStyle = theme.line
  ctx.lineWidth = d.line
  ctx.stroke()
  ctx.setLineDash([])
  ctx.globalAlpha = 1
}

/** `for x in xs #3` */
export const headerText = ({ scene }: Picture, item: number) => `${scene.title[item]!} ${scene.subtitle[item]!}`.trim()

/** The title of an open group with the collapse badge, over the lines that enter at the top. */
export function drawHeader(d: Drawing, item: number, w: number): void {
  const { ctx, theme, text, picture } = d
  ctx.globalAlpha = opacity(d, item)
  drawBadge(d, w - 8 - BADGE, (HEADER - BADGE) / 2, true)
  const font = fonts.header(theme)
  const room = w - RIGHT * 2 - BADGE - 8
  const title = text.fit(ctx, font, headerText(picture, item), room)
  const titleWidth = text.width(ctx, font, title)
  const count = countText(picture.scene.count[item]!)
  const countWidth = text.width(ctx, font, count)
  const counted = titleWidth + 10 + countWidth <= room
  const width = counted ? titleWidth + 10 + countWidth : titleWidth
  const { x0, y0 } = picture.itemBox(item)
  if (picture.edgesIn({ x0: x0 + RIGHT, y0: y0 + 4, x1: x0 + RIGHT + width, y1: y0 + HEADER - 4 }).length > 0) {
    ctx.fillStyle = theme.background
    ctx.fillRect(RIGHT - 4, 4, width + 8, HEADER - 8)
  }
  write(ctx, font, theme.foreground, title, RIGHT, HEADER / 2, 'left')
  if (counted) write(ctx, font, theme.dim, count, RIGHT + titleWidth + 10, HEADER / 2, 'left')
  ctx.globalAlpha = 1
}
