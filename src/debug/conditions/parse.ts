/** A condition as a tree. Parsed once, in TypeScript; what is evaluated elsewhere is the tree. */
import { functions } from './functions.ts'
import { ConditionError, tokens, type Token } from './tokens.ts'

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in' | 'is' | 'is not'
export type Arithmetic = '+' | '-' | '*' | '/' | '//' | '%' | '**'

/** `column`: where it stands in the text, from 0. */
export type Expression = { column: number } & (
  | { kind: 'literal'; value: number | string | boolean | null }
  | { kind: 'name'; name: ConditionName }
  /** A tuple or a list. */
  | { kind: 'sequence'; items: Expression[] }
  | { kind: 'call'; name: string; given: Expression[] }
  | { kind: 'sign'; operator: '-' | '+'; operand: Expression }
  | { kind: 'not'; operand: Expression }
  | { kind: 'logic'; operator: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'arithmetic'; operator: Arithmetic; left: Expression; right: Expression }
  /** `a < b < c`: one operator fewer than operands. */
  | { kind: 'comparison'; operands: Expression[]; operators: Comparison[] }
)

/** What a condition can read, all of it recorded. */
export const conditionNames = [
  'grad',
  'data',
  'op',
  'name',
  'line',
  'module',
  'pass',
  'step',
  'upstream',
  'contributions',
  'previous',
  'change',
  'initial',
] as const
export type ConditionName = (typeof conditionNames)[number]

const constants: { readonly [name: string]: number | boolean | null } = {
  True: true,
  False: false,
  None: null,
  inf: Infinity,
  nan: NaN,
}
/** Python keeps `pass` for itself, so that `pass_` is what other tools can parse too. */
const aliases: { readonly [name: string]: ConditionName } = { pass_: 'pass' }
const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', 'not', 'is'])
const MAX_DEPTH = 100

/** Throws a `ConditionError`. */
export function parseCondition(source: string): Expression {
  const parser = new Parser(tokens(source))
  const tree = parser.expression()
  parser.finish()
  return tree
}

class Parser {
  private readonly tokens: readonly Token[]
  private at = 0
  private depth = 0

  constructor(list: readonly Token[]) {
    this.tokens = list
  }

  /** What binds least: `or`. */
  expression(): Expression {
    if (++this.depth > MAX_DEPTH) throw new ConditionError(this.next.column, (s) => s.tooDeep)
    const tree = this.logic('or', () => this.logic('and', () => this.negation()))
    this.depth--
    return tree
  }

  finish(): void {
    if (this.next.kind !== 'end') this.unexpected()
  }

  private logic(operator: 'and' | 'or', operand: () => Expression): Expression {
    let left = operand()
    while (this.takes(operator)) left = { kind: 'logic', operator, left, right: operand(), column: left.column }
    return left
  }

  private negation(): Expression {
    const column = this.next.column
    let negations = 0
    while (this.takes('not')) negations++
    let tree = this.comparison()
    while (negations-- > 0) tree = { kind: 'not', operand: tree, column }
    return tree
  }

  private comparison(): Expression {
    const operands = [this.sum()]
    const operators: Comparison[] = []
    while (comparisons.has(this.next.value) && this.next.kind !== 'text') {
      const operator = this.comparisonOperator()
      operands.push(this.sum())
      const none = operands.slice(-2).some((operand) => operand.kind === 'literal' && operand.value === null)
      // Nothing else equals None, so that asking for it is asking whether something is there.
      operators.push(none && operator === '==' ? 'is' : none && operator === '!=' ? 'is not' : operator)
    }
    return operators.length === 0
      ? operands[0]!
      : { kind: 'comparison', operands, operators, column: operands[0]!.column }
  }

  private comparisonOperator(): Comparison {
    const first = this.take().value
    if (first === 'not') {
      this.expect('in')
      return 'not in'
    }
    return first === 'is' && this.takes('not') ? 'is not' : (first as Comparison)
  }

  private sum = (): Expression => this.binary(['+', '-'], this.product)
  private product = (): Expression => this.binary(['*', '/', '//', '%'], this.signed)

