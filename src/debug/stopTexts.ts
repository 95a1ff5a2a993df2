/** How a stop is told. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { RunEnd } from '../protocol/runtime.ts'
import type { Sources } from './sources.ts'
import type { Strings } from './strings.ts'
import { Kind, type Timeline } from './timeline.ts'
import type { Counting } from './views.ts'
import type { Stop } from './walker.ts'

export function describe(stop: Stop, reason: string, s: Strings): string {
  if (stop.why === 'end') return s.atEnd
  const said: Readonly<Record<string, string>> = {
    exception: s.exception,
    breakpoint: s.breakpoint,
    'function breakpoint': s.breakpoint,
    'data breakpoint': s.dataBreakpoint,
    entry: s.entry,
    pause: s.pause,
    goto: s.goto,
  }
  return said[reason] ?? s.step
}

/** Above the node: the line that raised, or the end. */
export function topFrame(
  timeline: Timeline,
  stop: Stop,
  end: RunEnd | null,
  sources: Sources,
  counting: Counting,
  s: Strings,
): Omit<DebugProtocol.StackFrame, 'id'> | null {
  if (stop.moment < 0 || stop.moment >= timeline.length)
    return { name: s.endOfRecording, line: 0, column: 0, presentationHint: 'subtle' }
  if (timeline.kind(stop.moment) !== Kind.raised) return null
  const error = end?.kind === 'raised' ? end.error : null
  const { tape } = timeline
  const type = error?.type ?? tape.tables.string(tape.table('event').text.at(timeline.row(stop.moment))).split(':')[0]!
  if (!error?.site) return { name: s.raisedHere(type), line: 0, column: 0 }
  const { file, startLine, startColumn, endLine, endColumn } = error.site
  return {
    name: s.raisedHere(type),
    source: sources.of({ path: file, reference: 0 }),
    line: startLine - 1 + counting.line,
    column: startColumn + counting.column,
    endLine: endLine - 1 + counting.line,
    endColumn: endColumn + counting.column,
  }
}
