/** What a condition computes with: numbers, texts, and what was recorded of tensors. */
import type { TensorSummary } from '../../protocol/view.ts'

/** Null is "not there (yet)" or "not recorded"; whatever is made from it is null too, never 0. */
export type Value = null | boolean | number | string | Sequence | Tensor | Series | Mask

export interface Sequence {
  kind: 'sequence'
  items: Value[]
}

/** A tensor's recorded summary. NaN is "not recorded". */
export interface Tensor extends Omit<TensorSummary, 'shape' | 'dtype' | 'device' | 'histogram' | 'thumbnail'> {
  kind: 'tensor'
  shape: number[]
}

/** Several numbers that are all there: contributions, in the order they came. */
export interface Series {
  kind: 'series'
  items: number[]
}

/** What is known of a comparison made entry by entry. */
export interface Mask {
  kind: 'mask'
  any: boolean | null
  all: boolean | null
}

export const isKind = <K extends 'sequence' | 'tensor' | 'series' | 'mask'>(
  value: Value,
  kind: K,
): value is Extract<Value, { kind: K }> => typeof value === 'object' && value !== null && value.kind === kind

/** A statistic that was not taken is not known. */
export const known = (statistic: number): number | null => (Number.isNaN(statistic) ? null : statistic)

export const not = (truth: boolean | null): boolean | null => (truth === null ? null : !truth)
export const and = (a: boolean | null, b: boolean | null): boolean | null =>
  a === false || b === false ? false : a === null || b === null ? null : true
export const or = (a: boolean | null, b: boolean | null): boolean | null => not(and(not(a), not(b)))
