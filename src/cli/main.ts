/** `visualize`: runs a script or opens a recording, prints a summary, writes what was asked for. */
import { constants, existsSync } from 'node:fs'
import { access, open, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { basename, delimiter, dirname, extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunEnd } from '../protocol/runtime.ts'
import type { Overview } from '../protocol/view.ts'
import { runtimes } from '../runtimes/runtimes.ts'
import { startSession, type SessionChannel } from '../session/client.node.ts'
import { parseArguments, usage, UsageError, type Arguments } from './arguments.ts'
import { serveDap } from './dap.ts'
import { exportedPage } from '../session/exportedPage.node.ts'
import { headline, Progress, summaryTable } from './terminal.ts'

const dist = dirname(fileURLToPath(import.meta.url))
const ExitCode = { fine: 0, raised: 1, usage: 2, limit: 3, interrupted: 130 } as const
const SUMMARY_ROWS = 12

async function main(argv: string[]): Promise<number> {
  const args = parseArguments(argv)
  if (args === 'help') return say(usage)
  if (args === 'version')
    return say(JSON.parse(await readFile(resolve(dist, '../package.json'), 'utf8')).version as string)
  if (args === 'dap') return serveDap(dist)
  const script = resolve(args.script)
  if (!(args.runtime in runtimes))
    throw new UsageError(`there is no runtime "${args.runtime}"; there is ${Object.keys(runtimes).join(', ')}`)
  const outputs = outputsOf(args, script)
  const isRecording = extname(script) === '.tape'

  const session = startSession(dist, (error) => fail(`the session failed: ${error.message}`, ExitCode.raised))
  const { channel } = session
  // What it runs in starts while the arguments are looked at.
  if (!isRecording) channel.request('warm', { runtime: args.runtime }).catch(() => undefined)
  try {
    await checkScript(script, args.script)
    await checkDistinct(script, outputs)
    for (const file of Object.values(outputs)) if (file !== null && file !== '-') await checkWritable(file)
    const end = isRecording ? await openRecording(channel, script) : await run(channel, args, script)
    await deliver(channel, args, script, outputs)
    return exitCode(end)
  } finally {
    await session.dispose()
  }
}

interface Outputs {
  html: string | null
  json: string | null
  svg: string | null
  tape: string | null
}

/** The page is written unless nothing was recorded; the other files when they are asked for. */
function outputsOf(args: Arguments, script: string): Outputs {
  const file = (name: string | null) => (name === null || name === '-' ? name : resolve(name))
  return {
    html: file(args.html ?? (args.plain ? null : `${basename(script, extname(script))}.html`)),
    json: file(args.json),
    svg: file(args.svg),
    tape: file(args.tape),
  }
}

/** No output may take the place of the script, by whatever name, or of another output. */
async function checkDistinct(script: string, outputs: Outputs): Promise<void> {
  const taken = new Map([[await realpath(script), 'the script itself']])
  for (const [kind, file] of Object.entries(outputs) as [string, string | null][]) {
    if (file === null || file === '-') continue
    const real = await realpath(file).catch(() => file)
    // What goes to a device (`/dev/null`) overwrites nothing.
    if ((await stat(real).catch(() => null))?.isFile() === false) continue
    const other = taken.get(real)
    if (other !== undefined) throw new UsageError(`--${kind} would overwrite ${other}: ${file}`)
    taken.set(real, `what --${kind} writes`)
  }
}

async function checkScript(script: string, asGiven: string): Promise<void> {
  const info = await stat(script).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT' ? `there is no file ${asGiven}` : `${asGiven} cannot be read: ${error.message}`,
    )
  })
  if (info.isDirectory()) throw new UsageError(`${asGiven} is a folder; name the script in it`)
  if (!info.isFile()) throw new UsageError(`${asGiven} is no regular file`)
  await access(script, constants.R_OK).catch(() => {
    throw new UsageError(`${asGiven} cannot be read: permission denied`)
  })
  if (extname(script) === '.tape') return
  const file = await open(script)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(8192), 0, 8192, 0).finally(() => file.close())
  if (buffer.subarray(0, bytesRead).includes(0))
    throw new UsageError(`${asGiven} is a binary file, not a Python script`)
}

async function checkWritable(path: string): Promise<void> {
  const existed = await stat(path).then(
    (info) => info,
    () => null,
  )
  if (existed?.isDirectory()) throw new UsageError(`${path} is a folder; name a file`)
  const why = await access(existed ? path : dirname(path), constants.W_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) => error,
  )
  if (why)
    throw new UsageError(
      `cannot write ${path}: ${why.code === 'ENOENT' ? 'the folder does not exist' : 'permission denied'}`,
    )
}

async function run(channel: SessionChannel, args: Arguments, script: string): Promise<RunEnd> {
  const progress = new Progress(process.stderr)
  const text = args.json === '-' ? process.stderr : process.stdout
  channel.on('output', ({ stream, chunk }) => {
    progress.clear()
    ;(stream === 'stdout' ? text : process.stderr).write(chunk)
  })
  channel.on('overview', (overview) => {
    if (overview.state === 'running')
      progress.show(`running … ${sofar(overview)}, ${overview.seconds.toFixed(1)} s (Ctrl-C stops)`)
  })
  progress.show('starting …')
  const stop = () => void channel.request('stop', {})
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const stdin = await pipedInput(script)
  const end = await channel.request('run', {
    runtime: args.runtime,
    request: {
      script,
      argv0: args.script,
      args: args.scriptArgs,
      cwd: process.cwd(),
      folders: pythonPath(),
      capture: !args.plain,
      limits: args.limits,
      ...(stdin === undefined ? {} : { stdin }),
    },
  })
  progress.clear()
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  tellEnd(end)
  return end
}

