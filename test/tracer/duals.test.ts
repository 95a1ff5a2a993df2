/** Dual numbers: the tangents of every node, and what each operand added to them, in passes of forward mode. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PassKind } from '../../src/protocol/wire.ts'
import { details } from '../../src/session/details.ts'
import { report } from '../../src/session/report.ts'
import { summary } from '../../src/session/summary.ts'
import { finalGradient } from '../../src/tape/gradient.ts'
import { engines, readable, runFile } from './run.ts'

const duals = join(engines, '..', 'duals')
const run = (file: string) => {
  const recorded = runFile(join(duals, file))
  const plain = runFile(join(duals, file), { capture: false })
  expect([recorded.stdout, recorded.stderr, recorded.end]).toEqual([plain.stdout, plain.stderr, plain.end])
  return { ...recorded, seen: readable(recorded.tape) }
}
type Seen = ReturnType<typeof readable>

/** The tangent of the last node that a pass made. */
const last = (pass: Seen['passes'][number]) => Object.values(pass.held).at(-1)
/** Every step adds up to what the engine holds, and every contribution belongs to an operand. */
function expectSums({ passes }: Seen) {
  for (const pass of passes) {
    expect(pass.kind).toBe(PassKind.forwardMode)
    for (const { node, contributions } of pass.steps) {
      expect(contributions.every(([slot, target]) => slot >= 0 && target === node)).toBe(true)
      if (!node.startsWith('#')) continue
      expect(contributions.reduce((sum, [, , amount]) => sum + amount, 0)).toBeCloseTo(pass.held[node]!, 12)
    }
  }
}

describe('dual numbers', () => {
  test('a class: a pass for each input that is seeded', () => {
    const { seen } = run('dual_class.py')
    expectSums(seen)
    expect(seen.passes.map((pass) => pass.roots.map(([, seed]) => seed))).toEqual([[1], [1]])
    expect(seen.passes.map((pass) => pass.site)).toEqual(['Dual(2.0, 1.0)', 'Dual(-3.0, 1.0)'])
    expect(last(seen.passes[0]!)).toBeCloseTo(-3 + Math.cos(2) / -3 - 12, 12)
    expect(last(seen.passes[1]!)).toBeCloseTo(2 - Math.sin(2) / 9, 12)
    const by = (name: string) => seen.nodes.find((node) => node.name === name)
    expect(by('by_x')).toMatchObject({ op: 'sub', site: 'x * y + x.sin() / y - 3 * x ** 2' })
    expect(seen.nodes.map((node) => node.op).slice(0, 7)).toEqual([
      'leaf',
      'leaf',
      'mul',
      'sin',
      'truediv',
      'add',
      'pow',
    ])
    // x / y by y: both operands' parts of a quotient are told apart.
    expect(seen.passes[1]?.steps[2]?.contributions.map(([slot, , amount]) => [slot, amount])).toEqual([
      [0, 0],
      [1, -Math.sin(2) / 9],
    ])
  })

  test('functions over namedtuples', () => {
    const { seen } = run('namedtuple_functions.py')
    expectSums(seen)
    expect(seen.passes).toHaveLength(1)
    expect(seen.passes[0]?.roots).toEqual([['x', 1]])
    const slope = Math.log(1.5) + 1 - (Math.exp(1.5) * 1.5) / 2.5 ** 2
    expect(seen.passes[0]?.held['y']).toBeCloseTo(slope, 12)
    expect(seen.nodes.map((node) => node.op)).toEqual([
      'leaf',
      'jlog',
      'mul',
      'jexp',
      'leaf',
      'add',
      'div',
      'neg',
      'add',
    ])
  })

  test('functions over tuples', () => {
    const { seen } = run('tuples.py')
    expectSums(seen)
    expect(seen.passes[0]?.held['c']).toBeCloseTo(3 + Math.cos(2), 12)
    expect(seen.nodes.map((node) => node.operands)).toEqual([[], [], ['a', 'b'], ['a'], ['#2', '#3']])
  })

  test('tangents that are stored later', () => {
    const { seen, tape } = run('seeded_later.py')
    expectSums(seen)
    const slope = 1 - Math.tanh(0.7) ** 2
    expect(seen.passes.map((pass) => pass.roots)).toEqual([[['w', 1]], [['x', 1]], [['b', 1]]])
    seen.passes.forEach((pass, i) => expect(last(pass)).toBeCloseTo(slope * [2, 0.5, 1][i]!, 12))
    expect(seen.passes[0]?.site).toBe('p.dot = 1.0')
    // The last thing that the script stores in each of them is 0.
    expect(
      ['w', 'x', 'b'].map(
        (name) =>
          finalGradient(
            tape,
            seen.nodes.findIndex((n) => n.name === name),
          ).held,
      ),
    ).toEqual([0, 0, 0])
  })

  test('seeds computed from tangents are leaves', () => {
    const { seen } = run('newton_dataclass.py')
    expectSums(seen)
    expect(seen.passes.map((pass) => pass.site)).toEqual(['D(x, 1.0)', 'D(x, 1.0)'])
    expect(last(seen.passes[0]!)).toBeCloseTo(2 - 0.5 * Math.E + 2, 12)
    const x = seen.nodes[0]!.value - seen.nodes[9]!.value / last(seen.passes[0]!)!
    expect(last(seen.passes[1]!)).toBeCloseTo(2 * x - 0.5 * Math.exp(x) + 2, 12)
  })

  test('dual numbers of dual numbers: the numbers inside', () => {
    const { seen } = run('nested.py')
    expectSums(seen)
    expect([seen.passes[0]?.held['y.a'], seen.passes[0]?.held['y.b']]).toEqual([27, 18])
    expect(seen.nodes.every((node) => Number.isFinite(node.value))).toBe(true)
  })

  test('fractions, complex numbers, composed maps and uncertainties are none', () => {
    expect(run('pairs_that_are_not.py').seen).toEqual({ nodes: [], passes: [], writes: [] })
  })

  test('a gradient engine in the same program is what is shown', () => {
    const { nodes, passes } = run('beside_engine.py').seen
    expect(nodes.map((node) => [node.name, node.value])).toEqual([
      ['v', 2],
      ['u', 3],
      ['w', 6],
    ])
    expect(passes.map((pass) => [pass.kind, pass.held])).toEqual([[PassKind.backward, { v: 3, u: 2, w: 1 }]])
  })
})

test('they are shown as what they are', () => {
  const { tape } = run('dual_class.py')
  expect(summary(tape, 3)).toMatchObject({ forward: true })
  const shown = details(tape, 2, tape.lastTick)
  expect(shown).toMatchObject({ forward: true, gradientName: 'd(x * y)', gradient: { value: -3 }, bookkeeping: null })
  expect(shown.cameFrom.map((flow) => [flow.upstream, flow.local, flow.contribution])).toMatchObject([
    [{ value: 1 }, { value: -3 }, { value: -3 }],
    [{ value: 0 }, { kind: 'none' }, { value: 0 }],
  ])
  expect(shown.flowsTo.map((flow) => [flow.op, flow.contribution])).toMatchObject([['add', { value: -3 }]])
  const json = report(tape, { script: '', info: null, findings: [], end: null } as never)
  expect(json.passes[0]).toMatchObject({ kind: 'forward mode', root: 0 })
})
