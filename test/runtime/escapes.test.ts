/**
 * Attempts to leave the sandbox. Every attempt must fail closed, a file on the host stays as it is, and a server on
 * the loopback interface is never spoken to. The files in `escapes/` hold the attempts; those that may kill the
 * interpreter have a file, and so a sandbox, of their own.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { embeddedPython } from '../../src/runtimes/embeddedPython/embeddedPython.ts'
import { builtRuntime, root, run, type Result } from './support.ts'

const folder = join(root, 'test/runtime/escapes')
const built = builtRuntime()
let home: string
let canary: string
let server: Server
let visits = 0
const attempted: string[] = []

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'canary-'))
  process.env['BACKPROP_CANARY'] = 'secret'
  canary = join(home, 'canary.txt')
  writeFileSync(canary, 'untouched')
  server = createServer((_, response) => {
    visits++
    response.end('caught')
  })
  server.on('connection', () => visits++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}, 60_000)

afterAll(() => {
  delete process.env['BACKPROP_CANARY']
  server.close()
  rmSync(home, { recursive: true })
})

async function attempts(file: string, permission = true, seconds = 40): Promise<Result> {
  const { port } = server.address() as AddressInfo
  const result = await run(embeddedPython({ dist: built.dist, permission }), join(folder, file), {
    args: [canary, String(port)],
    capture: false,
    limits: { seconds },
  })
  const lines = result.stdout.split('\n')
  attempted.push(...lines.filter((line) => line.startsWith('TRY ')).map((line) => line.slice(4)))
  const got = lines
    .filter((line) => line.startsWith('END '))
    .map((line) => JSON.parse(line.slice(4)) as { open: string | null })
  expect(got.filter(({ open }) => open !== null)).toEqual([])
  expect(readFileSync(canary, 'utf8')).toBe('untouched')
  expect(readdirSync(home)).toEqual(['canary.txt'])
  expect(visits).toBe(0)
  expect(({} as { files?: unknown; polluted?: unknown }).files).toBe(undefined)
  return result
}

const families = ['python_modules.py', 'pyodide_modules.py', 'native.py', 'host_seams.py']
test.each(families.flatMap((file) => [true, false].map((permission) => [file, permission] as const)))(
  '%s: every attempt is made and fails (Node’s permission model: %s)',
  async (file, permission) => {
    const { end, stdout } = await attempts(file, permission)
    const source = readFileSync(join(folder, file), 'utf8')
    expect(stdout.match(/^END /gm)?.length).toBe(source.match(/^@attempt/gm)?.length)
    expect(end.kind).toBe('done')
  },
  60_000,
)

test('JavaScript from C kills the interpreter', async () => {
  const { end } = await attempts('run_script.py')
  expect(end.kind).toBe('crashed')
})

test('wild writes stay in its own memory', async () => {
  const { end } = await attempts('wild_memory.py')
  expect(['done', 'raised', 'crashed', 'limit']).toContain(end.kind)
}, 60_000)

test('a forged outcome is refused', async () => {
  const { end } = await attempts('forged_outcome.py')
  expect(end.kind).toBe('crashed')
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined)
})

test('an outcome of a length that no honest one has is refused', async () => {
  const { end } = await attempts('oversized_outcome.py')
  expect(end).toMatchObject({ kind: 'crashed', message: expect.stringContaining('a frame of 80000000 bytes') })
})

test('a proxy whose number is forged leads nowhere', async () => {
  const { end } = await attempts('forged_proxy.py')
  expect(['done', 'raised', 'crashed', 'limit']).toContain(end.kind)
})

test('getters on the prototype of everything catch nothing of the host', async () => {
  const { end } = await attempts('prototype_getters.py', true, 5)
  expect(['done', 'raised', 'crashed', 'limit']).toContain(end.kind)
})

test('a broken tracer ends the run, whatever it says', async () => {
  const { end, wire } = await attempts('forged_wire.py')
  expect(['done', 'raised', 'crashed']).toContain(end.kind)
  expect(wire.includes(Buffer.alloc(1000, 0xff))).toBe(true)
})

test('a flood of messages passes in bounded memory', async () => {
  const before = process.memoryUsage().rss
  const { end } = await attempts('exhausting.py')
  expect(end.kind).toBe('done')
  expect(process.memoryUsage().rss - before).toBeLessThan(500e6)
})

test('at least 60 attempts were made', () => {
  expect(new Set(attempted).size).toBeGreaterThanOrEqual(60)
})
