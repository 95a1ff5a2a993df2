/** How a stop is told. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { RunEnd } from '../protocol/runtime.ts'
import { formatNumber } from '../protocol/number.ts'
import { titleOf } from '../tape/titles.ts'
import { sizeOf } from './situation.ts'
import type { Sources } from './sources.ts'
import type { Strings } from './strings.ts'
import { Kind, type Timeline } from './timeline.ts'
import { placed, type Counting } from './views.ts'
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

/** Where the debugger stands, in a sentence. */
export function whereabouts(timeline: Timeline, stop: Stop, s: Strings): string {
  if (stop.moment < 0) return s.entry
  if (stop.moment >= timeline.length) return s.atEnd
  const op = timeline.op(stop.moment)
  const title = op < 0 ? '' : titleOf(timeline.tape, op)
  const kind = timeline.kind(stop.moment)
  switch (kind) {
    case Kind.step:
      return s.beforeRule(title)
    case Kind.contribution:
    case Kind.seed:
      return s.gradientCame(title)
    case Kind.made:
      return s.wasMade(title)
    case Kind.write:
      return s.wasChanged(title)
    case Kind.settled:
      return s.isSettled(title)
    case Kind.raised:
      return s.exception
    default:
      return kind satisfies never
  }
}

/** Above the node: the statement of the rule that has just given it something. */
export function ruleFrame(
  timeline: Timeline,
  stop: Stop,
  sources: Sources,
  counting: Counting,
  s: Strings,
): Omit<DebugProtocol.StackFrame, 'id'> {
  const { tape } = timeline
  const row = timeline.row(stop.moment)
  const op = tape.table('step').op.at(timeline.step(stop.moment))
  const name = s.ruleGave(`${titleOf(tape, op)} (${tape.opName(op)})`, formatNumber(sizeOf(tape, row)))
  const site = tape.site(tape.table('contribution').site.at(row))
  if (!site) return { name, line: 0, column: 0, presentationHint: 'subtle' }
  return { name, ...placed(site, sources.row(site.source), counting) }
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
  const source = sources.of({ path: error.site.file, reference: 0 })
  return { name: s.raisedHere(type), ...placed(error.site, source, counting) }
}
