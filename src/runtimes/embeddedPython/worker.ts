/**
 * The thread that holds the interpreter. It owns no handle: bytes leave through the ring, the run arrives as one
 * message, and Python reaches the outside only through file descriptors of devices defined here (no host function
 * and no JavaScript object is handed to Python).
 */

import './browserGuise.ts'
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { Frame, framed, SIGINT, type FrameKind, type SandboxRequest } from './frames.ts'
import { capMemory, harden, openDoors } from './harden.ts'
import { load, type Interpreter, type Pyodide } from './load.ts'
import type { OwnFile } from './ownFiles.ts'
import { preload } from './preload.ts'
import { RingWriter } from './ring.ts'

export interface WorkerData {
  /** Make a snapshot, post it, and end. */
  makeSnapshot: boolean
  ring: SharedArrayBuffer
  interrupt: SharedArrayBuffer
  /** Commands for a script that waits, and what wakes the thread when one is there or it is to be interrupted. */
  commands: MessagePort
  alarm: SharedArrayBuffer
  /** Node's permission model holds this process; told on with `ready`. */
  permission: boolean
}

/** What the trusted thread sends first … */
export interface Binaries extends Interpreter {
  snapshot: Uint8Array | null
  /** Python files of this project by their path inside. */
  own: OwnFile[]
}

/** … and then: the run and the bytes of its files. */
export interface WorkerRun {
  request: SandboxRequest
  files: Uint8Array[]
}

const port = parentPort!
const data = workerData as WorkerData
const text = new TextEncoder()

/** What is left of the command that is being read. */
let command: Uint8Array = new Uint8Array(0)

const cap = capMemory()
const ring = new RingWriter(data.ring, () => port.postMessage('bytes'))

function emit(kind: FrameKind, payload: Uint8Array): void {
  ring.write(framed(kind, payload))
}

const binaries = await received<Binaries>()
if (data.makeSnapshot) {
  const pyodide = await loadOwn()
  pyodide.runPython(preload)
  port.postMessage(pyodide.makeMemorySnapshot())
} else {
  try {
    const pyodide = await start()
    runScript(pyodide, await received<WorkerRun>())
  } catch (error) {
    emit(Frame.crashed, text.encode(`the embedded Python did not start: ${lastLine(error)}`))
  }
}

function received<T>(): Promise<T> {
  return new Promise((resolve) => port.once('message', resolve))
}

async function start(): Promise<Pyodide> {
  const pyodide = await loadFast()
  pyodide.setStdout({ write: (bytes) => (emit(Frame.stdout, bytes), bytes.length), isatty: false })
  pyodide.setStderr({ write: (bytes) => (emit(Frame.stderr, bytes), bytes.length), isatty: false })
  // Far from Pyodide's own devices, which are counted from 64.
  device(pyodide, '/dev/backprop_wire', 240, Frame.wire)
  device(pyodide, '/dev/backprop_outcome', 241, Frame.outcome)
  device(pyodide, '/dev/backprop_gate', 242, Frame.gate, waitForCommand)
  device(pyodide, '/dev/backprop_draft', 243, Frame.draft)
  harden(pyodide)
  const open = openDoors(pyodide)
  const fromPython = pyodide.runPython('import backprop_doors; backprop_doors.open_doors()')
  if (fromPython !== '') open.push(String(fromPython))
  if (open.length > 0) throw new Error(`its self-test found a way out: ${open.join(', ')}`)
  const python = String(pyodide.runPython("sys.version.split(' ')[0]"))
  const interpreter = `Python ${python} (Pyodide ${pyodide.version})`
  emit(Frame.ready, text.encode(JSON.stringify({ interpreter, permission: data.permission })))
  return pyodide
}

/** From the snapshot; where there is none, or it does not load after all, from nothing: slower, otherwise the same. */
async function loadFast(): Promise<Pyodide> {
  if (binaries.snapshot) {
    try {
      return await loadOwn(binaries.snapshot)
    } catch {
      // Fall through.
    }
  }
  const pyodide = await loadOwn()
  pyodide.runPython(preload)
  return pyodide
}

