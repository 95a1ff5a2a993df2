/** The embedded runtime as the session sees it: one sandboxed process per run, started ahead when asked. */

import { posix } from 'node:path'
import type { GateCommand, GateReply } from '../../protocol/gate.ts'
import type { RunEnd, RunRequest, RunSink, Run, Runtime, SourceReader } from '../../protocol/runtime.ts'
import { Drafts } from './draft.ts'
import { firstAbove } from './above.ts'
import { folderOf, gather, hostPath, insideName, insidePath, isWindows } from './files.ts'
import { Frame, type SandboxRequest } from './frames.ts'
import { parseGateMessage, type GateMessage } from './gateFrames.ts'
import { hintFor } from './hints.ts'
import { parseOutcome, type Outcome } from './outcome.ts'
import { Sandbox } from './sandbox.ts'

/** From the interrupt to the kill when the user stops a run … */
const STOP_GRACE_MS = 600
/** … and when a limit does: the tracer may still have to pack what it recorded. */
const LIMIT_GRACE_MS = 3000
const WARM_MS = 5 * 60_000

export interface EmbeddedPython extends Runtime {
  /** Starts a sandbox that waits for the next run; it ends after five idle minutes. */
  warm(): void
  /** Ends a waiting sandbox. Runs go on. */
  dispose(): void
}

export interface EmbeddedPythonOptions {
  /** The folder that `buildEmbeddedPython` filled. */
  dist: string
  /** false: without Node's permission model, an extra wall that may be inert in Electron. The other layers hold alone. */
  permission?: boolean
}

export function embeddedPython({ dist, permission = true }: EmbeddedPythonOptions): EmbeddedPython {
  let waiting: { sandbox: Sandbox; timer: NodeJS.Timeout } | null = null

  const dispose = () => {
    if (!waiting) return
    clearTimeout(waiting.timer)
    waiting.sandbox.kill()
    waiting = null
  }
  return {
    id: 'embeddedPython',
    warm() {
      if (waiting && !waiting.sandbox.over) return
      dispose()
      waiting = { sandbox: new Sandbox(dist, permission), timer: setTimeout(dispose, WARM_MS) }
      waiting.timer.unref()
      waiting.sandbox.unref()
    },
    dispose,
    start(request, files, sink) {
      let sandbox: Sandbox
      if (waiting && !waiting.sandbox.over) {
        clearTimeout(waiting.timer)
        sandbox = waiting.sandbox
        waiting = null
        sandbox.ref()
      } else sandbox = new Sandbox(dist, permission)
      return new EmbeddedRun(sandbox, request, files, sink)
    },
  }
}

class EmbeddedRun implements Run {
  readonly ended: Promise<RunEnd>
  private readonly sandbox: Sandbox
  private readonly request: RunRequest
  private readonly files: SourceReader
  private readonly sink: RunSink
  /** Why the run is being ended from outside, once it is. */
  private cause: RunEnd | null = null
  private readonly timers: NodeJS.Timeout[] = []
  /** Ends the run when its time is up; how long it ran before it went on last, and when that was. */
  private clock: NodeJS.Timeout | null = null
  private ranMs = 0
  private wentOn = 0
  /** The script waits at the gate, and who waits for its answers. */
  private waits = false
  private readonly asked: ((reply: GateReply | null) => void)[] = []
  private printed = 0
  private readonly drafts = new Drafts()
  private wireBytes = 0

  constructor(sandbox: Sandbox, request: RunRequest, files: SourceReader, sink: RunSink) {
    this.sandbox = sandbox
    this.request = request
    this.files = files
    this.sink = sink
    this.ended = this.run().catch((error: unknown): RunEnd => {
      this.sandbox.kill()
      return this.cause ?? { kind: 'crashed', message: error instanceof Error ? error.message : String(error) }
    })
    void this.ended.then(() => {
      this.timers.forEach(clearTimeout)
      if (this.clock) clearTimeout(this.clock)
      this.waits = false
      for (const resolve of this.asked.splice(0)) resolve(null)
    })
  }

  stop(): void {
    this.end({ kind: 'stopped' }, STOP_GRACE_MS)
  }

  command(command: GateCommand): Promise<GateReply | null> {
    if (command.kind === 'pause') {
      if (!this.waits) this.sandbox.send(Frame.pause, new Uint8Array(0))
      return Promise.resolve(null)
    }
    if (!this.waits) return Promise.resolve(null)
    if (command.kind === 'go') {
      this.goOn()
      this.tell(command)
      return Promise.resolve(null)
    }
    return new Promise((resolve) => {
      this.asked.push(resolve)
      this.tell(command)
    })
  }

  private tell(command: GateCommand): void {
    this.sandbox.send(Frame.command, new TextEncoder().encode(`${JSON.stringify(command)}\n`))
  }

  private hear(message: GateMessage): void {
    if (message.kind !== 'waiting') {
      this.asked.shift()?.(message)
      return
    }
    this.waits = true
    if (this.clock) clearTimeout(this.clock)
    this.ranMs += performance.now() - this.wentOn
    this.sink.waiting?.(message.frames)
  }

  /** The script runs, or runs on; only then its time counts. */
  private goOn(): void {
    this.waits = false
    this.wentOn = performance.now()
    const { seconds } = this.request.limits
    const message = `the script ran longer than ${seconds} s`
    const left = Math.max(seconds * 1000 - this.ranMs, 0)
    this.clock = setTimeout(() => this.end({ kind: 'limit', limit: 'time', message }, LIMIT_GRACE_MS), left)
  }

