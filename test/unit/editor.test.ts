/** What links code and graph in the editor, without the editor. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pack, unpack } from '../../src/protocol/pack.ts'
import { defaultLimits } from '../../src/protocol/runtime.ts'
import { backwardCalls } from '../../src/ui/backwardCalls.ts'
import { type Change, Drift, type Position } from '../../src/ui/drift.ts'
import { Grants } from '../../src/ui/grants.ts'
import { pythonLines } from '../../src/ui/magics.ts'
import { parseViewMessage } from '../../src/ui/messages.ts'

const at = (line: number, character: number): Position => ({ line, character })

test('a range moves with what is typed before it, and is given up when its inside changes', () => {
  const drift = new Drift()
  drift.add([{ start: at(0, 0), end: at(0, 0), text: '# one\n# two\n' }])
  expect(drift.toNow(at(3, 4), at(3, 9))).toEqual({ start: at(5, 4), end: at(5, 9) })
  drift.add([{ start: at(5, 0), end: at(5, 2), text: 'longer' }])
  expect(drift.toNow(at(3, 4), at(3, 9))).toEqual({ start: at(5, 8), end: at(5, 13) })
  expect(drift.toRun(at(5, 8))).toEqual(at(3, 4))
  expect(drift.toRun(at(5, 3))).toBeNull()
  drift.add([{ start: at(5, 10), end: at(5, 11), text: '' }])
  expect(drift.toNow(at(3, 4), at(3, 9))).toBeNull()
  expect(drift.toNow(at(4, 0), at(4, 2))).toEqual({ start: at(6, 0), end: at(6, 2) })
})

test('characters that survive edits keep their place, both ways', () => {
  const text = fc.stringMatching(/^[ab\n]{0,12}$/)
  const edit = fc.record({ from: fc.nat(40), length: fc.nat(6), text })
  fc.assert(
    fc.property(fc.stringMatching(/^[xy\n]{10,40}$/), fc.array(edit, { maxLength: 8 }), (recorded, edits) => {
      // Every character carries the offset it had in the run; −1: written since.
      let now = [...recorded].map((char, offset) => ({ char, offset }))
      const drift = new Drift()
      for (const { from, length, text } of edits) {
        const chars = now.map(({ char }) => char).join('')
        const start = Math.min(from, now.length)
        const end = Math.min(start + length, now.length)
        const change: Change = { start: positionAt(chars, start), end: positionAt(chars, end), text }
        drift.add([change])
        now = [...now.slice(0, start), ...[...text].map((char) => ({ char, offset: -1 })), ...now.slice(end)]
      }
      const chars = now.map(({ char }) => char).join('')
      now.forEach(({ offset, char }, place) => {
        if (offset < 0 || char === '\n') return
        const old = positionAt(recorded, offset)
        const here = positionAt(chars, place)
        expect(drift.toRun(here)).toEqual(old)
        expect(drift.toNow(old, { ...old, character: old.character + 1 })?.start).toEqual(here)
      })
    }),
  )
})

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n')
  return at(before.length - 1, before.at(-1)!.length)
}

test('without the edits, what is common before and after the difference keeps its place', () => {
  const drift = Drift.between('a\nb\nc\nd', 'a\nB\nB2\nc\nd')
  expect(drift.toNow(at(0, 0), at(0, 1))).toEqual({ start: at(0, 0), end: at(0, 1) })
  expect(drift.toNow(at(1, 0), at(1, 1))).toBeNull()
  expect(drift.toNow(at(3, 0), at(3, 1))).toEqual({ start: at(4, 0), end: at(4, 1) })
  expect(Drift.between('a\r\nb', 'a\nb').changed).toBe(false)
})

test('numbers that JSON does not know arrive as they were sent', () => {
  const values = { list: [NaN, Infinity, -Infinity, -0, 0, 1.5], none: null, text: 'NaN', inner: { value: NaN } }
  expect(unpack(JSON.parse(JSON.stringify(pack(values))))).toEqual(values)
  const bytes = new Float64Array([NaN, 1])
  expect((pack({ bytes }) as { bytes: unknown }).bytes).toBe(bytes)
})

test('calls that start a backward pass are found, names in strings, comments and definitions are not', () => {
  const text = [
    'def backward(self):',
    '    """loss.backward()"""',
    '# loss.backward()',
    'print("loss.backward()")',
    'if True: loss.backward()',
    'engine.backprop (x)',
    'backward(a); backward(b)',
    "s = '''",
    "backward()'''",
    'o.backward()',
  ].join('\n')
  expect(backwardCalls(text)).toEqual([
    { line: 4, column: 14 },
    { line: 5, column: 7 },
    { line: 6, column: 0 },
    { line: 9, column: 2 },
  ])
  expect(backwardCalls('x = 1\r\n\tloss.backward()\r\n')).toEqual([{ line: 1, column: 6 }])
})

test('a message of the view that does not fit is refused', () => {
  const request = (name: string, payload: unknown) => ({ type: 'request', id: 1, name, payload })
  expect(parseViewMessage(request('details', { element: 3, tick: Infinity }))).toEqual(
    request('details', { element: 3, tick: Infinity }),
  )
  for (const bad of [
    null,
    'overview',
    request('details', { element: '3', tick: 0 }),
    request('details', { element: 0.5, tick: 0 }),
    request('run', { runtime: 'embeddedPython' }),
    request('constructor', {}),
    { type: 'reply', id: 1, payload: {} },
    { type: 'event', name: 'save', payload: { name: '../x', bytes: new Uint8Array(1) } },
  ])
    expect(() => parseViewMessage(bad)).toThrow()
})

describe('the lines of a notebook', () => {
  test.each([
    ['%matplotlib inline', 'pass # %matplotlib inline'],
    ['  !ls', '  pass # !ls'],
    ['files = !ls', 'files = None # !ls'],
    ['a, b[0] = %who', 'a, b[0] = None # %who'],
    ['%time loss.backward()', 'True; loss.backward()'],
    ['Value.backward??', 'pass # Value.backward??'],
    ['?Value', 'pass # ?Value'],
    ['x = a % b', 'x = a % b'],
    ['x != y # why?', 'x != y # why?'],
    ['print(f"{a!r} % {b}")', 'print(f"{a!r} % {b}")'],
  ])('%s', (line, python) => expect(pythonLines([line])).toEqual([python]))

  test('of a cell that is timed run; of one in another language do not', () => {
    expect(pythonLines(['%%time', 'a = 1'])).toEqual(['pass # %%time', 'a = 1'])
    expect(pythonLines(['%%bash', 'ls'])).toEqual(['# %%bash', '# ls'])
  })
})

describe('what a script was allowed', () => {
  function memento(initial: Record<string, unknown> = {}) {
    const kept = new Map(Object.entries(initial))
    return {
      kept,
      keys: () => [...kept.keys()],
      get: <T>(key: string) => kept.get(key) as T,
      update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    }
  }

  test('raises limits above the settings, never below, for this script only', async () => {
    const grants = new Grants(memento())
    await grants.set('file:///a.py', { limits: { seconds: 300, megabytes: 1 }, folders: ['/data'] })
    expect(grants.limits('file:///a.py', defaultLimits)).toEqual({ ...defaultLimits, seconds: 300 })
    expect(grants.limits('file:///b.py', defaultLimits)).toEqual(defaultLimits)
    expect(grants.of('file:///a.py').folders).toEqual(['/data'])
  })

  test('is forgotten when it is taken back, and not kept for untitled scripts', async () => {
    const state = memento()
    const grants = new Grants(state)
    await grants.set('file:///a.py', { limits: { seconds: 300 }, folders: [] })
    await grants.set('untitled:Untitled-1', { limits: { seconds: 400 }, folders: [] })
    expect(grants.of('untitled:Untitled-1').limits.seconds).toBe(400)
    expect(new Grants(state).of('untitled:Untitled-1').limits).toEqual({})
    await grants.set('file:///a.py', { limits: {}, folders: [] })
    expect(state.kept.get('grants')).toEqual({})
  })

  test('is nothing where the state is not one that was written here', () => {
    for (const damaged of [{ 'file:///a.py': { limits: { seconds: 'long' }, folders: [] } }, { 'file:///a.py': null }])
      expect(new Grants(memento({ grants: damaged })).of('file:///a.py')).toEqual({ limits: {}, folders: [] })
  })
})
