/** Breakpoints as the graph shows them: the one that an element stands for, and the elements that some are on. */
import type { Origin } from '../../graph/groups.ts'
import type { GraphBreakpoint } from '../../protocol/host.ts'
import { callPath } from '../../tape/calls.ts'
import type { Tape } from '../../tape/tape.ts'
import { strings } from '../strings.ts'
import { opsOf, type Places } from './places.ts'

/** Elements that are told: more dots than that say nothing. */
const MAX_ELEMENTS = 5000

/** `alone`: on the op itself, not on every value that its code makes. */
export function breakpointOn(tape: Tape, places: Places, origin: Origin, alone: boolean): GraphBreakpoint {
  if ('call' in origin) {
    const path = callPath(tape, origin.call)
    const last = path.length - 1
    if (origin.repeats) path[last] = path[last]!.replace(/\d+/g, '*')
    return { kind: 'function', name: `grad:${path.join('/')}` }
  }
  const { op } = origin
  const site = tape.site(tape.table('op').site.at(op))
  if (alone || !site) return { kind: 'function', name: `grad:#${op}` }
  return { kind: 'source', path: site.path, line: site.startLine, column: places.columnOf(op) }
}

/** Ascending. */
export function elementsWith(tape: Tape, places: Places, breakpoints: readonly GraphBreakpoint[]): Int32Array {
  const s = strings('en')
  const found = new Set<number>()
  for (const breakpoint of breakpoints) {
    const place =
      breakpoint.kind === 'function'
        ? places.named(breakpoint.name, s)
        : places.onLine(places.source(breakpoint.path), breakpoint.line, breakpoint.column, s)
    if ('why' in place) continue
    for (const op of opsOf(tape, place.nodes)) {
      if (found.size >= MAX_ELEMENTS) break
      found.add(op)
    }
  }
  return Int32Array.from(found).sort()
}
