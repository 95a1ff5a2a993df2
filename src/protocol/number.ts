/** The one way a number reads: on cards, in tables, in hovers, in exports. */

/** `–`: not there (yet). Never 0. */
export const PENDING = '–'

/**
 * Four decimals in the readable range, scientific beyond it, so that columns of numbers line up.
 * `null` (waiting, unreached) reads "–".
 */
export function formatNumber(value: number | null): string {
  if (value === null) return PENDING
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '∞'
  if (value === -Infinity) return '-∞'
  if (value === 0) return '0.0000'
  const size = Math.abs(value)
  if (size >= 1e-3 && size < 1e5) return value.toFixed(4)
  return value.toExponential(3).replace('e+', 'e')
}

/** Three digits, for where there is little room. */
export function shortNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return formatNumber(value)
  const size = Math.abs(value)
  if (size > 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1).replace('e+', 'e')
  return size >= 100 ? value.toFixed(0) : size >= 1 ? value.toFixed(2) : size > 0 ? value.toPrecision(2) : '0.00'
}

/** All digits, for tooltips and copying: the shortest text that reads back as the same number. */
export function exactNumber(value: number | null): string {
  return value === null ? PENDING : String(value)
}
