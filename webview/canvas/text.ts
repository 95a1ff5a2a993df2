export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

const LIMIT = 20_000

/** Measures and shortens text; measuring is the slowest thing a canvas does, so each answer is kept. */
export class TextMeasure {
  private readonly widths = new Map<string, number>()
  private readonly fitted = new Map<string, string>()

  /** Width in pixels at scale 1; may change `ctx.font`. */
  width(ctx: Context, font: string, text: string): number {
    const key = `${font}\n${text}`
    let width = this.widths.get(key)
    if (width === undefined) {
      if (this.widths.size > LIMIT) this.widths.clear()
      ctx.font = font
      width = ctx.measureText(text).width
      this.widths.set(key, width)
    }
    return width
  }

  /** `text`, or a part of it and "…" when it is wider than `room`; '' when not even that fits. */
  fit(ctx: Context, font: string, text: string, room: number): string {
    if (this.width(ctx, font, text) <= room) return text
    const key = `${font}\n${Math.floor(room)}\n${text}`
    let short = this.fitted.get(key)
    if (short === undefined) {
      if (this.fitted.size > LIMIT) this.fitted.clear()
      short = this.shorten(ctx, font, text, room)
      this.fitted.set(key, short)
    }
    return short
  }

  /** Of a path (`model.head.weight`) the last parts say more, of anything else the beginning. */
  private shorten(ctx: Context, font: string, text: string, room: number): string {
    ctx.font = font
    const characters = [...text]
    const cut = isPath(text) ? lastParts : (length: number) => beginning(characters, length)
    function lastParts(length: number): string {
      const tail = characters.slice(characters.length - length).join('')
      const atPart = characters[characters.length - length - 1] === '.' || !tail.includes('.')
      return `…${atPart ? tail : tail.slice(tail.indexOf('.') + 1)}`
    }
    let low = 0
    let high = characters.length
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (ctx.measureText(cut(middle)).width <= room) low = middle
      else high = middle - 1
    }
    return low === 0 ? '' : cut(low)
  }
}

const isPath = (text: string) => /^[\w[\]]+(\.[\w[\]]+)+$/.test(text)

const beginning = (characters: string[], length: number) =>
  `${characters
    .slice(0, length)
    .join('')
    .replace(/[\s…]+$/, '')}…`
