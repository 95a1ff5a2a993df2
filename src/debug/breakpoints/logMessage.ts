/** A text with `{expressions}` of the condition language in it; `{{` and `}}` stand for braces. */
import { evaluate, type Names } from '../conditions/evaluate.ts'
import { parseCondition, type Expression } from '../conditions/parse.ts'
import { ConditionError } from '../conditions/tokens.ts'
import { numberOf, show } from '../show.ts'

export type LogMessage = readonly (string | Expression)[]

/** Throws a `ConditionError` whose column counts in the whole message. */
export function parseLogMessage(message: string): LogMessage {
  const parts: (string | Expression)[] = []
  let text = ''
  for (let at = 0; at < message.length; at++) {
    const letter = message[at]!
    if ((letter === '{' || letter === '}') && message[at + 1] === letter) {
      text += letter
      at++
      continue
    }
    if (letter !== '{') {
      text += letter
      continue
    }
    const end = message.indexOf('}', at)
    if (end < 0) throw new ConditionError(at, (s) => s.unclosedBrace)
    parts.push(text, expressionAt(message, at + 1, end))
    text = ''
    at = end
  }
  parts.push(text)
  return parts.filter((part) => part !== '')
}

function expressionAt(message: string, start: number, end: number): Expression {
  try {
    return parseCondition(message.slice(start, end))
  } catch (error) {
    throw error instanceof ConditionError ? new ConditionError(error.column + start, error.say) : error
  }
}

export const render = (message: LogMessage, names: Names): string =>
  message.map((part) => (typeof part === 'string' ? part : shown(part, names))).join('')

/** A text reads as it is; quotes are for what is computed with. */
function shown(part: Expression, names: Names): string {
  const value = evaluate(part, names)
  return typeof value === 'string' ? value : show(value, numberOf(part))
}
