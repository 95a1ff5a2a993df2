/** Ops by name, op, expression, or line (`:12`). */
import type { Tape } from '../tape/tape.ts'

/** How well an op matches: names before ops before code; whole words before beginnings before parts. */
const rank = { name: 0, op: 3, code: 6, none: 9 } as const

/** All matching ops, best first, then in the order they were made. */
export function searchOps(tape: Tape, text: string): number[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return []
  const line = /^[^:]*:(\d+)$/.exec(wanted)
  return line ? opsOfLine(tape, Number(line[1]), wanted.slice(0, wanted.indexOf(':'))) : opsOfText(tape, wanted)
}

function opsOfLine(tape: Tape, line: number, file: string): number[] {
  const { site, rows } = tape.table('op')
  const { startLine, endLine, source } = tape.table('site')
  const found: number[] = []
  for (let op = 0; op < rows; op++) {
    const at = site.at(op)
    if (at < 0 || startLine.at(at) > line || endLine.at(at) < line) continue
    if (tape.sourcePath(source.at(at)).toLowerCase().includes(file)) found.push(op)
  }
  return found
}

function opsOfText(tape: Tape, wanted: string): number[] {
  const table = tape.table('op')
  const best = new Uint8Array(table.rows).fill(rank.none)
  // Texts repeat: each is compared once.
  const texts = memo((id) => match(tape.tables.string(id), wanted))
  const codes = memo((site) => match(tape.siteText(site).replace(/\s+/g, ' '), wanted))
  const { value, path, rows } = tape.table('name')
  const opOf = tape.table('value').op
  for (let row = 0; row < rows; row++) {
    const op = opOf.at(value.at(row))
    best[op] = Math.min(best[op]!, rank.name + texts(path.at(row)))
  }
  for (let op = 0; op < table.rows; op++) {
    best[op] = Math.min(best[op]!, rank.op + texts(table.name.at(op)))
    if (table.site.at(op) >= 0) best[op] = Math.min(best[op]!, rank.code + codes(table.site.at(op)))
  }
  const hits: number[] = []
  for (let level = 0; level < rank.none; level++)
    for (let op = 0; op < table.rows; op++) if (best[op] === level) hits.push(op)
  return hits
}

/** 0 the same, 1 the beginning, 2 a part, 9 nothing of it. */
function match(text: string, wanted: string): number {
  const lower = text.toLowerCase()
  if (lower === wanted) return 0
  if (lower.startsWith(wanted)) return 1
  return lower.includes(wanted) ? 2 : rank.none
}

function memo(compute: (id: number) => number): (id: number) => number {
  const known = new Map<number, number>()
  return (id) => {
    let result = known.get(id)
    if (result === undefined) {
      result = compute(id)
      known.set(id, result)
    }
    return result
  }
}
