/** The words of a condition. The language is a part of Python's expressions, and reads them the same. */
import { strings, type Strings } from '../strings.ts'

export type Token =
  | { kind: 'number'; value: string; number: number; column: number; end: number }
  | { kind: 'text'; value: string; column: number; end: number }
  /** A name or a keyword. */
  | { kind: 'word'; value: string; column: number; end: number }
  | { kind: 'sign'; value: string; column: number; end: number }
  | { kind: 'end'; value: ''; column: number; end: number }

/** What is wrong with a condition, and where: columns count from 0. */
export class ConditionError extends Error {
  readonly column: number
  readonly say: (s: Strings) => string

  constructor(column: number, say: (s: Strings) => string) {
    super(say(strings('en')))
    this.column = column
    this.say = say
  }
}

/** Nobody writes longer ones, and what a message brings in is not trusted. */
const MAX_LENGTH = 10_000
const space = /[ \t\r\n]+/y
const number = /(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?/y
const word = /[\p{L}_][\p{L}\p{N}_]*/uy
const sign = /\*\*|\/\/|==|!=|<=|>=|[-+*/%<>(),[\]]/y
const anything = /./suy
const escapes: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' }

export function tokens(source: string): Token[] {
  if (source.length > MAX_LENGTH) throw new ConditionError(MAX_LENGTH, (s) => s.tooLong(MAX_LENGTH))
  const found: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    const text = pattern.exec(source)?.[0] ?? null
    if (text !== null) at += text.length
    return text
  }
  for (;;) {
    take(space)
    const column = at
    if (at >= source.length) {
      found.push({ kind: 'end', value: '', column, end: column })
      return found
    }
    const digits = take(number)
    if (digits !== null) {
      found.push({ kind: 'number', value: digits, number: numberOf(digits, column), column, end: at })
      continue
    }
    const name = take(word)
    if (name !== null) {
      // `3x` is no number and a name, it is a mistake.
      if (found.at(-1)?.end === column && found.at(-1)?.kind === 'number')
        throw new ConditionError(column, (s) => s.unexpected(name))
      found.push({ kind: 'word', value: name, column, end: at })
      continue
    }
    const mark = source[at]!
    if (mark === "'" || mark === '"') {
      found.push(quoted(source, at))
      at = found.at(-1)!.end
      continue
    }
    // What is no sign of the language is refused by the parser, in its turn: the first mistake is the one to tell.
    const operator = take(sign) ?? take(anything)!
    found.push({ kind: 'sign', value: operator, column, end: at })
  }
}

/** Python has no `007`. */
function numberOf(digits: string, column: number): number {
  if (/^0[\d_]*[1-9]/.test(digits) && !/[.eE]/.test(digits))
    throw new ConditionError(column, (s) => s.unexpected(digits))
  return Number(digits.replaceAll('_', ''))
}

function quoted(source: string, start: number): Token {
  const mark = source[start]!
  let value = ''
  for (let at = start + 1; at < source.length; at++) {
    const letter = source[at]!
    if (letter === mark) return { kind: 'text', value, column: start, end: at + 1 }
    if (letter === '\n') break
    if (letter !== '\\') {
      value += letter
      continue
    }
    const next = source[++at] ?? ''
    value += escapes[next] ?? `\\${next}`
  }
  throw new ConditionError(start, (s) => s.unclosedText)
}
