/** Where a script that runs is stopped is where its recording is, forwards and backwards: over engines and breakpoints drawn by lot. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { embeddedPython } from '../../src/runtimes/embeddedPython/embeddedPython.ts'
import type { Session } from '../../src/session/session.ts'
import { engineScripts } from '../support/randomEngine.ts'
import { inFolder } from '../support/visualize.ts'
import { live, over, type Client } from './client.ts'

/** Each is a script that is run in a sandbox of its own. */
const CASES = Number(process.env['BACKPROP_LIVE_CASES'] ?? 12)
const MOST_STOPS = 80

const runtime = embeddedPython({ dist: resolve('dist/embeddedPython') })
afterAll(() => runtime.dispose())

const more = fc.record(
  {
    condition: fc.constantFrom(
      'grad > 0',
      'op == "mul"',
      'pass == 2',
      'len(contributions) > 1',
      'step % 2 == 0',
      'abs(upstream) > 1',
      'abs(grad) > 0.5 and op != "add"',
      'not grad >= 0.3',
      '-0.2 < grad < 0.4 or op == "tanh"',
      'previous is None',
      'initial != data',
    ),
    hitCondition: fc.constantFrom('2', '> 1', '% 2'),
    logMessage: fc.constant('{grad}'),
  },
  { requiredKeys: [] },
)
/** Most breakpoints have none. */
const extras = fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: more })
const with_ = (place: object, more: object) => ({ ...place, ...more })
/** `fromEnd`: the lines that use the engine are the last ones. */
const breakpoints = fc.record({
  lines: fc.array(fc.tuple(fc.integer({ min: 2, max: 16 }), extras), { minLength: 2, maxLength: 5, size: 'max' }),
  names: fc.array(fc.tuple(fc.constantFrom('grad:mul', 'add', 'grad:#3', '#6', 'grad:**', 'nothing'), extras), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  }),
  data: fc.array(fc.tuple(fc.constantFrom('gradient:0', 'gradient:1', 'gradient:5', 'value:2'), extras), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  }),
  stopOn: fc.constantFrom('backward', 'backward', 'forward', 'both'),
  filters: fc.subarray(['nonFiniteGradient', 'nonFiniteValue', 'vanishing', 'zero', 'exploding', 'raised']),
})
type Drawn = typeof breakpoints extends fc.Arbitrary<infer T> ? T : never

const set = (drawn: Drawn, path: string, lines: number) => async (client: Client) => {
  await client.request('setBreakpoints', {
    source: { path },
    breakpoints: drawn.lines.map(([fromEnd, more]) => with_({ line: lines - fromEnd }, more)),
  })
  await client.request('setFunctionBreakpoints', {
    breakpoints: drawn.names.map(([name, more]) => with_({ name }, more)),
  })
  await client.request('setDataBreakpoints', {
    breakpoints: drawn.data.map(([dataId, more]) => with_({ dataId }, more)),
  })
  await client.request('setExceptionBreakpoints', {
    filters: [],
    filterOptions: drawn.filters.map((filterId) => ({
      filterId,
      ...(filterId === 'exploding' ? { condition: '2' } : filterId === 'vanishing' ? { condition: '0.1' } : {}),
    })),
  })
}

interface Seen {
  tick: number
  /** What was hit, on which node, and its numbers; names may come later than a stop. */
  text: string
}

async function seenAt(client: Client, event: DebugProtocol.Event): Promise<Seen> {
  const { hitBreakpointIds } = event.body as { hitBreakpointIds?: number[] }
  const position = await client.event('backprop/position')
  const { tick, node } = position.body as { tick: number; node: number }
  const read = async (expression: string) => String((await client.ask('evaluate', { expression })).body?.result)
  const numbers = await Promise.all(['grad', 'data', 'pass', 'step', 'upstream'].map(read))
  return { tick, text: `${hitBreakpointIds?.join() ?? 'none'} on node ${node}: ${numbers.join(' ')}` }
}

