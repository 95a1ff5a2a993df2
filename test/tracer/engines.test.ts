/** Every style of engine, from one computation: `c = a * b; d = c + a`, backward from d, with a = 2 and b = −3. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { engines, readable, runFile, type Outcome } from './run.ts'

const styles = readdirSync(engines).filter((file) => file.endsWith('.py') && file !== 'micrograd_nn.py')
const ascii = (text: string) => text.replaceAll('ä', 'a')

/** The expression that made c and d, and the call that ran the backward pass, where they are not the operators. */
const written: Record<
  string,
  { c?: string; d?: string; pass?: string; names?: [string, string]; held?: Record<string, number> }
> = {
  'closure_tape.py': { pass: 'run_backward(d)' },
  'dict_nodes.py': { c: 'mul(a, b)', d: 'add(c, a)', pass: 'backward(d)' },
  'function_objects.py': { names: ['Mul', 'Add'] },
  'gradient_maps.py': {
    c: 'forward_and_backward([a, b, c, d])',
    d: 'forward_and_backward([a, b, c, d])',
    pass: 'forward_and_backward([a, b, c, d])',
    names: ['Mul', 'Add'],
    held: { a: -2, b: 2, c: 1 },
  },
  'graph_integers.py': { c: 't.mul(a, b)', d: 't.add(c, a)', pass: 't.backward(d)' },
  'index_lists.py': { c: 'mul(a, b)', d: 'add(c, a)', pass: 'backward(d)' },
  'list_nodes.py': { c: 'mul(a, b)', d: 'add(c, a)', pass: 'sweep(d)' },
  'map_get.py': { pass: 'backward(d, [a, b, c, d])' },
  'namedtuple_map.py': { c: 'mul(a, b)', d: 'add(c, a)', pass: 'gradients(d)' },
  'other_language.py': { pass: 'd.zurück()' },
  'plain_functions.py': { c: 'mul(a, b)', d: 'add(c, a)', pass: 'backward(d)' },
  'prev_tuple_partial.py': { pass: 'd.backprop()' },
  'pull_recursion.py': { pass: 'a.grad()' },
  'slots_subclass.py': { pass: 'd.run()' },
  'receive_dispatch.py': { pass: 'backprop(d)' },
  'store_by_id.py': { pass: 'tape.backward(d)' },
  'store_by_uid.py': { pass: 'backward(d)' },
  'store_getitem.py': { pass: 'differentiate(d)' },
  'store_subclass.py': { pass: 'grad(d)' },
  'boxed_receive.py': { pass: 'd.backprop()' },
  'wengert_list.py': { pass: 'd.grad()' },
}

/** Known by their syntax alone: maps that each node keeps, gradients computed anew whenever asked for, and gradient nodes. */
const notFollowed = ['gradient_maps.py', 'pull_recursion.py', 'gradient_tensors.py']
const ways = styles.flatMap((style) => [
  { style, way: 'as the tracer decides', follow: undefined, gated: false },
  { style, way: 'event by event', follow: undefined, gated: true },
  ...(notFollowed.includes(style) ? [] : [{ style, way: 'number by number', follow: true, gated: false }]),
])

describe.each(ways)('$style, $way', ({ style, follow, gated }) => {
  const expected = {
    c: 'a * b',
    d: 'c + a',
    pass: 'd.backward()',
    names: ['mul', 'add'],
    held: { a: -2, b: 2, c: 1, d: 1 },
    ...written[style],
  }
  const recorded: Outcome = runFile(join(engines, style), { follow, gated })
  const seen = readable(recorded.tape)
  const node = (name: string) => seen.nodes.find((n) => ascii(n.name) === name)

  test('runs as without the tracer', () => {
    const plain = runFile(join(engines, style), { capture: false })
    expect(recorded.end).toEqual({ kind: 'done', exitCode: 0 })
    expect([recorded.stdout, recorded.stderr, recorded.end]).toEqual([plain.stdout, plain.stderr, plain.end])
  })

  test('every node once, with its value and its expression', () => {
    expect(seen.nodes.map((n) => ascii(n.name)).sort()).toEqual(['a', 'b', 'c', 'd'])
    expect(['a', 'b', 'c', 'd'].map((n) => node(n)?.value)).toEqual([2, -3, -6, -4])
    expect([node('c')?.site, node('d')?.site].map((site) => ascii(site ?? ''))).toEqual([expected.c, expected.d])
    expect([node('c')?.op, node('d')?.op, node('a')?.op]).toEqual([...expected.names, 'leaf'])
  })

  test('operands in order, used and linked', () => {
    expect(node('c')?.operands.map(ascii)).toEqual(['a', 'b'])
    expect(node('d')?.operands.map(ascii)).toEqual(['c', 'a'])
    expect([node('c')?.flags, node('d')?.flags]).toEqual([
      [3, 3],
      [3, 3],
    ])
  })

  test('one pass: steps in order, upstreams, contributions by operand, what the engine holds', () => {
    const [pass] = JSON.parse(ascii(JSON.stringify(seen.passes))) as typeof seen.passes
    expect(seen.passes).toHaveLength(1)
    expect(pass?.site).toBe(expected.pass)
    expect(pass?.roots).toEqual([['d', 1]])
    expect(pass?.steps).toEqual([
      {
        node: 'd',
        upstream: 1,
        contributions: [
          [0, 'c', 1],
          [1, 'a', 1],
        ],
      },
      {
        node: 'c',
        upstream: 1,
        contributions: [
          [0, 'a', -3],
          [1, 'b', 2],
        ],
      },
    ])
    expect(pass?.held).toEqual(expected.held)
  })
})
