/** Short formulas with numbers (`1 − 0.7071^2`, `3 × (-2)^-1`, `0.5 × ln 2`) as MathML. */
import { math } from '../dom.ts'

const token = /\d+(?:\.\d+)?(?:e-?\d+)?|∞|NaN|[\p{L}_]+|[^\s\w]/gu

export function formulaMath(formula: string): Element {
  const tokens = formula.match(token) ?? []
  let at = 0

  function row(closing: boolean): Element {
    const parts: Element[] = []
    while (at < tokens.length && !(closing && tokens[at] === ')')) {
      const base = atom()
      if (tokens[at] !== '^') parts.push(base)
      else {
        at++
        parts.push(math('msup', {}, base, exponent()))
      }
    }
    return math('mrow', {}, ...parts)
  }

  function exponent(): Element {
    const negative = tokens[at] === '-' || tokens[at] === '−'
    if (!negative) return atom()
    at++
    return math('mrow', {}, math('mo', { text: '−' }), atom())
  }

  function atom(): Element {
    const text = tokens[at++] ?? ''
    if (text === '(') {
      const inner = row(true)
      at++
      return math('mrow', {}, math('mo', { text: '(' }), inner, math('mo', { text: ')' }))
    }
    if (/^[\d∞N]/.test(text)) return math('mn', { text })
    if (/^[\p{L}_]/u.test(text)) return math('mi', { mathvariant: 'normal', text })
    return math('mo', { text: text === '-' ? '−' : text })
  }

  return row(false)
}
