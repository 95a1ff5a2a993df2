/** How a datum of the session reads, and what its colour class is. */
import { el } from './dom.ts'
import { exactNumber, formatNumber, PENDING } from '../src/protocol/number.ts'
import type { Datum } from '../src/protocol/view.ts'

export const none: Datum = { kind: 'none' }
export const numberOf = (value: number | null): Datum => (value === null ? none : { kind: 'number', value })

/** Four decimals for a number, the norm for a tensor, "–" for what is not there (yet). */
export function formatDatum(datum: Datum): string {
  if (datum.kind === 'number') return formatNumber(datum.value)
  if (datum.kind === 'none') return PENDING
  return Number.isNaN(datum.tensor.l2) ? datum.tensor.shape : `‖·‖ ${formatNumber(datum.tensor.l2)}`
}

export function exactDatum(datum: Datum): string {
  if (datum.kind === 'number') return exactNumber(datum.value)
  if (datum.kind === 'none') return PENDING
  return `${datum.tensor.shape} ${datum.tensor.dtype} ‖·‖ ${exactNumber(datum.tensor.l2)}`
}

/** `bad`: non-finite numbers, or a tensor that has some. */
export function signOf(datum: Datum): 'positive' | 'negative' | 'zero' | 'bad' | 'pending' {
  if (datum.kind === 'none') return 'pending'
  if (datum.kind === 'tensor') {
    const { nans, posInf, negInf, l2 } = datum.tensor
    return nans > 0 || posInf > 0 || negInf > 0 ? 'bad' : l2 === 0 ? 'zero' : 'positive'
  }
  if (!Number.isFinite(datum.value)) return 'bad'
  return datum.value > 0 ? 'positive' : datum.value < 0 ? 'negative' : 'zero'
}

/** A number with all its digits in the tooltip and in what is copied. Only gradients and contributions have colour. */
export function numberText(datum: Datum, meaning: 'value' | 'gradient', signed = false): HTMLElement {
  const sign = signOf(datum)
  const plus = signed && datum.kind === 'number' && datum.value > 0 ? '+' : ''
  const colour = meaning === 'gradient' || sign === 'bad' ? sign : ''
  return el('span', {
    class: `number ${colour}`,
    title: exactDatum(datum),
    'data-exact': exactDatum(datum),
    text: `${sign === 'bad' ? '⚠ ' : ''}${plus}${formatDatum(datum)}`,
  })
}

/** Copying inside one shown number copies all its digits. */
export function copyExactly(event: ClipboardEvent): void {
  const selection = getSelection()
  if (!selection || selection.isCollapsed) return
  const number = (node: Node | null) => (node instanceof Element ? node : node?.parentElement)?.closest('[data-exact]')
  const start = number(selection.anchorNode)
  if (!start || start !== number(selection.focusNode) || selection.toString() !== start.textContent) return
  event.clipboardData?.setData('text/plain', start.getAttribute('data-exact') ?? '')
  event.preventDefault()
}
