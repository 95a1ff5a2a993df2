/** While the script waits: its frames, its variables, its own language; and what is gone in the past. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { describe, expect, it } from 'vitest'
import { inFolder, visualize } from '../support/visualize.ts'
import { spawned, type Client } from './client.ts'

const program = resolve('test/fixtures/debug/loop.py')

it.each([[[]], [['nonFiniteValue']], [['nonFiniteGradient', 'raised']]])(
  'it waits in the first pass whatever else is watched: %s',
  async (filters) => {
    const { client, closed } = spawned()
    await client.start({ program }, async (c) => {
      await c.request('setExceptionBreakpoints', { filters })
      await c.request('setFunctionBreakpoints', { breakpoints: [{ name: 'mul' }] })
    })
    const { success, message } = await client.ask('evaluate', { expression: '[6][0] * 7', context: 'repl' })
    expect(success, message).toBe(true)
    await client.request('disconnect')
    await closed
  },
)

it('the script can be looked at and changed where it waits, and only there', async () => {
  const { client, closed } = spawned()
  await client.start({ program }, (c) => c.request('setFunctionBreakpoints', { breakpoints: [{ name: 'grow' }] }))
  const { stackFrames } = await client.request('stackTrace', { threadId: 1 })
  const frames = stackFrames as DebugProtocol.StackFrame[]
  expect(frames.map(({ name, line }) => `${name} ${line}`)).toEqual([
    'y (mul) 6',
    'y * k (mul) → 2.0000 12',
    'total (add) → 1.0000 12',
    'the script 0',
    'rule 28',
    'backward 57',
    '<module> 13',
  ])

  // Locals of the code that uses the engine, under the node and under its own frame.
  const scopesOf = async (frame: number) => (await client.request('scopes', { frameId: frames[frame]!.id })).scopes
  const names = async (reference: number) =>
    (await client.request('variables', { variablesReference: reference })).variables as DebugProtocol.Variable[]
  expect((await scopesOf(0)).map(({ name }: DebugProtocol.Scope) => name)).toEqual([
    'Node',
    'Contributions',
    'Parameters',
    'Locals',
  ])
  const [locals] = await scopesOf(6)
  const w = (await names(locals.variablesReference)).find(({ name }) => name === 'w')!
  expect((await names(w.variablesReference)).slice(0, 2).map(({ name, value }) => `${name} ${value}`)).toEqual([
    'data 2.0000',
    'grad 0.0000',
  ])

  // The console speaks Python, the user's names winning; the watch reads what is recorded.
  const say = async (expression: string, context: string) =>
    (await client.ask('evaluate', { expression, context, frameId: frames[0]!.id })) as {
      success: boolean
      body: { result: string }
    }
  expect((await say('w.data * 21', 'repl')).body.result).toBe('42.0000')
  expect((await say('norm(grad)', 'repl')).body.result).toBe('3.0000')
  expect((await say('w.data', 'watch')).body.result).toBe('2.0000')
  expect((await say('w.data * 21', 'watch')).success).toBe(false)
  expect((await say('nothing', 'repl')).success).toBe(false)

  // What is set is what the script goes on with.
  const set = await client.request('setVariable', {
    variablesReference: w.variablesReference,
    name: 'grad',
    value: '100.0',
  })
  expect(set.value).toBe('100.0000')
  // What it changed is seen at once, and a gradient is read by its rule no sooner than it came.
  const scopes = await scopesOf(0)
  const parameter = async () => (await names(scopes[2].variablesReference)).find(({ name }) => name === 'w')!
  expect((await parameter()).value).toBe('data 2.0000, grad 100.0000')
  const setIn = (scope: number, name: string, value: string) =>
    client.ask('setVariable', { variablesReference: scopes[scope].variablesReference, name, value })
  expect((await setIn(0, 'grad', '7.0')).message).toMatch(/its rule has read it already/)
  expect((await setIn(0, 'line', '7')).success).toBe(false)
  expect((await setIn(0, 'data', '2.5 * 2')).body.value).toBe('5.0000')
  expect((await say('node.data', 'repl')).body.result).toBe('5.0000')
  expect((await say('data', 'watch')).body.result).toBe('5.0000')

  // In the past nothing of that can be asked.
  await client.move('stepIn')
  await client.move('stepBack')
  const back = (await client.request('stackTrace', { threadId: 1 })).stackFrames as DebugProtocol.StackFrame[]
  expect(back.map(({ name }) => name)).not.toContain('<module>')
  expect((await client.ask('setExpression', { expression: 'w.grad', value: '1', frameId: back[0]!.id })).success).toBe(
    false,
  )

  // Forwards past the present it is live again.
  await client.move('stepIn')
  const again = (await client.request('stackTrace', { threadId: 1 })).stackFrames as DebugProtocol.StackFrame[]
  expect(again.map(({ name }) => name)).toContain('<module>')
  const final = await client.request('evaluate', { expression: 'w.grad', context: 'repl', frameId: again[0]!.id })
  expect(final.result).toBe('112.0000')
  await client.request('disconnect')
  expect(await closed).toBe(0)
})

const engine = readFileSync('test/fixtures/debug/engine.py')

/** Runs lines that use the engine; `line` finds one by its text, from 1. */
async function running(
  body: string,
  use: (given: { client: Client; program: string; line: (text: string) => number }) => Promise<void>,
): Promise<void> {
  const script = `from engine import Value\n${body}`
  await inFolder({ 'engine.py': engine, 'main.py': script }, async (folder) => {
    const { client, closed } = spawned()
    const lines = script.split('\n')
    await use({ client, program: join(folder, 'main.py'), line: (text) => lines.indexOf(text) + 1 })
    await client.request('disconnect')
    expect(await closed).toBe(0)
  })
}

