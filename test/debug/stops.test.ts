/** Where the debugger stops, over generated recordings: the same going forwards and backwards, and as the gradients flow. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Breakpoint, type Request } from '../../src/debug/breakpoints/breakpoint.ts'
import { filters } from '../../src/debug/breakpoints/filters.ts'
import { Places } from '../../src/debug/breakpoints/places.ts'
import { BreakpointStore } from '../../src/debug/breakpoints/store.ts'
import { Watch, type StopOn } from '../../src/debug/breakpoints/watch.ts'
import { strings } from '../../src/debug/strings.ts'
import { Kind, Timeline } from '../../src/debug/timeline.ts'
import { Walker, type Movement } from '../../src/debug/walker.ts'
import { gradientAt } from '../../src/tape/gradient.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { chain, expressions, expressionTape, mlp, neuron } from '../support/tapes.ts'

const s = strings('en')

function walkerOver(tape: Tape, requests: Request[], stopOn: StopOn = 'backward') {
  const printed: string[] = []
  const failed: string[] = []
  const store = new BreakpointStore(s)
  store.replace('all', requests)
  store.resolve(tape, new Places(tape))
  const watch = new Watch(new Timeline(tape), stopOn, (_, error) => failed.push(String(error)))
  watch.set(store.all())
  const walker = new Walker(watch, stopOn, (breakpoint, moment) => printed.push(`${breakpoint.id}@${moment}`))
  return { walker, printed, failed, store }
}

/** The moments at which one stops until the end that one moves to. */
function stops(walker: Walker, movement: () => Movement): number[] {
  const found: number[] = []
  for (;;) {
    const stop = walker.walk(movement())!
    if (stop.why === 'start' || stop.why === 'end') return found
    found.push(stop.moment)
  }
}

const run = (walker: Walker, direction: 1 | -1) => stops(walker, () => walker.towards(null, direction))

const conditions = [
  'grad > 0',
  'abs(grad) < 0.5',
  'op == "mul"',
  'pass == 2',
  'len(contributions) > 1',
  'grad is None',
  'previous is not None',
  'step % 2 == 0',
  'upstream > data',
  'grad * op > 1',
]
const extras = fc.record(
  {
    condition: fc.constantFrom(...conditions),
    hitCondition: fc.constantFrom('2', '> 1', '% 2', '<= 3'),
    logMessage: fc.constant('{grad}'),
  },
  { requiredKeys: [] },
)
const places = fc.oneof(
  fc.record({
    kind: fc.constant('source' as const),
    path: fc.constant('random.py'),
    reference: fc.constant(0),
    line: fc.integer({ min: 1, max: 5 }),
    column: fc.constantFrom(null, 0),
  }),
  fc.record({
    kind: fc.constant('function' as const),
    name: fc.constantFrom('mul', 'tanh', 'grad:f0', 'grad:f*/f1', '#3', '**', 'grad:#7'),
  }),
  fc.record({
    kind: fc.constant('data' as const),
    cell: fc.constantFrom('gradient' as const, 'value' as const),
    value: fc.nat(20),
  }),
  fc.record({ kind: fc.constant('filter' as const), filter: fc.constantFrom(...filters.map(({ id }) => id)) }),
)
const requests = fc.array(
  fc.tuple(places, fc.oneof(fc.constant({}), extras)).map(([place, extra]): Request => ({ ...place, ...extra })),
  { minLength: 1, maxLength: 6, size: 'max' },
)
/** Larger than the usual ones: several of those one after the other. */
const graphs = fc.array(expressions, { minLength: 3, maxLength: 8, size: 'max' }).map((parts) => parts.flat())

