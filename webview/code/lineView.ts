/** One line of code: coloured pieces, lit ranges, and the numbers at its end. */
import { el } from '../dom.ts'
import type { Token } from './pythonTokens.ts'

/** Columns in UTF-16 code units, end exclusive; an end beyond the line goes on in the next. */
export interface Mark {
  start: number
  end: number
  kind: 'pointed' | 'selected' | 'error'
}

export function lineView(text: string, tokens: readonly Token[], marks: readonly Mark[]): HTMLElement {
  const code = el('span', { class: 'code-text' })
  const cuts = new Set([0, text.length])
  for (const { start, end } of [...tokens, ...marks])
    cuts.add(Math.min(start, text.length)).add(Math.min(end, text.length))
  const places = [...cuts].sort((a, b) => a - b)
  for (let i = 0; i + 1 < places.length; i++) {
    const start = places[i]!
    const end = places[i + 1]!
    const token = tokens.find((t) => t.start <= start && end <= t.end)
    const classes = token ? [`token-${token.kind}`] : []
    for (const mark of marks) {
      if (start < mark.start || end > mark.end) continue
      classes.push(`mark-${mark.kind}`)
      if (start === mark.start) classes.push('mark-start')
      if (end === mark.end) classes.push('mark-end')
    }
    code.append(
      classes.length === 0
        ? text.slice(start, end)
        : el('span', { class: classes.join(' '), text: text.slice(start, end) }),
    )
  }
  return code
}

/** The column of the character under a point, or null beside the text. */
export function columnAt(line: HTMLElement, x: number, y: number): number | null {
  const position = document.caretPositionFromPoint?.(x, y)
  const [node, offset] = position ? [position.offsetNode, position.offset] : caretFallback(x, y)
  if (!node || !line.contains(node)) return null
  const before = document.createRange()
  before.setStart(line, 0)
  before.setEnd(node, offset)
  const column = before.toString().length
  // A caret stands between two characters: the point may lie on the one before it.
  return covers(line, column - 1, x) ? column - 1 : covers(line, column, x) ? column : null
}

function caretFallback(x: number, y: number): [Node | null, number] {
  const range = (document as { caretRangeFromPoint?(x: number, y: number): Range | null }).caretRangeFromPoint?.(x, y)
  return range ? [range.startContainer, range.startOffset] : [null, 0]
}

function covers(line: HTMLElement, column: number, x: number): boolean {
  const range = rangeOf(line, column, column + 1)
  if (!range) return false
  const box = range.getBoundingClientRect()
  return box.width > 0 && x >= box.left && x < box.right
}

/** The DOM range of columns of a line; null when the line is shorter. */
function rangeOf(line: HTMLElement, start: number, end: number): Range | null {
  if (start < 0) return null
  const range = document.createRange()
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT)
  let column = 0
  let begun = false
  while (walker.nextNode()) {
    const text = walker.currentNode as Text
    const next = column + text.length
    if (!begun && start < next) {
      range.setStart(text, start - column)
      begun = true
    }
    if (begun && end <= next) {
      range.setEnd(text, end - column)
      return range
    }
    column = next
  }
  return null
}
