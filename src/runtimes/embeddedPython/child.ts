/**
 * The sandbox's process: a trusted thread that owns the pipes and starts the interpreter's thread.
 * In: frames on stdin. Out: frames on file descriptor 3. It ends when stdin does, so a sandbox never outlives
 * the program that started it.
 */

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { Frame, framed, FrameReader, SIGINT, SIGUSR1, type SandboxRequest } from './frames.ts'
import { ownFiles } from './ownFiles.ts'
import { makeRing, RingReader } from './ring.ts'
import { snapshotName } from './snapshotName.ts'
import type { Binaries, WorkerData, WorkerRun } from './worker.ts'

const dist = fileURLToPath(new URL('.', import.meta.url))
/** The interpreter's own code, this process and its buffers, on top of what the script may use. */
const BASE_MEGABYTES = 512

const out = new Socket({ fd: 3, readable: false, writable: true })
const ring = makeRing()
const interrupt = new SharedArrayBuffer(1)
const { port1: commands, port2: commandsInside } = new MessageChannel()
const alarm = new Int32Array(new SharedArrayBuffer(4))

process.on('SIGINT', () => {}) // Ctrl-C goes to the whole group; the parent decides how the run ends.
out.on('error', () => process.exit())

// Its thread starts while this one reads and compiles what it needs.
const worker = new Worker(join(dist, 'worker.mjs'), workerOptions())
const given = give()
const reader = new RingReader(ring)
let draining = false

async function drain(): Promise<void> {
  if (draining) return
  draining = true
  for (let bytes = reader.read(); bytes; bytes = reader.read()) {
    if (!out.write(bytes)) await new Promise((resolve) => out.once('drain', resolve))
  }
  draining = false
}

function send(kind: (typeof Frame)[keyof typeof Frame], message: string): void {
  out.write(framed(kind, Buffer.from(message)))
}

async function end(kind: typeof Frame.crashed | typeof Frame.memory, message: string): Promise<void> {
  await drain()
  send(kind, message)
  out.end(() => process.exit())
}

worker.on('message', (message: 'bytes' | Uint8Array) => {
  if (message === 'bytes') void drain()
  // Only asked for at build time, with `--make-snapshot`.
  else out.end(message, () => process.exit())
})
worker.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') void end(Frame.memory, error.message)
  else void end(Frame.crashed, `the embedded Python failed: ${error.message}`)
})

let request: SandboxRequest | null = null
const files: Uint8Array[] = []
const input = new FrameReader((kind, payload) => {
  switch (kind) {
    case Frame.run:
      request = JSON.parse(Buffer.from(payload).toString()) as SandboxRequest
      return beginWhenWhole()
    case Frame.file:
      files.push(new Uint8Array(payload))
      return beginWhenWhole()
    case Frame.interrupt:
      new Uint8Array(interrupt)[0] = SIGINT
      return wake()
    case Frame.pause:
      // An interrupt that was not taken yet says more.
      Atomics.compareExchange(new Uint8Array(interrupt), 0, 0, SIGUSR1)
      return
    case Frame.command:
      commands.postMessage(new Uint8Array(payload))
      return wake()
  }
})
process.stdin.on('data', (chunk: Buffer) => input.push(chunk))
process.stdin.on('end', () => process.exit())
process.stdin.on('error', () => process.exit())

function beginWhenWhole(): void {
  if (!request || files.length < request.files.length) return
  watchMemory(request.megabytes)
  const run: WorkerRun = { request, files }
  void given.then(() => worker.postMessage(run))
}

/** The interpreter's thread may sleep in a read. */
function wake(): void {
  Atomics.add(alarm, 0, 1)
  Atomics.notify(alarm, 0)
}

function watchMemory(megabytes: number): void {
  setInterval(() => {
    if (process.memoryUsage.rss() < (megabytes + BASE_MEGABYTES) * 1024 * 1024) return
    void worker.terminate().then(() => end(Frame.memory, 'the sandbox outgrew its memory'))
  }, 100).unref()
}

async function give(): Promise<void> {
  const version = (JSON.parse(readFileSync(join(dist, 'pyodide/package.json'), 'utf8')) as { version: string }).version
  const own = ownFiles(dist)
  const [wasm, stdlib, snapshot] = await Promise.all([
    readFile(join(dist, 'pyodide/pyodide.asm.wasm')).then((bytes) => WebAssembly.compile(bytes)),
    readFile(join(dist, 'pyodide/python_stdlib.zip')),
    readFile(join(dist, snapshotName(version, own))).catch(() => null),
  ])
  const binaries: Binaries = { version, wasm, stdlib, snapshot, own }
  worker.postMessage(
    binaries,
    [stdlib, snapshot].filter((bytes) => bytes !== null).map((bytes) => bytes.buffer as ArrayBuffer),
  )
}

function workerOptions() {
  const workerData: WorkerData = {
    makeSnapshot: process.argv.includes('--make-snapshot'),
    ring,
    interrupt,
    commands: commandsInside,
    alarm: alarm.buffer,
    permission: provePermission(),
  }
  return {
    workerData,
    transferList: [commandsInside],
    env: {},
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    // Python raises RecursionError when its own C stack is used up (25,000 nested operators). The engine's frames for
    // that, unoptimised, take more than 64 MiB; with less, the interpreter dies instead. Reserved, not committed.
    resourceLimits: { maxOldGenerationSizeMb: 1024, stackSizeMb: 256 },
  }
}

/** Whether Node's permission model is there and really refuses. */
function provePermission(): boolean {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (!permission || permission.has('child') || permission.has('fs.write')) return false
  try {
    readFileSync(process.execPath)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED'
  }
}
