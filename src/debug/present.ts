/** The script itself, while it waits where the debugger stands: its frames, its variables, its own language. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { GateCommand, GateFrame, GateReply, GateVariable } from '../protocol/gate.ts'
import { formatNumber } from '../protocol/number.ts'
import { Refusal } from './given.ts'
import type { DebugHost } from './host.ts'
import type { Strings } from './strings.ts'

/** Variables of the script that a client may open: those of a frame, or the parts of a value. `path` is how the script names it. */
export type Held =
  | { kind: 'locals'; frame: number }
  | { kind: 'parts'; frame: number; handle: number; path: string; type: string; count: number }

/** What is asked of one stop; the numbers of its references are the view's. */
export class Present {
  private readonly host: DebugHost
  private readonly s: Strings
  private known: Promise<GateFrame[]> | null
  /** Of each frame, until something is evaluated or set. */
  private readonly locals = new Map<number, Promise<GateVariable[]>>()

  /** `frames`: those that the script has told unasked. */
  constructor(host: DebugHost, s: Strings, frames: GateFrame[] | null) {
    this.host = host
    this.s = s
    this.known = frames && Promise.resolve(frames)
  }

  /** Innermost first. */
  frames(): Promise<GateFrame[]> {
    this.known ??= this.ask({ kind: 'frames' }, 'frames').then(({ frames }) => frames)
    return this.known
  }

  /** The innermost frame of the code that uses the engine. */
  async userFrame(): Promise<number> {
    const frames = await this.frames()
    return Math.max(
      0,
      frames.findIndex(({ engine }) => !engine),
    )
  }

  /** Asks for what every client asks for at every stop, while the client is still being told of it. */
  async lookAhead(): Promise<void> {
    try {
      await this.localsOf(await this.userFrame())
    } catch {
      // Whoever asks for it is told.
    }
  }

  async variables(held: Held, start: number, count: number): Promise<GateVariable[]> {
    if (held.kind === 'locals') return (await this.localsOf(held.frame)).slice(start, start + count)
    const { variables } = await this.ask({ kind: 'children', handle: held.handle, start, count }, 'variables')
    return variables
  }

  private localsOf(frame: number): Promise<GateVariable[]> {
    let locals = this.locals.get(frame)
    if (locals === undefined) {
      locals = this.ask({ kind: 'locals', frame }, 'variables').then(({ variables }) => variables)
      this.locals.set(frame, locals)
    }
    return locals
  }

  async evaluate(frame: number, expression: string): Promise<GateVariable> {
    this.locals.clear()
    return (await this.ask({ kind: 'evaluate', frame, expression }, 'value')).variable
  }

  async set(frame: number, target: string, value: string): Promise<GateVariable> {
    this.locals.clear()
    return (await this.ask({ kind: 'set', frame, target, value }, 'value')).variable
  }

  /** `value`: of which node. */
  async alter(value: number, gradient: boolean, text: string): Promise<void> {
    const frame = await this.userFrame()
    this.locals.clear()
    await this.ask({ kind: 'alter', frame, value, gradient, text }, 'value')
  }

  private async ask<K extends GateReply['kind']>(command: GateCommand, kind: K) {
    const reply = await this.host.command(command)
    if (reply?.kind === 'error') throw new Refusal(reply.message)
    if (reply?.kind !== kind) throw new Refusal(this.s.noSuchReference)
    return reply as Extract<GateReply, { kind: K }>
  }
}

/** How the script names a part of something that it holds. */
export function pathOf(held: Held, name: string): string {
  if (held.kind === 'locals') return name
  if (name.startsWith('[')) return held.path + name
  return held.type === 'dict' ? `${held.path}[${name}]` : `${held.path}.${name}`
}

/** Numbers read as everywhere else; what Python writes as an integer stays one. */
export function textOf({ text, type, number }: GateVariable): string {
  if (number === null || type !== 'float') return text
  return formatNumber(number === 'inf' ? Infinity : number === '-inf' ? -Infinity : Number(number))
}

export function shownVariable(
  variable: GateVariable,
  held: Held,
  reference: (held: Held) => number,
): DebugProtocol.Variable {
  const path = pathOf(held, variable.name)
  const count = variable.named + variable.indexed
  const parts: Held = { kind: 'parts', frame: held.frame, handle: variable.handle, path, type: variable.type, count }
  return {
    name: variable.name,
    value: textOf(variable),
    type: variable.type,
    evaluateName: path,
    variablesReference: variable.handle > 0 ? reference(parts) : 0,
  }
}
