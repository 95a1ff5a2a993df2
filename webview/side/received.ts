/** What a node's contributions add up to, and whether that is what the engine holds. */
import type { Details } from '../../src/protocol/view.ts'

/** The sum of the listed contributions; null while there are none, for tensors, and when not all of them are listed. */
export function received({ cameFrom, moreCameFrom }: Pick<Details, 'cameFrom' | 'moreCameFrom'>): number | null {
  if (cameFrom.length === 0 || moreCameFrom > 0) return null
  let sum = 0
  for (const { contribution } of cameFrom) {
    if (contribution.kind !== 'number') return null
    sum += contribution.value
  }
  return sum
}

/** Equal within the rounding of a sum of `details.cameFrom`; NaN equals NaN. */
export function holdsWhatItReceived(details: Pick<Details, 'cameFrom' | 'moreCameFrom' | 'gradient'>): boolean {
  const sum = received(details)
  if (sum === null || details.gradient.kind !== 'number') return true
  const held = details.gradient.value
  if (Object.is(sum, held) || sum === held) return true
  const size = details.cameFrom.reduce((s, { contribution: c }) => s + (c.kind === 'number' ? Math.abs(c.value) : 0), 0)
  return Math.abs(sum - held) <= 1e-9 * size
}
