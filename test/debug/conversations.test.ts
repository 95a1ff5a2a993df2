/** Whole conversations with the stand-alone adapter and its real runtime, as golden text. */
import { join, resolve } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { afterEach, describe, expect, it } from 'vitest'
import { inFolder, visualize } from '../support/visualize.ts'
import { glance, picture, spawned, type Client, type Spawned } from './client.ts'

const folder = resolve('test/fixtures/debug')
const open: Spawned[] = []

function adapter(): Client {
  const started = spawned()
  open.push(started)
  return started.client
}

/** Every conversation ends with the client leaving, every question answered and the process gone. */
afterEach(async () => {
  for (const { client, closed } of open.splice(0)) {
    await client.request('disconnect')
    expect(await closed).toBe(0)
    expect([...client.unanswered]).toEqual([])
  }
})

const script = (name: string) => join(folder, `${name}.py`)
const golden = (text: string, name: string) => expect(`${text.trimEnd()}\n`).toMatchFileSnapshot(`golden/${name}.txt`)
const lines = (name: string, ...wanted: (number | object)[]) => ({
  source: { path: script(name) },
  breakpoints: wanted.map((line) => (typeof line === 'number' ? { line } : line)),
})
const setting =
  (...requests: [string, object][]) =>
  async (client: Client) => {
    for (const [command, given] of requests) await client.request(command, given)
  }

/** All stops of a movement made again and again until the end, one line each. */
async function all(client: Client, first: DebugProtocol.Event, command: string): Promise<string[]> {
  const seen: string[] = []
  for (let event = first; event.event === 'stopped'; event = await client.move(command))
    seen.push(await glance(client, event, folder))
  return seen
}

/** Steps through the whole backward pass, each stop in full. */
async function everyStep(client: Client, name: string): Promise<string> {
  let event = await client.start({ program: script(name), stopOnEntry: true })
  let text = await picture(client, event, folder)
  while ((event = await client.move('stepIn')).event === 'stopped')
    text += `\nstepIn\n${await picture(client, event, folder)}`
  return text
}

