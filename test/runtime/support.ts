/** Runs scripts from temporary folders in a copy of the built runtime. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import {
  defaultLimits,
  type RunEnd,
  type RunRequest,
  type RuntimeInfo,
  type SourceReader,
} from '../../src/protocol/runtime.ts'
import { diskReader } from '../../src/runtimes/diskReader.ts'
import { embeddedPython, type EmbeddedPython } from '../../src/runtimes/embeddedPython/embeddedPython.ts'

export const root = join(import.meta.dirname, '../..')

/** The runtime of a test file: a copy of the built one, which the test may break; removed after its last. */
export function builtRuntime(): { runtime: EmbeddedPython; dist: string } {
  const dist = mkdtempSync(join(tmpdir(), 'runtime-dist-'))
  const runtime = embeddedPython({ dist })
  beforeAll(() => cpSync(join(root, 'dist/embeddedPython'), dist, { recursive: true }))
  afterAll(() => {
    runtime.dispose()
    rmSync(dist, { recursive: true, force: true })
  })
  return { runtime, dist }
}

/** A new folder with these files. */
export function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), 'script-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

export interface Result {
  end: RunEnd
  stdout: string
  stderr: string
  /** Bytes of the wire. */
  wire: Buffer
  info: RuntimeInfo | null
  notices: string[]
  /** Milliseconds from start to ready. */
  readyMs: number
  /** It ended before a process that was told at the moment of the stop to end after one second. */
  endedWithinASecond: boolean
}

export interface RunOptions extends Partial<Omit<RunRequest, 'limits'>> {
  limits?: Partial<RunRequest['limits']>
  /** Where the files come from; default: the disk. */
  reader?: SourceReader
  /** Stop this many milliseconds after the first output. */
  stopAfterMs?: number
}

export async function run(runtime: EmbeddedPython, script: string, options: RunOptions = {}): Promise<Result> {
  const { limits, stopAfterMs, reader = diskReader, ...rest } = options
  const out = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
  const wire: Uint8Array[] = []
  const second = stopAfterMs === undefined ? null : await aSecond()
  const begin = performance.now()
  const result = { info: null as RuntimeInfo | null, notices: [] as string[], readyMs: NaN }
  let stopping = false
  const stop = () => {
    second?.begin()
    running.stop()
  }
  const running = runtime.start(
    { script, args: [], cwd: dirname(script), capture: true, ...rest, limits: { ...defaultLimits, ...limits } },
    reader,
    {
      wire: (chunk) => void wire.push(chunk),
      output(stream, chunk) {
        if (stopAfterMs !== undefined && !stopping) setTimeout(stop, stopAfterMs)
        stopping = true
        out[stream].push(chunk)
      },
      ready(info) {
        result.readyMs = performance.now() - begin
        result.info = info
      },
      notice: (text) => void result.notices.push(text),
    },
  )
  const end = await running.ended
  const endedWithinASecond = second !== null && !second.isOver()
  second?.end()
  const decode = (chunks: Uint8Array[]) => Buffer.concat(chunks).toString()
  return {
    ...result,
    endedWithinASecond,
    end,
    stdout: decode(out.stdout),
    stderr: decode(out.stderr),
    wire: Buffer.concat(wire),
  }
}

/**
 * The measure of a second: a process that ends one second after it was told to. Where the machine is busy, it is held up
 * like the sandbox that a stop has to end.
 */
async function aSecond(): Promise<{ begin(): void; isOver(): boolean; end(): void }> {
  const code = `process.stdin.once('data', () => setTimeout(() => process.exit(), 1000)); console.log('ready')`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'ignore'] })
  let over = false
  child.once('exit', () => (over = true))
  await once(child.stdout, 'data')
  return { begin: () => void child.stdin.write('.'), isOver: () => over, end: () => void child.kill('SIGKILL') }
}

/** Runs source text as `main.py` in a folder of its own. */
export async function runText(runtime: EmbeddedPython, text: string, options: RunOptions = {}): Promise<Result> {
  const folder = folderWith({ 'main.py': text })
  try {
    return await run(runtime, join(folder, 'main.py'), options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function raised({ end }: Result) {
  if (end.kind !== 'raised') throw new Error(`the run did not raise: ${JSON.stringify(end)}`)
  return end.error
}
