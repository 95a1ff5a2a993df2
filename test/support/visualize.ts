/** Runs the built command line as a user would, in a folder of its own. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Report } from '../../src/protocol/report.ts'

export const cli = resolve('dist/cli.js')

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

export interface Options {
  cwd?: string
  stdin?: string
  /** Called with the child once it runs, for signals. */
  started?: (pid: number) => void
  /** Called with what it prints, as it comes. */
  printed?: (text: string) => void
}

export function visualize(args: string[], options: Options = {}): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: options.cwd, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (part: Buffer) => {
      stdout += part.toString()
      options.printed?.(part.toString())
    })
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
    child.on('error', fail)
    child.on('close', (code) => done({ code, stdout, stderr }))
    child.stdin.on('error', () => undefined) // a child that ended early closes its pipe
    child.stdin.end(options.stdin ?? '')
    options.started?.(child.pid!)
  })
}

/** A folder that is gone when `use` is done. */
export async function inFolder<T>(
  files: Record<string, string | Uint8Array>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'backprop-test-'))
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The report of a script, given as a path or as text. */
export async function reportOf(script: string, args: string[] = []): Promise<{ report: Report; outcome: Outcome }> {
  const isText = script.includes('\n')
  return inFolder(isText ? { 'script.py': script } : {}, async (cwd) => {
    const outcome = await visualize([isText ? 'script.py' : resolve(script), '--json', '-', '--quiet', ...args], {
      cwd,
    })
    return { report: JSON.parse(outcome.stdout) as Report, outcome }
  })
}