describe('stops', () => {
  it('going backwards are those going forwards, in reverse, and walking a way again changes nothing', () => {
    let met = 0
    let said = 0
    fc.assert(
      fc.property(
        graphs,
        fc.integer({ min: 1, max: 4 }),
        requests,
        fc.constantFrom<StopOn>('backward', 'forward', 'both'),
        (nodes, passes, asked, stopOn) => {
          const tape = expressionTape(nodes, passes)
          const { walker, printed } = walkerOver(tape, asked, stopOn)
          const forwards = run(walker, 1)
          const once = [...printed]
          met += forwards.length
          said += once.length
          expect(run(walker, -1)).toEqual(forwards.toReversed())
          walker.position = -1
          expect(run(walker, 1)).toEqual(forwards)
          expect(printed).toEqual(once)
          expect(new Set(printed).size).toBe(printed.length)
          // Who comes from the end sees the same, though nothing was walked before.
          const other = walkerOver(tape, asked, stopOn)
          other.walker.position = other.walker.timeline.length
          expect(run(other.walker, -1)).toEqual(forwards.toReversed())
          expect(other.printed.toSorted()).toEqual(once.toSorted())
        },
      ),
      { numRuns: 300 },
    )
    expect(met).toBeGreaterThan(1000)
    expect(said).toBeGreaterThan(100)
  })

  it('of steps back are those of steps into, in reverse', () => {
    fc.assert(
      fc.property(
        expressions,
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom<StopOn>('backward', 'forward', 'both'),
        (nodes, passes, stopOn) => {
          const { walker } = walkerOver(expressionTape(nodes, passes), [], stopOn)
          const forwards = stops(walker, () => walker.step('into'))
          const backwards = stops(walker, () => walker.back())
          expect(backwards).toEqual(forwards.toReversed())
        },
      ),
    )
  })

  it('of steps over and out are some of those of steps into: elsewhere than they began, and the first such', () => {
    fc.assert(
      fc.property(expressions, fc.constantFrom('over' as const, 'out' as const), (nodes, step) => {
        const tape = expressionTape(nodes, 2)
        const { walker } = walkerOver(tape, [])
        const { timeline } = walker
        const stations = stops(walker, () => walker.step('into'))
        const { line, call } = {
          line: (op: number) => tape.site(tape.table('op').site.at(op))?.startLine,
          call: (op: number) => tape.table('op').call.at(op),
        }
        const within = (op: number, outer: number) => {
          for (let at = call(op); at >= 0; at = tape.table('call').parent.at(at)) if (at === outer) return true
          return outer < 0
        }
        stations.forEach((from, i) => {
          const start = timeline.op(from)
          const elsewhere = (op: number) =>
            step === 'over' ? line(op) !== line(start) || call(op) !== call(start) : !within(op, call(start))
          walker.position = from
          const stop = walker.walk(walker.step(step))!
          expect(stop.why === 'end' ? undefined : stop.moment).toBe(
            stations.slice(i + 1).find((moment) => elsewhere(timeline.op(moment))),
          )
        })
      }),
      { numRuns: 50 },
    )
  })

  it('before a rule show what it will read, and nothing of what it gives', () => {
    fc.assert(
      fc.property(expressions, (nodes) => {
        const tape = expressionTape(nodes, 3)
        const { walker } = walkerOver(tape, [])
        for (const moment of stops(walker, () => walker.step('into'))) {
          const step = walker.timeline.row(moment)
          const upstream = tape.rows('upstreamsOfStep', step)[0]!
          const { held } = gradientAt(tape, walker.timeline.value(moment), walker.timeline.shown(moment))
          expect(held).toBe(tape.table('upstream').data.at(upstream))
          for (const row of tape.rows('contributionsOfStep', step))
            expect(tape.table('contribution').tick.at(row)).toBeGreaterThan(walker.timeline.shown(moment))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('are in the order of time, whatever is met', () => {
    fc.assert(
      fc.property(expressions, (nodes) => {
        const timeline = new Timeline(expressionTape(nodes, 4))
        for (let moment = 1; moment < timeline.length; moment++)
          expect(timeline.shown(moment)).toBeGreaterThanOrEqual(timeline.shown(moment - 1))
      }),
      { numRuns: 50 },
    )
  })
})

describe('a breakpoint on the neuron', () => {
  const tape = neuron()
  const on = (line: number, more: object = {}): Request => ({
    kind: 'source',
    path: 'neuron.py',
    reference: 0,
    line,
    column: null,
    ...more,
  })
  const seen = (...asked: Request[]) => {
    const { walker } = walkerOver(tape, asked)
    return run(walker, 1).map(
      (moment) =>
        `${tape.siteText(tape.table('op').site.at(walker.timeline.op(moment)))} ${walker.timeline.kind(moment) === Kind.step ? 'rule' : 'write'}`,
    )
  }
  const verdict = (request: Request) => {
    const { store } = walkerOver(tape, [request])
    return store.all()[0]!.message
  }

  it('stops at each node of a line, before its rule; a column narrows it to one expression', () => {
    expect(seen(on(6))).toEqual([
      'x1 * w1 + x2 * w2 + b rule',
      'x1 * w1 + x2 * w2 rule',
      'x2 * w2 rule',
      'x1 * w1 rule',
    ])
    expect(seen(on(6, { column: 6 }))).toEqual(['x1 * w1 rule'])
    expect(seen(on(6, { column: 12 }))).toEqual(['x1 * w1 + x2 * w2 rule'])
  })

  it('on a leaf stops at each write to its gradient', () => {
    expect(seen(on(1))).toEqual(['Value(2.0) write'])
  })

  it('counts its hits from the start of the run', () => {
    expect(seen(on(6, { hitCondition: '2' }))).toEqual(['x1 * w1 + x2 * w2 rule'])
    expect(seen(on(6, { condition: 'op == "mul"', hitCondition: '> 1' }))).toEqual(['x1 * w1 rule'])
  })

  it('says why it cannot stop', () => {
    expect(verdict(on(9))).toBe(s.noNodeOnLine)
    expect(verdict({ ...on(6), path: 'other.py' } as Request)).toBe(s.noSuchSource)
    expect(verdict(on(6, { condition: 'self.x > 1' }))).toMatch(/there is no "self".*\(column 1\)/)
    expect(verdict(on(6, { condition: 'grad >' }))).toMatch(/column 7/)
    expect(verdict(on(6, { hitCondition: 'often' }))).toBe(s.badHitCount('often'))
    expect(verdict(on(6, { logMessage: 'g {grad' }))).toMatch(/brace/)
    expect(verdict({ kind: 'function', name: 'softmax' })).toBe(s.nothingNamed('softmax'))
    expect(verdict({ kind: 'function', name: '#10' })).toBe(s.noSuchNode('#10'))
    expect(verdict(on(6))).toBe(null)
  })

  it('is offered where expressions are, each at a place of its own', () => {
    const columns = new Places(tape).within(0, 6, 6).map(({ startColumn }) => startColumn)
    expect(columns).toEqual([4, 12, 14, 22])
  })
})

describe('a function breakpoint', () => {
  const tape = mlp({ samples: 2 })
  const ops = (name: string) => {
    const place = new Places(tape).named(name, s)
    if ('why' in place) return 0
    const { nodes } = place
    return nodes.by === 'name' ? Array.from({ length: tape.ops }, (_, op) => op).filter(nodes.has).length : 1
  }

  it('means an op, a call or module with what is in it, or one node', () => {
    const all = Array.from({ length: tape.ops }, (_, op) => op)
    expect(ops('tanh')).toBe(all.filter((op) => tape.opName(op) === 'tanh').length)
    expect(ops('grad:tanh')).toBe(ops('tanh'))
    expect(ops('#12')).toBe(1)
    expect(ops('grad:layers[0]')).toBe(ops('grad:layers[0]/neurons[*]'))
    expect(ops('layers[0]/neurons[3]') * 16).toBe(ops('layers[0]'))
    expect(ops('layers[?]')).toBe(ops('layers[0]') + ops('layers[1]') + ops('layers[2]'))
    expect(ops('MLP.__call__/layers[2]')).toBe(ops('layers[2]'))
    expect(ops('neurons[0]/layers[0]')).toBe(0)
    expect(ops('')).toBe(0)
    expect(ops('**')).toBe(tape.ops)
  })
})

describe('names of earlier passes', () => {
  it('are those of the same parameter, and of the value that the same place made', () => {
    const tape = mlp({ samples: 1, steps: 3 })
    const update = { kind: 'filter' as const, filter: 'nonFiniteValue' }
    const { walker } = walkerOver(tape, [update])
    const { timeline, watch } = walker
    const total = Array.from({ length: tape.ops }, (_, op) => op).filter(
      (op) => tape.nameOf(op) === 'total' && tape.opName(op) === 'add',
    )
    expect(total).toHaveLength(3)
    for (let moment = 0; moment < timeline.length; moment++) {
      const pass = total.indexOf(timeline.op(moment))
      if (timeline.kind(moment) !== Kind.step || pass < 0) continue
      const data = tape.table('value').data
      const names = watch.names(moment, (value, tick) => gradientAt(tape, value, tick))
      expect(names('initial')).toBe(data.at(total[0]!))
      expect(names('previous')).toBe(pass === 0 ? null : data.at(total[pass - 1]!))
      expect(names('change')).toBe(pass === 0 ? null : data.at(total[pass]!) - data.at(total[pass - 1]!))
    }
  })
})

describe('a large recording', () => {
  it('is walked in time that grows with its length, whatever it looks like', () => {
    const tape = chain(100_000)
    const { walker } = walkerOver(tape, [
      { kind: 'data', cell: 'gradient', value: 1, condition: 'abs(grad) < 0' },
      { kind: 'filter', filter: 'vanishing' },
      { kind: 'source', path: 'chain.py', reference: 0, line: 4, column: null, hitCondition: '== 100000' },
    ])
    const begun = performance.now()
    expect(run(walker, 1)).toHaveLength(1)
    expect(run(walker, -1)).toHaveLength(1)
    expect(performance.now() - begun).toBeLessThan(20_000)
  })
})

describe('a condition that cannot be evaluated', () => {
  it('does not stop, and is told once', () => {
    const { walker, failed } = walkerOver(neuron(), [{ kind: 'function', name: '**', condition: 'grad * op > 1' }])
    expect(run(walker, 1)).toEqual([])
    expect(failed).toHaveLength(1)
  })
})

it('a breakpoint keeps its place among hits when it is set again', () => {
  const { store } = walkerOver(neuron(), [{ kind: 'function', name: 'mul', condition: 'grad > 0' }])
  const [first] = store.all()
  expect(store.replace('all', [{ kind: 'function', name: 'mul', condition: 'grad > 0' }])[0]).toBe(first)
  expect(store.replace('all', [{ kind: 'function', name: 'mul', condition: 'grad > 1' }])[0]).not.toBe(first)
  expect(first).toBeInstanceOf(Breakpoint)
})
