/** One sandboxed process: started with every wall that this Node has, then spoken to in frames. */

import { spawn, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { RuntimeInfo } from '../../protocol/runtime.ts'
import { Frame, framed, FrameReader, type FrameKind } from './frames.ts'

type Listener = (kind: number, payload: Uint8Array) => void

export class Sandbox {
  /** Rejects when the interpreter did not start or its self-test found a door open. */
  readonly ready: Promise<RuntimeInfo>
  /** The process has ended. */
  over = false
  private readonly dist: string
  /** The flag that turns Node's permission model on, if this Node has one. */
  private readonly permission: string | null
  private child: ChildProcess
  private listener: Listener | null = null
  private complaint = ''
  private closed!: Promise<void>
  private killed = false

  constructor(dist: string, usePermission: boolean) {
    this.dist = dist
    this.permission = usePermission ? permissionFlag() : null
    this.child = this.spawn(this.permission)
    this.ready = this.prove()
    // A waiting sandbox may fail before anyone asks.
    this.ready.catch(() => {})
  }

  /** Passes every frame on, in order; resolves after the last, with what the process said when it crashed. */
  async listen(listener: Listener): Promise<string> {
    this.listener = listener
    await this.closed
    return this.complaint.trim() || 'the sandbox ended without a word'
  }

  send(kind: FrameKind, payload: Uint8Array): void {
    const input = this.child.stdin!
    if (input.writable) input.write(framed(kind, payload))
  }

  kill(): void {
    this.killed = true
    this.child.kill('SIGKILL')
  }

  /** A waiting sandbox must not keep its program alive. */
  unref(): void {
    this.handles().forEach((handle) => handle.unref())
  }

  ref(): void {
    this.handles().forEach((handle) => handle.ref())
  }

  private handles(): { ref(): void; unref(): void }[] {
    return [this.child, ...this.child.stdio] as unknown as { ref(): void; unref(): void }[]
  }

  private async prove(): Promise<RuntimeInfo> {
    const first = await this.firstFrame()
    if (first) return first
    // `--permission` is an extra wall: where this Node or Electron does not start with it, go without.
    if (this.killed || this.permission === null) throw new Error(this.complaint.trim() || 'the sandbox did not start')
    this.complaint = ''
    this.over = false
    this.child = this.spawn(null)
    const second = await this.firstFrame()
    if (!second) throw new Error(this.complaint.trim() || 'the sandbox did not start')
    return second
  }

  /** Resolves with null when the process ended without a frame; rejects when it said that it crashed. */
  private firstFrame(): Promise<RuntimeInfo | null> {
    return new Promise((resolve, reject) => {
      this.listener = (kind, payload) => {
        const text = new TextDecoder().decode(payload)
        if (kind !== Frame.ready) reject(new Error(text))
        else {
          const { interpreter, permission } = JSON.parse(text) as { interpreter: string; permission: boolean }
          resolve({ runtime: 'embeddedPython', interpreter, heldBy: layers(permission) })
        }
      }
      void this.closed.then(() => resolve(null))
    })
  }

  private spawn(permission: string | null): ChildProcess {
    const flags = ['--no-warnings', '--disallow-code-generation-from-strings', `--v8-pool-size=${compilers}`]
    if (permission) flags.push(permission, '--allow-worker', `--allow-fs-read=${this.dist}`)
    const env: Record<string, string> = {}
    if (process.versions['electron']) env['ELECTRON_RUN_AS_NODE'] = '1'
    // Windows does not load its own libraries without it.
    if (process.platform === 'win32' && process.env['SystemRoot']) env['SystemRoot'] = process.env['SystemRoot']
    const child = spawn(process.execPath, [...flags, join(this.dist, 'child.mjs')], {
      cwd: this.dist,
      env,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const frames = new FrameReader((kind, payload) => this.listener?.(kind, payload))
    const channel = child.stdio[3] as Duplex
    channel.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk)
      } catch (error) {
        this.complaint = `the sandbox broke its protocol: ${String(error)}`
        this.kill()
      }
    })
    // Writing to a process that has just ended is not an error here: 'close' tells.
    for (const stream of [child.stdin!, channel]) stream.on('error', () => {})
    const complain = (chunk: Buffer) => {
      this.complaint = (this.complaint + chunk.toString()).slice(-4000)
    }
    child.stdout!.on('data', complain)
    child.stderr!.on('data', complain)
    this.closed = new Promise((resolve) => {
      const finish = () => {
        this.over = true
        resolve()
      }
      child.once('error', (error) => {
        this.complaint = error.message
        finish()
      })
      // 'close' comes after every byte of every pipe was read.
      child.once('close', finish)
    })
    return child
  }
}

/**
 * Threads that optimise the interpreter's code while it runs. A core stays for the interpreter itself: with V8's own
 * four, a machine of two cores spends a third of the start waiting for them.
 */
const compilers = Math.min(Math.max(availableParallelism() - 1, 1), 4)

function permissionFlag(): string | null {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20) return null
  return major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13)
    ? '--permission'
    : '--experimental-permission'
}

function layers(permission: boolean): string[] {
  return [
    'Python in WebAssembly, from which nothing of Node can be reached',
    'files in memory only: a read-only copy of the script’s folder',
    'no JavaScript from strings, no Node inside the interpreter’s thread',
    'a process of its own with an empty environment',
    ...(permission ? ['Node’s permission model: no files, no processes'] : []),
  ]
}
