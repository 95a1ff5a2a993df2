/**
 * What travels between the extension and the sandbox's process, in both directions:
 * one kind byte, the payload's length as u32 (little-endian), the payload.
 * Everything that comes out of a sandbox is untrusted: lengths are bounded, kinds are checked.
 */

export const Frame = {
  /** out: the interpreter runs and its hardening was proved; JSON of `RuntimeInfo`. */
  ready: 1,
  /** out: the script begins; empty. */
  started: 2,
  /** out: bytes of the wire. */
  wire: 3,
  /** out: what the script printed. */
  stdout: 4,
  stderr: 5,
  /** out: how the run ended; JSON, see `outcome.ts`. */
  outcome: 6,
  /** out: the sandbox outgrew its memory; UTF-8 text. */
  memory: 7,
  /** out: the runtime itself failed; UTF-8 text. */
  crashed: 8,
  /** in: JSON of `SandboxRequest`; the files follow, in its order. */
  run: 9,
  /** in: one file's bytes. */
  file: 10,
  /** in: raise KeyboardInterrupt; empty. */
  interrupt: 11,
  /** out: the script waits at the gate, or what it was asked there; JSON, see `gate.ts`. */
  gate: 12,
  /** in: JSON of a `GateCommand`, for a script that waits. */
  command: 13,
  /** in: wait at the next event; empty. */
  pause: 15,
  /** out: how much a followed run has followed, and what it would show by now; see `draft.ts`. */
  draft: 14,
} as const
export type FrameKind = (typeof Frame)[keyof typeof Frame]

/** Signals as the interpreter counts them, in the byte by which it is interrupted. */
export const SIGINT = 2
export const SIGUSR1 = 10

export const FRAME_HEADER = 5
/** Files go up to 64 MiB; nothing else comes near. */
const MAX_PAYLOAD = 65 * 1024 * 1024

/** A run as the sandbox sees it: paths are those inside. */
export interface SandboxRequest {
  script: string
  /** The script is a link to this; null: it is a file. */
  target: string | null
  /** Modules above the script's folder that are the user's own: files and packages. */
  above: string[]
  argv0: string
  /** First character of the script's path where the host is Windows, whose paths are shown; otherwise null. */
  windows: string | null
  args: string[]
  cwd: string
  /** More folders than the script's own whose code is the user's. */
  folders: string[]
  capture: boolean
  /** It waits where a debugger wants it to. */
  gated: boolean
  nodes: number
  megabytes: number
  stdin: string
  /** Paths of the files that follow. */
  files: string[]
}

/** In one piece: each write wakes a reader. */
export function framed(kind: FrameKind, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER + payload.length)
  frame[0] = kind
  new DataView(frame.buffer).setUint32(1, payload.length, true)
  frame.set(payload, FRAME_HEADER)
  return frame
}

/** Cuts a byte stream into frames. Throws a RangeError on a length that no honest sender writes. */
export class FrameReader {
  private pending: Uint8Array[] = []
  private size = 0
  private readonly onFrame: (kind: number, payload: Uint8Array) => void

  constructor(onFrame: (kind: number, payload: Uint8Array) => void) {
    this.onFrame = onFrame
  }

  push(chunk: Uint8Array): void {
    this.pending.push(chunk)
    this.size += chunk.length
    while (this.size >= FRAME_HEADER) {
      const header = this.peek(FRAME_HEADER)
      const length = new DataView(header.buffer, header.byteOffset).getUint32(1, true)
      if (length > MAX_PAYLOAD) throw new RangeError(`a frame of ${length} bytes`)
      if (this.size < FRAME_HEADER + length) return
      this.take(FRAME_HEADER)
      this.onFrame(header[0]!, this.take(length))
    }
  }

  private peek(count: number): Uint8Array {
    if (this.pending[0]!.length < count) this.pending = [concat(this.pending, this.size)]
    return this.pending[0]!.subarray(0, count)
  }

  private take(count: number): Uint8Array {
    const parts: Uint8Array[] = []
    let missing = count
    while (missing > 0) {
      const first = this.pending[0]!
      const part = first.subarray(0, missing)
      parts.push(part)
      missing -= part.length
      if (part.length === first.length) this.pending.shift()
      else this.pending[0] = first.subarray(part.length)
    }
    this.size -= count
    return parts.length === 1 ? parts[0]! : concat(parts, count)
  }
}

function concat(parts: Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
