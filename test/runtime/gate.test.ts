/** A script that is being debugged waits at the gate, answers questions there, and goes on. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lookingForNothing } from '../../src/debug/gatePlan.ts'
import { Cell } from '../../src/protocol/wire.ts'
import type { GateCommand, GateFrame, GatePlan, GateReply, GateVariable } from '../../src/protocol/gate.ts'
import { defaultLimits, type Limits, type Run, type RunEnd } from '../../src/protocol/runtime.ts'
import { diskReader } from '../../src/runtimes/diskReader.ts'
import { Tape } from '../../src/tape/tape.ts'
import { builtRuntime, folderWith } from './support.ts'

const built = builtRuntime()

const nothing = lookingForNothing
/** At every step, and at every contribution to the first few values. */
const everything: GatePlan = { ...nothing, steps: true, values: [0, 1, 2, 3, 4, 5] }
const go = (plan: GatePlan): GateCommand => ({ kind: 'go', ...plan })

interface Stop {
  tape: Tape
  output: string
  ask(command: GateCommand): Promise<GateReply | null>
  evaluate(expression: string, frame?: number): Promise<GateVariable | string>
}

/** Runs `source` and calls `at` for every wait; what it returns lets the script go on. */
async function gated(
  source: string,
  at: (stop: Stop, count: number) => Promise<GatePlan | 'stop'>,
  limits?: Partial<Limits>,
) {
  const folder = folderWith({ 'main.py': source })
  const tape = new Tape()
  let output = ''
  let waits = 0
  let failure: unknown = null
  try {
    const running: Run = built.runtime.start(
      {
        script: join(folder, 'main.py'),
        args: [],
        cwd: folder,
        capture: true,
        gated: true,
        limits: { ...defaultLimits, ...limits },
      },
      diskReader,
      {
        wire: (chunk) => tape.push(chunk),
        output: (_, chunk) => void (output += new TextDecoder().decode(chunk)),
        ready() {},
        notice() {},
        waiting() {
          const ask = (command: GateCommand) => running.command(command)
          const evaluate = async (expression: string, frame = 0) => {
            const reply = await ask({ kind: 'evaluate', frame, expression })
            return reply?.kind === 'value' ? reply.variable : reply?.kind === 'error' ? reply.message : 'nothing'
          }
          at({ tape, output, ask, evaluate }, waits++).then(
            (plan) => (plan === 'stop' ? running.stop() : void running.command(go(plan))),
            (error: unknown) => {
              failure = error
              running.stop()
            },
          )
        },
      },
    )
    const end: RunEnd = await running.ended
    if (failure) throw failure as Error
    return { end, tape, output, waits }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const engine = `
class Value:
    def __init__(self, data, children=()):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = children
    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
    def backward(self):
        order, seen = [], set()
        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev:
                    visit(child)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()
`
const script = `${engine}
a = Value(2.0)
b = Value(-3.0)
def f(x, y):
    c = x * y
    d = c + x
    d.backward()
    return d
r = f(a, b)
print(a.grad, b.grad)
`

test('waits before every event, with everything before it on the tape, and changes nothing', async () => {
  const steps: number[] = []
  const grads: string[] = []
  const { end, tape, output } = await gated(script, async ({ tape, evaluate }) => {
    const count = tape.tables.rowsOf('contribution')
    steps.push(count)
    const grad = await evaluate('(x.grad, y.grad)', await userFrame(evaluate))
    if (typeof grad !== 'string') grads.push(grad.text)
    return everything
  })
  expect(end).toEqual({ kind: 'done', exitCode: 0 })
  expect(output).toBe('-2.0 2.0\n')
  // Four contributions, each seen before the engine added it.
  expect(new Set(steps)).toEqual(new Set([0, 1, 2, 3, 4]))
  expect([...new Set(grads)]).toEqual(['(0.0, 0.0)', '(1.0, 0.0)', '(-2.0, 0.0)', '(-2.0, 2.0)'])
  expect(tape.ops).toBe(4)
})

/** The frame in which `x` is known. */
async function userFrame(evaluate: Stop['evaluate']): Promise<number> {
  for (let frame = 0; frame < 6; frame++) if (typeof (await evaluate('x.data', frame)) !== 'string') return frame
  return 0
}

test('frames: innermost first, with exact ranges, the engine’s own marked', async () => {
  let frames: GateFrame[] = []
  await gated(script, async ({ ask, tape }) => {
    if (tape.tables.rowsOf('contribution') === 2) {
      const reply = await ask({ kind: 'frames' })
      if (reply?.kind === 'frames') frames = reply.frames
    }
    return everything
  })
  expect(frames.map(({ name, engine }) => [name, engine])).toEqual([
    ['_backward', true],
    ['backward', true],
    ['f', false],
    ['<module>', false],
  ])
  const lines = script.split('\n')
  const text = ({ startLine, startColumn, endColumn }: GateFrame) => lines[startLine - 1]!.slice(startColumn, endColumn)
  expect(text(frames[2]!)).toBe('d.backward()')
  expect(text(frames[3]!)).toBe('f(a, b)')
})

test('locals and their parts, lazily', async () => {
  const seen: GateVariable[][] = []
  await gated(script, async ({ ask, tape }) => {
    if (tape.tables.rowsOf('contribution') !== 2) return everything
    const found = await ask({ kind: 'locals', frame: 2 })
    if (found?.kind !== 'variables') throw new Error('no locals')
    seen.push(found.variables)
    const x = found.variables.find(({ name }) => name === 'x')!
    const parts = await ask({ kind: 'children', handle: x.handle, start: 0, count: 10 })
    if (parts?.kind === 'variables') seen.push(parts.variables)
    return nothing
  })
  expect(seen[0]!.map(({ name }) => name)).toEqual(['x', 'y', 'c', 'd'])
  expect(seen[1]!.map(({ name, number }) => [name, number]).slice(0, 2)).toEqual([
    ['data', '2.0'],
    ['grad', '0.0'],
  ])
})

test('what is evaluated is not recorded; errors are answers', async () => {
  const said: unknown[] = []
  const { tape, output } = await gated(script, async ({ evaluate, tape }) => {
    if (tape.tables.rowsOf('contribution') !== 2) return everything
    for (const expression of ['(x * y + x).data', 'x * y', 'nothing', '1 +', 'for i in range(3): x * y', 'node.data']) {
      const value = await evaluate(expression, 2)
      said.push(typeof value === 'string' ? value : value.type)
    }
    return everything
  })
  expect(said[0]).toBe('float')
  expect(said[1]).toBe('Value')
  expect(said[2]).toMatch(/NameError/)
  expect(said[3]).toMatch(/SyntaxError/)
  expect(said.slice(4)).toEqual(['NoneType', 'float'])
  expect(tape.ops).toBe(4)
  expect(output).toBe('-2.0 2.0\n')
  expect(tape.events('intervention')).toContain('x * y')
})

test('a value that is set is what the script goes on with, and the tape says so', async () => {
  const { output, tape } = await gated(script, async ({ ask, tape }) => {
    if (tape.tables.rowsOf('contribution') !== 2) return everything
    const reply = await ask({ kind: 'set', frame: 2, target: 'x.grad', value: '100.0' })
    expect(reply).toMatchObject({ kind: 'value', variable: { number: '100.0' } })
    return nothing
  })
  expect(output).toBe('98.0 2.0\n')
  expect(tape.events('intervention')).toEqual(['x.grad = 100.0'])
})

test('what a call in the console changes of the nodes is on the tape', async () => {
  const clearing = script.replace('\na = Value', '\ndef clear(*values):\n    for v in values: v.grad = 0.0\na = Value')
  const { output, tape } = await gated(clearing, async ({ evaluate, tape }) => {
    // d has given to c, and is about to give to x.
    if (tape.tables.rowsOf('contribution') !== 2) return everything
    await evaluate('clear(x, y, c)', 2)
    return nothing
  })
  expect(output).toBe('1.0 0.0\n')
  expect(tape.events('intervention')).toEqual(['clear(x, y, c)'])
  const { target, cell, before, after, site, rows } = tape.table('write')
  const told = Array.from({ length: rows }, (_, row) => row).filter((row) => site.at(row) < 0)
  const change = (row: number) => [target.at(row), cell.at(row), before.at(row), after.at(row)]
  // c is the product, number 2; the others had got nothing.
  expect(told.map(change)).toEqual([[2, Cell.gradient, 1, 0]])
})

test('waits only where it is told to', async () => {
  const at: number[] = []
  await gated(script, ({ tape }) => {
    at.push(tape.tables.rowsOf('contribution'))
    // The product is op 2.
    return Promise.resolve({ ...nothing, ops: [2] })
  })
  // At the first node, when the pass begins, before the product's rule, and when the pass ends.
  expect(at).toEqual([0, 1, 3, 4])
})

test('stopping a script that waits ends it, and keeps what was recorded', async () => {
  const { end, tape } = await gated(script, ({ tape }) =>
    Promise.resolve(tape.tables.rowsOf('contribution') === 2 ? 'stop' : everything),
  )
  expect(end).toEqual({ kind: 'stopped' })
  expect(tape.tables.rowsOf('contribution')).toBe(2)
})

test('time spent waiting does not count', async () => {
  const { end } = await gated(
    script,
    async (_, count) => {
      if (count === 1) await new Promise((later) => setTimeout(later, 8500))
      return nothing
    },
    { seconds: 8 },
  )
  expect(end.kind).toBe('done')
})

test('a script that forges the gate without a debugger is ended', async () => {
  const folder = folderWith({
    'main.py': 'open("/dev/backprop_gate", "w").write(\'{"kind": "waiting"}\')\nwhile True: pass',
  })
  const nowhere = { wire() {}, output() {}, ready() {}, notice() {} }
  const request = { script: join(folder, 'main.py'), args: [], cwd: folder, capture: true, limits: defaultLimits }
  expect((await built.runtime.start(request, diskReader, nowhere).ended).kind).toBe('crashed')
  rmSync(folder, { recursive: true })
})

test('of steps that are looked for by their gradient, waits at those and hardly at others', async () => {
  // From the end on, half of the gradient before it reaches each node.
  const chain = `${engine}\nhalf, x = Value(0.5), Value(1.0)\nfor _ in range(150):\n    x = x * half\nx.backward()\n`
  const waited = async (plan: GatePlan) => {
    const steps: number[] = []
    const { tape, waits } = await gated(chain, ({ tape }) => {
      steps.push(tape.tables.rowsOf('step'))
      return Promise.resolve(plan)
    })
    expect(tape.tables.rowsOf('step')).toBe(150)
    return { steps, waits }
  }
  const low = 0.5 ** 6
  const all = await waited({ ...nothing, suspects: [{ ops: null, ranges: [[low, null]], nan: false }] })
  expect(all.steps).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6, 7]))
  expect(all.waits).toBeLessThan(16)
  // The last node is number 151; that after five is 146.
  const ops = [146, 3]
  const some = await waited({ ...nothing, suspects: [{ ops, ranges: [[low, null]], nan: false }] })
  expect(some.steps).toContain(6)
  expect(some.steps).not.toContain(149)
  expect(some.waits).toBeLessThan(10)
})
