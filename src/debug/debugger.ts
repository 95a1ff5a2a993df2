/** One debug session: what is debugged, where it stands, and what a client may ask of it. Knows nothing of who the client is. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { GateFrame, GatePlan } from '../protocol/gate.ts'
import type { RunEnd } from '../protocol/runtime.ts'
import { Answering, type Answer, type Handler } from './answering.ts'
import { messageOf, type Breakpoint } from './breakpoints/breakpoint.ts'
import { told, type SourceGiven } from './breakpoints/requests.ts'
import { Places } from './breakpoints/places.ts'
import { BreakpointStore } from './breakpoints/store.ts'
import { breakpointHandlers } from './breakpointHandlers.ts'
import { Given, Refusal } from './given.ts'
import { lookingForNothing } from './gatePlan.ts'
import type { DebugHost } from './host.ts'
import { inspectionHandlers } from './inspectionHandlers.ts'
import { capabilities } from './capabilities.ts'
import { movementHandlers } from './movementHandlers.ts'
import { planOf, type Plan } from './plan.ts'
import { Sources } from './sources.ts'
import { Stand, THREAD, type Reason } from './stand.ts'
import { strings, type Strings } from './strings.ts'
import { Subject } from './subject.ts'
import { Telling } from './telling.ts'
import type { Counting } from './views.ts'
import type { Movement, Stop } from './walker.ts'

/** A movement looks for messages this often. */
const SLICE_MS = 30

export class Debugger {
  readonly host: DebugHost
  readonly answering: Answering
  s: Strings = strings('en')
  counting: Counting = { line: 1, column: 1 }
  store = new BreakpointStore(this.s)
  readonly sources: Sources
  subject: Subject | null = null
  readonly stand = new Stand(this)
  /** Whether it waits at the gate; its frames, where it has told them unasked. */
  readonly script: { waits: boolean; frames: GateFrame[] | null } = { waits: false, frames: null }
  /** How it ended. */
  end: RunEnd | null = null
  /** The client asks again for what is told to have changed. */
  invalidates = false
  private plan: Plan | null = null
  private launching = false
  private configured = false
  private state: 'idle' | 'recording' | 'moving' | 'standing' | 'over' = 'idle'
  private pausing = false
  private ended = false
  /** Where it goes while it moves. */
  private movement: Movement | null = null
  private reason: 'step' | 'entry' = 'step'
  private readonly telling = new Telling(this)
  private readonly handlers: Readonly<Record<string, Handler>>

  constructor(host: DebugHost) {
    this.host = host
    this.sources = new Sources(host)
    this.handlers = {
      initialize: (given) => this.initialize(new Given(given, this.s)),
      launch: (given) => this.launch(new Given(given, this.s)),
      configurationDone: () => ({ after: () => this.configure() }),
      threads: () => ({ body: { threads: [{ id: THREAD, name: this.s.threadName }] } }),
      pause: () => this.pause(),
      restart: () => this.restart(),
      terminate: () => ({ after: () => this.terminate() }),
      disconnect: () => ({ after: () => this.leave() }),
      // Whatever was asked is answered at once, so there is nothing left to cancel.
      cancel: () => ({}),
      ...movementHandlers(this),
      ...breakpointHandlers(this),
      ...inspectionHandlers(this),
    }
    this.answering = new Answering(
      (message) => host.send(message),
      (command) => (Object.hasOwn(this.handlers, command) ? this.handlers[command] : undefined),
      (command) => this.s.unknownRequest(command),
    )
  }

  receive(message: unknown): void {
    this.answering.receive(message)
  }

  /** What the script prints. */
  output(category: 'stdout' | 'stderr' | 'console' | 'important', output: string, more: object = {}): void {
    if (this.plan && this.state !== 'over') this.answering.event('output', { category, output, ...more })
  }

  /** For requests that need something recorded. */
  recorded(): Subject {
    if (!this.subject) throw new Refusal(this.s.notLaunched)
    return this.subject
  }

