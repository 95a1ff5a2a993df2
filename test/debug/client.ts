/** A client of the debug adapter protocol, over a child process or in this one; and what it saw as text. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { Debugger } from '../../src/debug/debugger.ts'
import { framed, Unframer } from '../../src/debug/framing.ts'
import type { Runtime } from '../../src/protocol/runtime.ts'
import { diskReader } from '../../src/runtimes/diskReader.ts'
import { debugging } from '../../src/session/debugging.node.ts'
import { Session } from '../../src/session/session.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { cli } from '../support/visualize.ts'

type Body = Record<string, never>
export interface Reply {
  success: boolean
  message?: string
  /** Tests read what they expect; a wrong shape fails them. */
  body: ReturnType<typeof JSON.parse>
}

export class Client {
  readonly events: DebugProtocol.Event[] = []
  readonly unanswered = new Set<number>()
  private seq = 1
  private readonly post: (message: object) => void
  private readonly waiting = new Map<number, (reply: Reply) => void>()
  private readonly listeners = new Set<() => void>()
  private read = 0

  constructor(post: (message: object) => void) {
    this.post = post
  }

  receive(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'event') this.events.push(message as DebugProtocol.Event)
    else {
      const response = message as DebugProtocol.Response
      if (!this.unanswered.delete(response.request_seq)) throw new Error(`answered twice: ${response.command}`)
      this.waiting.get(response.request_seq)!(response as unknown as Reply)
      this.waiting.delete(response.request_seq)
    }
    for (const listener of [...this.listeners]) listener()
  }

  /** Resolves with the answer, whether it is an error or not. */
  ask(command: string, given?: unknown): Promise<Reply> {
    const seq = this.seq++
    this.unanswered.add(seq)
    return new Promise((resolve) => {
      this.waiting.set(seq, resolve)
      this.post({ seq, type: 'request', command, ...(given === undefined ? {} : { arguments: given }) })
    })
  }

  /** The body of the answer; rejects when it is an error. */
  async request(command: string, given?: unknown): Promise<Reply['body']> {
    const reply = await this.ask(command, given)
    if (!reply.success) throw new Error(`${command}: ${reply.message}`)
    return reply.body
  }

  /** The next event of these names that was not waited for yet. */
  async event(...names: string[]): Promise<DebugProtocol.Event> {
    for (;;) {
      while (this.read < this.events.length) {
        const event = this.events[this.read++]!
        if (names.includes(event.event)) return event
      }
      await new Promise<void>((resolve) => {
        const listener = () => {
          this.listeners.delete(listener)
          resolve()
        }
        this.listeners.add(listener)
      })
    }
  }

  /** A request that moves, and where it ends. */
  async move(command: string, given: object = {}): Promise<DebugProtocol.Event> {
    await this.request(command, { threadId: 1, ...given })
    return this.event('stopped', 'terminated')
  }

  async start(
    launch: object,
    set: (client: Client) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<DebugProtocol.Event> {
    await this.request('initialize', { adapterID: 'backprop', linesStartAt1: true, columnsStartAt1: true })
    const launched = this.request('launch', launch)
    await this.event('initialized')
    await set(this)
    await this.request('configurationDone')
    await launched
    return this.event('stopped', 'terminated')
  }
}

export interface Spawned {
  client: Client
  child: ChildProcess
  /** The code it left with. */
  closed: Promise<number | null>
}

