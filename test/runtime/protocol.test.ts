/** What the host makes of a sandbox's frames, with a process in the sandbox's place that says what the test wants. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { embeddedPython } from '../../src/runtimes/embeddedPython/embeddedPython.ts'
import { Frame } from '../../src/runtimes/embeddedPython/frames.ts'
import { runText } from './support.ts'

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })))

/** A folder whose `child.mjs` runs this code; there, `say(kind, text)` writes a frame. */
function pretender(code: string): string {
  const dist = mkdtempSync(join(tmpdir(), 'pretender-'))
  folders.push(dist)
  const head =
    `import { writeSync } from 'node:fs'\nconst Frame = ${JSON.stringify(Frame)}\n` +
    `const frame = (kind, text = '') => {\n  const payload = Buffer.from(text), header = Buffer.alloc(5)\n` +
    `  header[0] = kind\n  header.writeUInt32LE(payload.length, 1)\n  return Buffer.concat([header, payload])\n}\n` +
    `const say = (...frames) => writeSync(3, Buffer.concat(frames))\n` +
    `const ready = frame(Frame.ready, JSON.stringify({ interpreter: 'none', permission: false }))\n` +
    `const done = frame(Frame.outcome, JSON.stringify({ kind: 'done', exitCode: 0, notices: [] }))\n` +
    `process.stdin.resume()\n`
  writeFileSync(join(dist, 'child.mjs'), head + code)
  return dist
}

const runWith = (code: string) => runText(embeddedPython({ dist: pretender(code), permission: false }), '')

test('the first end counts: what comes after it is not heard', async () => {
  const { end, stdout } = await runWith(
    `say(ready)\nprocess.stdin.once('data', () => say(done, frame(Frame.stdout, 'late'), frame(Frame.crashed, 'a timer')))\n`,
  )
  expect(end).toEqual({ kind: 'done', exitCode: 0 })
  expect(stdout).toBe('')
})

test('where Node does not start with its permission model, the sandbox starts without', async () => {
  const dist = pretender(
    `if (process.execArgv.some((flag) => flag.endsWith('permission'))) process.exit(9)\n` +
      `say(ready)\nprocess.stdin.once('data', () => say(done))\n`,
  )
  const { end, info } = await runText(embeddedPython({ dist }), '')
  expect(end).toEqual({ kind: 'done', exitCode: 0 })
  expect(info?.heldBy.join()).not.toContain('permission model')
})

test.each([
  ['that ends at once', `console.error('no such library')\nprocess.exit(1)\n`, /no such library/],
  ['that refuses', `say(frame(Frame.crashed, 'a door is open'))\n`, /a door is open/],
  ['that ends in the middle', `say(ready)\nprocess.stdin.once('data', () => process.exit(3))\n`, /without a word/],
  [
    'with an impossible frame',
    `say(ready)\nprocess.stdin.once('data', () => say(Buffer.alloc(5, 0xff)))\n`,
    /protocol/,
  ],
  ['with an unknown frame', `say(ready)\nprocess.stdin.once('data', () => say(frame(99)))\n`, /unknown frame/],
  ['with no outcome', `say(ready)\nprocess.stdin.once('data', () => say(frame(Frame.outcome, '{}')))\n`, /protocol/],
])('a sandbox %s ends the run as crashed', async (_, code, message) => {
  const { end } = await runWith(code)
  expect(end).toMatchObject({ kind: 'crashed', message: expect.stringMatching(message) })
})

test('a sandbox that hears nothing is killed within a second of the stop', async () => {
  const deaf = `say(ready)\nprocess.stdin.once('data', () => { say(frame(Frame.started), frame(Frame.stdout, 'x')); for (;;); })\n`
  const dist = pretender(deaf)
  const { end, endedWithinASecond } = await runText(embeddedPython({ dist, permission: false }), '', { stopAfterMs: 0 })
  expect(end).toEqual({ kind: 'stopped' })
  expect(endedWithinASecond).toBe(true)
})

test('output past the limit is cut at the byte', async () => {
  const flood = `say(ready)\nprocess.stdin.once('data', () => say(frame(Frame.stdout, 'abcde'), frame(Frame.stderr, 'fgh'), done))\n`
  const dist = pretender(flood)
  const { end, stdout, stderr } = await runText(embeddedPython({ dist, permission: false }), '', {
    limits: { outputBytes: 7 },
  })
  expect(end).toMatchObject({ kind: 'limit', limit: 'output' })
  expect(stdout + stderr).toBe('abcdefg')
})

test('a waiting sandbox ends after five idle minutes, and is used before that', async () => {
  const dist = pretender(
    `import { appendFileSync } from 'node:fs'\nappendFileSync(import.meta.dirname + '/starts', process.pid + '\\n')\n` +
      `say(ready)\nprocess.stdin.once('data', () => say(done))\n`,
  )
  const started = () => readFileSync(join(dist, 'starts'), 'utf8').trim().split('\n').map(Number)
  const alive = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const runtime = embeddedPython({ dist, permission: false })
    runtime.warm()
    runtime.warm()
    await vi.waitUntil(() => existsSync(join(dist, 'starts')), { timeout: 10_000 })
    expect(started().length).toBe(1)
    vi.advanceTimersByTime(5 * 60_000 - 1)
    expect(alive(started()[0]!)).toBe(true)
    vi.advanceTimersByTime(2)
    await vi.waitUntil(() => !alive(started()[0]!), { timeout: 10_000 })
    runtime.warm()
    expect((await runText(runtime, '')).end).toEqual({ kind: 'done', exitCode: 0 })
    expect(started().length).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})
