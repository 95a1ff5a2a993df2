/**
 * Evaluates a condition with Python's meaning and three truths: what is not there (yet) makes the answer "not known",
 * and a breakpoint does not stop on that. Reads nothing but what was recorded.
 */
import { functions, maskOf, truthOf } from './functions.ts'
import type { Arithmetic, Comparison, ConditionName, Expression } from './parse.ts'
import { ConditionError } from './tokens.ts'
import { and, isKind, known, not, or, type Tensor, type Value } from './values.ts'

export type Names = (name: ConditionName) => Value

/** Throws a `ConditionError` when a function or operator is given what it cannot take. */
export function evaluate(tree: Expression, names: Names): Value {
  switch (tree.kind) {
    case 'literal':
      return tree.value
    case 'name':
      return names(tree.name)
    case 'sequence':
      return { kind: 'sequence', items: tree.items.map((item) => evaluate(item, names)) }
    case 'call': {
      const given = tree.given.map((argument) => evaluate(argument, names))
      if (given.includes(null)) return null
      const result = functions.get(tree.name)!.of(...given)
      if (result === undefined) throw new ConditionError(tree.column, (s) => s.cannotTake(tree.name))
      return result
    }
    case 'sign': {
      const operand = evaluate(tree.operand, names)
      if (operand === null) return null
      const x = number(operand, tree.operand)
      return tree.operator === '-' ? -x : x
    }
    case 'not':
      return not(truth(tree.operand, names))
    case 'logic': {
      const left = truth(tree.left, names)
      const decided = tree.operator === 'or'
      if (left === decided) return left
      const right = truth(tree.right, names)
      return decided ? or(left, right) : and(left, right)
    }
    case 'arithmetic': {
      const left = evaluate(tree.left, names)
      const right = evaluate(tree.right, names)
      if (left === null || right === null) return null
      if (tree.operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right
      return calculate(tree.operator, number(left, tree.left), number(right, tree.right))
    }
    case 'comparison': {
      const values = tree.operands.map((operand) => evaluate(operand, names))
      if (tree.operators.length === 1) return compare(tree.operators[0]!, values[0]!, values[1]!, tree)
      return tree.operators.reduce<boolean | null>((so, operator, i) => {
        const one = truthOf(compare(operator, values[i]!, values[i + 1]!, tree))
        if (one === undefined) throw new ConditionError(tree.column, (s) => s.ambiguous)
        return and(so, one)
      }, true)
    }
    default:
      return tree satisfies never
  }
}

/** Whether a condition holds: null where that is not known. */
export function truth(tree: Expression, names: Names): boolean | null {
  const result = truthOf(evaluate(tree, names))
  if (result === undefined) throw new ConditionError(tree.column, (s) => s.ambiguous)
  return result
}

function number(value: Value, tree: Expression): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  throw new ConditionError(tree.column, (s) => s.needsNumber)
}

/** Null where Python would raise: a division by zero, a root of something negative. */
function calculate(operator: Arithmetic, a: number, b: number): number | null {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? null : a / b
    case '//':
      return b === 0 ? null : Math.floor(a / b)
    case '%':
      return b === 0 ? null : modulo(a, b)
    case '**':
      return (a === 0 && b < 0) || (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b))
        ? null
        : power(a, b)
    default:
      return operator satisfies never
  }
}

/** The remainder has the sign of the divisor. */
const modulo = (a: number, b: number) => {
  const rest = a % b
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
}

/** 1 to any power is 1, and so is −1 to ±∞, in Python (IEEE's pow). */
const power = (a: number, b: number) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b)

function compare(operator: Comparison, left: Value, right: Value, tree: Expression): Value {
  if (operator === 'is' || operator === 'is not') {
    if (left !== null && right !== null && typeof left !== 'boolean' && typeof right !== 'boolean')
      throw new ConditionError(tree.column, (s) => s.isOnlyNone)
    return (operator === 'is') === (left === right)
  }
  if (left === null || right === null) return null
  if (operator === 'in' || operator === 'not in') {
    const found = contains(right, left, tree)
    return operator === 'in' ? found : not(found)
  }
  if (isKind(left, 'tensor') || isKind(left, 'series')) return entries(operator, left, right, tree)
  if (isKind(right, 'tensor') || isKind(right, 'series')) return entries(mirrored[operator], right, left, tree)
  if (operator === '==') return equal(left, right)
  if (operator === '!=') return not(equal(left, right))
  if (typeof left === 'string' && typeof right === 'string') return ordered(operator, left, right)
  return ordered(operator, number(left, tree), number(right, tree))
}

type Ordering = '<' | '<=' | '>' | '>='
const mirrored = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const

function ordered<T extends number | string>(operator: Ordering, a: T, b: T): boolean {
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b
}

function equal(a: Value, b: Value): boolean | null {
  if (a === null || b === null) return a === b
  if (isKind(a, 'sequence') && isKind(b, 'sequence'))
    return a.items.length === b.items.length && a.items.every((item, i) => equal(item, b.items[i]!))
  const [x, y] = [a, b].map((value) => (typeof value === 'boolean' ? Number(value) : value))
  return x === y
}

function contains(whole: Value, part: Value, tree: Expression): boolean | null {
  if (typeof whole === 'string' && typeof part === 'string') return whole.includes(part)
  if (isKind(whole, 'sequence')) return whole.items.some((item) => equal(item, part))
  if (isKind(whole, 'series') && typeof part === 'number') return whole.items.includes(part)
  throw new ConditionError(tree.column, (s) => s.cannotContain)
}

/** Entry by entry; of a tensor as much as its summary says. */
function entries(
  operator: Exclude<Comparison, 'in' | 'not in' | 'is' | 'is not'>,
  left: Value,
  right: Value,
  tree: Expression,
): Value {
  const x = number(right, tree)
  const is = (entry: number) =>
    operator === '==' ? entry === x : operator === '!=' ? entry !== x : ordered(operator, entry, x)
  if (isKind(left, 'series')) return maskOf(left.items, is)
  const t = left as Tensor
  if (operator === '==' || operator === '!=') {
    const same = equalEntries(t, x)
    return operator === '==' ? { kind: 'mask', ...same } : { kind: 'mask', any: not(same.all), all: not(same.any) }
  }
  // The entries that decide "any" and "all": the largest and the smallest of all, NaN aside, which compares with nothing.
  const top = t.posInf > 0 ? Infinity : known(t.max)
  const bottom = t.negInf > 0 ? -Infinity : known(t.min)
  const [easiest, hardest] = operator === '>' || operator === '>=' ? [top, bottom] : [bottom, top]
  return {
    kind: 'mask',
    any: easiest === null ? (t.nans === t.count ? false : null) : is(easiest),
    all: t.nans > 0 ? false : hardest === null ? null : is(hardest),
  }
}

function equalEntries(t: Tensor, x: number): { any: boolean | null; all: boolean | null } {
  const counted = x === 0 ? known(t.zeros) : x === Infinity ? t.posInf : x === -Infinity ? t.negInf : null
  if (counted !== null) return { any: counted > 0, all: counted === t.count }
  if (Number.isNaN(x)) return { any: false, all: false }
  const outside = x < t.min || x > t.max
  if (outside) return { any: false, all: false }
  const all =
    t.nans + t.posInf + t.negInf > 0 ? false : t.min === x && t.max === x ? true : Number.isNaN(t.min) ? null : false
  return { any: all || t.min === x || t.max === x ? true : null, all }
}
