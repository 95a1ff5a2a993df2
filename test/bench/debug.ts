/** A stop of the debugger, as a client sees it: 65,818 nodes, the stand-alone adapter over stdio, the real runtime. */
import { join, resolve } from 'node:path'
import { spawned, type Client } from '../debug/client.ts'
import { printTable } from '../support/table.ts'
import { inFolder, visualize } from '../support/visualize.ts'

const STEPS = 400
const BREAKPOINTS = 500
const script = resolve('test/fixtures/bench/mlp.py')

const percentile = (times: number[], share: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)]!

/** From the request to the variables of where it ends: what a client asks for after each step. */
async function step(client: Client, command: string): Promise<number> {
  const begun = performance.now()
  await client.move(command)
  const { stackFrames } = await client.request('stackTrace', { threadId: 1, startFrame: 0, levels: 20 })
  const { scopes } = await client.request('scopes', { frameId: stackFrames[0].id })
  for (const { variablesReference, expensive } of scopes)
    if (!expensive) await client.request('variables', { variablesReference })
  return performance.now() - begun
}

async function steps(client: Client, command: string): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < STEPS; i++) times.push(await step(client, command))
  return times
}

/** Every line of the script and of what it imports, again and again with conditions of their own. */
async function setBreakpoints(client: Client): Promise<number> {
  const { sources } = await client.request('loadedSources')
  let set = 0
  for (const source of sources) {
    const breakpoints = Array.from({ length: Math.ceil(BREAKPOINTS / sources.length) }, (_, i) => ({
      line: (i % 80) + 1,
      condition: `grad > ${i}e9 and op == "mul"`,
    }))
    set += (await client.request('setBreakpoints', { source, breakpoints })).breakpoints.length
  }
  return set
}

async function timed<T>(what: () => Promise<T>): Promise<[ms: number, made: T]> {
  const begun = performance.now()
  const made = await what()
  return [performance.now() - begun, made]
}

const ms = (what: string, measured: number, budget?: number) => ({
  what,
  measured,
  unit: 'ms',
  ...(budget === undefined ? {} : { budget }),
})

/** A recording may be debugged from its end, so that steps back are the first that are made. */
async function measured(kind: string, launch: object, withBreakpoints: boolean) {
  const { client, closed } = spawned()
  const [ready] = await timed(() => client.start({ ...launch, stopOnEntry: true }))
  const fromEnd = 'startAt' in launch
  const first = await step(client, fromEnd ? 'stepBack' : 'stepIn')
  const once = await steps(client, fromEnd ? 'stepBack' : 'stepIn')
  const returning = await steps(client, fromEnd ? 'stepIn' : 'stepBack')
  const [forwards, backwards] = fromEnd ? [returning, once] : [once, returning]
  const rows = [
    ms(`${kind}: launch to the first stop`, ready),
    ms(`${kind}: the first step, to its variables`, first),
    ms(`${kind}: stepIn to variables, median of ${STEPS}`, percentile(forwards, 0.5)),
    ms(`${kind}: stepIn to variables, p95 of ${STEPS}`, percentile(forwards, 0.95), 5),
    ms(`${kind}: stepBack to variables, p95 of ${STEPS}`, percentile(backwards, 0.95), 5),
  ]
  if (withBreakpoints) {
    const [setting, set] = await timed(() => setBreakpoints(client))
    const [continuing, end] = await timed(() => client.move('continue'))
    rows.push(
      ms(`${kind}: setting ${set} breakpoints`, setting, 100),
      ms(`${kind}: continue past all of them (${end.event})`, continuing),
    )
  }
  await client.request('disconnect')
  await closed
  return rows
}

await inFolder({}, async (folder) => {
  const recording = join(folder, 'mlp.tape')
  await visualize([script, '--tape', recording, '--quiet', '--html', join(folder, 'mlp.html')])
  const rows = [
    ...(await measured('live', { program: script }, true)),
    ...(await measured('replay', { program: recording }, true)),
    ...(await measured('replay from its end', { program: recording, startAt: 'end' }, false)),
  ]
  // What a debugger costs that has nothing to stop at: filters as an editor sets them.
  const [plain] = await timed(() => visualize([script, '--plain', '--quiet']))
  const { client, closed } = spawned()
  const filters = (c: Client) => c.request('setExceptionBreakpoints', { filters: ['nonFiniteGradient', 'raised'] })
  const [through] = await timed(() => client.start({ program: script }, filters))
  await client.request('disconnect')
  await closed
  printTable([
    ...rows,
    ms('the script without a debugger', plain),
    ms('the script with the usual filters and nothing to stop at', through),
    {
      what: 'past breakpoints whose conditions never hold ÷ with nothing to stop at',
      measured: rows.find(({ what }) => what.startsWith('live: continue'))!.measured / through,
      unit: '×',
      budget: 2,
    },
  ])
})
