/** How a run ends that takes too much, or is stopped; what was recorded stays. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { diskReader } from '../../src/runtimes/diskReader.ts'
import { Tape } from '../../src/tape/tape.ts'
import { builtRuntime, folderWith, raised, runText } from './support.ts'

const built = builtRuntime()

const runSource = (text: string, options?: Parameters<typeof runText>[2]) => runText(built.runtime, text, options)

describe('limits keep what was recorded', () => {
  const engine = 'from micrograd.engine import Value\na = Value(2.0) * 3.0\nprint("made", flush=True)\n'

  test('time', async () => {
    const result = await runSource(engine + 'while True: pass', { limits: { seconds: 3 } })
    expect(result.end).toMatchObject({ kind: 'limit', limit: 'time' })
    expect(result.stdout).toBe('made\n')
    expect(result.wire.includes('Value(2.0) * 3.0')).toBe(true)
  })

  test('a script that swallows the interrupt is killed', async () => {
    const source = 'print("go", flush=True)\nwhile True:\n  try:\n    while True: pass\n  except BaseException: pass'
    const result = await runSource(source, { limits: { seconds: 0.3 } })
    expect(result.end).toMatchObject({ kind: 'limit', limit: 'time' })
  }, 15_000)

  test('output', async () => {
    const result = await runSource('while True: print("x" * 1000)', { limits: { outputBytes: 100_000 } })
    expect(result.end).toMatchObject({ kind: 'limit', limit: 'output' })
    expect(result.stdout.length).toBe(100_000)
  })

  test('100 MB of output pass through when they may', async () => {
    const result = await runSource('for _ in range(100): print("x" * 999_999)', { limits: { outputBytes: 2e8 } })
    expect(result.end).toEqual({ kind: 'done', exitCode: 0 })
    expect(result.stdout.length).toBe(100_000_000)
  })

  test('memory: MemoryError inside, handled or not', async () => {
    const source = 'try: x = bytearray(5 * 10**8)\nexcept MemoryError: print("handled")\ny = [0] * 10**9'
    const result = await runSource(source, { limits: { megabytes: 256 } })
    expect(result.stdout).toBe('handled\n')
    expect(raised(result)).toMatchObject({ type: 'MemoryError', hint: expect.stringContaining('256 MiB') })
  })

  test('memory: files in the sandbox count', async () => {
    const source = 'f = open("/tmp/big", "wb")\nwhile True: f.write(b"x" * 2**24)'
    const result = await runSource(source, { limits: { megabytes: 128 } })
    expect(result.end).toMatchObject({ kind: 'limit', limit: 'memory' })
  })

  test('nodes', async () => {
    const result = await runSource(
      'from micrograd.engine import Value\na = Value(1.0)\nfor i in range(10000): a = a + 1.0\na.backward()',
      { limits: { nodes: 500 } },
    )
    expect(result.end).toMatchObject({ kind: 'limit', limit: 'nodes' })
  })
})

describe('of a run in which every number is followed, too', () => {
  const engine =
    'class V:\n  def __init__(s, v): s.v, s.g = v, 0.0\nclass Adder:\n  def add(self, n, x): n.g = n.g + x\n' +
    'def mul(x, y, tape):\n  z = V(x.v * y.v)\n  tape.append((z, [(x, y.v), (y, x.v)]))\n  return z\n' +
    'tape, adder = [], Adder()\na = V(2.0)\nb = mul(a, a, tape)\nadder.add(b, 1.0)\n' +
    'for x, w in tape[0][1]: adder.add(x, w * b.g)\nfor _ in range(20): mul(a, b, tape)\nprint("made", flush=True)\n'
  const endings = {
    'a loop': 'while True: mul(a, b, tape)',
    'a loop that is not seen': 'while True: pass',
    'a script that swallows the interrupt': 'while True:\n  try:\n    while True: pass\n  except BaseException: pass',
    'one call that never returns': 'sum(range(10**15))',
  }
  /** What was there before the end is on the tape. */
  function expectKept({ wire }: { wire: Buffer }): void {
    const tape = new Tape()
    tape.push(wire)
    const contribution = tape.table('contribution')
    expect(tape.ops).toBeGreaterThan(2)
    expect([contribution.data.at(0), contribution.data.at(1)]).toEqual([2, 2])
  }
  test.each(Object.entries(endings))('time: %s', async (_, ending) => {
    const result = await runSource(engine + ending, { limits: { seconds: 3 } })
    expect(result.end).toMatchObject({ kind: 'limit', limit: 'time' })
    expectKept(result)
  })

  test.each(Object.entries(endings).slice(1, 3))('stop: %s', async (_, ending) => {
    const result = await runSource(engine + ending, { stopAfterMs: 1500 })
    expect(result.end).toEqual({ kind: 'stopped' })
    expect(result.endedWithinASecond).toBe(true)
    expectKept(result)
  })

  test('nodes', async () => {
    const result = await runSource(engine + endings['a loop'], { limits: { nodes: 500 } })
    expect(result.end).toMatchObject({ kind: 'limit', limit: 'nodes' })
    expectKept(result)
  })

  test.each([
    ['at once', 'x = [0] * 10**9'],
    ['bit by bit, beside the graph', 'held = []\nwhile True: held.append([mul(a, b, tape)] * 100_000)'],
    ['by the graph itself', 'while True: mul(a, b, tape)'],
  ])('memory, taken %s', async (_, ending) => {
    const result = await runSource(engine + ending, { limits: { megabytes: 64 } })
    // Python itself does not survive every place at which there is none left.
    if (result.end.kind === 'limit') expect(result.end.limit).toBe('memory')
    else expect(raised(result)).toMatchObject({ type: 'MemoryError', hint: expect.stringContaining('64 MiB') })
    expectKept(result)
  })
})

describe('stop ends a run within a second', () => {
  test.each([
    ['an infinite loop', 'while True: pass'],
    ['a loop that swallows everything', 'while True:\n  try:\n    while True: pass\n  except BaseException: pass'],
    ['a huge comprehension', '[i for i in range(10**12)]'],
    ['a loop in C', 'sum(range(10**12))'],
    ['a sleep', 'import time; time.sleep(1000)'],
    ['a sleep of asyncio', 'import asyncio; asyncio.run(asyncio.sleep(1000))'],
    ['a wait for nothing', 'import asyncio; asyncio.run(asyncio.Event().wait())'],
    ['a huge power', 'x = 10 ** 10 ** 8'],
    ['a regular expression that explodes', 'import re; re.match("(a+)+$", "a" * 60 + "b")'],
    ['a big allocation', 'x = [0] * 10**8\nwhile True: y = x * 2'],
  ])('%s', async (_, source) => {
    const result = await runSource(`print("go", flush=True)\n${source}`, { stopAfterMs: 300 })
    expect(result.end).toEqual({ kind: 'stopped' })
    expect(result.stdout).toBe('go\n')
    expect(result.endedWithinASecond).toBe(true)
  })

  test('before the script begins', async () => {
    const folder = folderWith({ 'main.py': 'print(1)' })
    const { defaultLimits } = await import('../../src/protocol/runtime.ts')
    const nothing = { wire() {}, output() {}, ready() {}, notice() {} }
    const request = { script: join(folder, 'main.py'), args: [], cwd: folder, capture: true, limits: defaultLimits }
    const running = built.runtime.start(request, diskReader, nothing)
    running.stop()
    expect(await running.ended).toEqual({ kind: 'stopped' })
    rmSync(folder, { recursive: true })
  })
})