const titleOf = async (client: Client) =>
  ((await client.request('stackTrace', { threadId: 1, levels: 1 })).stackFrames as DebugProtocol.StackFrame[])[0]!.name

it('a breakpoint is verified when its line makes a node; where there may be some is known before', async () => {
  await running(
    'a = Value(2.0)\nb = a * a\nc = b * a * b\nc.backward()\nd = a * b\n',
    async ({ client, program, line }) => {
      const set = (c: Client) =>
        c.request('setBreakpoints', {
          source: { path: program },
          breakpoints: [{ line: line('b = a * a') }, { line: line('d = a * b') }, { line: line('c.backward()') }],
        })
      // The first stop is where the first node is made.
      await client.start({ program, stopOnEntry: true, stopOn: 'both' }, set)
      expect(await titleOf(client)).toMatch(/^(a|Value\(2\.0\)) \(leaf\)$/)
      const locations = async (text: string) =>
        (
          (await client.request('breakpointLocations', { source: { path: program }, line: line(text) }))
            .breakpoints as {
            column: number
          }[]
        ).map(({ column }) => column)
      expect(await locations('c = b * a * b')).toEqual([5, 11])
      expect(await locations('class Value:')).toEqual([])
      const told = () =>
        client.events
          .filter(({ event }) => event === 'breakpoint')
          .map(({ body }) => body.breakpoint as DebugProtocol.Breakpoint)
      expect(told().map(({ verified, message }) => [verified, message])).toEqual(
        Array(3).fill([false, 'No node was made here yet.']),
      )
      const stop = await client.move('continue')
      expect(stop.body.hitBreakpointIds).toEqual([1])
      expect(told().at(-1)).toMatchObject({ id: 1, verified: true })
      await client.move('continue')
      expect((await client.move('continue')).body.hitBreakpointIds).toEqual([2])
      expect((await client.move('continue')).event).toBe('terminated')
      expect(told().findLast(({ id }) => id === 3)).toMatchObject({
        verified: false,
        message: 'No node was made on this line.',
      })
    },
  )
})

it('with filters only, the script stands where the number went wrong', async () => {
  const body = 'a = Value(1e200)\nb = Value(1e200)\nc = a * b * b\nc.backward()\nafter = 1\n'
  await running(body, async ({ client, program }) => {
    const stop = await client.start({ program }, (c) =>
      c.request('setExceptionBreakpoints', { filters: ['nonFiniteGradient'] }),
    )
    expect(stop.body).toMatchObject({ reason: 'exception', text: expect.stringContaining('became ∞') })
    const { stackFrames } = await client.request('stackTrace', { threadId: 1 })
    const frames = stackFrames as DebugProtocol.StackFrame[]
    expect(frames.map(({ name }) => name)).toContain('<module>')
    const say = (expression: string) =>
      client.ask('evaluate', { expression, context: 'repl', frameId: frames.at(-1)!.id })
    expect((await say('c.grad')).body.result).toBe('1.0000')
    expect((await say('after')).success).toBe(false)
  })
})

