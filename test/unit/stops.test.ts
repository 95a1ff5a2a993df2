/** Where a recording can stand still, forwards and backwards. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stopAfter, stopBefore } from '../../src/tape/stops.ts'
import { concat, Encoder, preamble } from '../../src/tape/encode.ts'
import { Tape } from '../../src/tape/tape.ts'
import { expressions, expressionTape, neuron } from '../support/tapes.ts'

/** Every stop from before the first pass on. */
function walk(tape: Tape): number[] {
  const stops: number[] = []
  for (let tick = -1; ;) {
    const next = stopAfter(tape, tick)
    if (next <= tick) return stops
    stops.push(next)
    tick = next
  }
}

describe('stops', () => {
  it('are the start of a pass, the end of each of its steps, and the end', () => {
    const tape = neuron()
    const steps = tape.rows('stepsOfPass', 0)
    const stops = walk(tape)
    expect(stops).toHaveLength(steps.length + 2)
    expect(stops[0]).toBe(tape.passStart(0))
    expect(stops.slice(1, -1)).toEqual(Array.from(steps, (step) => tape.stepDone(step)))
    expect(stops.at(-1)).toBe(tape.lastTick)
  })

  it('are the same backwards, across passes', () => {
    fc.assert(
      fc.property(expressions, fc.integer({ min: 1, max: 3 }), (nodes, passes) => {
        const tape = expressionTape(nodes, passes)
        const stops = walk(tape)
        const back = [tape.lastTick]
        for (;;) {
          const before = stopBefore(tape, back.at(-1)!)
          if (before === back.at(-1)) break
          back.push(before)
        }
        expect(back.reverse()).toEqual(stops)
      }),
      { numRuns: 100 },
    )
  })

  it('lead from any tick to the nearest one', () => {
    const tape = neuron()
    const stops = walk(tape)
    for (let tick = stops[0]!; tick <= tape.lastTick; tick++) {
      expect(stopAfter(tape, tick)).toBe(stops.find((stop) => stop > tick) ?? tape.lastTick)
      expect(stopBefore(tape, tick)).toBe(stops.findLast((stop) => stop < tick) ?? tick)
    }
  })

  it('show a step that others run inside of just before the first of them', () => {
    const e = new Encoder()
    e.add('source', { path: 'a.py', content: 'x' })
    const site = e.add('site', { source: 0, startLine: 1, startColumn: 0, endLine: 1, endColumn: 1 })
    let tick = 0
    for (const op of [0, 1]) {
      e.add('op', { name: 'op', site, call: -1, kind: 0, thread: 0 })
      e.add('value', { op, output: 0, tick: ++tick, kind: 0, data: 1, tensor: -1 })
    }
    const pass = e.add('pass', { parent: -1, kind: 0, site, tick: ++tick })
    const outer = e.add('step', { pass, op: 1, tick: ++tick })
    const inner = e.add('step', { pass, op: 0, tick: (tick += 2) })
    e.add('stepEnd', { step: inner, tick: ++tick })
    e.add('stepEnd', { step: outer, tick: ++tick })
    e.add('passEnd', { pass, tick: tick + 1 })
    const tape = new Tape()
    tape.push(concat([preamble(), e.flush()]))
    tape.finish()
    expect(walk(tape)).toEqual([3, 5, 7, 9])
  })
})
