/** Conversations of any requests in any order, nonsense included: each is answered, once, and nothing breaks. */
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { embeddedPython } from '../../src/runtimes/embeddedPython/embeddedPython.ts'
import { expressionTape, mlp, range } from '../support/tapes.ts'
import { generator } from '../support/random.ts'
import { inFolder } from '../support/visualize.ts'
import { live, over, spawned, type Client, type Live } from './client.ts'

const commands = [
  ...['initialize', 'launch', 'attach', 'configurationDone', 'threads', 'pause', 'restart', 'cancel', 'goto', ''],
  ...['setBreakpoints', 'setFunctionBreakpoints', 'setDataBreakpoints', 'setExceptionBreakpoints'],
  ...['breakpointLocations', 'dataBreakpointInfo', 'exceptionInfo', 'source', 'loadedSources', 'completions'],
  ...['setVariable', 'setExpression', 'backprop/runTo', 'backprop/goTo', 'constructor', '__proto__', 'toString'],
  // Forwards the session ends sooner or later, so more goes backwards.
  ...['continue', 'next', 'stepOut', 'stepIn', 'stepIn', 'stepIn'],
  ...range(6).flatMap(() => ['stepBack', 'reverseContinue']),
  ...range(4).flatMap(() => ['stackTrace', 'scopes', 'variables', 'evaluate']),
]

const nonsense = [
  undefined,
  null,
  0,
  -1,
  1e308,
  NaN,
  '',
  'x',
  '\u0000',
  [],
  [null],
  {},
  { path: 5 },
  true,
  'grad',
  '((((',
  2 ** 53,
]

/** `latest`: the largest number of a frame or variable that was told. */
function* requests(seed: number, count: number, path: string, latest: () => number): Generator<[string, unknown]> {
  const random = generator(seed)
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!
  const int = (most: number) => Math.floor(random() * most)
  const sensible = (): Record<string, unknown> => ({
    threadId: 1,
    frameId: latest() - int(30) + 3,
    variablesReference: latest() - int(30) + 3,
    startFrame: int(5),
    levels: int(30),
    start: int(30),
    count: int(30),
    filter: pick(['indexed', 'named', undefined]),
    expression: pick(['grad', 'data > 0', 'w', 'x.grad', 'norm(', 'v3', 'contributions', 'max(contributions)', '"']),
    context: pick(['watch', 'hover', 'repl', 'clipboard', 'other']),
    source: { path },
    line: int(10),
    column: int(20),
    name: pick(['grad', 'data', 'x', 'v0', 'w.data']),
    text: 'gr',
    value: '1',
    node: int(50),
    tick: int(300),
    sourceReference: int(3),
    filters: pick([[], ['zero'], ['vanishing', 'raised'], ['unknown']]),
    filterOptions: pick([[], [{ filterId: 'exploding', condition: pick(['0.1', 'grad >', 'op == "mul"']) }]]),
    breakpoints: range(int(5)).map(() => ({
      line: int(10),
      name: pick(['mul', 'grad:#4', '*', 'nothing']),
      dataId: pick(['gradient:0', 'value:3', 'gradient:99999', 'x']),
      condition: pick([undefined, 'grad > 0', 'foreign.condition()', 'grad + op', 'pass == 1']),
      hitCondition: pick([undefined, undefined, '2', '% 2', 'x']),
      logMessage: pick([undefined, undefined, 'grad is {grad}', '{']),
    })),
    stopOn: pick(['backward', 'both', 'neither']),
    program: pick(['a.tape', 'nothing.py', 5]),
  })
  for (let i = 0; i < count; i++) {
    const given = sensible()
    for (const key of Object.keys(given)) if (random() < 0.05) given[key] = pick(nonsense)
    yield [pick(commands), random() < 0.04 ? pick(nonsense) : given]
  }
}

const numberIn = (body: unknown): number =>
  Math.max(
    0,
    ...Array.from(JSON.stringify(body ?? 0).matchAll(/"(?:id|variablesReference)":(\d+)/g), ([, id]) => Number(id)),
  )

/** Many are under way at once; in the end every one has its answer. A session that is over is followed by a new one. */
async function converse(
  seed: number,
  count: number,
  path: string,
  session: () => Promise<Client>,
  skip: string[] = [],
) {
  let client = await session()
  let latest = 1
  const answers: Promise<boolean>[] = []
  for (const [command, given] of requests(seed, count, path, () => latest)) {
    if (skip.includes(command)) continue
    answers.push(
      client.ask(command, given).then(({ success, body }) => {
        latest = Math.max(latest, numberIn(body))
        return success
      }),
    )
    if (answers.length % 10 > 0) continue
    await answers.at(-1)
    if (!client.events.some(({ event }) => event === 'terminated')) continue
    await Promise.all(answers)
    expect(client.unanswered.size).toBe(0)
    client = await session()
    latest = 1
  }
  const done = (await Promise.all(answers)).filter(Boolean).length
  expect(client.unanswered.size).toBe(0)
  return { asked: answers.length, done }
}

