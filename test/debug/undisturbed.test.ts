/** A script that was debugged has computed what it computes alone; unless somebody reached into it, which its recording tells. */
import { dirname, resolve } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { afterAll, describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/protocol/runtime.ts'
import { diskReader } from '../../src/runtimes/diskReader.ts'
import { embeddedPython } from '../../src/runtimes/embeddedPython/embeddedPython.ts'
import { Session } from '../../src/session/session.ts'
import { finalGradient } from '../../src/tape/gradient.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { generator } from '../support/random.ts'
import { live, type Client } from './client.ts'

/** Moves before it is let go. */
const MOVES = 16

const runtime = embeddedPython({ dist: resolve('dist/embeddedPython') })
afterAll(() => runtime.dispose())

/** Runs a script to its end without a debugger, recorded or plain. */
async function alone(script: string, capture: boolean): Promise<{ tape: Tape; printed: string }> {
  let printed = ''
  runtime.warm()
  const session = new Session({ output: (_, chunk) => void (printed += new TextDecoder().decode(chunk)) })
  const request = { script, args: [], cwd: dirname(script), capture, limits: defaultLimits }
  expect(await session.start(runtime, request, diskReader)).toEqual({ kind: 'done', exitCode: 0 })
  return { tape: session.tape, printed }
}

/** Every number that a run has left. */
function numbers(tape: Tape) {
  const [value, step, contribution, upstream] = [
    tape.table('value'),
    tape.table('step'),
    tape.table('contribution'),
    tape.table('upstream'),
  ]
  const all = <T>(rows: number, row: (row: number) => T) => Array.from({ length: rows }, (_, i) => row(i))
  return {
    values: all(value.rows, (row) => [tape.opName(value.op.at(row)), value.data.at(row), tape.valueAt(row, Infinity)]),
    gradients: all(value.rows, (row) => finalGradient(tape, row).held),
    steps: all(step.rows, (row) => [step.pass.at(row), step.op.at(row)]),
    upstreams: all(upstream.rows, (row) => upstream.data.at(row)),
    contributions: all(contribution.rows, (row) => [
      contribution.step.at(row),
      contribution.target.at(row),
      contribution.data.at(row),
    ]),
  }
}

const printed = (client: Client) =>
  client.events
    .filter(({ event, body }) => event === 'output' && body.category === 'stdout')
    .map(({ body }) => String(body.output))
    .join('')

/** What a client may look at where it stands: of the node, and of the script where it waits. */
async function look(client: Client): Promise<void> {
  const { stackFrames } = await client.request('stackTrace', { threadId: 1 })
  const frames = stackFrames as DebugProtocol.StackFrame[]
  for (const { id } of new Set([frames[0]!, frames.at(-1)!]))
    for (const scope of (await client.request('scopes', { frameId: id })).scopes as DebugProtocol.Scope[])
      for (const { variablesReference } of (await client.request('variables', scope)).variables)
        if (variablesReference > 0) await client.request('variables', { variablesReference, count: 5 })
  await client.ask('evaluate', { expression: 'norm(grad)', context: 'watch' })
}

/** Steps and goes on, forwards and backwards, as a seed has it; then to the end. */
async function wander(client: Client, first: DebugProtocol.Event, seed: number): Promise<void> {
  const random = generator(seed)
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!
  const moves = ['stepIn', 'stepIn', 'next', 'stepOut', 'stepBack', 'continue', 'reverseContinue'] as const
  let event = first
  for (let i = 0; i < MOVES && event.event === 'stopped'; i++) {
    await look(client)
    event = await client.move(pick(moves))
  }
  await client.request('setFunctionBreakpoints', { breakpoints: [] })
  while (event.event === 'stopped') event = await client.move('continue')
}

const engines = ['gradient_maps', 'pull_recursion', 'index_lists', 'prev_tuple_partial']
const scripts = [...engines.map((name) => `test/fixtures/engines/${name}.py`), 'test/fixtures/debug/again.py']

describe('a script that was debugged', () => {
  it.each(scripts)('has printed and computed what it does alone: %s', async (name) => {
    const script = resolve(name)
    const [plain, recorded] = [await alone(script, false), await alone(script, true)]
    const { client, session } = live(runtime)
    const start = await client.start({ program: script, stopOnEntry: true, stopOn: 'both' }, (c) =>
      c.request('setFunctionBreakpoints', { breakpoints: [{ name: 'grad:#2' }, { name: 'add' }] }),
    )
    await wander(client, start, scripts.indexOf(name))
    expect(printed(client)).toBe(plain.printed)
    expect(numbers(session.tape)).toEqual(numbers(recorded.tape))
    expect(session.overview().notices).toEqual([])
  })

  it('and reached into tells so on its recording', async () => {
    const { client, session } = live(runtime)
    await client.start({ program: resolve('test/fixtures/debug/again.py'), stopOnEntry: true })
    const { stackFrames } = await client.request('stackTrace', { threadId: 1 })
    const frameId = (stackFrames as DebugProtocol.StackFrame[]).at(-1)!.id
    await client.request('evaluate', { expression: '1 + 1', context: 'repl', frameId })
    expect(session.overview().notices).toEqual(['while it was debugged this was run in it: 1 + 1'])
    while ((await client.move('continue')).event === 'stopped');
    expect(session.overview().notices.join()).toContain('1 + 1')
  })
})
