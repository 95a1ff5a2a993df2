/** How values of conditions read: the same numbers as on the cards, "–" for what is not there. */
import { exactNumber, formatNumber, PENDING } from '../protocol/number.ts'
import type { Expression } from './conditions/parse.ts'
import type { Value } from './conditions/values.ts'

/** Longer ones are shown by their children. */
const MAX_ITEMS = 20

export function show(value: Value, number: (x: number) => string = formatNumber): string {
  if (value === null) return PENDING
  if (typeof value === 'number') return number(value)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string')
    return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
  switch (value.kind) {
    case 'sequence':
      return `(${list(value.items.map((item) => show(item, integral)))}${value.items.length === 1 ? ',' : ''})`
    case 'series':
      return `[${list(value.items.map((x) => number(x)))}]`
    case 'tensor':
      return `${value.shape.join('×') || '()'} · norm ${number(value.l2)}`
    case 'mask':
      return `any ${show(value.any)}, all ${show(value.all)}`
    default:
      return value satisfies never
  }
}

/** How the number that an expression gives reads: without decimals where it counts something. */
export const numberOf = (tree: Expression): ((x: number) => string) => (isCount(tree) ? integral : formatNumber)

function isCount(tree: Expression): boolean {
  switch (tree.kind) {
    case 'name':
      return tree.name === 'line' || tree.name === 'pass' || tree.name === 'step'
    case 'call':
      return tree.name === 'len' || tree.name === 'size'
    case 'literal':
      return true
    case 'sign':
      return isCount(tree.operand)
    case 'arithmetic':
      return isCount(tree.left) && isCount(tree.right)
    default:
      return false
  }
}

/** Counts (lines, passes, shapes) read without decimals. */
export const integral = (x: number) => (Number.isInteger(x) && Math.abs(x) < 1e15 ? String(x) : formatNumber(x))

/** For copying: all digits. */
export const showExact = (value: Value) => show(value, exactNumber)

const list = (items: readonly string[]) =>
  items.length > MAX_ITEMS ? `${items.slice(0, MAX_ITEMS).join(', ')}, …` : items.join(', ')
