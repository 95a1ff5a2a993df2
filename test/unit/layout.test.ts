/** Pictures: nothing overlaps, edges go from border to border and around cards, and the same input gives the same picture. */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { Groups } from '../../src/graph/groups.ts'
import { firstOpening } from '../../src/graph/opening.ts'
import { opFacts, structure, type Structure } from '../../src/graph/structure.ts'
import { Layouter, type Direction, type ElkWorker, type Positioned } from '../../src/layout/layout.ts'
import { linearLayout } from '../../src/layout/linear.ts'
import { isOpen } from '../../src/layout/nesting.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { elkWorker } from '../support/elkWorker.ts'
import { chain, expressions, expressionTape, mlp, neuron, range, transformer } from '../support/tapes.ts'

const never = new AbortController().signal

function structureOf(tape: Tape, isOpen?: (groups: Groups, group: number) => boolean): Structure {
  const groups = new Groups(tape)
  const start = firstOpening(groups, () => true)
  return structure(groups, opFacts(tape), (group) => (isOpen ? isOpen(groups, group) : start.has(group)))
}

/** Opens folds only at their first instance. */
const deep = (groups: Groups, group: number) =>
  !groups.isFold(groups.parent[group]!) || groups.children(groups.parent[group]!)[0] === -1 - group

const noElk = () => new Layouter(() => ({ postMessage: () => undefined, terminate: () => undefined }))

/** However busy the machine is. */
const patient = () => new Layouter(elkWorker, 1e9)

const quick = (s: Structure, direction: Direction = 'right') => {
  const { first, final } = noElk().layout(s, direction, AbortSignal.abort())
  final.catch(() => undefined)
  return first
}

/** Milliseconds for what takes seconds on a machine that has nothing else to do. */
const PATIENCE = 240_000

const EPSILON = 0.1

interface Rect {
  x0: number
  y0: number
  x1: number
  y1: number
}

const rect = ({ x, y, w, h }: Positioned, item: number, grow = 0): Rect => ({
  x0: x[item]! - grow,
  y0: y[item]! - grow,
  x1: x[item]! + w[item]! + grow,
  y1: y[item]! + h[item]! + grow,
})

const overlap = (a: Rect, b: Rect) =>
  a.x0 < b.x1 - EPSILON && b.x0 < a.x1 - EPSILON && a.y0 < b.y1 - EPSILON && b.y0 < a.y1 - EPSILON

const inside = (a: Rect, b: Rect) =>
  a.x0 >= b.x0 - EPSILON && a.y0 >= b.y0 - EPSILON && a.x1 <= b.x1 + EPSILON && a.y1 <= b.y1 + EPSILON

function polyline({ offset, points }: Positioned, edge: number): [number, number][] {
  return range(offset[edge + 1]! - offset[edge]!).map((i) => {
    const p = offset[edge]! + i
    return [points[2 * p]!, points[2 * p + 1]!]
  })
}

function expectNoOverlap(s: Structure, at: Positioned): void {
  const faults: string[] = []
  const whole: Rect = { x0: 0, y0: 0, x1: at.width, y1: at.height }
  const siblings = new Map<number, number[]>()
  for (let item = 0; item < s.element.length; item++) {
    const parent = s.parent[item]!
    if (!inside(rect(at, item), parent < 0 ? whole : rect(at, parent))) faults.push(`${s.title[item]!} sticks out`)
    const around = siblings.get(parent) ?? []
    for (const other of around)
      if (overlap(rect(at, other), rect(at, item))) faults.push(`${s.title[item]!} lies on ${s.title[other]!}`)
    around.push(item)
    siblings.set(parent, around)
  }
  expect(faults).toEqual([])
}

/** Pieces are horizontal or vertical, begin and end at their items' borders, and go through no other card. */
function expectGoodEdges(s: Structure, at: Positioned, direction: Direction): void {
  const faults: string[] = []
  const cards = range(s.element.length).filter((item) => !isOpen(s, item))
  const flow = direction === 'right' ? 0 : 1
  for (let edge = 0; edge < s.from.length; edge++) {
    const name = `${s.title[s.from[edge]!]!} → ${s.title[s.to[edge]!]!}`
    const line = polyline(at, edge)
    const [from, to] = [rect(at, s.from[edge]!), rect(at, s.to[edge]!)]
    if (Math.abs(line[0]![flow] - (flow === 0 ? from.x1 : from.y1)) > 0.5) faults.push(`${name} begins apart`)
    if (Math.abs(line.at(-1)![flow] - (flow === 0 ? to.x0 : to.y0)) > 0.5) faults.push(`${name} ends apart`)
    for (let i = 1; i < line.length; i++) {
      const [ax, ay] = line[i - 1]!
      const [bx, by] = line[i]!
      if (Math.min(Math.abs(ax - bx), Math.abs(ay - by)) > 0.6) faults.push(`${name} is skew`)
      const piece = {
        x0: Math.min(ax, bx) - 0.2,
        y0: Math.min(ay, by) - 0.2,
        x1: Math.max(ax, bx) + 0.2,
        y1: Math.max(ay, by) + 0.2,
      }
      for (const card of cards)
        if (overlap(piece, rect(at, card, -1))) faults.push(`${name} goes through ${s.title[card]!}`)
    }
  }
  expect(faults).toEqual([])
}