  private async run(): Promise<RunEnd> {
    const given = await gather(this.request.script, this.files, this.request.folders)
    const info = await this.sandbox.ready
    this.sink.ready(info)
    for (const notice of given.notices) this.sink.notice(notice)
    const payload: SandboxRequest = {
      script: insidePath(this.request.script),
      target: given.target,
      above: given.above,
      argv0: insideName(this.request.argv0 ?? this.request.script, this.request.script),
      windows: isWindows(this.request.script) ? this.request.script[0]! : null,
      args: this.request.args,
      cwd: insidePath(this.request.cwd),
      folders: (this.request.folders ?? []).map(insidePath),
      capture: this.request.capture,
      gated: this.request.gated ?? false,
      nodes: this.request.limits.nodes,
      megabytes: this.request.limits.megabytes,
      stdin: this.request.stdin ?? '',
      files: given.files.map(({ path }) => path),
    }
    const end = await this.endOf(payload, given.files)
    // Killed before the tracer could tell what happened: what it last knew is better than nothing.
    for (const part of this.drafts.fitting(this.wireBytes)) this.sink.wire(part)
    return this.cause ?? (await this.conclude(end))
  }

  /** Sends the run. The process that has said its end takes a while to give its memory back; nobody waits for that. */
  private endOf(payload: SandboxRequest, files: { bytes: Uint8Array }[]): Promise<RunEnd | Outcome> {
    return new Promise((resolve) => {
      let last: RunEnd | Outcome | null = null
      const over = this.sandbox.listen((kind, bytes) => {
        // The end is said once: what a script left behind (a timer) may still run, and fail, until the kill arrives.
        if (last) return
        last = this.receive(kind, bytes)
        if (!last) return
        this.sandbox.kill()
        resolve(last)
      })
      void over.then((message) => resolve({ kind: 'crashed', message }))
      if (this.cause) return
      this.sandbox.send(Frame.run, new TextEncoder().encode(JSON.stringify(payload)))
      for (const file of files) this.sandbox.send(Frame.file, file.bytes)
    })
  }

  /** Handles one frame; returns how the run ended when the frame says so. */
  private receive(kind: number, bytes: Uint8Array): RunEnd | Outcome | null {
    switch (kind) {
      case Frame.started:
        this.goOn()
        return null
      case Frame.wire:
        this.wireBytes += bytes.length
        this.sink.wire(bytes)
        return null
      case Frame.draft: {
        const followed = this.drafts.take(bytes)
        if (followed !== null) this.sink.followed?.(followed)
        return null
      }
      case Frame.stdout:
      case Frame.stderr:
        this.print(kind === Frame.stdout ? 'stdout' : 'stderr', bytes)
        return null
      case Frame.gate:
        if (!this.request.gated) throw new Error('a gate that nobody asked for')
        this.hear(parseGateMessage(bytes))
        return null
      case Frame.outcome:
        return parseOutcome(bytes)
      case Frame.memory:
        return {
          kind: 'limit',
          limit: 'memory',
          message: `the script used more than ${this.request.limits.megabytes} MiB (${new TextDecoder().decode(bytes)})`,
        }
      case Frame.crashed:
        return { kind: 'crashed', message: new TextDecoder().decode(bytes) }
      default:
        throw new Error(`the sandbox sent an unknown frame (${kind})`)
    }
  }

  private print(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    const room = this.request.limits.outputBytes - this.printed
    if (room <= 0) return
    this.printed += bytes.length
    this.sink.output(stream, bytes.subarray(0, room))
    if (bytes.length <= room) return
    const message = `the script printed more than ${this.request.limits.outputBytes} bytes`
    this.end({ kind: 'limit', limit: 'output', message }, LIMIT_GRACE_MS)
  }

  /** Interrupts, so that the tracer can hand over what it holds, then kills. */
  private end(cause: RunEnd, graceMs: number): void {
    if (this.cause) {
      // A stop while a limit's longer grace runs.
      if (cause.kind === 'stopped') this.timers.push(setTimeout(() => this.sandbox.kill(), graceMs))
      return
    }
    this.cause = cause
    this.sandbox.send(Frame.interrupt, new Uint8Array(0))
    this.timers.push(setTimeout(() => this.sandbox.kill(), graceMs))
  }

  /**
   * Whether a path that the script named is there, in its working folder or beside its own. It is not read, and
   * nothing further away is touched: naming it may hang (`/dev/zero`) or reach the network (`//server/share`).
   */
  private async existsNearby(path: string): Promise<boolean> {
    const { script, cwd } = this.request
    const at = posix.resolve(insidePath(cwd), path)
    const roots = [insidePath(cwd), posix.dirname(posix.dirname(insidePath(script)))]
    if (!roots.some((root) => root !== '/' && at.startsWith(`${root}/`))) return false
    return this.files.real(hostPath(at, script)).then(
      () => true,
      () => false,
    )
  }

  private async folderAbove(module: string): Promise<string | null> {
    const found = await firstAbove(folderOf(this.request.script), module, this.files)
    return found && folderOf(found.path)
  }

  private async conclude(last: RunEnd | Outcome): Promise<RunEnd> {
    if ('notices' in last) for (const notice of last.notices) this.sink.notice(notice)
    switch (last.kind) {
      case 'interrupted':
        return { kind: 'stopped' }
      case 'done':
        return { kind: 'done', exitCode: last.exitCode }
      case 'raised': {
        const { limits } = this.request
        const { error } = last
        const exists = (path: string) => this.existsNearby(path)
        let folder: string | null = null
        const above = async (module: string) => (folder = await this.folderAbove(module))
        const hint = error.hint ?? (await hintFor(error, limits, exists, above))
        return { kind: 'raised', error: { ...error, hint, ...(folder === null ? {} : { folder }) } }
      }
      case 'limit':
        return { kind: 'limit', limit: last.limit, message: last.message }
      case 'stopped':
      case 'crashed':
        return last
      default:
        return last satisfies never
    }
  }
}
