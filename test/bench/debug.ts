/** A stop of the debugger, as a client sees it: 65,818 nodes, the stand-alone adapter over stdio, the real runtime. */
import { resolve } from 'node:path'
import { spawned, type Client } from '../debug/client.ts'
import { printTable } from '../support/table.ts'

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

const { client, closed } = spawned()
const begun = performance.now()
await client.start({ program: script, stopOnEntry: true })
const ready = performance.now() - begun
const first = await step(client, 'stepIn')
const forwards = await steps(client, 'stepIn')
const backwards = await steps(client, 'stepBack')

// Every line of the script and of what it imports, again and again with conditions of their own.
const { sources } = await client.request('loadedSources')
let set = 0
const asked = performance.now()
for (const source of sources) {
  const breakpoints = Array.from({ length: Math.ceil(BREAKPOINTS / sources.length) }, (_, i) => ({
    line: (i % 80) + 1,
    condition: `grad > ${i}e9 and op == "mul"`,
  }))
  set += (await client.request('setBreakpoints', { source, breakpoints })).breakpoints.length
}
const setting = performance.now() - asked
const reached = performance.now()
const end = await client.move('continue')
const continuing = performance.now() - reached
await client.request('disconnect')
await closed

const ms = (what: string, measured: number, budget?: number) => ({
  what,
  measured,
  unit: 'ms',
  ...(budget === undefined ? {} : { budget }),
})
printTable([
  ms('launch to the first stop (the script runs)', ready),
  ms('the first step, to its variables', first),
  ms(`stepIn to variables, median of ${STEPS}`, percentile(forwards, 0.5)),
  ms(`stepIn to variables, p95 of ${STEPS}`, percentile(forwards, 0.95), 5),
  ms(`stepBack to variables, p95 of ${STEPS}`, percentile(backwards, 0.95), 5),
  ms(`setting ${set} breakpoints`, setting, 100),
  ms(`continue past all of them (${end.event})`, continuing),
])
