/** What a launch asks for. */
import type { RunEnd } from '../protocol/runtime.ts'
import { messageOf } from './breakpoints/breakpoint.ts'
import type { StopOn } from './breakpoints/watch.ts'
import { Refusal, type Given } from './given.ts'
import type { DebugHost } from './host.ts'
import type { Strings } from './strings.ts'

export interface Plan {
  /** `own`: what this session recorded by itself, or is about to. */
  kind: 'script' | 'recording' | 'own'
  /** Ends when everything is recorded; null for a recording, whose run is long over. */
  start(): Promise<RunEnd | null>
  debug: boolean
  /** Whether to stop where nodes are made, where their rules run, or at both. */
  stopOn: StopOn
  /** Single steps do not go through the statements of the engine's rules. */
  justMyCode: boolean
  stopOnEntry: boolean
  startAt: 'first' | 'end'
}

/** Refuses when what is to be debugged cannot be read. */
export async function planOf(given: Given, host: DebugHost, s: Strings): Promise<Plan> {
  const cwd = given.optionalText('cwd')
  const program = given.optionalText('program')
  const startAt = given.oneOf('startAt', ['first', 'end'], 'first')
  const debug = !given.flag('noDebug', false)
  const args = given.texts('args')
  const runtime = given.optionalText('runtime') ?? 'embeddedPython'
  const stopOn = given.oneOf('stopOn', ['forward', 'backward', 'both'], 'backward')
  const common = { debug, startAt, stopOn, justMyCode: given.flag('justMyCode', true) }
  const stopOnEntry = (otherwise: boolean) => given.flag('stopOnEntry', otherwise || startAt === 'end')
  if (program === undefined) {
    if (!given.flag('attached', false)) throw new Refusal(s.noProgram)
    return { ...common, kind: 'own', start: () => host.recorded(), stopOnEntry: stopOnEntry(false) }
  }
  const path = host.absolute(program, cwd)
  const recording = path.endsWith('.tape')
  try {
    await (recording ? host.open(path) : host.readable(path))
  } catch (error) {
    throw new Refusal(s.cannotRead(path, messageOf(error, s)))
  }
  if (recording)
    return { ...common, kind: 'recording', start: () => Promise.resolve(null), stopOnEntry: stopOnEntry(true) }
  const start = () => host.run({ program: path, args, cwd, runtime, gated: debug })
  return { ...common, kind: 'script', start, stopOnEntry: stopOnEntry(false) }
}
