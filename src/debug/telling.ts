/** What is told without being asked: messages of logpoints, breakpoints that changed, how a run ended. */
import type { RunEnd } from '../protocol/runtime.ts'
import { gradientAt } from '../tape/gradient.ts'
import { messageOf, type Breakpoint } from './breakpoints/breakpoint.ts'
import { render } from './breakpoints/logMessage.ts'
import type { Debugger } from './debugger.ts'

export class Telling {
  private readonly session: Debugger

  constructor(session: Debugger) {
    this.session = session
  }

  changed(breakpoints: readonly Breakpoint[]): void {
    const { answering, tell } = this.session
    for (const breakpoint of breakpoints)
      if (breakpoint.request.kind !== 'filter')
        answering.event('breakpoint', { reason: 'changed', breakpoint: tell(breakpoint) })
  }

  print(breakpoint: Breakpoint, moment: number): void {
    const { session } = this
    const { tape } = session.host
    const { watch, timeline } = session.recorded()
    try {
      const names = watch.names(moment, (value, tick) => gradientAt(tape, value, tick))
      const output = `${render(breakpoint.log!, names)}\n`
      const site = tape.site(tape.table('op').site.at(timeline.op(moment)))
      const line = (site?.startLine ?? 0) - 1 + session.counting.line
      session.output('console', output, site ? { source: session.sources.row(site.source), line } : {})
    } catch (error) {
      this.failed(breakpoint, error)
    }
  }

  /** The run goes on: a breakpoint that cannot be asked is told once and does not stop. */
  failed(breakpoint: Breakpoint, error: unknown): void {
    const { s } = this.session
    if (breakpoint.failed) return
    breakpoint.failed = true
    this.session.output('important', `${s.conditionFailed(messageOf(error, s))}\n`)
  }

  /** What the script itself did not print. */
  ended(end: RunEnd | null): void {
    if (end?.kind === 'limit' || end?.kind === 'crashed') this.session.output('important', `${end.message}\n`)
    if (end?.kind === 'raised' && end.error.hint) this.session.output('important', `${end.error.hint}\n`)
  }
}
