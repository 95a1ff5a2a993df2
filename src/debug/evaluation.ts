/** What Watch, hover and the Debug Console ask in a recording: conditions, and the names that the script gave. */
import type { Tape } from '../tape/tape.ts'
import { evaluate as evaluateTree } from './conditions/evaluate.ts'
import { conditionNames, parseCondition } from './conditions/parse.ts'
import { functions } from './conditions/functions.ts'
import { Refusal } from './given.ts'
import { item, type Item } from './items.ts'
import { messageOf } from './breakpoints/breakpoint.ts'
import { numberOf, show, showExact } from './show.ts'
import type { Situation } from './situation.ts'
import type { Strings } from './strings.ts'
import type { Scopes } from './variables.ts'

/** Over the code, the script's own names are meant; elsewhere those of conditions come first. */
export function evaluate(
  tape: Tape,
  scopes: Scopes,
  at: Situation,
  expression: string,
  context: string,
  s: Strings,
): Item {
  const named = namedItem(tape, scopes, at, expression.trim())
  if (context === 'hover') {
    if (named) return named
    throw new Refusal(s.notRecorded(expression))
  }
  try {
    const tree = parseCondition(expression)
    const value = evaluateTree(tree, (name) => scopes.read(at, name))
    const made = item('', value, { value: show(value, numberOf(tree)) })
    return context === 'clipboard' ? { ...made, value: showExact(value) } : made
  } catch (error) {
    if (named) return named
    throw new Refusal(s.notConditionLanguage(messageOf(error, s)))
  }
}

/** `loss`, `model.layers[0].w[3]`, and with `.grad` or `.data` one number of it. */
function namedItem(tape: Tape, scopes: Scopes, at: Situation, path: string): Item | null {
  const whole = valueNamed(tape, path, at.tick)
  const { op } = tape.table('value')
  if (whole >= 0) return scopes.summary(op.at(whole), at)
  const part = /^(.+)\.(grad|data)$/.exec(path)
  const value = part ? valueNamed(tape, part[1]!, at.tick) : -1
  return value < 0 ? null : item('', scopes.read({ ...at, op: op.at(value) }, part![2] as 'grad' | 'data'))
}

/** The value that a name stood for last; −1 for none. */
export function valueNamed(tape: Tape, path: string, tick: number): number {
  const { path: paths, value, tick: ticks, rows } = tape.table('name')
  for (let row = rows - 1; row >= 0; row--)
    if (ticks.at(row) <= tick && tape.tables.string(paths.at(row)) === path) return value.at(row)
  return -1
}

/** What may follow at a place in a condition. */
export function completions(text: string, column: number): { label: string; text: string; start: number }[] {
  const start = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(text.slice(0, Math.max(0, column)))?.[0] ?? ''
  const from = Math.max(0, column) - start.length
  return [
    ...conditionNames.map((name) => ({ label: name, text: name })),
    ...[...functions.keys()].map((name) => ({ label: `${name}()`, text: `${name}(` })),
  ]
    .filter(({ label }) => label.startsWith(start))
    .map((found) => ({ ...found, start: from }))
}
