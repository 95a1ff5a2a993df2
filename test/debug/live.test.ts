/** While the script waits: its frames, its variables, its own language; and what is gone in the past. */
import { resolve } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { expect, it } from 'vitest'
import { spawned } from './client.ts'

const program = resolve('test/fixtures/debug/loop.py')

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