describe('a conversation', () => {
  it('over a straight chain', async () => {
    await golden(await everyStep(adapter(), 'chain'), 'chain')
  })

  it('over a diamond', async () => {
    await golden(await everyStep(adapter(), 'diamond'), 'diamond')
  })

  it('over a shared node', async () => {
    await golden(await everyStep(adapter(), 'shared'), 'shared')
  })

  it('over a loop: into, over, out', async () => {
    await inFolder({}, async (cwd) => {
      await visualize([script('loop'), '--tape', 'loop.tape', '--quiet', '--html', 'a.html'], { cwd })
      const text: string[] = []
      for (const command of ['stepIn', 'next', 'stepOut']) {
        const client = adapter()
        const start = await client.start({ program: 'loop.tape', cwd })
        text.push(`${command}\n${(await all(client, start, command)).join('\n')}\n`)
      }
      await golden(text.join('\n'), 'loop')
    })
  })

  it('over two roots', async () => {
    const client = adapter()
    const start = await client.start({ program: script('roots'), stopOnEntry: true })
    await golden((await all(client, start, 'stepIn')).join('\n'), 'roots')
  })

  it('over a second backward pass, with breakpoints on leaves and on a pass', async () => {
    const client = adapter()
    const set = setting(['setBreakpoints', lines('again', 3, { line: 5, condition: 'pass == 2' })])
    const start = await client.start({ program: script('again') }, set)
    await golden((await all(client, start, 'continue')).join('\n'), 'again')
  })

  it('over an engine by recursion', async () => {
    await golden(await everyStep(adapter(), 'recursion'), 'recursion')
  })

  it('over an exception in the middle', async () => {
    const client = adapter()
    const set = setting(['setExceptionBreakpoints', { filters: ['raised'] }])
    const event = await client.start({ program: script('raising') }, set)
    let text = await picture(client, event, folder)
    const { description, exceptionId, details } = await client.request('exceptionInfo', { threadId: 1 })
    text += `${exceptionId}: ${description}\n${details.stackTrace.replaceAll(`${folder}/`, '')}`
    text += `stepBack\n${await picture(client, await client.move('stepBack'), folder)}`
    await golden(text, 'raising')
    expect((await client.move('continue')).event).toBe('stopped')
    expect((await client.move('continue')).event).toBe('terminated')
    const exited = client.events.find(({ event }) => event === 'exited')
    expect(exited?.body).toEqual({ exitCode: 1 })
  })

  it('over gradients that go wrong', async () => {
    const client = adapter()
    const filterOptions = [
      { filterId: 'nonFiniteGradient' },
      { filterId: 'nonFiniteValue' },
      { filterId: 'exploding', condition: '1e300' },
      { filterId: 'vanishing', condition: '0 < norm(grad) < 1e-8' },
      { filterId: 'zero', condition: 'op != "leaf"' },
    ]
    const set = setting(['setExceptionBreakpoints', { filterOptions }])
    const start = await client.start({ program: script('overflow') }, set)
    await golden((await all(client, start, 'continue')).join('\n'), 'overflow')
  })

  it('from stop to variables to stepping back to a data breakpoint to the end', async () => {
    const client = adapter()
    const stop = await client.start({ program: script('diamond') }, setting(['setBreakpoints', lines('diamond', 5)]))
    let text = await glance(client, stop, folder)
    const { stackFrames } = await client.request('stackTrace', { threadId: 1 })
    const { scopes } = await client.request('scopes', { frameId: stackFrames[0].id })
    const info = await client.request('dataBreakpointInfo', {
      variablesReference: scopes[2].variablesReference,
      name: 'x',
    })
    text += `\n${info.dataId}: ${info.description}`
    text += `\n${await glance(client, await client.move('stepBack'), folder)}`
    await client.request('setDataBreakpoints', { breakpoints: [{ dataId: info.dataId }] })
    text += `\n${await glance(client, await client.move('continue'), folder)}`
    for (;;) {
      const event = await client.move('continue')
      text += `\n${await glance(client, event, folder)}`
      if (event.event === 'terminated') break
    }
    await golden(text, 'data')
  })
})

/** Into it by one node, back over two, on to a write far away, back to the breakpoint, and on past it. */
async function longWay(client: Client, first: DebugProtocol.Event): Promise<string> {
  const text = [await glance(client, first, folder)]
  const { stackFrames, totalFrames } = await client.request('stackTrace', { threadId: 1, startFrame: 0, levels: 3 })
  text.push(`${stackFrames.map(({ name }: DebugProtocol.StackFrame) => name).join(', ')} of ${totalFrames}`)
  for (const command of ['stepIn', 'stepBack', 'stepBack'])
    text.push(`${command}: ${await glance(client, await client.move(command), folder)}`)
  await client.request('setDataBreakpoints', { breakpoints: [{ dataId: 'gradient:10' }] })
  for (const command of ['continue', 'continue', 'reverseContinue', 'reverseContinue'])
    text.push(`${command}: ${await glance(client, await client.move(command), folder)}`)
  return text.join('\n')
}

describe('a conversation over 100,000 nodes', () => {
  it('stops at the right step, as the script runs and in its recording', async () => {
    await inFolder({}, async (cwd) => {
      const set = setting(['setFunctionBreakpoints', { breakpoints: [{ name: 'grad:#50000' }] }])
      const running = adapter()
      const alive = await longWay(running, await running.start({ program: script('long') }, set))

      await visualize([script('long'), '--tape', 'long.tape', '--quiet', '--html', 'a.html'], { cwd })
      const replaying = adapter()
      const tape = { program: 'long.tape', cwd }
      expect(await longWay(replaying, await replaying.start({ ...tape, stopOnEntry: false }, set))).toBe(alive)

      const numbered = setting(['setBreakpoints', lines('long', { line: 33, condition: 'step == 77777' })])
      const there = adapter()
      let text = `${alive}\n\n${await glance(there, await there.start({ ...tape, stopOnEntry: false }, numbered), folder)}`
      const fromEnd = adapter()
      await fromEnd.start({ ...tape, startAt: 'end' }, numbered)
      text += `\n${await glance(fromEnd, await fromEnd.move('reverseContinue'), folder)}`
      await golden(text, 'long')
    })
  })
})