const atBreakpoint = (event: DebugProtocol.Event) =>
  event.event === 'stopped' && 'hitBreakpointIds' in (event.body as object)

interface Stops {
  seen: Seen[]
  /** Where it went on to after the last one. */
  last: DebugProtocol.Event
}

interface Meanwhile {
  /** Called once, when there are so many stops. */
  after: number
  act(seen: readonly Seen[]): Promise<void>
  /** Called at each. */
  at(event: DebugProtocol.Event): Promise<void>
}

/** All stops from here on. */
async function stops(
  client: Client,
  first: DebugProtocol.Event,
  command: string,
  meanwhile?: Meanwhile,
): Promise<Stops> {
  const seen: Seen[] = []
  let event = first
  for (; atBreakpoint(event) && seen.length < MOST_STOPS; event = await client.move(command)) {
    seen.push(await seenAt(client, event))
    await meanwhile?.at(event)
    if (seen.length === meanwhile?.after) await meanwhile.act(seen)
  }
  return { seen, last: event }
}

/** The script waits there, and evaluates what nothing else can; unless it has raised, or its numbers are all followed. */
const isPresent = (client: Client, session: Session) => async (event: DebugProtocol.Event) => {
  if ((event.body as { reason: string }).reason === 'exception' || session.tape.events('followed').length > 0) return
  const { success, message } = await client.ask('evaluate', { expression: '[1][0]', context: 'repl' })
  expect(success, message).toBe(true)
}

/** Back to where the passes begin, and again to where it was. */
const thereAndBack = (client: Client) => async (seen: readonly Seen[]) => {
  const back = await stops(client, await client.move('reverseContinue'), 'reverseContinue')
  expect(back.seen).toEqual(seen.slice(0, -1).toReversed())
  const { tick: start } = await seenAt(client, back.last)
  const further = seen.filter(({ tick }) => tick > start)
  const again: Seen[] = []
  while (again.length < further.length) again.push(await seenAt(client, await client.move('continue')))
  expect(again).toEqual(further)
}

it('stops of a run are those of its recording, and in reverse those of going back', async () => {
  let met = 0
  await fc.assert(
    fc.asyncProperty(
      engineScripts('none'),
      breakpoints,
      fc.integer({ min: 1, max: 6 }),
      async (engine, drawn, after) => {
        const written = engine.text.trimEnd().split('\n')
        // A second pass, over what the first has left.
        const text = [...written.slice(0, -1), written.at(-2)!, written.at(-1)!].join('\n')
        await inFolder({}, async (folder) => {
          const program = join(folder, 'drawn.py')
          await writeFile(program, text)
          const setting = set(drawn, program, text.split('\n').length)
          const { stopOn } = drawn
          const running = live(runtime)
          runtime.warm()
          const { client } = running
          const start = await client.start({ program, stopOn }, setting)
          const { seen: forwards } = await stops(client, start, 'continue', {
            ...{ after, act: thereAndBack(client), at: isPresent(client, running.session) },
          })
          const isWhole = forwards.length < MOST_STOPS
          await running.stop()
          met += forwards.length

          const replay = over(running.session.tape)
          const first = await replay.start({ program: 'drawn.tape', stopOnEntry: false, stopOn }, setting)
          expect((await stops(replay, first, 'continue')).seen).toEqual(forwards)
          if (!isWhole) return
          const reverse = over(running.session.tape)
          await reverse.start({ program: 'drawn.tape', startAt: 'end', stopOn }, setting)
          await reverse.event('backprop/position')
          const backwards = await stops(reverse, await reverse.move('reverseContinue'), 'reverseContinue')
          expect(backwards.seen).toEqual(forwards.toReversed())
        })
      },
    ),
    { numRuns: CASES, endOnFailure: true },
  )
  expect(met).toBeGreaterThan(CASES)
})
