import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Overview } from '../../src/protocol/view.ts'
import { pythonTokens } from '../../webview/code/pythonTokens.ts'
import { SiteIndex } from '../../src/protocol/siteIndex.ts'
import { holdsWhatItReceived, received } from '../../webview/side/received.ts'
import { newest, Store } from '../../webview/store.ts'
import { initialState, readSaved, toSaved } from '../../webview/state.ts'
import { passStop, stopAt, timelineStops } from '../../webview/timelineStops.ts'

describe('Python tokens', () => {
  const kinds = (...lines: string[]) =>
    pythonTokens(lines).map((tokens, i) => tokens.map(({ start, end, kind }) => [kind, lines[i]!.slice(start, end)]))

  test('keywords, calls, numbers, strings, comments, decorators', () => {
    expect(kinds('def f(x): return tanh(x ** -1.5e-3)  # 1 "a"')).toEqual([
      [
        ['keyword', 'def'],
        ['function', 'f'],
        ['keyword', 'return'],
        ['function', 'tanh'],
        ['number', '1.5e-3'],
        ['comment', '# 1 "a"'],
      ],
    ])
    expect(kinds('  @torch.no_grad()', "s = rb'a\\'#' + f\"{x}\"", 'x1 = 0x_ff')).toEqual([
      [['decorator', '  @torch.no_grad']],
      [
        ['string', "rb'a\\'#'"],
        ['string', 'f"{x}"'],
      ],
      [['number', '0x_ff']],
    ])
  })

  test('a string in triple quotes goes on over lines', () => {
    expect(kinds('x = """a', 'if # no', 'b""" if 1')).toEqual([
      [['string', '"""a']],
      [['string', 'if # no']],
      [
        ['string', 'b"""'],
        ['keyword', 'if'],
        ['number', '1'],
      ],
    ])
  })

  test('never fail, and never overlap, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (lines) => {
        for (const [i, tokens] of pythonTokens(lines).entries()) {
          let at = 0
          for (const { start, end } of tokens) {
            expect(start).toBeGreaterThanOrEqual(at)
            expect(end).toBeLessThanOrEqual(lines[i]!.length)
            at = end
          }
        }
      }),
    )
  })
})

describe('sites', () => {
  const site = (startLine: number, startColumn: number, endLine: number, endColumn: number) => ({
    startLine,
    startColumn,
    endLine,
    endColumn,
    elements: Int32Array.of(0),
  })
  const outer = site(1, 4, 3, 1)
  const inner = site(2, 2, 2, 9)
  const index = new SiteIndex([outer, inner, site(2, 2, 2, 5)])

  test('the innermost range around a character', () => {
    expect(index.innermost(2, 7)).toBe(inner)
    expect(index.innermost(2, 9)).toBe(outer)
    expect(index.innermost(1, 3)).toBeNull()
    expect(index.innermost(3, 0)).toBe(outer)
    expect(index.innermost(3, 1)).toBeNull()
  })

  test('the outermost range that ends on a line', () => {
    expect(index.outermost(2)).toBe(inner)
    expect(index.outermost(3)).toBe(outer)
    expect(index.outermost(1)).toBeNull()
  })
})

