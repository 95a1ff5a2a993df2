/** The roots, then named leaves, then other named values; those with the largest gradients first. */
import type { Summary } from '../protocol/view.ts'
import { OpKind } from '../protocol/wire.ts'
import { finalGradient } from '../tape/gradient.ts'
import type { Tape } from '../tape/tape.ts'
import { isForward } from './forward.ts'
import { titleOf } from '../tape/titles.ts'

export function summary(tape: Tape, limit: number): Summary {
  const roots = tape.passes > 0 ? tape.roots(tape.passes - 1) : []
  const { op } = tape.table('value')
  const rest = namedValues(tape)
    .filter((value) => !roots.includes(value))
    .map((value) => ({ value, leaf: tape.isLeaf(op.at(value)), size: Math.abs(finalGradient(tape, value).held ?? -1) }))
    .sort((a, b) => Number(b.leaf) - Number(a.leaf) || rank(b.size) - rank(a.size) || a.value - b.value)
    .map(({ value }) => value)
  const chosen = [...roots, ...rest]
  return {
    forward: isForward(tape, tape.passes - 1),
    rows: chosen.slice(0, limit).map((value) => row(tape, value)),
    more: Math.max(0, chosen.length - limit),
  }
}

/** NaN first: it is what one looks for. */
const rank = (size: number) => (Number.isNaN(size) ? Infinity : size)

/** Of a name that one line binds again and again (`y = y * x`) only the last value. */
function namedValues(tape: Tape): number[] {
  const { kind, site } = tape.table('op')
  const { op } = tape.table('value')
  const last = new Map<string, number>()
  const count = tape.tables.rowsOf('value')
  for (let value = 0; value < count; value++) {
    const at = op.at(value)
    if (kind.at(at) !== OpKind.constant && tape.count('namesOfValue', value) > 0)
      last.set(`${site.at(at)} ${tape.nameOf(value)}`, value)
  }
  return [...last.values()]
}

function row(tape: Tape, value: number): Summary['rows'][number] {
  const op = tape.table('value').op.at(value)
  const site = tape.site(tape.table('op').site.at(op))
  return {
    element: op,
    title: titleOf(tape, op),
    op: tape.opName(op),
    line: site ? `${site.path.split(/[\\/]/).pop()}:${site.startLine}` : '',
    value: tape.valueAt(value, Infinity),
    gradient: finalGradient(tape, value).held,
    code: site?.text.replace(/\s+/g, ' ') ?? '',
  }
}