async function loadOwn(snapshot?: Uint8Array): Promise<Pyodide> {
  const pyodide = await load(binaries, { snapshot, makeSnapshot: data.makeSnapshot })
  for (const file of binaries.own) give(pyodide, file.path, file.bytes)
  return pyodide
}

function runScript(pyodide: Pyodide, { request, files }: WorkerRun): void {
  cap.set(request.megabytes * 1024 * 1024)
  try {
    request.files.forEach((path, index) => give(pyodide, path, files[index]!))
    if (request.target !== null) link(pyodide, request.target, request.script)
    give(pyodide, '/backprop/request.json', text.encode(JSON.stringify(request)))
    const stdin = text.encode(request.stdin)
    let at = 0
    pyodide.setStdin({
      read: (buffer) => {
        const part = stdin.subarray(at, at + buffer.length)
        buffer.set(part)
        at += part.length
        return part.length
      },
      isatty: false,
    })
    pyodide.setInterruptBuffer(new Uint8Array(data.interrupt))
    emit(Frame.started, new Uint8Array(0))
    pyodide.runPython('import backprop_harness; backprop_harness.main()')
  } catch (error) {
    const exitCode = exitStatus(error)
    if (exitCode !== null) emit(Frame.outcome, text.encode(JSON.stringify({ kind: 'done', exitCode, notices: [] })))
    else if (cap.reached()) emit(Frame.memory, text.encode(lastLine(error)))
    else emit(Frame.crashed, text.encode(`the embedded Python failed: ${lastLine(error)}`))
  }
}

/** Copies a file in; modules are read-only, data may be written to, as everything here is a copy. */
function give({ FS }: Pyodide, path: string, bytes: Uint8Array): void {
  FS.mkdirTree(path.slice(0, path.lastIndexOf('/')))
  FS.writeFile(path, bytes)
  if (path.endsWith('.py')) FS.chmod(path, 0o444)
}

function link({ FS }: Pyodide, target: string, path: string): void {
  FS.mkdirTree(path.slice(0, path.lastIndexOf('/')))
  FS.symlink(target, path)
}

/** A device whose writes leave as frames of one kind, and whose reads give the bytes of `read`: a part of them at a time. */
function device(
  { FS }: Pyodide,
  path: string,
  major: number,
  kind: FrameKind,
  read: (most: number) => Uint8Array = () => new Uint8Array(0),
): void {
  const dev = FS.makedev(major, 0)
  FS.registerDevice(dev, {
    open: () => {},
    close: () => {},
    write: (_stream: unknown, heap: Int8Array, offset: number, length: number) => {
      emit(kind, new Uint8Array(heap.buffer, heap.byteOffset + offset, length))
      return length
    },
    read: (_stream: unknown, heap: Int8Array, offset: number, length: number) => {
      const bytes = read(length)
      heap.set(bytes, offset)
      return bytes.length
    },
  })
  FS.mkdev(path, 0o666, dev)
}

/** Sleeps until a command is there; nothing when the run is interrupted meanwhile. */
function waitForCommand(most: number): Uint8Array {
  const alarm = new Int32Array(data.alarm)
  while (command.length === 0) {
    const rung = Atomics.load(alarm, 0)
    const received = receiveMessageOnPort(data.commands) as { message: Uint8Array } | undefined
    if (received) command = received.message
    else if (new Uint8Array(data.interrupt)[0] === SIGINT) break
    else Atomics.wait(alarm, 0, rung)
  }
  const part = command.subarray(0, most)
  command = command.subarray(part.length)
  return part
}

/** `os._exit` ends the interpreter on the spot, which is no failure. */
function exitStatus(error: unknown): number | null {
  const { name, status } = error as { name?: unknown; status?: unknown }
  return (name === 'ExitStatus' || name === 'Exit') && typeof status === 'number' ? status & 0xff : null
}

function lastLine(error: unknown): string {
  const message = error instanceof Error ? String(error) : JSON.stringify(error)
  return message.trim().split('\n').at(-1) ?? ''
}
