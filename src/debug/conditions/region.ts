/**
 * Which gradients can make a condition hold. A script that runs on is told, and waits nowhere else; whether the condition
 * does hold is for `evaluate` to say, so a region may be too large and never too small.
 */
import { evaluate, type Names } from './evaluate.ts'
import type { Comparison, ConditionName, Expression } from './parse.ts'
import { truthOf } from './functions.ts'
import type { Value } from './values.ts'

export interface Region {
  /** Both ends belong to them. */
  ranges: readonly (readonly [low: number, high: number])[]
  nan: boolean
}

/** What a name is, undefined where that is not known. */
export type Fixed = (name: ConditionName) => Value | undefined

export const everything: Region = { ranges: [[-Infinity, Infinity]], nan: true }
const nothing: Region = { ranges: [], nan: false }
const numbers: Region = { ...everything, nan: false }
export const between = (low: number, high: number): Region =>
  low <= high ? { ranges: [[low, high]], nan: false } : nothing

export const isNothing = ({ ranges, nan }: Region) => ranges.length === 0 && !nan
export const isEverything = ({ ranges, nan }: Region) =>
  nan && ranges.some(([low, high]) => low === -Infinity && high === Infinity)

export function union(a: Region, b: Region): Region {
  if (isEverything(a) || isEverything(b)) return everything
  return { ranges: [...a.ranges, ...b.ranges], nan: a.nan || b.nan }
}

export function intersection(a: Region, b: Region): Region {
  const ranges = a.ranges.flatMap(([low, high]) =>
    b.ranges.flatMap(([l, h]) => between(Math.max(low, l), Math.min(high, h)).ranges),
  )
  return { ranges, nan: a.nan && b.nan }
}

/** Where the size of a gradient is one of these. */
export function sized({ ranges, nan }: Region): Region {
  return {
    ranges: ranges.flatMap(([low, high]) =>
      high < 0 ? [] : low <= 0 ? between(-high, high).ranges : [...between(-high, -low).ranges, [low, high] as const],
    ),
    nan,
  }
}

/** `wanted`: which truth it is to have. */
export function regionOf(tree: Expression, fixed: Fixed, wanted = true): Region {
  const answer = alone(tree, fixed)
  if (answer !== undefined) return truthOf(answer) === wanted ? everything : nothing
  const part = (inner: Expression, truth: boolean) => regionOf(inner, fixed, truth)
  switch (tree.kind) {
    case 'not':
      return part(tree.operand, !wanted)
    case 'logic': {
      const join = (tree.operator === 'and') === wanted ? intersection : union
      return join(part(tree.left, wanted), part(tree.right, wanted))
    }
    case 'comparison':
      return tree.operators
        .map((operator, i) => compared(operator, tree.operands[i]!, tree.operands[i + 1]!, fixed, wanted))
        .reduce(wanted ? intersection : union)
    case 'call':
      return isGradient(tree.given[0]) ? tested(tree.name, wanted) : everything
    case 'literal':
    case 'name':
    case 'sequence':
    case 'sign':
    case 'arithmetic':
      return everything
    default:
      return tree satisfies never
  }
}

const isGradient = (tree: Expression | undefined): boolean => tree?.kind === 'name' && tree.name === 'grad'
const isSize = (tree: Expression): boolean =>
  tree.kind === 'call' && (tree.name === 'abs' || tree.name === 'norm') && isGradient(tree.given[0])

type Ordering = '==' | '!=' | '<' | '<=' | '>' | '>='
const mirrored = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' } as const
const opposite = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '==': '!=', '!=': '==' } as const
const isOrdering = (operator: Comparison): operator is Ordering => Object.hasOwn(opposite, operator)

/** What a tree is where it reads nothing but what is known; undefined where it reads more, or fails. */
function alone(tree: Expression, fixed: Fixed): Value | undefined {
  let reads = false
  const names: Names = (name) => {
    const value = fixed(name)
    reads ||= value === undefined
    return value ?? null
  }
  try {
    const value = evaluate(tree, names)
    return reads || truthOf(value) === undefined ? undefined : value
  } catch {
    // The user is told when it is evaluated.
    return undefined
  }
}

function compared(operator: Comparison, left: Expression, right: Expression, fixed: Fixed, wanted: boolean): Region {
  if (!isOrdering(operator)) return everything
  const limit = alone(right, fixed)
  if (limit === undefined)
    return alone(left, fixed) === undefined ? everything : compared(mirrored[operator], right, left, fixed, wanted)
  if (typeof limit !== 'number' || Number.isNaN(limit) || !(isGradient(left) || isSize(left))) return everything
  const asked = wanted ? operator : opposite[operator]
  const found = where(asked, limit)
  // NaN compares with nothing: it is unequal to everything, and whatever else is not wanted is so of it.
  return { ...(isSize(left) ? sized(found) : found), nan: asked === '!=' || !wanted }
}

function where(operator: Ordering, limit: number): Region {
  switch (operator) {
    case '>':
    case '>=':
      return between(limit, Infinity)
    case '<':
    case '<=':
      return between(-Infinity, limit)
    case '==':
      return between(limit, limit)
    case '!=':
      return everything
    default:
      return operator satisfies never
  }
}

function tested(name: string, wanted: boolean): Region {
  const endless: Region = {
    ranges: [
      [-Infinity, -Infinity],
      [Infinity, Infinity],
    ],
    nan: false,
  }
  switch (name) {
    case 'isnan':
      return wanted ? { ranges: [], nan: true } : numbers
    case 'isinf':
      return wanted ? endless : everything
    case 'isfinite':
      return wanted ? numbers : { ...endless, nan: true }
    default:
      return everything
  }
}