describe('timeline stops', () => {
  const pass = (startTick: number, stepTicks: number[], steps = stepTicks.length): Overview['passes'][number] => ({
    title: 'o',
    roots: [0],
    startTick,
    endTick: stepTicks.at(-1) ?? startTick,
    stepTicks: Int32Array.from(stepTicks),
    steps,
  })
  const stops = timelineStops({ passes: [pass(10, [12, 14]), pass(20, [22])], lastTick: 30 })

  test('each pass before its first step and after each one, and the end', () => {
    expect(stops.map(({ tick, pass: p, done }) => [tick, p, done])).toEqual([
      [10, 0, 0],
      [12, 0, 1],
      [14, 0, 2],
      [20, 1, 0],
      [22, 1, 1],
      [30, 1, 1],
    ])
  })

  test('a sampled pass counts its real steps', () => {
    expect(timelineStops({ passes: [pass(0, [8, 16, 20], 10)], lastTick: 20 }).map(({ done }) => done)).toEqual([
      0, 4, 8, 10,
    ])
  })

  test('a long recording is thinned, every pass with its last step', () => {
    const ticks = Array.from({ length: 4000 }, (_, i) => i + 1)
    const many = timelineStops({
      passes: Array.from({ length: 100 }, (_, i) =>
        pass(
          i * 5000,
          ticks.map((t) => i * 5000 + t),
        ),
      ),
      lastTick: 500_000,
    })
    expect(many.length).toBeLessThan(60_000)
    for (let i = 0; i < 100; i++) {
      const own = many.filter((stop) => stop.pass === i)
      expect(own[0]!.done).toBe(0)
      expect(own.some(({ tick, done }) => done === 4000 && tick === i * 5000 + 4000)).toBe(true)
    }
  })

  test('every tick has the last stop at or before it', () => {
    expect([0, 10, 13, 22, 29, 99].map((tick) => stopAt(stops, tick))).toEqual([0, 0, 1, 4, 4, 5])
  })

  test('by pass: to its start, then to the one before; forwards to the next, then to the end', () => {
    expect(passStop(stops, 5, -1)).toBe(3)
    expect(passStop(stops, 3, -1)).toBe(0)
    expect(passStop(stops, 0, -1)).toBe(0)
    expect(passStop(stops, 1, 1)).toBe(3)
    expect(passStop(stops, 3, 1)).toBe(5)
  })

  test('without a pass there is one place', () => {
    expect(timelineStops({ passes: [], lastTick: 7 })).toEqual([{ tick: 7, pass: -1, done: 0 }])
  })
})

describe('what a node received', () => {
  const details = (given: number[], held: number, moreCameFrom = 0) => ({
    cameFrom: given.map((value) => ({
      element: 0,
      title: '',
      op: '',
      slot: 0,
      upstream: { kind: 'none' as const },
      local: { kind: 'none' as const },
      contribution: { kind: 'number' as const, value },
      formula: '',
      vjp: null,
      mode: 'added' as const,
      stray: false,
    })),
    moreCameFrom,
    gradient: { kind: 'number' as const, value: held },
  })

  test('adds up within rounding, or not', () => {
    expect(holdsWhatItReceived(details([0.1, 0.2], 0.3))).toBe(true)
    expect(holdsWhatItReceived(details([0.1, 0.2], 0.2))).toBe(false)
    expect(holdsWhatItReceived(details([NaN], NaN))).toBe(true)
    expect(holdsWhatItReceived(details([1e9, -1e9, 1e-3], 1e-3))).toBe(true)
  })

  test('is unknown when not all of it is listed', () => {
    expect(received(details([1], 2, 5))).toBeNull()
    expect(holdsWhatItReceived(details([1], 2, 5))).toBe(true)
  })
})

describe('store', () => {
  test('tells once per change, and only who watches what changed', () => {
    const store = new Store({ a: 1, b: 1 })
    const told: string[] = []
    store.watch(['a'], () => told.push('a'))
    const stop = store.watch(['a', 'b'], () => told.push('ab'))
    store.set({ a: 2, b: 2 })
    store.set({ a: 2 })
    stop()
    store.set({ b: 3 })
    expect(told).toEqual(['a', 'ab'])
  })

  test('of questions asked meanwhile only the newest is asked', async () => {
    const asked: number[] = []
    const answered: number[] = []
    const ask = newest(
      async (n: number) => {
        asked.push(n)
        await Promise.resolve()
        if (n === 4) throw new Error('no')
        return n
      },
      (n) => answered.push(n),
      () => answered.push(-1),
    )
    for (const n of [1, 2, 3, 4]) ask(n)
    await new Promise((resolve) => setTimeout(resolve))
    ask(5)
    await new Promise((resolve) => setTimeout(resolve))
    expect(asked).toEqual([1, 4, 5])
    expect(answered).toEqual([1, -1, 5])
  })
})

test('saved state is read back, and anything else is refused', () => {
  const saved = toSaved({ ...initialState, selected: 3, tick: 5, atEnd: false }, [-1])
  expect(readSaved(structuredClone(saved))).toEqual(saved)
  const broken: Record<string, unknown>[] = [
    { version: 2 },
    { open: ['x'] },
    { theme: 'pink' },
    { camera: { x: 0, y: 0 } },
    { tick: '1' },
  ]
  for (const change of broken) expect(readSaved({ ...saved, ...change }), JSON.stringify(change)).toBeNull()
  for (const other of [null, 1, 'x', []]) expect(readSaved(other)).toBeNull()
})