  /** Before a script has made its first node, what is known of its code. */
  places(): Places {
    if (this.subject) return this.subject.places
    const places = new Places(this.host.tape)
    places.open = this.state === 'recording'
    return places
  }

  /** Breakpoints changed. */
  rewatch(): void {
    this.subject?.watch.set(this.store.all())
  }

  tell = (breakpoint: Breakpoint): DebugProtocol.Breakpoint =>
    told(breakpoint, this.counting, (given: SourceGiven) => this.sources.of(given))

  private initialize(given: Given): Answer {
    // Who asks again in the middle is told again, and nothing changes.
    if (this.plan || this.launching) return { body: capabilities(this.s) }
    this.s = strings(given.optionalText('locale') ?? 'en')
    this.invalidates = given.flag('supportsInvalidatedEvent', false)
    if (this.store.all().length === 0) this.store = new BreakpointStore(this.s)
    this.counting = {
      line: given.flag('linesStartAt1', true) ? 1 : 0,
      column: given.flag('columnsStartAt1', true) ? 1 : 0,
    }
    return { body: capabilities(this.s) }
  }

  private async launch(given: Given): Promise<Answer> {
    if (this.plan) throw new Refusal(this.s.launchedAlready)
    if (this.launching) throw new Refusal(this.s.launchedAlready)
    this.launching = true
    const plan = await planOf(given, this.host, this.s).finally(() => (this.launching = false))
    if (this.isOver()) throw new Refusal(this.s.notLaunched)
    if (plan.kind === 'recording') await this.prepare(plan)
    this.plan = plan
    return {
      after: () => {
        this.answering.event('initialized')
        if (this.configured) void this.begin(plan)
      },
    }
  }

  private configure(): void {
    if (this.configured) return
    this.configured = true
    if (this.plan) void this.begin(this.plan)
  }

  /** From here on nothing can be refused any more: what goes wrong is told and ends the session. */
  private async begin(plan: Plan): Promise<void> {
    try {
      this.state = 'recording'
      const ended = plan.start()
      if (this.script.waits) this.wait(plan).catch((error: unknown) => this.fail(error))
      this.end = await ended
      this.ended = true
      this.script.waits = false
      if (this.isOver()) return
      this.telling.ended(this.end)
      // Only what nobody has to run again begins again by itself.
      if (this.end === null) this.answering.event('capabilities', { capabilities: { supportsRestartRequest: true } })
      if (!plan.debug) return this.finish()
      const live = this.subject !== null && plan.kind !== 'recording'
      const subject = live ? await this.grow() : (this.subject ?? (await this.prepare(plan)))
      if (this.isOver()) return
      if (live) {
        if (this.movement) this.go(this.movement, this.reason)
        return
      }
      if (this.end && this.host.tape.events('followed').length > 0) this.output('important', `${this.s.followed}\n`)
      if (this.host.tape.passes === 0) this.output('important', `${this.s.noPasses}\n`)
      this.enter(subject, plan)
    } catch (error) {
      this.fail(error)
    }
  }

  private fail(error: unknown): void {
    this.output('important', `${messageOf(error, this.s)}\n`)
    this.host.stop()
    this.finish()
  }

  /** The script waits at the gate: everything that it did is on the tape. */
  waiting(frames: GateFrame[] | null): void {
    this.script.waits = true
    this.script.frames = frames
    if (this.plan && this.configured && this.state !== 'over')
      this.wait(this.plan).catch((error: unknown) => this.fail(error))
  }

  private async wait(plan: Plan): Promise<void> {
    if (!plan.debug) return this.goOn(lookingForNothing)
    const first = this.subject === null
    const subject = first ? await this.prepare(plan) : await this.grow()
    if (this.isOver()) return
    if (first) this.enter(subject, plan)
    else if (this.movement) this.go(this.movement, this.reason)
  }

  async grow(): Promise<Subject> {
    const subject = this.recorded()
    await this.sources.look()
    this.telling.changed(subject.grow(this.store, this.ended))
    return subject
  }

  /** The script runs on until something may have happened that this movement ends at. */
  private goOn(plan: GatePlan): void {
    this.script.waits = false
    this.script.frames = null
    void this.host.command({ kind: 'go', ...plan })
  }

