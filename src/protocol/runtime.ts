/** How a script is run: what a runtime is asked, what it tells while the script runs, how a run can end. */
import type { GateCommand, GateFrame, GateReply } from './gate.ts'

/** Reads the files a run may see. Paths are absolute and in the host's own form. */
export interface SourceReader {
  /** The bytes of a file; rejects with an `Error` whose message names the path. */
  read(path: string): Promise<Uint8Array>
  /** Everything below a folder that may be given to a script, without what is never wanted (`.git`, `node_modules`, virtual environments). */
  list(folder: string): Promise<{ path: string; size: number }[]>
  /** The same place with every link followed; rejects when there is nothing. */
  real(path: string): Promise<string>
}

export interface Limits {
  /** Wall-clock seconds for the script, waiting for input not counted. */
  seconds: number
  /** Memory of the sandbox, in MiB. */
  megabytes: number
  /** Values recorded before the recording ends. */
  nodes: number
  /** Bytes of output (stdout and stderr together) passed on. */
  outputBytes: number
}

export const defaultLimits: Limits = { seconds: 60, megabytes: 2048, nodes: 2_000_000, outputBytes: 10_000_000 }

export interface RunRequest {
  /** Absolute path of the script. */
  script: string
  /** What the script sees as `sys.argv[0]`: its name as it was typed. Default: `script`. */
  argv0?: string
  /** What the script sees as `sys.argv[1:]`. */
  args: string[]
  /** Absolute path of the folder the script starts in. */
  cwd: string
  /** More folders whose files the script may read, as a copy, and whose modules it finds after all others: absolute paths. Only what the user allowed. */
  folders?: string[]
  /** false: the same runtime without the tracer (`--plain`). */
  capture: boolean
  /** The script waits at the gate, where a debugger wants it to: see `protocol/gate.ts`. */
  gated?: boolean
  limits: Limits
  /** What `input()` reads; undefined: end of file at once. */
  stdin?: string
}

/** Where a run reports. Chunks arrive in order; `wire` before the output that was printed after it. */
export interface RunSink {
  wire(chunk: Uint8Array): void
  output(stream: 'stdout' | 'stderr', chunk: Uint8Array): void
  /** The interpreter runs and its hardening was proved. */
  ready(info: RuntimeInfo): void
  /** How many numbers of a run in which every one is followed have been seen; its wire comes at the end. */
  followed?(count: number): void
  /** Something the user should know about the run: "this project's own micrograd was used". */
  notice(text: string): void
  /** The script waits at the gate; everything before is on the wire. Only of gated runs. `frames`: those that it tells unasked. */
  waiting?(frames: GateFrame[] | null): void
}

export interface RuntimeInfo {
  /** `embeddedPython` … */
  runtime: string
  /** `Python 3.14.2 (Pyodide 314.0.7)` */
  interpreter: string
  /** What holds the script, one short phrase per layer, strongest first. Never says "sandboxed" where it is not. */
  heldBy: string[]
}

/** The user's exception, with lines of the user's own code only. */
export interface ScriptError {
  type: string
  message: string
  /** As the plain interpreter prints it, without frames of the tracer or runtime. */
  traceback: string
  /** The innermost line of user code, when there is one. Lines from 1, columns from 0 (UTF-16). */
  site: { file: string; startLine: number; startColumn: number; endLine: number; endColumn: number } | null
  /** What to do next, when we know. */
  hint: string | null
  /** What it needs lies in this folder, which it may be allowed. */
  folder?: string | undefined
}

export type RunEnd =
  | { kind: 'done'; exitCode: number }
  | { kind: 'raised'; error: ScriptError }
  | { kind: 'limit'; limit: 'time' | 'memory' | 'nodes' | 'output'; message: string }
  | { kind: 'stopped' }
  /** The runtime itself failed; never the user's fault. */
  | { kind: 'crashed'; message: string }

export interface Run {
  /** Resolves once, after the last chunk was delivered; never rejects. */
  readonly ended: Promise<RunEnd>
  /** Interrupts, then kills: the run has ended within a second. */
  stop(): void
  /** Tells a script that waits what to do; null when it went on, or ended before it could answer. */
  command(command: GateCommand): Promise<GateReply | null>
}

export interface Runtime {
  readonly id: string
  /** Begins a run in a fresh sandbox. Refuses (ends as `crashed`) when its self-test finds a door open. */
  start(request: RunRequest, files: SourceReader, sink: RunSink): Run
  /** Starts a sandbox ahead, which waits for the next run and ends by itself when none comes. */
  warm?(): void
}
