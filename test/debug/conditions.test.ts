/** The language of conditions, against the table that every evaluator of it shares. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, truth, type Names } from '../../src/debug/conditions/evaluate.ts'
import { parseCondition } from '../../src/debug/conditions/parse.ts'
import { isEverything, isNothing, regionOf, type Fixed } from '../../src/debug/conditions/region.ts'
import { ConditionError } from '../../src/debug/conditions/tokens.ts'
import type { Value } from '../../src/debug/conditions/values.ts'
import table from '../fixtures/conditions/table.json' with { type: 'json' }

type Given = keyof typeof table.given
const cases = table.cases as [Given, string, unknown][]
const refused = table.refused as [string, number, string | null][]
const failing = table.failing as [Given, string, number, string | null][]

function decoded(json: unknown): Value {
  if (typeof json !== 'object' || json === null) return json as Value
  if ('number' in json) return Number(json.number)
  if ('series' in json) return { kind: 'series', items: (json.series as unknown[]).map(decoded) as number[] }
  const { tensor } = json as { tensor: Record<string, unknown> }
  const numbers = Object.entries(tensor).map(([key, x]) => [key, x === null ? NaN : x])
  return { kind: 'tensor', ...Object.fromEntries(numbers) } as Value
}

const namesOf =
  (given: Given): Names =>
  (name) =>
    decoded(table.given[given][name])

const errorOf = (act: () => unknown): ConditionError => {
  try {
    act()
  } catch (error) {
    if (error instanceof ConditionError) return error
    throw error
  }
  throw new Error('nothing was wrong')
}

describe('conditions', () => {
  it.each(cases)('with %s: %s', (given, condition, result) => {
    expect(evaluate(parseCondition(condition), namesOf(given))).toEqual(result)
  })

  it.each(refused)('%s: refused at column %i', (condition, column, message) => {
    const error = errorOf(() => parseCondition(condition))
    expect(error.column).toBe(column)
    if (message !== null) expect(error.message).toBe(message)
  })

  it.each(failing)('with %s: %s cannot be evaluated', (given, condition, column, message) => {
    const error = errorOf(() => truth(parseCondition(condition), namesOf(given)))
    expect(error.column).toBe(column)
    if (message !== null) expect(error.message).toBe(message)
  })

  it('of the README can be written', () => {
    const text = readFileSync('README.md', 'utf8')
    const rows = text
      .slice(text.indexOf('| TensorBoard Debugger V1'), text.indexOf('</details>', text.indexOf('| MindInsight')))
      .split('\n')
    const conditions = rows
      .filter((row) => row.startsWith('|'))
      .flatMap((row) => Array.from(row.split('|')[2]!.matchAll(/`([^`]+)`/g), ([, code]) => code!))
      .filter((code) => code !== 'leaf')
    expect(conditions.length).toBeGreaterThan(28)
    for (const condition of conditions) {
      const holds = truth(parseCondition(condition), namesOf('scalar'))
      expect(typeof holds, condition).toBe('boolean')
    }
  })

  it('are valid Python', () => {
    const written = [...cases, ...failing].map(([, condition]) => condition.replace(/\bpass\b/g, 'pass_'))
    const check = 'import ast, json, sys\nfor text in json.load(sys.stdin): ast.parse(text, mode="eval")'
    const python = spawnSync('python3', ['-c', check], { input: JSON.stringify(written), encoding: 'utf8' })
    expect(python.stderr).toBe('')
    expect(python.status).toBe(0)
  })

  it('give what Python gives, where nothing is pending', () => {
    const plain = cases.filter(
      ([given, text]) =>
        given === 'scalar' && !/contributions|shape|norm|isnan|\bsize|\/ 0|initial|any|all|0\.5|0 \*\*/.test(text),
    )
    expect(plain.length).toBeGreaterThan(25)
    const names = { ...table.given.scalar, pass_: 3, contributions: null, inf: Infinity, nan: null }
    const check = [
      'import json, sys, math',
      'names, texts = json.load(sys.stdin)',
      'names.update(inf=math.inf, nan=math.nan)',
      'print(json.dumps([eval(text, {}, names) for text in texts]))',
    ].join('\n')
    const texts = plain.map(([, text]) => text.replace(/\bpass\b/g, 'pass_'))
    const python = spawnSync('python3', ['-c', check], { input: JSON.stringify([names, texts]), encoding: 'utf8' })
    expect(python.stderr).toBe('')
    const given = JSON.parse(python.stdout) as unknown[]
    plain.forEach(([, text, result], i) => {
      // `or` gives one of its operands in Python, and a truth here.
      expect(typeof result === 'boolean' ? Boolean(given[i]) : given[i], text).toEqual(result)
    })
  })

  it('nested beyond reason or longer than anybody writes are refused, not run', () => {
    for (const text of [
      '('.repeat(5000),
      '-'.repeat(9000) + '1',
      '2 ** '.repeat(1900) + '1',
      'not '.repeat(2400) + '1 (',
      '1'.repeat(20_000),
    ])
      expect(errorOf(() => parseCondition(text)).column).toBeGreaterThanOrEqual(0)
  })

  it('of any text are parsed or refused with a column inside of it', () => {
    const piece = fc.constantFrom(
      'grad',
      'op',
      'norm',
      '(',
      ')',
      ',',
      '<',
      '==',
      'and',
      'not',
      'in',
      'is',
      '1',
      '.5',
      "'x'",
      ' ',
      '-',
      '**',
      '[',
      ']',
      'None',
      '\\',
      '\u2028',
      '"',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 20 }).map((all) => all.join(' ')),
        ),
        (text) => {
          try {
            const tree = parseCondition(text)
            for (const given of Object.keys(table.given) as Given[]) {
              try {
                evaluate(tree, namesOf(given))
              } catch (error) {
                if (!(error instanceof ConditionError)) throw error
              }
            }
          } catch (error) {
            if (!(error instanceof ConditionError)) throw error
            expect(error.column).toBeLessThanOrEqual(text.length)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('the gradients at which a condition may hold', () => {
  const fixed: Fixed = (name) => (name === 'op' ? 'mul' : name === 'line' ? 7 : undefined)
  const region = (condition: string) => regionOf(parseCondition(condition), fixed)

  it.each<[string, [number, number][], nan?: boolean]>([
    ['grad > 5e9 and op == "mul"', [[5e9, Infinity]]],
    ['op == "add" or 3 >= grad', [[-Infinity, 3]]],
    ['not grad < 2', [[2, Infinity]], true],
    ['-1 < grad <= 2 * 3', [[-1, 6]]],
    ['abs(grad) > 10 and line == 7', [[-Infinity, -10], [10, Infinity]]], // prettier-ignore
    ['norm(grad) < 1e-3 and step > 4', [[-1e-3, 1e-3]]],
    ['isnan(grad) or grad == 0', [[0, 0]], true],
    ['isinf(grad)', [[-Infinity, -Infinity], [Infinity, Infinity]]], // prettier-ignore
    ['grad > 1 and pass == 2 and not line == 8', [[1, Infinity]]],
  ])('of %s', (condition, ranges, nan = false) => {
    expect(region(condition)).toEqual({ ranges, nan })
  })

  it.each(['op == "add"', 'grad > 1 and grad < 0', 'abs(grad) < -1', 'line > 7 and isnan(grad)'])(
    'are none of %s',
    (c) => {
      expect(isNothing(region(c))).toBe(true)
    },
  )

  it.each([
    'data > 1',
    'grad',
    'grad * 2 > 1',
    'grad is None',
    'op == "mul" or grad > 1',
    'grad != 3',
    'grad + op > 1',
  ])('may be any of %s', (c) => {
    expect(isEverything(region(c))).toBe(true)
  })

  it('are never too few', () => {
    const numbers = [-Infinity, -3, -1, -0.5, 0, 0.5, 1, 3, Infinity, NaN]
    const number = fc.constantFrom('-1', '0', '0.5', '3', 'inf', '-inf', 'nan', 'data')
    const operator = fc.constantFrom('<', '<=', '>', '>=', '==', '!=')
    const value = fc.oneof(number, fc.constantFrom('grad', 'abs(grad)', 'norm(grad)', '-grad', 'line'))
    const atom = fc.oneof(
      fc.tuple(value, operator, value).map((parts) => parts.join(' ')),
      fc.tuple(number, operator, fc.constant('grad'), operator, number).map((parts) => parts.join(' ')),
      fc.constantFrom('isnan(grad)', 'isinf(grad)', 'isfinite(grad)', 'op == "mul"', 'op != "mul"', 'name == "x"'),
    )
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        atom,
        fc.tuple(tie('tree'), fc.constantFrom('and', 'or'), tie('tree')).map(([a, by, b]) => `(${a}) ${by} (${b})`),
        tie('tree').map((a) => `not (${a})`),
      ),
    }))
    fc.assert(
      fc.property(tree, (condition) => {
        const { ranges, nan } = region(condition)
        for (const grad of numbers) {
          const names: Names = (name) => (name === 'grad' ? grad : name === 'data' ? 1 : (fixed(name) ?? null))
          if (truth(parseCondition(condition), names) !== true) continue
          const told = Number.isNaN(grad) ? nan : ranges.some(([low, high]) => low <= grad && grad <= high)
          expect(told, `${condition} holds at ${grad}`).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
