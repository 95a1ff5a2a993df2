/** A session behind a channel: what the worker of every host runs, whatever the host. */
import { Channel, type Port } from '../protocol/channel.ts'
import type { Origin } from '../graph/groups.ts'
import type { GateFrame } from '../protocol/gate.ts'
import type { GivenTexts, GraphBreakpoint, HostEvents, HostRequests, SavedFormat } from '../protocol/host.ts'
import type { RunEnd, RunRequest, Runtime, SourceReader } from '../protocol/runtime.ts'
import type { Scene, SourceView } from '../protocol/view.ts'
import { GraphView } from '../graph/graphView.ts'
import { Layouter, type ElkWorkerFactory } from '../layout/layout.ts'
import { stopAfter, stopBefore } from '../tape/stops.ts'
import type { Tape } from '../tape/tape.ts'
import { details } from './details.ts'
import { report } from './report.ts'
import { givenReader } from './given.ts'
import { Session } from './session.ts'
import { summary } from './summary.ts'

export interface Services {
  elkWorker: ElkWorkerFactory
  /** A row of the table of runtimes; undefined where there is none (the exported page runs nothing). */
  runtime(id: string): Runtime | undefined
  files: SourceReader | null
  /** Debugs the session; absent where nobody can ask for it (the exported page). */
  debug?(seat: DebugSeat): Debugging
  /** Writes a file of the host; absent where there is no disk. */
  save?(path: string, content: Uint8Array | string): Promise<void>
  /** The exported page of a recording; absent where there is no disk. */
  page?(script: string, tape: Uint8Array): Promise<string>
}

/** What a debugger may do with the session that it sits over. */
export interface DebugSeat {
  session: Session
  run(runtime: string, request: RunRequest): Promise<RunEnd>
  open(tape: Uint8Array): void
  /** To the client; null when it has left. */
  send(message: object | null): void
}

export interface Debugging {
  receive(message: unknown): void
  output(stream: 'stdout' | 'stderr', chunk: Uint8Array): void
  /** The script waits at the gate. */
  waiting(frames: GateFrame[] | null): void
  breakpointOn(origin: Origin, alone: boolean): GraphBreakpoint
  elementsWith(breakpoints: readonly GraphBreakpoint[]): Int32Array
}

/** A layout that takes longer is announced, so that it can be given up. */
const NOTICE_MS = 1000

