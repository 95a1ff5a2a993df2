/** `5`, `> 5`, `% 5`: which of the times that a breakpoint is reached count, from the run's start. */

export type HitCount = (ordinal: number) => boolean

/** Null when the text is no hit count. */
export function parseHitCount(text: string): HitCount | null {
  const found = /^\s*(>=|<=|>|<|={1,3}|%)?\s*(\d{1,15})\s*$/.exec(text)
  if (!found) return null
  const wanted = Number(found[2])
  switch (found[1]) {
    case '>':
      return (ordinal) => ordinal > wanted
    case '>=':
      return (ordinal) => ordinal >= wanted
    case '<':
      return (ordinal) => ordinal < wanted
    case '<=':
      return (ordinal) => ordinal <= wanted
    case '%':
      return wanted === 0 ? null : (ordinal) => ordinal % wanted === 0
    default:
      return (ordinal) => ordinal === wanted
  }
}