  private async prepare({ stopOn, justMyCode }: Plan): Promise<Subject> {
    const { tape } = this.host
    await this.sources.look()
    this.subject = new Subject(tape, stopOn, this.script.waits, this.s, {
      failed: (breakpoint, error) => this.telling.failed(breakpoint, error),
      print: (breakpoint, moment) => this.telling.print(breakpoint, moment),
    })
    this.subject.walker.intoRules = !justMyCode && stopOn !== 'forward'
    this.telling.changed(this.store.resolve(tape, this.subject.places))
    this.rewatch()
    return this.subject
  }

  private enter({ walker, timeline }: Subject, plan: Plan): void {
    if (plan.startAt === 'end') walker.position = timeline.length
    if (plan.startAt === 'end' && plan.stopOnEntry)
      return this.standAt({ moment: timeline.length, why: 'end', hits: [] }, 'entry')
    // What still runs is paused wherever it is.
    const stops = plan.stopOnEntry || (this.pausing && !walker.open)
    const goal = stops ? (moment: number) => walker.isStation(moment) : null
    this.go(walker.towards(goal), 'entry')
  }

  /** Leaves where it stands. */
  move(movement: () => Movement, body?: object): Answer {
    this.stand.numbers()
    const wanted = movement()
    this.stand.retire()
    this.state = 'moving'
    return { ...(body ? { body } : {}), after: () => this.go(wanted, 'step') }
  }

  /** In slices, so that a pause, a new breakpoint or the end of the session are heard. */
  private go(movement: Movement, reason: 'step' | 'entry'): void {
    if (this.isOver()) return
    this.state = 'moving'
    const { walker, timeline } = this.recorded()
    this.movement = movement
    this.reason = reason
    const stop = walker.walk(movement, performance.now() + SLICE_MS)
    if (stop === null) {
      if (this.pausing) this.standAt({ moment: walker.position, why: 'step', hits: [] }, 'pause')
      else setTimeout(() => this.go(movement, reason), 0)
    } else if (stop.why === 'more') {
      if (this.pausing && stop.moment >= 0) this.standAt({ ...stop, why: 'step' }, 'pause')
      else if (this.script.waits) this.goOn(this.recorded().planner.plan(movement))
    } else if (stop.why === 'end' && (movement.goal === null || movement.from >= timeline.length)) this.finish()
    else this.standAt(stop, stop.why === 'start' ? 'entry' : reason)
  }

  standAt(stop: Stop, reason: Reason): void {
    this.state = 'standing'
    this.movement = null
    this.pausing = false
    this.stand.at(stop, reason)
  }

  private pause(): Answer {
    if (this.state === 'recording' && !this.subject) this.output('console', `${this.s.recording}\n`)
    this.pausing = this.state === 'recording' || this.state === 'moving'
    if (this.pausing) void this.host.command({ kind: 'pause' })
    return {}
  }

  /** A recording begins again at its first step; for a script the client starts a fresh session, with a fresh sandbox. */
  private restart(): Answer {
    if (!this.plan || this.isOver()) throw new Refusal(this.s.notLaunched)
    if (this.ended && this.end === null && this.subject) {
      const { walker } = this.recorded()
      return {
        after: () => {
          walker.position = walker.first()
          this.standAt({ moment: walker.position, why: 'step', hits: [] }, 'entry')
        },
      }
    }
    return {
      after: () => {
        this.host.stop()
        this.over({ restart: true })
      },
    }
  }

  private finish(): void {
    if (this.end) this.answering.event('exited', { exitCode: this.end.kind === 'done' ? this.end.exitCode : 1 })
    this.over()
  }

  private terminate(): void {
    this.host.stop()
    this.over()
  }

  private leave(): void {
    this.host.stop()
    this.over()
    this.host.left()
  }

  private over(body?: object): void {
    if (this.isOver()) return
    this.state = 'over'
    this.stand.retire()
    this.answering.event('terminated', body)
  }

  isOver(): boolean {
    return this.state === 'over'
  }
}