it('a script whose numbers are all followed is debugged when it has run, and that is said', async () => {
  const engine = `class Q:
    def __init__(self, x, made=()):
        self.x, self.made, self.d, self.rule = x, made, 0.0, None
def mul(a, b):
    out = Q(a.x * b.x, (a, b))
    out.rule = lambda: (push(a, b.x * out.d), push(b, a.x * out.d))
    return out
def push(q, amount):
    q.d += amount
a, b = Q(2.0), Q(-3.0)
c = mul(a, b)
e = mul(c, a)
e.d = 1.0
for q in (e, c):
    q.rule()
print(a.d)
`
  await inFolder({ 'drawn.py': engine }, async (folder) => {
    const { client, closed } = spawned()
    const stop = await client.start({ program: join(folder, 'drawn.py') }, (c) =>
      c.request('setFunctionBreakpoints', { breakpoints: [{ name: 'mul' }] }),
    )
    expect(stop.body).toMatchObject({ reason: 'function breakpoint' })
    const printed = client.events
      .filter(({ event }) => event === 'output')
      .map(({ body }) => (body as { output: string }).output)
    expect(printed.join('')).toMatch(/^-12.0\nEvery number of this script was followed/)
    expect((await client.move('continue')).body).toMatchObject({ reason: 'function breakpoint' })
    await client.request('disconnect')
    await closed
  })
})

describe('a script that makes no nodes for long', () => {
  const body = (condition: string) =>
    `import time\na = Value(2.0)\nprint("for long", flush=True)\nend = time.time() + 3\nwhile ${condition}:\n    pass\nb = a * a\nb.backward()\n`
  const begun = async (client: Client, program: string) => {
    await client.request('initialize', { adapterID: 'backprop' })
    void client.ask('launch', { program })
    await client.event('initialized')
    await client.request('configurationDone')
    await client.event('output')
  }

  it('is paused at the next one', async () => {
    await running(body('time.time() < end'), async ({ client, program }) => {
      await begun(client, program)
      await client.request('pause', { threadId: 1 })
      const stop = await client.event('stopped', 'terminated')
      expect(stop.body).toMatchObject({ reason: 'pause' })
      const { stackFrames } = await client.request('stackTrace', { threadId: 1 })
      const own = (stackFrames as DebugProtocol.StackFrame[]).map(({ name }) => name)
      expect(own[0]).toMatch(/a \* a \(mul\)/)
      expect(own).toContain('<module>')
      expect((await client.move('stepIn')).event).toBe('stopped')
    })
  })

  it.each(['terminate', 'restart'])('answers at once, and ends when it is told to: %s', async (command) => {
    await running(body('True'), async ({ client, program }) => {
      await begun(client, program)
      await client.request('pause', { threadId: 1 })
      await client.request(command)
      const { body } = await client.event('stopped', 'terminated')
      expect(body).toEqual(command === 'restart' ? { restart: true } : undefined)
    })
  })
})

it('with justMyCode off, single steps go through the statements of rules; over leaves them', async () => {
  const script = resolve('test/fixtures/debug/diamond.py')
  await inFolder({}, async (folder) => {
    const tape = join(folder, 'diamond.tape')
    await visualize([script, '--tape', tape, '--quiet', '--html', join(folder, 'diamond.html')])
    const top = async (client: Client) => {
      const { stackFrames } = await client.request('stackTrace', { threadId: 1, levels: 1 })
      const { name, line } = (stackFrames as DebugProtocol.StackFrame[])[0]!
      return `${name} ${line}`
    }
    const walk = async (client: Client, command: string) => {
      const places = [await top(client)]
      for (let i = 0; i < 8; i++) places.push((await client.move(command), await top(client)))
      return places
    }
    const [live, replay] = [spawned(), spawned()]
    const options = { stopOnEntry: true, justMyCode: false }
    await live.client.start({ program: script, ...options })
    await replay.client.start({ program: tape, ...options })
    const forwards = await walk(live.client, 'stepIn')
    expect(forwards).toEqual([
      'top (mul) 6',
      'rule of top (mul) → 4.0000 28',
      'rule of top (mul) → 6.0000 29',
      'right (mul) 5',
      'rule of right (mul) → 12.0000 28',
      'rule of right (mul) → 12.0000 29',
      'left (mul) 4',
      'rule of left (mul) → 12.0000 28',
      'rule of left (mul) → 8.0000 29',
    ])
    expect(await walk(live.client, 'stepBack')).toEqual(forwards.toReversed())
    expect(await walk(replay.client, 'stepIn')).toEqual(forwards)
    await replay.client.request('restart')
    await replay.client.event('stopped')
    for (const command of ['stepIn', 'next']) await replay.client.move(command)
    expect(await top(replay.client)).toBe('right (mul) 5')
    for (const { client, closed } of [live, replay]) {
      await client.request('disconnect')
      expect(await closed).toBe(0)
    }
  })
})