const pictures: [string, () => Structure][] = [
  ['the neuron', () => structureOf(neuron())],
  ['an MLP', () => structureOf(mlp())],
  ['an MLP opened down to a neuron', () => structureOf(mlp({ samples: 2 }), deep)],
  ['100 samples', () => structureOf(mlp(), (groups, group) => !groups.isFold(groups.parent[group]!))],
  ['a transformer', () => structureOf(transformer())],
  ['a transformer opened down to a projection', () => structureOf(transformer(12), deep)],
  ['a chain of 300', () => structureOf(chain(300), () => true)],
]

describe.each(pictures)('the first picture of %s', (_, make) => {
  const s = make()
  it.each(['right', 'down'] as const)('has no overlaps and edges around the cards (%s)', (direction) => {
    const at = quick(s, direction)
    expectNoOverlap(s, at)
    expectGoodEdges(s, at, direction)
  })
})

describe('the first picture', () => {
  it('has no overlaps and edges around the cards for any graph and any open groups', () => {
    fc.assert(
      fc.property(
        expressions,
        fc.infiniteStream(fc.boolean()),
        fc.constantFrom('right' as const, 'down' as const),
        (nodes, coins, direction) => {
          const opened: boolean[] = []
          const s = structureOf(expressionTape(nodes), (_, group) => (opened[group] ??= coins.next().value as boolean))
          const at = quick(s, direction)
          expectNoOverlap(s, at)
          expectGoodEdges(s, at, direction)
        },
      ),
      { numRuns: 80 },
    )
  })

  it('is the same every time', () => {
    const s = structureOf(mlp({ samples: 2 }), deep)
    expect(quick(s)).toEqual(quick(s))
  })

  it('is not many times wider than high', () => {
    for (const [, make] of pictures.slice(1)) {
      const { width, height } = quick(make())
      // What was opened is longer: the rest stays where it is.
      expect(width / height).toBeLessThan(16)
    }
    const rows = quick(structureOf(chain(300), () => true))
    expect(rows.width / rows.height).toBeLessThan(4)
  })

  it('survives circles: the arc that goes back runs below everything', () => {
    const box = { w: 168, h: 56, ins: [28], outs: [28] }
    const arc = (from: number, to: number) => ({ from, fromPort: 0, to, toPort: 0 })
    const { h, routes } = linearLayout({
      boxes: [box, box, box],
      arcs: [arc(0, 1), arc(1, 2), arc(2, 0)],
      ins: 0,
      outs: 0,
    })
    const lowest = Math.max(...routes[2]!.filter((_, i) => i % 2 === 1))
    expect(lowest).toBeGreaterThan(56)
    expect(lowest).toBeLessThanOrEqual(h)
  })

  it('takes linear time, long arcs included', () => {
    const box = { w: 168, h: 56, ins: [20, 40], outs: [28] }
    /** Milliseconds, the fewest of several: what else the machine does only adds to them. */
    const fewest = new Map<number, number>()
    for (const boxes of [1000, 4000, 1000, 4000, 1000, 4000]) {
      const arcs = range(boxes - 1).flatMap((i) => [
        { from: i, fromPort: 0, to: i + 1, toPort: 0 },
        { from: Math.floor(i / 2), fromPort: 0, to: i + 1, toPort: 1 },
      ])
      const start = performance.now()
      const { routes } = linearLayout({ boxes: range(boxes).map(() => box), arcs, ins: 0, outs: 0 })
      fewest.set(boxes, Math.min(performance.now() - start, fewest.get(boxes) ?? Infinity))
      expect(routes.every((route) => route.length >= 4)).toBe(true)
    }
    // Four times the boxes: quadratic would be 16.
    expect(fewest.get(4000)! / fewest.get(1000)!).toBeLessThan(10)
  })
})