/** The folders that plain Python would look for modules in, too. */
function pythonPath(): string[] {
  const named = (process.env['PYTHONPATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return named.map((folder) => resolve(folder)).filter((folder) => existsSync(folder))
}

/** What was piped in, for scripts that read it; others must not wait for a pipe that nobody closes. */
async function pipedInput(script: string): Promise<string | undefined> {
  if (process.stdin.isTTY || !/\b(input\s*\(|stdin\b|fileinput\b)/.test(await readFile(script, 'utf8')))
    return undefined
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

/** The traceback was printed by the script itself; this says what it cannot know. */
function tellEnd(end: RunEnd): void {
  switch (end.kind) {
    case 'done':
      if (end.exitCode !== 0) warn(`the script ended with exit code ${end.exitCode}`)
      return
    case 'raised':
      if (end.error.hint) warn(end.error.hint)
      return
    case 'limit':
      warn(`${end.message}; what was recorded until then is kept`)
      return
    case 'stopped':
      warn('stopped; what was recorded until then is kept')
      return
    case 'crashed':
      warn(`the run failed: ${end.message}`)
      return
    default:
      end satisfies never
  }
}

async function openRecording(channel: SessionChannel, path: string): Promise<RunEnd> {
  try {
    await channel.request('open', { tape: await readFile(path) })
  } catch (error) {
    const overview = await channel.request('overview', {})
    warn(`${basename(path)}: ${error instanceof Error ? error.message : String(error)}`)
    if (overview.nodes === 0) throw new UsageError('nothing of it could be read')
    warn(`the ${overview.nodes.toLocaleString('en-US')} nodes before that are shown.`)
    return { kind: 'crashed', message: String(error) }
  }
  return { kind: 'done', exitCode: 0 }
}

async function deliver(channel: SessionChannel, args: Arguments, script: string, outputs: Outputs): Promise<void> {
  const log = args.json === '-' ? process.stderr : process.stdout
  const overview = await channel.request('overview', {})
  if (!args.plain) for (const notice of overview.notices) warn(notice)
  if (!args.quiet && !args.plain) {
    log.write(`${headline(overview)}\n`)
    const table = summaryTable(await channel.request('summary', { limit: SUMMARY_ROWS }))
    if (table !== '') log.write(`${table}\n`)
  }
  if (outputs.json !== null) {
    const json = `${await channel.request('report', {})}\n`
    if (outputs.json === '-') await new Promise<void>((done) => process.stdout.write(json, () => done()))
    else await write(outputs.json, json)
  }
  const tape = outputs.tape !== null || outputs.html !== null ? await channel.request('tape', {}) : null
  if (outputs.tape !== null && tape) await write(outputs.tape, tape)
  if (outputs.svg !== null) await write(outputs.svg, await finalPicture(channel))
  if (outputs.html !== null && tape) await write(outputs.html, await exportedPage(dist, basename(script), tape))
  for (const [kind, file] of Object.entries(outputs))
    if (file !== null && file !== '-') log.write(`${kind === 'html' ? 'page' : kind}: ${file}\n`)
}

/** The SVG of the final layout, not of the quick first picture. */
async function finalPicture(channel: SessionChannel): Promise<string> {
  const settled = new Promise<void>((done) => {
    channel.on('scene', () => done())
    channel.on('busy', ({ what }) => what === null && done())
  })
  const first = await channel.request('scene', {})
  if (!first.final) await settled
  return channel.request('svg', { tick: (await channel.request('overview', {})).lastTick })
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(path, content).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot write ${path}: ${error.message}`)
  })
}

function exitCode(end: RunEnd): number {
  switch (end.kind) {
    case 'done':
      return end.exitCode === 0 ? ExitCode.fine : ExitCode.raised
    case 'raised':
    case 'crashed':
      return ExitCode.raised
    case 'limit':
      return ExitCode.limit
    case 'stopped':
      return ExitCode.interrupted
    default:
      return end satisfies never
  }
}

/** How far a run is: a followed one counts what it has followed, and has its nodes at the end. */
function sofar({ nodes, followed }: Overview): string {
  if (nodes === 0 && followed > 0) return `every number is followed, ${followed.toLocaleString('en-US')} so far`
  return `${nodes.toLocaleString('en-US')} nodes`
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return ExitCode.fine
}

function warn(text: string): void {
  process.stderr.write(`backprop-lens: ${text}\n`)
}

function fail(message: string, code: number): never {
  warn(message)
  process.exit(code)
}

// Whoever reads the output may stop early (`| head`): the files are written all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
    // Output that is still on its way to a pipe is not lost by leaving through the event loop.
  },
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof UsageError) fail(message, ExitCode.usage)
    fail(message, ExitCode.raised)
  },
)
