/** Where a debugger stands still: what a client is told of it, and what can be asked there. */
import { reasonOf } from './breakpoints/requests.ts'
import type { Debugger } from './debugger.ts'
import { Refusal } from './given.ts'
import { Present } from './present.ts'
import type { Situation } from './situation.ts'
import { describe, ruleFrame, topFrame, whereabouts } from './stopTexts.ts'
import { Kind } from './timeline.ts'
import { View } from './views.ts'
import type { Stop } from './walker.ts'

export const THREAD = 1
export type Reason = 'step' | 'entry' | 'pause' | 'goto'

export class Stand {
  private readonly session: Debugger
  /** Null while nothing stands still. */
  view: View | null = null
  private stop: Stop | null = null
  /** What was asked of the script at this stop. */
  private now: Present | null = null
  private nextNumber = 1

  constructor(session: Debugger) {
    this.session = session
  }

  at(stop: Stop, reason: Reason): void {
    const { session } = this
    const { s, sources, counting, host, end, answering } = session
    const subject = session.recorded()
    const { timeline, walker, scopes } = subject
    const at = subject.situation(stop.moment)
    this.retire()
    this.stop = stop
    const top = walker.isInRule(stop.moment)
      ? ruleFrame(timeline, stop, sources, counting, s)
      : topFrame(timeline, stop, end, sources, counting, s)
    this.view = new View(host.tape, scopes, s, counting, (row) => sources.row(row), at, top, this.nextNumber)
    const why = stop.why === 'breakpoint' ? reasonOf(stop.hits) : reason
    const text = this.exceptionText()
    answering.event('stopped', {
      reason: why,
      description: describe(stop, why, s),
      ...(text === null ? {} : { text }),
      threadId: THREAD,
      allThreadsStopped: true,
      ...(stop.hits.length > 0 ? { hitBreakpointIds: stop.hits.map(({ id }) => id) } : {}),
    })
    this.tellPlace(stop, timeline.happens(stop.moment), at)
    void this.present()?.lookAhead()
  }

  /** Numbers of this stop are not given again. */
  retire(): void {
    if (this.view) this.nextNumber = this.view.next
    this.view = null
    this.stop = null
    this.now = null
  }

  /** Refuses where nothing stands still. */
  numbers(): View {
    if (!this.view) throw new Refusal(this.session.s.notStopped)
    return this.view
  }

  get hits(): Stop['hits'] {
    return this.stop?.hits ?? []
  }

  /** The script itself, when it waits here; null in the past and after the run. */
  present(): Present | null {
    const { session, stop } = this
    if (!session.script.waits || !stop || !session.subject?.isPresent(stop)) return null
    this.now ??= new Present(session.host, session.s, session.script.frames)
    return this.now
  }

  /** Somebody may have reached into the script where it waits: what that changed is shown at once. */
  async altered(): Promise<void> {
    const { stop, view, session } = this
    const subject = await session.grow()
    if (!stop || !view || stop !== this.stop) return
    const tick = subject.tickAt(stop)
    if (tick === subject.timeline.happens(stop.moment)) return
    view.advance(tick)
    this.tellPlace(stop, tick, view.situation(undefined))
    if (session.invalidates) session.answering.event('invalidated', { areas: ['variables'] })
  }

  /** What the exception filter that was hit says of this stop; null when none was. */
  exceptionText(): string | null {
    const target = this.hits.find((breakpoint) => breakpoint.target.at === 'filter')?.target
    if (target?.at !== 'filter') return null
    return target.filter.say(this.session.s, this.session.recorded().watch.moment(this.stop!.moment))
  }

  /** Of the script, when it raised and that is why it stands here. */
  traceback(): { stackTrace?: string } {
    const { end } = this.session
    const raised = this.stop && end?.kind === 'raised' && this.kind(this.stop) === Kind.raised
    return raised ? { stackTrace: end.error.traceback } : {}
  }

  private kind({ moment }: Stop): Kind {
    return this.session.recorded().timeline.kind(moment)
  }

  private tellPlace(stop: Stop, tick: number, at: Situation | null): void {
    const text = whereabouts(this.session.recorded().timeline, stop, this.session.s)
    this.session.answering.event('backprop/position', { tick, text, node: at?.op ?? -1 })
  }
}