describe('the final picture', () => {
  const layouter = patient()
  afterAll(() => layouter.dispose())

  it.each(pictures)(
    'of %s has no overlaps and edges around the cards',
    async (_, make) => {
      const s = make()
      for (const direction of ['right', 'down'] as const) {
        const at = await layouter.layout(s, direction, never).final
        expectNoOverlap(s, at)
        expectGoodEdges(s, at, direction)
      }
    },
    PATIENCE,
  )

  it('is the same from a fresh worker, and at once the second time', async () => {
    const s = structureOf(mlp({ samples: 2 }), deep)
    const other = patient()
    const final = await other.layout(s, 'right', never).final
    other.dispose()
    expect(await layouter.layout(s, 'right', never).final).toEqual(final)
    const again = layouter.layout(s, 'right', never)
    expect(again.complete).toBe(true)
    expect(again.first).toEqual(final)
  })

  it.each([
    ['an MLP', () => mlp({ samples: 3 })],
    ['an MLP of one sample', () => mlp({ samples: 1 })],
    ['a transformer', () => transformer(2)],
  ])('of %s keeps layers and order when a group is opened', async (_, make) => {
    const groups = new Groups(make())
    const facts = opFacts(groups.tape)
    const open = new Set(firstOpening(groups, () => true))
    const shown = () => structure(groups, facts, (group) => open.has(group))
    for (let opened = 0; opened < 4; opened++) {
      const before = shown()
      const closed = before.element.findIndex((e, i) => e < 0 && !isOpen(before, i) && before.count[i]! < 2000)
      if (closed < 0) break
      open.add(groups.find(before.element[closed]!)!)
      const after = shown()
      const a = await layouter.layout(before, 'right', never).final
      const b = await layouter.layout(after, 'right', never).final
      const itemAfter = (item: number) => after.element.indexOf(before.element[item]!)
      for (let i = 0; i < before.element.length; i++) {
        for (let j = 0; j < before.element.length; j++) {
          if (before.parent[i] !== before.parent[j]) continue
          const [k, l] = [itemAfter(i), itemAfter(j)]
          const leftOf = (at: Positioned, x: number, y: number) => at.x[x]! + at.w[x]! <= at.x[y]!
          if (leftOf(a, i, j)) expect(leftOf(b, k, l), `${before.title[i]} left of ${before.title[j]}`).toBe(true)
          else if (!leftOf(a, j, i) && a.y[i]! < a.y[j]!)
            expect(b.y[k], `${before.title[i]} above ${before.title[j]}`).toBeLessThan(b.y[l]!)
        }
      }
    }
  })

  it('keeps operands in order', async () => {
    const s = structureOf(neuron())
    const at = await layouter.layout(s, 'right', never).final
    const y = (title: string) => at.y[s.title.indexOf(title)]!
    expect(y('x1')).toBeLessThan(y('w1'))
    expect(y('w1')).toBeLessThan(y('x2'))
    expect(y('x2')).toBeLessThan(y('w2'))
  })

  it('is given up at once on abort: the worker ends and a later layout has a new one', async () => {
    let started = 0
    let ended = 0
    const controller = new AbortController()
    const counting = new Layouter(() => {
      if (++started === 1) queueMicrotask(() => controller.abort())
      const worker = elkWorker()
      return {
        ...silent,
        on: worker.on!.bind(worker),
        postMessage: worker.postMessage.bind(worker),
        terminate: () => (ended++, worker.terminate()),
      }
    })
    const s = structureOf(neuron())
    const { final } = counting.layout(s, 'right', controller.signal)
    await expect(final).rejects.toThrow()
    expect([started, ended]).toEqual([1, 1])
    await counting.layout(s, 'right', never).final
    counting.dispose()
    expect([started, ended]).toEqual([2, 2])
  })

  it('is the first one when the worker fails', async () => {
    const failing = new Layouter(() => ({
      ...silent,
      on: (event, listener) => event === 'error' && setTimeout(() => listener(new Error('out of memory'))),
    }))
    const { first, final } = failing.layout(structureOf(neuron()), 'right', never)
    expect(await final).toEqual(first)
  })

  it('is the first one when ELK takes too long: its worker ends', async () => {
    let ended = 0
    const slow = new Layouter(() => ({ ...silent, on: () => undefined, terminate: () => ended++ }), 1)
    const { first, final } = slow.layout(structureOf(neuron()), 'right', never)
    expect(await final).toEqual(first)
    expect(ended).toBe(1)
  })
})

const silent: ElkWorker = { postMessage: () => undefined, terminate: () => undefined }
