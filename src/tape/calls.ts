/** Where code ran, in words: `MLP.__call__ › layers[0] › neurons[3]`. */
import { CallKind } from '../protocol/wire.ts'
import type { Tape } from './tape.ts'

/** The enclosing calls and loop iterations of a call row, outermost first, the row itself last. */
export function callChain(tape: Tape, call: number): number[] {
  const { parent } = tape.table('call')
  const chain: number[] = []
  for (let at = call; at >= 0; at = parent.at(at)) chain.push(at)
  return chain.reverse()
}

/**
 * A method call reads as the instance it was made on, seen from the instance around it (`layers[0]`), and as its
 * function where there is none; a module as its name in the module around it; an iteration as the loop's header and its number.
 */
export function callLabel(tape: Tape, call: number): string {
  const table = tape.table('call')
  if (table.kind.at(call) === CallKind.loop)
    return `${tape.siteText(table.site.at(call)).trim().replace(/:$/, '')} · ${table.iteration.at(call)}`
  const name = tape.tables.string(table.function.at(call))
  const instance = tape.tables.string(table.instance.at(call))
  const named = isIndexed(instance) || table.kind.at(call) === CallKind.module
  const method = table.parent.at(call) >= 0 && instance !== '' && named
  return method ? instance : name
}

/** `layers[0]` says which of several; a plain variable name says less than the function. */
const isIndexed = (instance: string) => /[\].]/.test(instance)

/** The chain in words. An iteration that only leads to a call on `layers[0]` is left out: the instance says as much. */
export function callPath(tape: Tape, call: number): string[] {
  const { kind, instance } = tape.table('call')
  const chain = callChain(tape, call)
  const named = (row: number | undefined) =>
    row !== undefined && kind.at(row) !== CallKind.loop && isIndexed(tape.tables.string(instance.at(row)))
  return chain
    .filter((row, i) => kind.at(row) !== CallKind.loop || !named(chain[i + 1]))
    .map((row) => callLabel(tape, row))
}