/** The stand-alone adapter, as an editor starts it. */
export function spawned(): Spawned {
  const child = spawn(process.execPath, [cli, '--dap'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const client = new Client((message) => child.stdin.write(framed(message)))
  const unframer = new Unframer()
  child.stdout.on('data', (chunk: Buffer) => {
    for (const message of unframer.push(chunk)) client.receive(message as DebugProtocol.ProtocolMessage)
  })
  child.stdin.on('error', () => undefined)
  return { client, child, closed: new Promise((resolve) => child.on('close', resolve)) }
}

/** The same debugger in this process, over a tape that is there already. */
export function over(tape: Tape): Client {
  const debug = new Debugger({
    tape,
    send: (message) => client.receive(structuredClone(message) as DebugProtocol.ProtocolMessage),
    absolute: (path) => path,
    readable: () => Promise.resolve(),
    run: () => Promise.reject(new Error('there is nothing to run')),
    open: () => Promise.resolve(),
    recorded: () => Promise.resolve(null),
    command: () => Promise.resolve(null),
    stop: () => undefined,
    holds: () => Promise.resolve(true),
    left: () => undefined,
  })
  const client: Client = new Client((message) => debug.receive(message))
  return client
}

export interface Live {
  client: Client
  session: Session
  /** Ends the script, if it still runs. */
  stop(): Promise<unknown>
}

/** The same debugger in this process, over a script that runs in a sandbox of its own. */
export function live(runtime: Runtime): Live {
  const session: Session = new Session({
    output: (stream, chunk) => debug.output(stream, chunk),
    waiting: (frames) => debug.waiting(frames),
  })
  const debug = debugging({
    session,
    run: (_, request) => session.start(runtime, request, diskReader),
    open: (tape) => session.open(tape),
    send: (message) => {
      if (message) client.receive(structuredClone(message) as DebugProtocol.ProtocolMessage)
    },
  })
  const client = new Client((message) => debug.receive(message))
  return {
    client,
    session,
    stop: () => {
      session.stop()
      return session.recorded
    },
  }
}

// — What is seen, as text —

/** The stop, its frames, and what the first of them shows. */
export async function picture(client: Client, event: DebugProtocol.Event, folder = ''): Promise<string> {
  if (event.event !== 'stopped') return `${event.event}\n`
  const { reason, description, text, hitBreakpointIds } = event.body as Body
  const lines = [
    `${reason}: ${description}${text ? ` | ${text}` : ''}${hitBreakpointIds ? ` | hit ${String(hitBreakpointIds)}` : ''}`,
  ]
  const { stackFrames } = await client.request('stackTrace', { threadId: 1 })
  for (const frame of stackFrames as DebugProtocol.StackFrame[]) {
    const at = frame.source ? `${place(frame.source, folder)}:${frame.line}:${frame.column}-${frame.endColumn}` : '–'
    lines.push(`  ${frame.name}  ${at}`)
  }
  const { scopes } = await client.request('scopes', { frameId: stackFrames[0].id })
  for (const scope of scopes as DebugProtocol.Scope[]) {
    lines.push(`  ${scope.name}`)
    const { variables } = await client.request('variables', { variablesReference: scope.variablesReference })
    for (const { name, value, type } of variables as DebugProtocol.Variable[])
      lines.push(`    ${name} = ${value.replace(/0x[0-9a-f]+/g, '0x…')}${type ? `  (${type})` : ''}`)
  }
  return `${lines.join('\n')}\n`
}

/** One line: what stands where, and its gradient. */
export async function glance(client: Client, event: DebugProtocol.Event, folder = ''): Promise<string> {
  if (event.event !== 'stopped') return event.event
  const { reason, hitBreakpointIds, text } = event.body as Body
  const { stackFrames } = await client.request('stackTrace', { threadId: 1, startFrame: 0, levels: 1 })
  const [frame] = stackFrames as DebugProtocol.StackFrame[]
  const read = async (expression: string) =>
    (await client.ask('evaluate', { expression, frameId: frame!.id })).body?.result
  const where = frame?.source ? `${place(frame.source, folder)}:${frame.line}` : '–'
  const hits = hitBreakpointIds ? ` hit ${String(hitBreakpointIds)}` : ''
  return `${reason}${hits} at ${frame?.name} ${where}, pass ${await read('pass')} step ${await read('step')}, grad ${await read('grad')}${text ? ` | ${text}` : ''}`
}

const place = (source: DebugProtocol.Source, folder: string) => (source.path ?? '').replace(`${folder}/`, '')
