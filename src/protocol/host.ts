/** What a host (CLI, extension, exported page) asks of the worker that owns a session, besides what the view asks. */
import type { RunEnd, RunRequest, RuntimeInfo } from './runtime.ts'
import type { SessionEvents, SessionRequests } from './view.ts'

export interface HostRequests extends SessionRequests {
  /** Starts a run; replies when it has ended. `runtime` names a row of the table of runtimes. */
  run: { request: { runtime: string; request: RunRequest }; reply: RunEnd }
  /** Opens a recording instead. */
  open: { request: { tape: Uint8Array }; reply: Record<string, never> }
  /** Ends the run within a second; what was recorded stays. */
  stop: { request: Record<string, never>; reply: Record<string, never> }
  /** Gives up the layout that is being computed; the first picture stays. */
  cancelLayout: { request: Record<string, never>; reply: Record<string, never> }
  /** The JSON of `protocol/report.ts`. */
  report: { request: Record<string, never>; reply: string }
  /** The bytes of a `.tape` file. */
  tape: { request: Record<string, never>; reply: Uint8Array }
  [name: string]: { request: unknown; reply: unknown }
}

export interface HostEvents extends SessionEvents {
  /** What the script printed. */
  output: { stream: 'stdout' | 'stderr'; chunk: Uint8Array }
  ready: RuntimeInfo
  [name: string]: unknown
}