  private binary(operators: Arithmetic[], operand: () => Expression): Expression {
    let left = operand()
    for (;;) {
      const operator = operators.find((candidate) => this.next.kind === 'sign' && this.next.value === candidate)
      if (operator === undefined) return left
      this.take()
      left = { kind: 'arithmetic', operator, left, right: operand(), column: left.column }
    }
  }

  private signed = (): Expression => {
    const { column, kind, value } = this.next
    if (kind !== 'sign' || (value !== '-' && value !== '+')) return this.power()
    this.take()
    if (++this.depth > MAX_DEPTH) throw new ConditionError(column, (s) => s.tooDeep)
    const operand = this.signed()
    this.depth--
    return { kind: 'sign', operator: value, operand, column }
  }

  /** Binds tighter than a sign on its left, less than one on its right: `-2 ** -1`. */
  private power(): Expression {
    const left = this.primary()
    if (!this.takes('**')) return left
    if (++this.depth > MAX_DEPTH) throw new ConditionError(left.column, (s) => s.tooDeep)
    const right = this.signed()
    this.depth--
    return { kind: 'arithmetic', operator: '**', left, right, column: left.column }
  }

  private primary(): Expression {
    const token = this.next
    const { column } = token
    switch (token.kind) {
      case 'number':
        this.take()
        return this.alone({ kind: 'literal', value: token.number, column })
      case 'text':
        this.take()
        return this.alone({ kind: 'literal', value: token.value, column })
      case 'word':
        return this.alone(this.word())
      case 'sign':
        if (token.value === '(') return this.alone(this.parenthesis())
        if (token.value === '[') {
          this.take()
          return this.alone({ kind: 'sequence', items: this.list(']').items, column })
        }
        return this.unexpected()
      case 'end':
        return this.unexpected()
      default:
        return token satisfies never
    }
  }

  private word(): Expression {
    const { value, column } = this.take()
    if (Object.hasOwn(constants, value)) return { kind: 'literal', value: constants[value]!, column }
    if (this.takes('(')) {
      const arity = functions.get(value)?.arity
      if (!arity) throw new ConditionError(column, (s) => s.unknownFunction(value, [...functions.keys()].join(', ')))
      const given = this.list(')').items
      if (given.length < arity[0] || given.length > arity[1])
        throw new ConditionError(column, (s) => s.wrongCount(value, arity[0], given.length))
      return { kind: 'call', name: value, given, column }
    }
    const name = conditionNames.find((known) => known === value) ?? aliases[value]
    if (name) return { kind: 'name', name, column }
    throw new ConditionError(column, (s) =>
      functions.has(value) ? s.notCalled(value) : s.unknownName(value, conditionNames.join(', ')),
    )
  }

  /** `(x)` is x, `(x,)` and `()` are tuples. */
  private parenthesis(): Expression {
    const { column } = this.take()
    const { items, trailing } = this.list(')')
    return items.length === 1 && !trailing ? items[0]! : { kind: 'sequence', items, column }
  }

  private list(end: string): { items: Expression[]; trailing: boolean } {
    const items: Expression[] = []
    let trailing = false
    while (!this.takes(end)) {
      if (items.length > 0 && !trailing) this.unexpected()
      items.push(this.expression())
      trailing = this.takes(',')
    }
    return { items, trailing }
  }

  /** Only what was recorded can be read: no subscripts and no calls of results. (A dot is no sign of this language.) */
  private alone(tree: Expression): Expression {
    if (this.next.kind === 'sign' && (this.next.value === '[' || this.next.value === '(')) this.unexpected()
    return tree
  }

  private get next(): Token {
    return this.tokens[this.at]!
  }

  private take(): Token {
    const token = this.next
    if (token.kind !== 'end') this.at++
    return token
  }

  private takes(value: string): boolean {
    if (this.next.value !== value || this.next.kind === 'text' || this.next.kind === 'end') return false
    this.at++
    return true
  }

  private expect(value: string): void {
    if (!this.takes(value)) this.unexpected()
  }

  private unexpected(): never {
    const { kind, value, column } = this.next
    throw new ConditionError(column, (s) => (kind === 'end' ? s.unexpectedEnd : s.unexpected(value)))
  }
}
