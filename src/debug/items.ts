/** What the Variables view shows: items with children that are made when they are opened. */
import { show } from './show.ts'
import type { Tensor, Value } from './conditions/values.ts'

export interface Item {
  name: string
  value: string
  /** Beside the value, on hover: the status of a gradient, what a number is. */
  type?: string
  /** What gives the same when it is evaluated in the same frame. */
  evaluateName?: string
  children?: Children
  /** Whose change a data breakpoint on this item means, and what setting it sets. */
  changes?: { cell: 'gradient' | 'value'; value: number }
}

/** Children in order; only those in view are made. */
export interface Children {
  count: number
  slice(start: number, end: number): Item[]
}

export const listed = (items: readonly Item[]): Children => ({
  count: items.length,
  slice: (start, end) => items.slice(start, end),
})

/** Items made on demand, each time as things are then. */
export const lazily = (make: () => readonly Item[], count: number): Children => ({
  count,
  slice: (start, end) => make().slice(start, end),
})

export const item = (name: string, value: Value, more: Partial<Item> = {}): Item => ({
  name,
  value: show(value),
  ...childrenOf(value),
  ...more,
})

function childrenOf(value: Value): { children?: Children } {
  if (value === null || typeof value !== 'object') return {}
  if (value.kind === 'tensor') return { children: lazily(() => statistics(value), 11) }
  if (value.kind === 'mask' || value.items.length === 0) return {}
  const { items } = value
  return {
    children: {
      count: items.length,
      slice: (start, end) => items.slice(start, end).map((entry, i) => item(`[${start + i}]`, entry)),
    },
  }
}

/** A statistic that was not taken is not there. */
function statistics(t: Tensor): Item[] {
  const known = (x: number) => (Number.isNaN(x) ? null : x)
  return [
    item('shape', { kind: 'sequence', items: t.shape }),
    item('size', known(t.count)),
    item('norm', known(t.l2)),
    item('min', known(t.min)),
    item('max', known(t.max)),
    item('mean', known(t.mean)),
    item('std', known(t.std)),
    item('zeros', known(t.zeros)),
    item('nans', known(t.nans)),
    item('+inf', known(t.posInf)),
    item('-inf', known(t.negInf)),
  ]
}
