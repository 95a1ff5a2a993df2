/** The bulk form of the gradients says the same as the query for one value, however the tick is moved. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GradientStatus } from '../../src/protocol/view.ts'
import { Cell, Mode, WriteKind } from '../../src/protocol/wire.ts'
import { concat, Encoder, preamble } from '../../src/tape/encode.ts'
import { gradientAt } from '../../src/tape/gradient.ts'
import { Snapshot } from '../../src/tape/snapshot.ts'
import { Tape } from '../../src/tape/tape.ts'
import { expressions, expressionTape, mlp, neuron } from '../support/tapes.ts'

function expectAgreement(tape: Tape, snapshot: Snapshot, tick: number): void {
  snapshot.moveTo(tick)
  for (let value = 0; value < tape.tables.rowsOf('value'); value++) {
    const { status, held } = gradientAt(tape, value, tick)
    expect({
      value,
      status: snapshot.status(value),
      held: snapshot.hasGradient(value) ? snapshot.gradient(value) : null,
    }).toEqual({
      value,
      status,
      held,
    })
  }
}

type Event =
  | { what: 'pass' | 'end' | 'leaf' }
  | { what: 'op' | 'step' | 'seed'; value: number; data: number }
  | { what: 'write'; value: number; data: number; kind: number }
  | { what: 'held'; value: number; data: number; before: number }

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    fc.record({ what: fc.constantFrom('pass' as const, 'end' as const, 'leaf' as const) }),
    fc.record({
      what: fc.constantFrom('op' as const, 'step' as const, 'step' as const, 'seed' as const),
      value: fc.nat(5),
      data: fc.integer({ min: -9, max: 9 }),
    }),
    fc.record({
      what: fc.constant('write' as const),
      value: fc.nat(5),
      data: fc.integer({ min: -9, max: 9 }),
      kind: fc.constantFrom(...Object.values(WriteKind)),
    }),
    fc.record({
      what: fc.constant('held' as const),
      value: fc.nat(5),
      data: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(NaN)),
      before: fc.integer({ min: -2, max: 2 }),
    }),
  ),
  { maxLength: 60 },
)

/** A tape of anything an engine could do, sensible or not. */
function anyTape(list: Event[]): Tape {
  const e = new Encoder()
  let tick = 0
  let pass = -1
  const values: number[] = []
  const make = (operands: number[]) => {
    const op = e.add('op', { name: 'f', site: -1, call: -1, kind: operands.length > 0 ? 0 : 1, thread: 0 })
    for (const value of operands) e.add('operand', { op, value, flags: 3 })
    values.push(e.add('value', { op, output: 0, tick: ++tick, kind: 0, data: 1, tensor: -1 }))
  }
  make([])
  for (const event of list) {
    const value = 'value' in event ? values[event.value % values.length]! : 0
    switch (event.what) {
      case 'leaf':
        make([])
        break
      case 'op':
        make([value, values.at(-1)!])
        break
      case 'pass':
        pass = e.add('pass', { parent: -1, kind: 0, site: -1, tick: ++tick })
        break
      case 'seed':
        if (pass >= 0) e.add('root', { pass, value, tick: ++tick, seed: event.data, tensor: -1 })
        break
      case 'step': {
        if (pass < 0) break
        const step = e.add('step', { pass, op: value, tick: ++tick })
        const mode = event.data % 3 === 0 ? Mode.set : Mode.add
        const target = values[(value + 1) % values.length]!
        e.add('contribution', {
          step,
          slot: 0,
          target,
          tick: ++tick,
          data: event.data,
          tensor: -1,
          how: 0,
          mode,
          site: -1,
        })
        break
      }
      case 'write':
        e.add('write', {
          tick: ++tick,
          target: value,
          cell: event.data % 4 === 0 ? Cell.value : Cell.gradient,
          kind: event.kind,
          before: 0,
          after: event.data,
          tensor: -1,
          site: -1,
        })
        break
      case 'held':
        if (pass >= 0) e.add('held', { pass, value, before: event.before, after: event.data, tensor: -1 })
        break
      case 'end':
        if (pass >= 0) e.add('passEnd', { pass, tick: ++tick })
        break
      default:
        event satisfies never
    }
  }
  const tape = new Tape()
  tape.push(concat([preamble(), e.flush()]))
  tape.finish()
  return tape
}

describe('Snapshot', () => {
  it('agrees with gradientAt at every tick of right engines, over several passes', () => {
    fc.assert(
      fc.property(expressions, fc.integer({ min: 1, max: 5 }), (nodes, passes) => {
        const tape = expressionTape(nodes, passes)
        const snapshot = new Snapshot(tape)
        const stride = Math.max(1, Math.floor(tape.lastTick / 30))
        for (let tick = 0; tick <= tape.lastTick; tick += stride) expectAgreement(tape, snapshot, tick)
        expectAgreement(tape, snapshot, tape.lastTick)
      }),
      { numRuns: 60 },
    )
  })

  it('agrees with gradientAt whatever an engine does, forwards and backwards', () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(200), { minLength: 1, maxLength: 8 }), (list, ticks) => {
        const tape = anyTape(list)
        const snapshot = new Snapshot(tape)
        for (const tick of ticks) expectAgreement(tape, snapshot, tick % (tape.lastTick + 2))
      }),
      { numRuns: 400 },
    )
  })

  it('goes back over saved states to the same numbers', () => {
    const tape = mlp({ sizes: [2, 8, 1], samples: 250, steps: 4 })
    const walked = new Snapshot(tape)
    walked.moveTo(tape.lastTick)
    for (const share of [0.9, 0.55, 0.7, 0.2]) {
      const tick = Math.floor(tape.lastTick * share)
      walked.moveTo(tick)
      const fresh = new Snapshot(tape)
      fresh.moveTo(tick)
      const numbers = (s: Snapshot) =>
        Array.from({ length: tape.ops }, (_, value) =>
          s.hasGradient(value) ? s.gradient(value) : s.status(value) + 1000,
        )
      expect(numbers(walked)).toEqual(numbers(fresh))
    }
  })

  it('calls what has not arrived waiting, never 0, and a zero that has arrived 0', () => {
    const tape = neuron()
    const w2 = 3
    const snapshot = new Snapshot(tape)
    snapshot.moveTo(tape.passStart(0))
    expect(snapshot.hasGradient(w2)).toBe(false)
    expect(snapshot.status(w2)).toBe(GradientStatus.waiting)
    snapshot.moveTo(tape.lastTick)
    expect(snapshot.status(w2)).toBe(GradientStatus.arrived)
    expect(snapshot.gradient(w2)).toBe(0)
  })
})
