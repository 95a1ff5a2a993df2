/** The functions of conditions. Of a tensor they read what was recorded; a number is a tensor of one entry. */
import { and, isKind, known, not, or, type Series, type Tensor, type Value } from './values.ts'

interface ConditionFunction {
  /** Fewest and most arguments. */
  arity: readonly [number, number]
  /** Undefined: it cannot be taken of such a value. None of `given` is null. */
  of(...given: Value[]): Value | undefined
}

const numberOf = (value: Value): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : undefined

/** One function of a number, of several numbers, and of a tensor. */
function statistic(
  number: (x: number) => Value,
  series: (items: readonly number[]) => Value,
  tensor: (t: Tensor) => Value,
): ConditionFunction {
  return {
    arity: [1, 1],
    of: (value) => {
      const x = numberOf(value!)
      if (x !== undefined) return number(x)
      if (isKind(value!, 'series')) return series(value.items)
      return isKind(value!, 'tensor') ? tensor(value) : undefined
    },
  }
}

/** `Math.hypot` takes one infinity for the answer, whatever else is there. */
const euclidean = (items: readonly number[]) =>
  items.some(Number.isNaN) ? NaN : items.reduce((total, x) => Math.hypot(total, x), 0)
const sum = (items: readonly number[]) => items.reduce((total, x) => total + x, 0)
const mean = (items: readonly number[]) => (items.length === 0 ? null : sum(items) / items.length)
function deviation(items: readonly number[]): number | null {
  const middle = mean(items)
  return middle === null ? null : Math.sqrt(sum(items.map((x) => (x - middle) ** 2)) / items.length)
}

/** Of all entries, where the recorded extremes are those of the finite ones. */
function extreme(t: Tensor, side: 'max' | 'min'): number | null {
  if (t.nans > 0) return NaN
  if (side === 'max' ? t.posInf > 0 : t.negInf > 0) return side === 'max' ? Infinity : -Infinity
  return known(side === 'max' ? t.max : t.min)
}

/** A mean or deviation over finite entries only would hide the others. */
const whole = (t: Tensor, over: number): number | null => {
  if (t.nans > 0 || (t.posInf > 0 && t.negInf > 0)) return NaN
  return t.posInf > 0 ? Infinity : t.negInf > 0 ? -Infinity : known(over)
}

function extremes(side: 'max' | 'min'): ConditionFunction {
  const pick = Math[side]
  const one = statistic(
    (x) => x,
    (items) => (items.length === 0 ? null : items.reduce((a, b) => pick(a, b))),
    (t) => extreme(t, side),
  )
  return {
    arity: [1, Infinity],
    of: (...given) => {
      if (given.length === 1) return isKind(given[0]!, 'sequence') ? several(given[0].items) : one.of(given[0]!)
      return several(given)
    },
  }
  function several(items: readonly Value[]): Value | undefined {
    if (items.includes(null)) return null
    const numbers = items.map(numberOf)
    return numbers.includes(undefined) || numbers.length === 0
      ? undefined
      : (numbers as number[]).reduce((a, b) => pick(a, b))
  }
}

/** Asks of every entry whether it is so; `count` of a tensor's entries are. */
function test(is: (x: number) => boolean, count: (t: Tensor) => number): ConditionFunction {
  return statistic(
    is,
    (items) => maskOf(items, is),
    (t) => {
      const found = known(count(t))
      return { kind: 'mask', any: found === null ? null : found > 0, all: found === null ? null : found === t.count }
    },
  )
}

export const maskOf = (items: readonly number[], is: (x: number) => boolean): Value => ({
  kind: 'mask',
  any: items.some(is),
  all: items.every(is),
})

function quantifier(which: 'any' | 'all'): ConditionFunction {
  return {
    arity: [1, 1],
    of: (value) => {
      if (isKind(value!, 'mask')) return value[which]
      if (isKind(value!, 'series')) return which === 'any' ? value.items.some(Boolean) : value.items.every(Boolean)
      if (isKind(value!, 'tensor')) return which === 'any' ? not(allZero(value)) : noZero(value)
      if (isKind(value!, 'sequence')) {
        const truths = value.items.map(truthOf)
        if (truths.includes(undefined)) return undefined
        return (truths as (boolean | null)[]).reduce(which === 'any' ? or : and, which === 'all')
      }
      return truthOf(value!)
    },
  }
}

const allZero = (t: Tensor) => (Number.isNaN(t.zeros) ? null : t.zeros === t.count)
const noZero = (t: Tensor) => (Number.isNaN(t.zeros) ? null : t.zeros === 0)

/** As Python's `bool`; undefined where it would be ambiguous. */
export function truthOf(value: Value): boolean | null | undefined {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'string') return value !== 0 && value !== ''
  return isKind(value, 'sequence') ? value.items.length > 0 : undefined
}

function magnitude(t: Tensor): Tensor {
  const sided = t.min >= 0 || t.max <= 0
  return {
    ...t,
    min: t.min >= 0 ? t.min : t.max <= 0 ? -t.max : t.zeros > 0 ? 0 : NaN,
    max: Math.max(Math.abs(t.min), Math.abs(t.max)),
    mean: sided ? Math.abs(t.mean) : NaN,
    std: sided ? t.std : NaN,
    posInf: t.posInf + t.negInf,
    negInf: 0,
  }
}

const length = (value: Value): number | undefined =>
  isKind(value, 'series') || isKind(value, 'sequence')
    ? value.items.length
    : isKind(value, 'tensor')
      ? value.shape[0]
      : typeof value === 'string'
        ? [...value].length
        : undefined

export const functions: ReadonlyMap<string, ConditionFunction> = new Map<string, ConditionFunction>([
  // A tensor's l2 is taken over finite entries, so the others are asked for first.
  [
    'norm',
    statistic(Math.abs, euclidean, (t) => (t.nans > 0 ? NaN : t.posInf + t.negInf > 0 ? Infinity : known(t.l2))),
  ],
  ['max', extremes('max')],
  ['min', extremes('min')],
  [
    'mean',
    statistic(
      (x) => x,
      mean,
      (t) => whole(t, t.mean),
    ),
  ],
  [
    'std',
    statistic(
      (x) => (Number.isFinite(x) ? 0 : NaN),
      deviation,
      (t) => (t.nans + t.posInf + t.negInf > 0 ? NaN : known(t.std)),
    ),
  ],
  [
    'sum',
    statistic(
      (x) => x,
      sum,
      (t) => {
        const m = whole(t, t.mean)
        return m === null ? null : m * t.count
      },
    ),
  ],
  ['abs', statistic(Math.abs, (items): Series => ({ kind: 'series', items: items.map(Math.abs) }), magnitude)],
  ['any', quantifier('any')],
  ['all', quantifier('all')],
  ['isnan', test(Number.isNaN, (t) => t.nans)],
  [
    'isinf',
    test(
      (x) => Math.abs(x) === Infinity,
      (t) => t.posInf + t.negInf,
    ),
  ],
  ['isfinite', test(Number.isFinite, (t) => t.count - t.nans - t.posInf - t.negInf)],
  [
    'shape',
    statistic(
      () => ({ kind: 'sequence', items: [] }),
      (items) => ({ kind: 'sequence', items: [items.length] }),
      (t) => ({ kind: 'sequence', items: t.shape }),
    ),
  ],
  [
    'size',
    statistic(
      () => 1,
      (items) => items.length,
      (t) => known(t.count),
    ),
  ],
  ['len', { arity: [1, 1], of: (value) => length(value!) }],
])
