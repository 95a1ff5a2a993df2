/** Follows positions through the edits that were made since a run. Lines and columns count from 0. */

export interface Position {
  line: number
  character: number
}

export interface Change {
  start: Position
  end: Position
  text: string
}

interface Edit {
  start: Position
  /** The end of what was replaced, and of what stands there instead. */
  before: Position
  after: Position
}

const isBefore = (a: Position, b: Position) => a.line < b.line || (a.line === b.line && a.character < b.character)

export class Drift {
  private readonly edits: Edit[] = []

  /** From the text of the run to the text of now, when no edit was seen: what differs between the common lines. */
  static between(recorded: string, now: string): Drift {
    const drift = new Drift()
    const old = recorded.split(/\r?\n/)
    const current = now.split(/\r?\n/)
    let head = 0
    while (head < old.length && head < current.length && old[head] === current[head]) head++
    if (head === old.length && head === current.length) return drift
    let tail = 0
    const room = Math.min(old.length, current.length) - head
    while (tail < room && old[old.length - 1 - tail] === current[current.length - 1 - tail]) tail++
    drift.edits.push({
      start: { line: head, character: 0 },
      before: { line: old.length - tail, character: 0 },
      after: { line: current.length - tail, character: 0 },
    })
    return drift
  }

  get changed(): boolean {
    return this.edits.length > 0
  }

  /** How far a line can have moved down, and up. */
  get linesAdded(): number {
    return this.edits.reduce((sum, { before, after }) => sum + Math.max(0, after.line - before.line), 0)
  }

  get linesRemoved(): number {
    return this.edits.reduce((sum, { before, after }) => sum + Math.max(0, before.line - after.line), 0)
  }

  /** The changes of one event, which do not overlap and whose positions are those before all of them. */
  add(changes: readonly Change[]): void {
    // From the last to the first: none moves what comes before it.
    for (const { start, end, text } of [...changes].sort((a, b) => (isBefore(a.start, b.start) ? 1 : -1))) {
      const lines = text.split(/\r\n|\r|\n/)
      const last = lines.at(-1)!.length
      const after = { line: start.line + lines.length - 1, character: lines.length > 1 ? last : start.character + last }
      const newest = this.edits.at(-1)
      const typedOn = newest && newest.after.line === start.line && newest.after.character === start.character
      if (typedOn && !isBefore(start, end)) newest.after = after
      else this.edits.push({ start, before: end, after })
    }
  }

  /** Where a range of the run is now; null when something inside it was changed. */
  toNow(start: Position, end: Position): { start: Position; end: Position } | null {
    let range = { start, end }
    for (const { start: at, before, after } of this.edits) {
      if (!isBefore(range.start, before))
        range = { start: move(range.start, before, after), end: move(range.end, before, after) }
      else if (isBefore(at, range.end)) return null
    }
    return range
  }

  /** Where a position of now was in the run; null when it is in something that was written since. */
  toRun(position: Position): Position | null {
    for (const { start, before, after } of [...this.edits].reverse()) {
      if (isBefore(position, start)) continue
      if (isBefore(position, after)) return null
      position = move(position, after, before)
    }
    return position
  }
}

/** A position behind an edit whose end moved. */
function move(position: Position, from: Position, to: Position): Position {
  const character =
    position.line === from.line ? position.character + to.character - from.character : position.character
  return { line: position.line + to.line - from.line, character }
}
