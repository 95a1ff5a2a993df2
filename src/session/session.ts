/**
 * Owns one run: its runtime, its append-only tape, and what is known about how it goes. A session may also be
 * opened on a recording; both then look the same from outside.
 */
import type { GateCommand, GateFrame, GateReply } from '../protocol/gate.ts'
import type { RunEnd, RunRequest, RunSink, Runtime, RuntimeInfo, SourceReader, Run } from '../protocol/runtime.ts'
import type { Overview, PassSummary } from '../protocol/view.ts'
import { concat, Encoder, preamble } from '../tape/encode.ts'
import { Tape } from '../tape/tape.ts'
import { stepStop } from '../tape/stops.ts'
import { titleOf } from '../tape/titles.ts'
import { parseFacts, type RunFacts } from './facts.ts'
import { isForward } from './forward.ts'

export interface SessionListener {
  output?(stream: 'stdout' | 'stderr', chunk: Uint8Array): void
  ready?(info: RuntimeInfo): void
  /** The tape grew; called at most every `GROWTH_MS`, and more rarely where showing it takes long. */
  grown?(): void
  ended?(end: RunEnd): void
  /** The script waits at the gate: what it did so far is on the tape. `frames`: those that it tells unasked. */
  waiting?(frames: GateFrame[] | null): void
}

const GROWTH_MS = 200
/** A picture of a run that goes on takes a fifth of the time at most: it is the script that one waits for. */
const RESTS = 4
/** A timeline shows no more dots than this. */
const MAX_STEP_TICKS = 4096
const MAX_TOLD = 5

export class Session {
  readonly tape = new Tape()
  private readonly chunks: Uint8Array[] = []
  private readonly listener: SessionListener
  private facts: RunFacts | null = null
  private script = ''
  private info: RuntimeInfo | null = null
  private started = 0
  private run: Run | null = null
  private notices: string[] = []
  private fault: string | null = null
  private followed = 0
  private growth: ReturnType<typeof setTimeout> | null = null
  /** No growth is told before, unless the script waits. */
  private restsUntil = 0
  private waits = false
  /** Grows with every change of the tape. */
  revision = 0
  /** Everything is on the tape: how the run ended, null for a recording that was opened. */
  readonly recorded: Promise<RunEnd | null>
  private settle!: (end: RunEnd | null) => void

  constructor(listener: SessionListener = {}) {
    this.listener = listener
    this.recorded = new Promise((settle) => (this.settle = settle))
  }

  /** Runs a script; resolves when it has ended and everything it wrote is on the tape. */
  async start(runtime: Runtime, request: RunRequest, files: SourceReader): Promise<RunEnd> {
    this.script = request.script
    this.started = performance.now()
    const sink: RunSink = {
      wire: (chunk) => this.take(chunk),
      output: (stream, chunk) => this.listener.output?.(stream, chunk),
      ready: (info) => {
        this.info = info
        this.started = performance.now()
        this.listener.ready?.(info)
      },
      followed: (count) => {
        this.followed = count
        this.grow()
      },
      notice: (text) => this.notices.push(text),
      waiting: (frames) => {
        this.waits = true
        this.listener.waiting?.(frames)
      },
    }
    this.run = runtime.start(request, files, sink)
    const ended = await this.run.ended
    const end: RunEnd = this.fault ? { kind: 'crashed', message: this.fault } : ended
    const unseen = request.capture ? await this.sourcesLeftOut(files, end) : []
    this.close(
      {
        script: this.script,
        info: this.info,
        end,
        seconds: (performance.now() - this.started) / 1000,
        notices: this.notices,
      },
      unseen,
    )
    return end
  }

  /** Opens a recording. Throws a `WireError`; what came before the fault is then on the tape, and `end` says so. */
  open(bytes: Uint8Array): void {
    this.chunks.push(bytes)
    let fault: unknown = null
    try {
      this.tape.push(bytes)
      this.tape.finish()
    } catch (error) {
      fault = error
    }
    const facts = this.tape.meta('run')
    try {
      this.facts = facts === '' ? null : parseFacts(facts)
    } catch (error) {
      fault ??= error
    }
    this.script = this.facts?.script ?? (this.tape.meta('script') || this.tape.sourcePath(0))
    this.info = this.facts?.info ?? null
    this.revision++
    if (fault) {
      const message = fault instanceof Error ? fault.message : String(fault)
      this.facts = { script: this.script, info: this.info, end: { kind: 'crashed', message }, seconds: 0, notices: [] }
      throw fault
    }
    this.facts ??= { script: this.script, info: null, end: { kind: 'done', exitCode: 0 }, seconds: 0, notices: [] }
    this.settle(null)
  }

  /** The run ends within a second; the tape keeps what was recorded. */
  stop(): void {
    this.run?.stop()
  }

