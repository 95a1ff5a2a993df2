/** Which vertical track each line takes in the gap between two layers. */

/** A line that enters a gap at height `start` and leaves it at one or more heights between `low` and `high`. */
export interface Wire {
  start: number
  low: number
  high: number
  track: number
  /** Where its vertical piece is; set by the caller. */
  x: number
}

const TRACK = 10
/** Gaps do not grow beyond so many tracks' worth; the tracks move closer. */
const WIDEST = 240
/** More wires than this are not untangled, only spread. */
const MANY = 400

/** Gives every wire its track; returns the room they take. Straight wires take none. */
export function routeGap(wires: readonly Wire[]): { width: number; step: number } {
  const bent = wires.filter((wire) => wire.high - wire.low > 0.5)
  // Of lines that go down the lowest turns first, of lines that go up the highest: then they do not cross.
  const goesDown = (wire: Wire) => wire.high - wire.start >= wire.start - wire.low
  const down = bent.filter(goesDown).sort((a, b) => b.start - a.start)
  const up = bent.filter((wire) => !goesDown(wire)).sort((a, b) => a.start - b.start)
  const placed: Wire[] = []
  let tracks = 0
  for (const wire of [...down, ...up]) {
    wire.track = 0
    if (bent.length > MANY) wire.track = placed.length % 24
    else
      for (const other of placed)
        if (other.low <= wire.high + 1 && wire.low <= other.high + 1) wire.track = Math.max(wire.track, other.track + 1)
    tracks = Math.max(tracks, wire.track + 1)
    placed.push(wire)
  }
  if (tracks <= 1) return { width: 0, step: 0 }
  const width = Math.min(WIDEST, (tracks - 1) * TRACK)
  return { width, step: width / (tracks - 1) }
}
