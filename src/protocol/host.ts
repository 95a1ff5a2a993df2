/** What a host (CLI, extension, exported page) asks of the worker that owns a session, besides what the view asks. */
import type { RunEnd, RunRequest, RuntimeInfo } from './runtime.ts'
import type { ElementId, SessionEvents, SessionRequests } from './view.ts'

export interface HostRequests extends SessionRequests {
  /** Starts a run; replies when it has ended. `runtime` names a row of the table of runtimes. */
  run: { request: { runtime: string; request: RunRequest; given?: GivenTexts }; reply: RunEnd }
  /** Starts a sandbox that waits for `run`; it ends by itself when none comes. */
  warm: { request: { runtime: string }; reply: Record<string, never> }
  /** Opens a recording instead: its bytes, or a file of the host. */
  open: { request: { tape: Uint8Array } | { path: string }; reply: Record<string, never> }
  /** Ends the run within a second; what was recorded stays. */
  stop: { request: Record<string, never>; reply: Record<string, never> }
  /** Gives up the layout that is being computed; the first picture stays. */
  cancelLayout: { request: Record<string, never>; reply: Record<string, never> }
  /** The JSON of `protocol/report.ts`. */
  report: { request: Record<string, never>; reply: string }
  /** The bytes of a `.tape` file. */
  tape: { request: Record<string, never>; reply: Uint8Array }
  /** Writes a file of the host, without sending it through the host's own thread. */
  save: { request: { path: string; format: SavedFormat }; reply: Record<string, never> }
  /** A message of the debug adapter protocol from a client; what the debugger says comes as `debug` events. */
  debug: { request: { message: unknown }; reply: Record<string, never> }
  /** The breakpoint that a dot on an element of the graph is; `alone`: on it and not on its repeats. */
  breakpointOn: { request: { element: ElementId; alone: boolean }; reply: GraphBreakpoint }
  /** The elements that have one of these breakpoints. */
  elementsWith: { request: { breakpoints: readonly GraphBreakpoint[] }; reply: Int32Array }
  [name: string]: { request: unknown; reply: unknown }
}

/** A breakpoint as the graph knows it: on code (lines from 1, columns from 0), or by name: a call, a module, `#` and a number. */
export type GraphBreakpoint =
  { kind: 'source'; path: string; line: number; column: number | null } | { kind: 'function'; name: string }

export type SavedFormat = 'tape' | 'json' | 'html'

/** Files that only the host knows: unsaved, untitled, in a notebook, on a virtual disk. */
export interface GivenTexts {
  files: { path: string; bytes: Uint8Array }[]
  /** Whether what is not among `files` is read from the disk. */
  disk: boolean
}

export interface HostEvents extends SessionEvents {
  /** What the script printed. */
  output: { stream: 'stdout' | 'stderr'; chunk: Uint8Array }
  ready: RuntimeInfo
  /** A message of the debug adapter protocol to the client; null: it has left, nothing more will come. */
  debug: { message: object | null }
  [name: string]: unknown
}