const POLL = { timeout: 10_000 }

describe('a conversation of anything', () => {
  it.each(range(20))('in this process, seed %i: every request is answered', async (seed) => {
    const nodes = range(30).map((i) => ({
      op: (['leaf', 'mul', 'add', 'tanh'] as const)[(i * 7 + seed) % 4]!,
      a: i * 3,
      b: i * 5,
      data: i / 10 - 1,
      deep: i % 3,
    }))
    const tape = seed % 4 === 3 ? mlp({ samples: 1, steps: 2 }) : expressionTape(nodes, 3)
    const { asked, done } = await converse(seed, 1000, 'random.py', async () => {
      const client = over(tape)
      await client.start({ program: 'a.tape' })
      return client
    })
    expect(asked).toBe(1000)
    // Neither is everything refused nor everything taken.
    expect(done).toBeGreaterThan(400)
    expect(done).toBeLessThan(900)
  })

  const [seeds = 1, count = 200] = (process.env['BACKPROP_CONVERSATIONS'] ?? '').split('x').filter(Boolean).map(Number)
  it.each(range(seeds))(
    `over scripts that run, some of which are killed, seed %i: every one of ${count} requests is answered`,
    async (seed) => {
      const random = generator(1000 + seed)
      const runtime = embeddedPython({ dist: resolve('dist/embeddedPython') })
      const path = resolve(`test/fixtures/debug/${['again', 'overflow', 'roots', 'raising', 'loop'][seed % 5]}.py`)
      const started: Live[] = []
      const killOne = () => {
        const [oldest] = childrenOf(process.pid).filter(isSandbox)
        if (oldest !== undefined) process.kill(oldest, 'SIGKILL')
      }
      const { asked, done } = await converse(seed, count, path, async () => {
        await started.at(-1)?.stop()
        const running = live(runtime)
        runtime.warm()
        started.push(running)
        const stopOn = (['backward', 'both', 'forward'] as const)[started.length % 3]
        // Some as they start, some while they are talked to.
        if (random() < 0.1) setTimeout(killOne, 100)
        await running.client.start({ program: path, stopOnEntry: true, stopOn })
        if (random() < 0.4) setTimeout(killOne, 200 * random())
        return running.client
      })
      expect(asked).toBe(count)
      expect(done).toBeGreaterThan(count / 10)
      // Nothing hangs: it is over, or it stands somewhere, if it has to be told to.
      const { client } = started.at(-1)!
      await client.ask('pause', { threadId: 1 })
      const isOver = () => client.events.some(({ event }) => event === 'terminated')
      await expect.poll(async () => isOver() || (await client.ask('stackTrace', {})).success, POLL).toBe(true)
      await started.at(-1)!.stop()
      runtime.dispose()
      await expect.poll(() => childrenOf(process.pid).filter(isSandbox), POLL).toEqual([])
    },
    600_000,
  )

  it('with the stand-alone adapter while a script runs, and after: every request is answered', async () => {
    const path = resolve('test/fixtures/debug/shared.py')
    const open = spawned()
    const { client } = open
    await client.request('initialize', { adapterID: 'backprop' })
    const launched = client.ask('launch', { program: path, stopOnEntry: true })
    await client.event('initialized')
    await client.request('configurationDone')
    expect((await launched).success).toBe(true)
    // While it runs. (A restart would end it, as one asks for.)
    await converse(98, 1000, path, () => Promise.resolve(client), ['restart'])
    if (!client.events.some(({ event }) => event === 'stopped')) await client.event('stopped')
    await converse(99, 4000, path, () => Promise.resolve(client), ['restart', 'continue', 'next', 'stepIn', 'stepOut'])
    await client.request('disconnect')
    expect(await open.closed).toBe(0)
  })

  it('cut off by a kill leaves no process behind', async () => {
    await inFolder({ 'endless.py': 'while True:\n    pass\n' }, async (cwd) => {
      const { client, child, closed } = spawned()
      await client.request('initialize', { adapterID: 'backprop' })
      void client.ask('launch', { program: 'endless.py', cwd })
      await client.event('initialized')
      await client.request('configurationDone')
      let children: number[] = []
      while (children.length === 0) {
        await new Promise((later) => setTimeout(later, 100))
        children = childrenOf(child.pid!)
      }
      child.kill('SIGKILL')
      await closed
      const gone = () => children.every((pid) => !isAlive(pid))
      for (let tries = 0; tries < 50 && !gone(); tries++) await new Promise((later) => setTimeout(later, 100))
      expect(gone()).toBe(true)
    })
  })
})

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)
}

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return -1 // it ended meanwhile
  }
}

const isSandbox = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('child.mjs')
  } catch {
    return false // it ended meanwhile
  }
}

const isAlive = (pid: number) => parentOf(pid) >= 0
