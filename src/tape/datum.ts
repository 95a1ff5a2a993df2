/** Numbers and tensors of a tape in the form that the view reads. */
import type { Datum, TensorSummary } from '../protocol/view.ts'
import { ValueKind } from '../protocol/wire.ts'
import type { Gradient } from './gradient.ts'
import type { Tape } from './tape.ts'

export const none: Datum = { kind: 'none' }

export function datum(tape: Tape, data: number | null, tensor: number): Datum {
  if (tensor >= 0) return { kind: 'tensor', tensor: tensorSummary(tape, tensor) }
  return data === null ? none : { kind: 'number', value: data }
}

export function valueDatum(tape: Tape, value: number, tick: number): Datum {
  if (value < 0) return none
  const table = tape.table('value')
  if (table.kind.at(value) === ValueKind.tensor) return datum(tape, null, table.tensor.at(value))
  return datum(tape, tape.valueAt(value, tick), -1)
}

export const gradientDatum = (tape: Tape, gradient: Gradient): Datum =>
  gradient.held === null ? none : datum(tape, gradient.held, gradient.tensor)

function tensorSummary(tape: Tape, row: number): TensorSummary {
  const t = tape.table('tensor')
  const text = (id: number) => tape.tables.string(id)
  const detail = text(t.detail.at(row))
  return {
    shape: text(t.shape.at(row)),
    dtype: text(t.dtype.at(row)),
    device: text(t.device.at(row)),
    count: t.count.at(row),
    min: t.min.at(row),
    max: t.max.at(row),
    mean: t.mean.at(row),
    std: t.std.at(row),
    l2: t.l2.at(row),
    zeros: t.zeros.at(row),
    nans: t.nans.at(row),
    posInf: t.posInf.at(row),
    negInf: t.negInf.at(row),
    ...pictures(detail),
  }
}

/** Cells of a thumbnail at most; a recording may come from anywhere. */
const MAX_CELLS = 4096

/** What the detail of a tensor holds; what is not of the right form counts as not recorded. */
function pictures(detail: string): Pick<TensorSummary, 'histogram' | 'thumbnail'> {
  let found: { histogram?: unknown; thumbnail?: { rows?: unknown; columns?: unknown; values?: unknown } | null } | null
  try {
    found = JSON.parse(detail || 'null') as typeof found
  } catch {
    found = null
  }
  const histogram = found?.histogram
  const { rows, columns, values } = found?.thumbnail ?? {}
  const whole =
    typeof rows === 'number' &&
    typeof columns === 'number' &&
    Array.isArray(values) &&
    values.length === rows * columns &&
    values.length <= MAX_CELLS
  return {
    histogram: Array.isArray(histogram) && histogram.every((count) => typeof count === 'number') ? histogram : null,
    // JSON has no NaN: null stands for it.
    thumbnail: whole ? { rows, columns, values: values.map((x) => (typeof x === 'number' ? x : NaN)) } : null,
  }
}
