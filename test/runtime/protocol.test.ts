/** What the host makes of a sandbox's frames, with a process in the sandbox's place that says what the test wants. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { embeddedPython } from '../../src/runtimes/embeddedPython/embeddedPython.ts'
import { Frame } from '../../src/runtimes/embeddedPython/frames.ts'
import { runText } from './support.ts'

vi.setConfig({ testTimeout: 30_000 })

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
