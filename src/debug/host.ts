/** What a debugger needs of where it runs. */
import type { GateCommand, GateReply } from '../protocol/gate.ts'
import type { RunEnd } from '../protocol/runtime.ts'
import type { Tape } from '../tape/tape.ts'

export interface Launch {
  /** Absolute path of the script. */
  program: string
  args: string[]
  cwd: string | undefined
  runtime: string
  /** It is debugged while it runs, and waits at the gate; else it only runs. */
  gated: boolean
}

export interface DebugHost {
  /** Of the session, complete once `run` or `open` has resolved, or `recorded` did. */
  readonly tape: Tape
  /** To the client. */
  send(message: object): void
  /** Relative to the folder that the client works in, or as it is. */
  absolute(path: string, cwd: string | undefined): string
  /** Rejects with the reason when a file cannot be read. */
  readable(path: string): Promise<void>
  run(launch: Launch): Promise<RunEnd>
  /** Opens a recording; rejects with what is wrong with it. */
  open(path: string): Promise<void>
  /** The session's own run, which somebody else started: how it ended, null for a recording. */
  recorded(): Promise<RunEnd | null>
  /** Tells a script that waits at the gate what to do; null when it went on, or is over. */
  command(command: GateCommand): Promise<GateReply | null>
  /** The run ends within a second. */
  stop(): void
  /** Whether a file holds the text that was recorded. */
  holds(path: string, text: string): Promise<boolean>
  /** The client is gone. */
  left(): void
}
