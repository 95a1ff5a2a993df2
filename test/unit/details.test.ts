/** The worked exercise of one op, where a session computes it. */
import { expect, it } from 'vitest'
import { GradientStatus } from '../../src/protocol/view.ts'
import { details } from '../../src/session/details.ts'
import { gradientAt } from '../../src/tape/gradient.ts'
import { Recorder } from '../support/recorder.ts'
import { range } from '../support/tapes.ts'

it('goes over the passes with the value in the same place, of several that one line makes in an iteration', () => {
  const r = new Recorder('acts.py', ['x = Value(2.0)', 'act = x * x', 'loss = a + b', ''].join('\n'))
  const x = r.leaf(2, r.site(1, 'Value(2.0)'), 'x')
  const acts: number[][] = []
  for (const step of range(3)) {
    // Two calls of one function in each iteration, three in the last.
    const made = range(step === 2 ? 3 : 2).map((k) =>
      r.op('mul', [x], [10 * step + k + 1], 2 * (10 * step + k + 1), r.site(2, 'x * x'), 'act'),
    )
    acts.push(made)
    const loss = r.op(
      'add',
      made,
      made.map((_, k) => k + 5),
      1,
      r.site(3, 'a + b'),
      'loss',
    )
    r.backward(loss, -1)
  }
  const tape = r.tape()
  for (const k of [0, 1]) {
    const { value, gradient, history } = details(tape, acts[0]![k]!, tape.lastTick)
    expect(history.map(({ pass }) => pass)).toEqual([0, 1])
    expect(history[0]!.value).toEqual(value)
    expect(history[0]!.gradient).toEqual(gradient)
    const held = gradientAt(tape, acts[1]![k]!, tape.passEnd(1)).held
    expect(history[1]!.gradient).toEqual({ kind: 'number', value: held })
  }
  // What lives through all passes is itself in each of them.
  expect(details(tape, x, tape.lastTick).history.map(({ pass }) => pass)).toEqual([0, 1, 2])
})

it('does not tell of contributions that were zeroed since', () => {
  const r = new Recorder('zero.py', 'w = Value(2.0)\ny = w * 3\n')
  const w = r.leaf(2, r.site(1, 'Value(2.0)'), 'w')
  r.backward(r.op('scale', [w], [3], 6, r.site(2, 'w * 3'), 'y'), -1)
  r.zero([w], -1)
  const tape = r.tape()
  expect(details(tape, w, tape.passEnd(0)).cameFrom.map(({ contribution }) => contribution)).toEqual([
    { kind: 'number', value: 3 },
  ])
  const zeroed = details(tape, w, tape.lastTick)
  expect([zeroed.status, zeroed.gradient, zeroed.cameFrom]).toEqual([GradientStatus.waiting, { kind: 'none' }, []])
})
