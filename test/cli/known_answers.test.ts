/** Published gradients come out of the whole pipeline (sandbox, tracer, wire, tape, report) to 1e-9. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Report, ReportNode } from '../../src/protocol/report.ts'
import { reportOf } from '../support/visualize.ts'

interface Answer {
  id: string
  values: Record<string, number | number[]>
  grads: Record<string, number | number[]>
}
const answers = JSON.parse(readFileSync('test/fixtures/known/known_answers.json', 'utf8')) as Answer[]

/** Names of the answers that are no Python identifiers, as the scripts call them. `c(last)`: the last value of that name. */
const aliases: Record<string, Record<string, string>> = {
  K04: { 'x1w1+x2w2': 's' },
  K05: { '2n': 'n2', 'e-1': 'num', 'e+1': 'den', '(e+1)**-1': 'inv', 'const 2': 'two' },
  K08: { 'f(3)': 'f3', "f'(3)": 'x', "f'(2/3)": 't' },
  K10: { sum: 'sum_', '-dot': 'neg', '1+exp': 'one_exp' },
  K12: { 'x*y': 'xy', max: 'm', sum: 's' },
  K22: { 'h1=x*w': 'h1', 'h2=h1+b': 'h2', 'h3=-h2': 'h3', 'h4=exp': 'h4', 'h5=h4+1': 'h5' },
  K26: { 'y(3)': 'y', 'z(3)': 'z', 'dz/dy(3)': 'y' },
  K27: { 'tanh(2)': 'y', '1': 'x' },
  K28: { "f'": 'x' },
}
/** Not expressible by a scalar engine with first derivatives only, or not in one number per name. */
const left = new Set(['K23', 'K24', 'K38'])
const skippedNames: Record<string, string[]> = {
  K26: ['dy/dx(3)', 'dz/dx([1,3])', 'dy/dx([1,3])'],
  K27: ['2', '3'],
  K28: ["f''", "f'''", 'f4'],
  K31: ['l', 'w'],
  K34: ['first', 'second call'],
}
/** Printed in the source with four (K05) or eight (K10) decimals. */
const digits: Record<string, number> = { K05: 4, K10: 8 }

describe('published gradients', () => {
  let report: Report
  beforeAll(async () => {
    const result = await reportOf('test/fixtures/known/answers.py')
    expect(result.outcome.code, result.outcome.stderr).toBe(0)
    report = result.report
  })

  const nodesOf = (key: string, name: string): ReportNode[] =>
    report.nodes.filter((node) => node.group.includes(key) && (node.name === name || node.name?.startsWith(`${name}[`)))

  for (const answer of answers) {
    const key = answer.id.split(' ')[0]!
    if (left.has(key)) continue
    const check = (field: 'value' | 'gradient', expected: Record<string, number | number[]>) => {
      for (const [name, wanted] of Object.entries(expected)) {
        if (skippedNames[key]?.includes(name)) continue
        const alias = aliases[key]?.[name] ?? name.replace('(last)', '')
        const nodes = nodesOf(key, alias)
        if (Array.isArray(wanted)) {
          nodes.forEach((node, i) => expect(node[field], `${key} ${name}[${i}]`).toBeCloseTo(wanted[i]!, 9))
          expect(nodes.length).toBe(wanted.length)
        } else {
          const node = nodes.at(-1)
          expect(node, `${key}: nothing is named ${alias}`).toBeDefined()
          const number = node![field] as number
          const tolerance = key in digits ? 0.5 * 10 ** -digits[key]! : 1e-9 * Math.max(1, Math.abs(wanted))
          expect(Math.abs(number - wanted), `${key} ${name}: ${number}, published ${wanted}`).toBeLessThanOrEqual(
            tolerance,
          )
        }
      }
    }
    it(answer.id, () => {
      check('value', answer.values)
      check('gradient', answer.grads)
    })
  }

  it('K31: the gradient of each step of a training loop', () => {
    const w = nodesOf('K31', 'w')[0]!
    const passes = report.passes.filter((pass) => report.nodes[pass.root]!.group.includes('K31'))
    const sums = passes.map((pass) =>
      pass.steps
        .flatMap((step) => step.contributions.filter((_, slot) => report.nodes[step.node]!.operands[slot] === w.id))
        .map(Number)
        .reduce((a, b) => a + b),
    )
    ;[-2.0, -7.84, -16.2288].forEach((wanted, i) => expect(sums[i]).toBeCloseTo(wanted, 9))
  })

  it('K34: the second backward adds to what the first one left', () => {
    const last = Object.fromEntries(
      report.nodes.filter((node) => node.group.includes('K34')).map((node) => [node.name, node.gradient]),
    )
    expect(last).toMatchObject({ a: 3, b: 3, c: 2, d: 10 })
  })
})