export function serveSession(port: Port, services: Services): void {
  const channel = new Channel<Record<never, never>, Record<never, never>, HostRequests, HostEvents>(port)
  const session = new Session({
    output: (stream, chunk) => {
      channel.emit('output', { stream, chunk })
      debug?.output(stream, chunk)
    },
    ready: (info) => channel.emit('ready', info),
    grown: () => pushOverview(),
    ended: () => pushOverview(),
    waiting: (frames) => debug?.waiting(frames),
  })
  const graph = new GraphView(session.tape, new Layouter(services.elkWorker))
  let layout: AbortController | null = null

  function pushOverview(): void {
    graph.grown()
    channel.emit('overview', session.overview())
  }

  function picture<T>(make: () => T): T {
    const start = performance.now()
    const made = make()
    session.pictured(performance.now() - start)
    return made
  }

  async function run(id: string, request: RunRequest, given?: GivenTexts): Promise<RunEnd> {
    const runtime = services.runtime(id)
    if (!runtime || !services.files) throw new Error(`there is no runtime "${id}" here`)
    return session.start(runtime, request, given ? givenReader(given, services.files) : services.files)
  }

  function open(tape: Uint8Array): void {
    session.open(tape)
    graph.grown()
  }

  const debug = services.debug?.({ session, run, open, send: (message) => channel.emit('debug', { message }) }) ?? null
  function debugging(): Debugging {
    if (!debug) throw new Error('nothing can be debugged here')
    return debug
  }
  channel.serve('debug', ({ message }) => {
    debugging().receive(message)
    return {}
  })
  channel.serve('breakpointOn', ({ element, alone }) => debugging().breakpointOn(graph.origin(element), alone))
  channel.serve('elementsWith', ({ breakpoints }) => debugging().elementsWith(breakpoints))
  channel.serve('run', ({ runtime, request, given }) => run(runtime, request, given))
  channel.serve('warm', ({ runtime }) => {
    services.runtime(runtime)?.warm?.()
    return {}
  })
  channel.serve('open', async (recording) => {
    if ('path' in recording && !services.files) throw new Error('there is no disk here')
    open('path' in recording ? await services.files!.read(recording.path) : recording.tape)
    return {}
  })
  channel.serve('stop', () => {
    session.stop()
    return {}
  })
  channel.serve('cancelLayout', () => {
    layout?.abort()
    return {}
  })
  const json = () => JSON.stringify(report(session.tape, session.overview()), null, 1)
  const contents: Record<SavedFormat, () => Uint8Array | string | undefined | Promise<string | undefined>> = {
    tape: () => session.bytes(),
    json,
    html: () => services.page?.(session.overview().script, session.bytes()),
  }
  channel.serve('report', json)
  channel.serve('tape', () => session.bytes())
  channel.serve('save', async ({ path, format }) => {
    const content = await contents[format]()
    if (!services.save || content === undefined) throw new Error('there is no disk here')
    await services.save(path, content)
    return {}
  })
  channel.serve('summary', ({ limit }) => summary(session.tape, limit))
  channel.serve('overview', () => session.overview())

  /** Replies with the first picture; the final one follows as an event unless a newer scene was asked for. */
  channel.serve('scene', (request): Scene => {
    layout?.abort()
    const mine = (layout = new AbortController())
    const { first, final } = picture(() => graph.scene(request, mine.signal))
    if (first.final) return first
    const notice = setTimeout(() => channel.emit('busy', { what: 'layout' }), NOTICE_MS)
    void final
      .then((scene) => {
        if (!mine.signal.aborted) channel.emit('scene', scene)
      })
      .catch(() => undefined) // given up: the first picture stays
      .finally(() => {
        clearTimeout(notice)
        if (layout === mine) channel.emit('busy', { what: null })
      })
    return first
  })
  channel.serve('frame', ({ revision, tick }) => picture(() => graph.frame(revision, tick)))
  channel.serve('step', ({ tick, by }) => ({
    tick: by === 1 ? stopAfter(session.tape, tick) : stopBefore(session.tape, tick),
  }))
  channel.serve('details', ({ element, tick }) =>
    element < 0 ? graph.groupDetails(element, tick) : details(session.tape, element, tick),
  )
  channel.serve('search', ({ text, limit }) => graph.search(text, limit))
  channel.serve('locate', ({ element }) => graph.locate(element))
  channel.serve('path', ({ element, to }) => graph.path(element, to))
  channel.serve('children', ({ element, tick, start, limit }) => graph.children(element, tick, start, limit))
  channel.serve('source', ({ id }) => sourceView(session.tape, id))
  channel.serve('svg', ({ tick }) => graph.svg(tick))
}

/** A file and the elements that each range of it made; outer ranges before inner ones at the same start. */
export function sourceView(tape: Tape, id: number): SourceView {
  const site = tape.table('site')
  const op = tape.table('op')
  const elements = new Map<number, number[]>()
  for (let row = 0; row < op.rows; row++) {
    const at = op.site.at(row)
    if (at < 0 || site.source.at(at) !== id) continue
    const list = elements.get(at)
    if (list) list.push(row)
    else elements.set(at, [row])
  }
  const sites = [...elements].map(([at, ops]) => ({
    startLine: site.startLine.at(at),
    startColumn: site.startColumn.at(at),
    endLine: site.endLine.at(at),
    endColumn: site.endColumn.at(at),
    elements: Int32Array.from(ops),
  }))
  sites.sort(
    (a, b) =>
      a.startLine - b.startLine || a.startColumn - b.startColumn || b.endLine - a.endLine || b.endColumn - a.endColumn,
  )
  return { id, path: tape.sourcePath(id), text: tape.sourceText(id), sites }
}
