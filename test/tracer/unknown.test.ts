/** Engines as strangers write them, each with what its author's names must hold in the end; scripts without one among them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readable, runFile, unknown } from './run.ts'

interface Expected {
  nodes: Record<string, number>
  gradients: Record<string, number>
  operands: Record<string, string[]>
  passes: number
  engine: boolean
}

const expected = JSON.parse(readFileSync(join(unknown, 'expected.json'), 'utf8')) as Record<string, Expected>
const close = (value: number | null | undefined, wanted: number) =>
  expect(value ?? NaN).toSatisfy((n: number) => Math.abs(n - wanted) <= 1e-9 * (1 + Math.abs(wanted)))

describe.each(Object.entries(expected))('%s', (script, wanted) => {
  const recorded = runFile(join(unknown, script))
  const { nodes, passes } = readable(recorded.tape)

  test('runs as without the tracer', () => {
    const plain = runFile(join(unknown, script), { capture: false })
    expect([recorded.stdout, recorded.stderr, recorded.end]).toEqual([plain.stdout, plain.stderr, plain.end])
  })

  test('values, operands and gradients by the names of the script', () => {
    if (!wanted.engine) {
      expect([nodes, passes]).toEqual([[], []])
      return
    }
    for (const [name, value] of Object.entries(wanted.nodes)) {
      const node = nodes.findLast((n) => n.name === name)
      close(node?.value, value)
      if (wanted.operands[name]) expect(node?.operands).toEqual(wanted.operands[name])
    }
    expect(passes).toHaveLength(wanted.passes)
    for (const [name, gradient] of Object.entries(wanted.gradients)) close(passes.at(-1)?.held[name], gradient)
  })

  test('what a cell was seen to receive is what it holds', () => {
    for (const pass of passes.slice(0, wanted.passes === 1 ? 1 : 0)) {
      const received: Record<string, number> = {}
      for (const [name, seed] of pass.roots) received[name] = (received[name] ?? 0) + seed
      for (const step of pass.steps)
        for (const [, target, amount] of step.contributions) received[target] = (received[target] ?? 0) + amount
      if (!script.startsWith('bug_'))
        for (const name of Object.keys(wanted.gradients)) close(received[name], pass.held[name]!)
    }
  })
})
