/** The small card beside the pointer: value, gradient and the chain rule in one line. */
import { formatNumber } from '../src/protocol/number.ts'
import type { Details } from '../src/protocol/view.ts'
import { el } from './dom.ts'
import { formatDatum, numberText } from './numbers.ts'
import { gradientText } from './text.ts'
import { holdsWhatItReceived, received } from './side/received.ts'

/** Pixels between pointer and card. */
const GAP = 16
/** Products that fit on one line. */
const MAX_TERMS = 3

export class Preview {
  readonly element = el('div', { class: 'preview', 'aria-hidden': 'true' })

  constructor() {
    this.hide()
  }

  hide(): void {
    this.element.hidden = true
  }

  fill(details: Details): void {
    const rule = ruleInOneLine(details)
    this.element.replaceChildren(
      el('div', { class: 'preview-title' }, el('b', { text: details.title }), el('span', { text: details.op })),
      el(
        'div',
        { class: 'preview-numbers' },
        details.kind !== 'group' && details.kind !== 'fold' && numberText(details.value, 'value'),
        el('span', {}, '∂ ', numberText(details.gradient, 'gradient')),
      ),
    )
    if (rule !== '') this.element.append(el('div', { class: 'preview-rule', text: rule }))
    this.element.hidden = false
  }

  fillText(title: string, text: string): void {
    this.element.replaceChildren(
      el('div', { class: 'preview-title' }, el('b', { text: title })),
      el('div', { class: 'preview-numbers', text }),
    )
    this.element.hidden = false
  }

  /** Beside a point of the window, on the side where there is room. */
  moveTo(x: number, y: number): void {
    const { style, offsetWidth, offsetHeight } = this.element
    const left = x + GAP + offsetWidth > innerWidth ? x - GAP - offsetWidth : x + GAP
    const top = y + GAP + offsetHeight > innerHeight ? y - GAP - offsetHeight : y + GAP
    style.left = `${Math.max(4, left)}px`
    style.top = `${Math.max(4, top)}px`
  }
}

/** `1.0000 × 0.5000 + … = 0.5000`; '' where there is nothing to multiply. What does not add up is not equated. */
export function ruleInOneLine(details: Details): string {
  const { cameFrom, moreCameFrom, gradient, gradientName } = details
  const terms = cameFrom.filter((flow) => flow.contribution.kind === 'number')
  if (terms.length === 0 || gradient.kind !== 'number') return ''
  const shown = terms
    .slice(0, MAX_TERMS)
    .map(({ upstream, local, contribution }) =>
      local.kind === 'number' ? `${formatDatum(upstream)} × ${factor(local.value)}` : formatDatum(contribution),
    )
  if (terms.length + moreCameFrom > MAX_TERMS) shown.push('…')
  const sum = shown.join(' + ')
  return holdsWhatItReceived(details)
    ? `${gradientText(gradientName)} = ${sum} = ${formatDatum(gradient)}`
    : `+ ${sum} = ${formatNumber(received(details))}`
}

const factor = (value: number) => (value < 0 ? `(${formatNumber(value)})` : formatNumber(value))