describe('a recording', () => {
  it('is debugged from its first step or from its end, forwards and backwards, with nothing run again', async () => {
    await inFolder({}, async (cwd) => {
      await visualize([script('again'), '--tape', 'a.tape', '--quiet', '--html', 'a.html'], { cwd })
      const tape = { program: 'a.tape', cwd }
      const forwards = adapter()
      const ahead = await all(forwards, await forwards.start(tape), 'stepIn')
      const backwards = adapter()
      const behind = [await glance(backwards, await backwards.start({ ...tape, startAt: 'end' }), folder)]
      while (behind.length < ahead.length)
        behind.push(await glance(backwards, await backwards.move('stepBack'), folder))
      const place = (line: string) => line.replace(/^\w+ at /, '')
      expect(behind.map(place)).toEqual(ahead.map(place).reverse())
      // At the start one stays at the start.
      expect(place(await glance(backwards, await backwards.move('stepBack'), folder))).toBe(place(ahead[0]!))
      // A restart begins again.
      await backwards.move('stepIn')
      await backwards.request('restart')
      expect(place(await glance(backwards, await backwards.event('stopped'), folder))).toBe(place(ahead[0]!))
      await golden(ahead.join('\n'), 'recording')
    })
  })

  it('that is none is refused with the reason', async () => {
    await inFolder({ 'x.tape': 'nothing', 'y.py': 'pass' }, async (cwd) => {
      const client = adapter()
      await client.request('initialize', { adapterID: 'backprop' })
      const broken = await client.ask('launch', { program: 'x.tape', cwd })
      expect(broken.success).toBe(false)
      expect(broken.message).toContain('x.tape cannot be read')
      expect((await client.ask('launch', { program: 'gone.py', cwd })).message).toContain('gone.py cannot be read')
      expect((await client.ask('launch', {})).message).toContain('program')
    })
  })
})

describe('a script', () => {
  it('prints into the console, and without debugging just runs', async () => {
    const client = adapter()
    expect(
      (
        await client.start(
          { program: script('recursion'), noDebug: true },
          setting(['setBreakpoints', lines('recursion', 30)]),
        )
      ).event,
    ).toBe('terminated')
    const printed = client.events.filter(({ event }) => event === 'output').map(({ body }) => body)
    expect(printed).toEqual([{ category: 'stdout', output: '-2.0 2.0\n' }])
    expect(client.events.find(({ event }) => event === 'exited')?.body).toEqual({ exitCode: 0 })
  })

  it('waits where the debugger stops: nothing after that has happened yet', async () => {
    const client = adapter()
    const printed = () => client.events.filter(({ event, body }) => event === 'output' && body.category === 'stdout')
    await client.start({ program: script('recursion') }, setting(['setBreakpoints', lines('recursion', 28)]))
    await new Promise((later) => setTimeout(later, 500))
    expect(printed()).toEqual([])
    // What it prints comes before the end that follows from it.
    expect((await client.move('stepBack')).event).toBe('stopped')
    expect((await client.move('continue')).event).toBe('stopped')
    expect(printed()).toEqual([])
    expect((await client.move('continue')).event).toBe('terminated')
    expect(printed()).toHaveLength(1)
  })

  it('that never ends is left within a second', async () => {
    await inFolder({ 'endless.py': 'while True:\n    pass\n' }, async (cwd) => {
      const { client, closed } = spawned()
      await client.request('initialize', { adapterID: 'backprop' })
      void client.request('launch', { program: 'endless.py', cwd })
      await client.event('initialized')
      await client.request('configurationDone')
      await client.request('pause', { threadId: 1 })
      await new Promise((later) => setTimeout(later, 3000))
      const asked = performance.now()
      await client.request('disconnect')
      expect(await closed).toBe(0)
      expect(performance.now() - asked).toBeLessThan(1000)
    })
  })
})