  /** Tells a script that waits at the gate what to do; null when it went on, or is over. */
  command(command: GateCommand): Promise<GateReply | null> {
    if (command.kind === 'go') this.waits = false
    return this.run?.command(command) ?? Promise.resolve(null)
  }

  /** The bytes of a `.tape` file: the wire as it came, and how the run went. */
  bytes(): Uint8Array {
    return concat(this.chunks)
  }

  overview(): Overview {
    const facts = this.facts
    return {
      script: this.script,
      state: facts ? 'ended' : 'running',
      end: facts?.end ?? null,
      info: this.info,
      seconds: facts?.seconds ?? (performance.now() - this.started) / 1000,
      nodes: this.tape.ops,
      followed: this.followed,
      lastTick: this.tape.lastTick,
      passes: Array.from({ length: this.tape.passes }, (_, pass) => passSummary(this.tape, pass)),
      sources: Array.from({ length: this.tape.tables.rowsOf('source') }, (_, id) => ({
        id,
        path: this.tape.sourcePath(id),
      })),
      notices: [...this.tape.events('notice'), ...alterations(this.tape), ...(facts?.notices ?? this.notices)],
      findings: [],
      revision: this.revision,
    }
  }

  private take(chunk: Uint8Array): void {
    if (this.fault) return
    this.chunks.push(chunk)
    try {
      this.tape.push(chunk)
    } catch (error) {
      this.fault = error instanceof Error ? error.message : String(error)
      this.run?.stop()
    }
    this.revision++
    this.grow()
  }

  /** Showing the tape as it is took so long. */
  pictured(milliseconds: number): void {
    this.restsUntil = Math.max(this.restsUntil, performance.now()) + RESTS * milliseconds
  }

  private grow(): void {
    this.growth ??= setTimeout(() => this.tellGrowth(), GROWTH_MS)
  }

  private tellGrowth(): void {
    const rests = !this.waits && performance.now() < this.restsUntil
    this.growth = rests ? setTimeout(() => this.tellGrowth(), GROWTH_MS) : null
    if (!rests) this.listener.grown?.()
  }

  /** The tracer writes the files whose code made values; a script that made none, or did not parse, is to be read too. */
  private async sourcesLeftOut(files: SourceReader, end: RunEnd): Promise<{ path: string; content: string }[]> {
    const known = Array.from({ length: this.tape.tables.rowsOf('source') }, (_, id) => this.tape.sourcePath(id))
    const wanted = new Set([this.script, ...(end.kind === 'raised' && end.error.site ? [end.error.site.file] : [])])
    const sources: { path: string; content: string }[] = []
    for (const path of wanted) {
      if (known.includes(path)) continue
      try {
        sources.push({ path, content: new TextDecoder('utf-8', { fatal: true }).decode(await files.read(path)) })
      } catch {
        // Not a text, or not to be read: the run's own error says so.
      }
    }
    return sources
  }

  /** Writes the facts behind the last whole block: a run that was killed may have ended inside one. */
  private close(facts: RunFacts, sources: { path: string; content: string }[]): void {
    if (this.growth) clearTimeout(this.growth)
    this.growth = null
    this.facts = facts
    const whole = concat(this.chunks.splice(0)).subarray(0, this.tape.discardPartial())
    const encoder = new Encoder(this.tape.tables.text, (table) => this.tape.tables.rowsOf(table))
    for (const source of sources) encoder.add('source', source)
    encoder.add('meta', { key: 'run', value: JSON.stringify(facts) })
    this.chunks.push(whole.length > 0 ? whole : preamble(), encoder.flush())
    this.tape.tables.compact()
    this.revision++
    this.listener.ended?.(facts.end)
    this.settle(facts.end)
  }
}

/** A recording that somebody has reached into says so. */
function alterations(tape: Tape): string[] {
  const said = tape.events('intervention')
  const more = said.length > MAX_TOLD ? `, and ${said.length - MAX_TOLD} more` : ''
  return said.length === 0
    ? []
    : [`while it was debugged this was run in it: ${said.slice(0, MAX_TOLD).join('; ')}${more}`]
}

function passSummary(tape: Tape, pass: number): PassSummary {
  const steps = tape.rows('stepsOfPass', pass)
  const stride = Math.max(1, Math.ceil(steps.length / MAX_STEP_TICKS))
  const shown: number[] = []
  for (let i = stride - 1; i < steps.length; i += stride) shown.push(i)
  if (steps.length % stride > 0) shown.push(steps.length - 1)
  const root = tape.roots(pass)[0]
  return {
    title: root === undefined ? `pass ${pass + 1}` : titleOf(tape, tape.table('value').op.at(root)),
    forward: isForward(tape, pass),
    roots: tape.roots(pass).map((value) => tape.table('value').op.at(value)),
    startTick: tape.passStart(pass),
    endTick: Math.min(tape.passEnd(pass), tape.lastTick),
    stepTicks: Int32Array.from(shown, (i) => stepStop(tape, steps, i)),
    steps: steps.length,
  }
}
