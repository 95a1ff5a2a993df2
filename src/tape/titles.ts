/** What an op is called where there is room: its name, its number, its expression, or its op. */
import { formatNumber } from '../protocol/number.ts'
import { OpKind } from '../protocol/wire.ts'
import type { Tape } from './tape.ts'

export function titleOf(tape: Tape, op: number): string {
  const value = tape.valueOfOp(op)
  const name = value < 0 ? '' : tape.nameOf(value)
  if (name !== '') return name
  const { kind, site } = tape.table('op')
  if (kind.at(op) === OpKind.constant && value >= 0) return constantText(tape.table('value').data.at(value))
  return (site.at(op) < 0 ? '' : oneLine(tape.siteText(site.at(op)))) || tape.opName(op)
}

/** Constants read as they are written where that is short: `2`, not `2.0000`. */
export function constantText(data: number): string {
  const exact = String(data)
  return Number.isFinite(data) && exact.length <= 8 ? exact : formatNumber(data)
}

export const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
