/** Local derivatives as formulas with the numbers put in, for ops that every engine has. */
import { formatNumber } from '../protocol/number.ts'

/** Shortest text that still reads like the number on the card. */
const short = (value: number) =>
  Number.isInteger(value) && Math.abs(value) < 1e5 ? String(value) : formatNumber(value)
const power = (base: number, exponent: number) => `${base < 0 ? `(${short(base)})` : short(base)}^${short(exponent)}`
const group = (value: number) => (value < 0 ? `(${short(value)})` : short(value))

interface Slope {
  value: number
  formula: string
}

/** `x`: operand values in order; `y`: the op's value; `slot`: which operand the slope is for. */
type Rule = (x: readonly number[], y: number, slot: number) => Slope | null

const one: Rule = () => ({ value: 1, formula: '1' })
const product: Rule = (x, _y, slot) => {
  if (x.length !== 2) return null
  const other = x[1 - slot]!
  return { value: other, formula: short(other) }
}
const quotient: Rule = ([a, b], _y, slot) => {
  if (a === undefined || b === undefined) return null
  return slot === 0
    ? { value: 1 / b, formula: `1 / ${group(b)}` }
    : { value: -a / (b * b), formula: `−${group(a)} / ${power(b, 2)}` }
}
const raise: Rule = ([a, n], y, slot) => {
  if (a === undefined || n === undefined) return null
  if (slot === 0) return { value: n * a ** (n - 1), formula: `${short(n)} × ${power(a, n - 1)}` }
  return { value: y * Math.log(a), formula: `${short(y)} × ln ${short(a)}` }
}
const unary =
  (slope: (x: number, y: number) => Slope): Rule =>
  (x, y) =>
    x[0] === undefined ? null : slope(x[0], y)
const tanh = unary((_, y) => ({ value: 1 - y * y, formula: `1 − ${power(y, 2)}` }))
const exp = unary((_, y) => ({ value: y, formula: short(y) }))
const log = unary((x) => ({ value: 1 / x, formula: `1 / ${group(x)}` }))
const relu = unary((x) => ({ value: x > 0 ? 1 : 0, formula: x > 0 ? '1' : '0' }))
const sigmoid = unary((_, y) => ({ value: y * (1 - y), formula: `${short(y)} × (1 − ${short(y)})` }))
const root = unary((_, y) => ({ value: 1 / (2 * y), formula: `1 / (2 × ${short(y)})` }))

const rules: Readonly<Record<string, Rule>> = {
  add: one,
  sum: one,
  mul: product,
  truediv: quotient,
  div: quotient,
  pow: raise,
  tanh,
  exp,
  log,
  relu,
  sigmoid,
  sqrt: root,
  sub: (_x, _y, slot) => (slot === 0 ? { value: 1, formula: '1' } : { value: -1, formula: '−1' }),
  neg: unary(() => ({ value: -1, formula: '−1' })),
  sin: unary((x) => ({ value: Math.cos(x), formula: `cos ${group(x)}` })),
  cos: unary((x) => ({ value: -Math.sin(x), formula: `−sin ${group(x)}` })),
}

/**
 * The formula of the slope, only when it reproduces the contribution that the engine made
 * (relative difference ≤ 1e-9); '' otherwise: a formula that explains another number would lie.
 */
export function slopeFormula(
  op: string,
  operands: readonly number[],
  value: number,
  slot: number,
  upstream: number,
  contribution: number,
): string {
  const slope = rules[op.toLowerCase()]?.(operands, value, slot)
  if (!slope || !Number.isFinite(upstream)) return ''
  const expected = slope.value * upstream
  const fits = Math.abs(expected - contribution) <= 1e-9 * Math.max(Math.abs(expected), Math.abs(contribution))
  return fits ? slope.formula : ''
}
