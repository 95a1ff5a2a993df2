/** What a session answers the view with: scenes, their numbers, search, paths, the tree, pictures for export. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GraphView } from '../../src/graph/graphView.ts'
import { Layouter } from '../../src/layout/layout.ts'
import { GradientStatus, ItemFlag, ItemKind, type Frame, type Scene } from '../../src/protocol/view.ts'
import { gradientAt } from '../../src/tape/gradient.ts'
import { Tape } from '../../src/tape/tape.ts'
import { elkWorker } from '../support/elkWorker.ts'
import { Recorder } from '../support/recorder.ts'
import { expressions, expressionTape, mlp, neuron, transformer } from '../support/tapes.ts'

const viewOf = (tape: Tape) =>
  new GraphView(tape, new Layouter(() => ({ postMessage: () => undefined, terminate: () => undefined })))

/** The quick picture. */
function scene(view: GraphView, request: Parameters<GraphView['scene']>[0] = {}): Scene {
  const { first, final } = view.scene(request, AbortSignal.abort())
  final.catch(() => undefined)
  return first
}

const itemOf = (s: Scene, title: string) => s.title.indexOf(title)

const edge = (s: Scene, from: string, to: string) =>
  Array.from(s.edges.from).findIndex((a, e) => s.title[a] === from && s.title[s.edges.to[e]!] === to)

describe('the first picture', () => {
  const first = (tape: Tape, room?: { width: number; height: number }) => scene(viewOf(tape), room ? { room } : {})

  it('flows to the right, and down where that is larger in the room there is', () => {
    expect(first(neuron()).direction).toBe('right')
    expect(first(neuron(), { width: 1600, height: 600 }).direction).toBe('right')
    expect(first(neuron(), { width: 600, height: 900 }).direction).toBe('down')
  })

  it('opens no more of a small graph than can be read on a screen', () => {
    const scene = first(mlp({ sizes: [2, 2, 1], samples: 1 }))
    const open = Array.from(scene.flags).filter((flags) => (flags & ItemFlag.open) !== 0)
    expect(open.length).toBeGreaterThan(0)
    expect(scene.width).toBeLessThan(2000)
    expect(scene.height).toBeLessThan(1200)
  })

  it('has cards as wide as their titles, within bounds', () => {
    const { title, w, h } = first(neuron())
    const width = (name: string) => w[title.indexOf(name)]!
    expect(width('x1')).toBe(width('b'))
    expect(width('x1 * w1 + x2 * w2')).toBeGreaterThan(width('x1'))
    expect(Math.max(...w)).toBeLessThan(270)
    expect(new Set(h)).toEqual(new Set([56]))
  })
})

describe('frames', () => {
  const tape = neuron()
  const view = viewOf(tape)
  const s = scene(view)
  const at = (tick: number) => view.frame(s.revision, tick)
  const gradient = (f: Frame, title: string) =>
    f.status[itemOf(s, title)] === GradientStatus.arrived ? f.gradient[itemOf(s, title)]! : null

  it('have the values, and the gradients at the end', () => {
    const f = at(tape.lastTick)
    expect(f.value[itemOf(s, 'n')]).toBeCloseTo(0.8814, 4)
    expect(gradient(f, 'x1')).toBeCloseTo(-1.5)
    expect(gradient(f, 'w2')).toBe(0)
    expect(f.contribution[edge(s, 'n', 'o')]).toBeCloseTo(0.5)
    expect(f.current).toBe(-1)
  })

  it('show what has not arrived as waiting, and its edges as not flowed', () => {
    const f = at(tape.passStart(0))
    expect([...f.status]).toEqual(new Array(10).fill(GradientStatus.waiting))
    expect([...f.flowed]).toEqual(new Array(9).fill(0))
    expect(f.position).toEqual({ pass: 0, step: -1 })
  })

  it('follow the steps: the current one, and what has flowed up to it', () => {
    const steps = tape.rows('stepsOfPass', 0)
    const f = at(tape.stepDone(steps[1]!))
    expect(f.position).toEqual({ pass: 0, step: 1 })
    expect(f.current).toBe(itemOf(s, 'n'))
    expect(f.flowed[edge(s, 'b', 'n')]).toBe(1)
    expect(f.flowed[edge(s, 'x1', 'x1 * w1')]).toBe(0)
    expect(gradient(f, 'b')).toBeCloseTo(0.5)
    expect(gradient(f, 'x1')).toBeNull()
  })

  it('agree with the gradient of each value at any tick', () => {
    fc.assert(
      fc.property(
        expressions,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        (nodes, passes, shares) => {
          const tape = expressionTape(nodes, passes)
          const view = viewOf(tape)
          const s = scene(view)
          for (const share of shares) {
            const tick = Math.floor(tape.lastTick * share)
            const f = view.frame(s.revision, tick)
            s.element.forEach((element, item) => {
              if (element < 0) return
              const { status, held } = gradientAt(tape, element, tick)
              expect([f.status[item], f.gradient[item]]).toEqual([status, held ?? 0])
            })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('give a group the strongest gradient inside, waiting while nothing has arrived', () => {
    const tape = mlp({ samples: 4 })
    const view = viewOf(tape)
    const s = scene(view)
    const item = itemOf(s, 'for row, y in zip(X, Y)')
    expect(view.frame(s.revision, tape.passStart(0)).status[item]).toBe(GradientStatus.waiting)
    const f = view.frame(s.revision, tape.lastTick)
    const parameters = new Set(Array.from({ length: 337 }, (_, i) => i))
    let strongest = 0
    for (let value = 0; value < tape.ops; value++) {
      if (parameters.has(value) || tape.nameOf(value) === 'total') continue
      strongest = Math.max(strongest, Math.abs(gradientAt(tape, value, tape.lastTick).held ?? 0))
    }
    expect(Math.abs(f.gradient[item]!)).toBe(strongest)
    expect(f.hasValue[item]).toBe(0)
  })

  it('give merged edges the largest contribution of those they stand for', () => {
    const r = new Recorder('two.py', 'w = V(1)\nf(w)\nw * 3\n')
    const w = r.leaf(1, r.site(1, 'V(1)'), 'w')
    const [a, b] = r.call('f', null, r.site(2, 'f(w)'), () => [
      r.op('scale', [w], [3], 3, r.site(3, 'w * 3'), 'a'),
      r.op('scale', [w], [-5], -5, r.site(3, 'w * 3'), 'b'),
    ])
    r.backward(r.add(w, r.add(a!, b!, -1), -1, 'sum'), -1)
    const tape = r.tape()
    const view = viewOf(tape)
    const group = scene(view).element.find((element) => element < 0)!
    const s = scene(view, { close: [group] })
    const f = view.frame(s.revision, tape.lastTick)
    const merged = edge(s, 'w', 'f')
    expect([s.edges.count[merged], s.edges.slot[merged], f.contribution[merged]]).toEqual([2, -1, -5])
  })

  it('give merged edges what flowed in the latest pass, however large it was before', () => {
    const r = new Recorder('twice.py', 'w = V(1)\nfor x in xs: f(w)\nw * 3\n')
    const w = r.leaf(1, r.site(1, 'V(1)'), 'w')
    r.loop(r.site(2, 'for x in xs'), [-50, 4, 4, 4, 4, 3], (slope) => {
      const loss = r.call('f', null, r.site(2, 'f(w)'), () =>
        r.op('scale', [r.op('scale', [w], [slope], slope, r.site(3, 'w * 3'))], [1], slope, r.site(3, 'w * 3'), 'loss'),
      )
      r.zero([w], -1)
      r.backward(loss, -1)
    })
    const tape = r.tape()
    const view = viewOf(tape)
    const open = scene(view)
    const groups = open.element.filter((_, i) => (open.flags[i]! & ItemFlag.open) !== 0)
    const s = scene(view, { close: [...groups] })
    const f = view.frame(s.revision, tape.lastTick)
    const merged = s.edges.from.indexOf(itemOf(s, 'w'))
    expect([s.edges.count[merged], f.contribution[merged], f.gradient[itemOf(s, 'w')]]).toEqual([6, 3, 3])
    const before = view.frame(s.revision, tape.passEnd(0))
    expect(before.contribution[merged]).toBe(-50)
  })

  it('show the norms of tensors', () => {
    const tape = transformer(1)
    const view = viewOf(tape)
    const s = scene(view)
    const f = view.frame(s.revision, tape.lastTick)
    expect(f.value[itemOf(s, 'wte')]).toBe(4)
    expect(f.gradient[itemOf(s, 'wte')]).toBeGreaterThan(0)
    expect(s.flags[itemOf(s, 'wte')]! & (ItemFlag.tensor | ItemFlag.parameter)).toBe(
      ItemFlag.tensor | ItemFlag.parameter,
    )
  })

  it('are refused for a picture that is long gone', () => {
    const old = scene(view).revision
    for (let i = 0; i < 6; i++) scene(view)
    expect(() => view.frame(old, 1)).toThrow(/out of date/)
  })
})

describe('scenes', () => {
  it('open and close groups, and remember which while the tape grows', () => {
    const bytes = mlp({ samples: 30 })
    const view = viewOf(bytes)
    const first = scene(view)
    const fold = first.element[itemOf(first, 'for row, y in zip(X, Y)')]!
    const opened = scene(view, { open: [fold] })
    expect(opened.title.filter((title) => title === 'for row, y in zip(X, Y)')).toHaveLength(31)
    expect(opened.flags[opened.element.indexOf(fold)]! & ItemFlag.open).toBe(ItemFlag.open)
    view.grown()
    expect(scene(view).title).toEqual(opened.title)
    expect(scene(view, { close: [fold] }).title).toEqual(first.title)
    expect(opened.revision).toBeGreaterThan(first.revision)
  })

  it('grow with the tape: an empty one has an empty picture', () => {
    const tape = new Tape()
    const view = viewOf(tape)
    expect(scene(view).element).toHaveLength(0)
    expect(view.svg(0)).toContain('<svg')
    const r = new Recorder('a.py', 'a = V(1)\n')
    r.leaf(1, r.site(1, 'V(1)'), 'a')
    tape.push(r.bytes())
    view.grown()
    expect(scene(view).title).toEqual(['a'])
  })

  it('mark roots, parameters, folds, and what is used but not linked', () => {
    const tape = mlp({ samples: 2, steps: 3, sizes: [2, 2, 1] })
    const view = viewOf(tape)
    let s = scene(view)
    for (;;) {
      const closed = Array.from(s.element).filter((element, i) => element < 0 && (s.flags[i]! & ItemFlag.open) === 0)
      if (closed.length === 0) break
      s = scene(view, { open: closed })
    }
    const flagged = (flag: number) => s.title.filter((_, i) => s.flags[i]! & flag && s.element[i]! >= 0)
    expect(flagged(ItemFlag.root)).toEqual(['total', 'total', 'total'])
    expect(new Set(flagged(ItemFlag.parameter))).toEqual(new Set(['w[0]', 'w[1]', 'b']))
    expect(s.kind[itemOf(s, 'for step in range(steps)')]).toBe(ItemKind.fold)
  })

  it('follow with the final layout under a newer revision', async () => {
    const layouter = new Layouter(elkWorker, 1e9)
    const view = new GraphView(neuron(), layouter)
    const { first, final } = view.scene({}, new AbortController().signal)
    expect(first.final).toBe(false)
    const last = await final
    expect(last.final).toBe(true)
    expect(last.revision).toBeGreaterThan(first.revision)
    expect(last.title).toEqual(first.title)
    expect(view.frame(first.revision, 5).status).toEqual(view.frame(last.revision, 5).status)
    layouter.dispose()
  })
})

describe('finding things', () => {
  const tape = mlp({ samples: 3 })
  const view = viewOf(tape)

  it('searches names before ops before code, and lines', () => {
    expect(view.search('total', 3).hits.map((hit) => hit.title)).toEqual(['total', 'total', 'total'])
    expect(view.search('TANH', 1000).total).toBe(3 * 33)
    expect(view.search('wi * xi', 1)).toMatchObject({ hits: [{ op: 'mul', site: { startLine: 6 } }] })
    expect(view.search(':26', 10).hits.every((hit) => hit.site!.startLine === 26)).toBe(true)
    expect(view.search('train.py:26', 10).total).toBe(3)
    expect(view.search('other.py:26', 10).total).toBe(0)
    expect(view.search('  ', 10).total).toBe(0)
  })

  it('says which groups to open to see a hit, and doing so shows it', () => {
    const hit = view.search('wi * xi', 1).hits[0]!
    const before = scene(view)
    expect(hit.ancestors.length).toBeGreaterThan(1)
    expect(before.element.indexOf(view.locate(hit.element).visible)).toBeGreaterThanOrEqual(0)
    const opened = scene(view, { open: hit.ancestors })
    expect(opened.element.indexOf(hit.element)).toBeGreaterThanOrEqual(0)
    expect(view.locate(hit.element)).toEqual({ ancestors: [], visible: hit.element })
    scene(view, { close: hit.ancestors })
  })

  it('walks to the root and to the leaves', () => {
    const view = viewOf(neuron())
    const s = scene(view)
    const titles = (elements: Int32Array) => Array.from(elements, (element) => s.title[s.element.indexOf(element)])
    const n = s.element[itemOf(s, 'x1 * w1')]!
    expect(titles(view.path(n, 'root').elements)).toEqual(['x1 * w1', 'x1 * w1 + x2 * w2', 'n', 'o'])
    expect(titles(view.path(n, 'leaves').elements)).toEqual(['x1', 'w1', 'x1 * w1'])
  })

  it('lists what a group holds, page by page', () => {
    const top = view.children(null, tape.lastTick, 0, 10)
    expect(top.rows.map((row) => [row.title, row.expandable])).toEqual([
      ['MLP.__init__', true],
      ['for step in range(steps)', true],
    ])
    const layers = view.children(top.rows[0]!.element, tape.lastTick, 1, 1)
    expect(layers).toMatchObject({
      total: 3,
      rows: [{ title: 'layers[1] › neurons[0 … 15]', op: '× 16', count: 272, status: GradientStatus.arrived }],
    })
    expect(layers.rows[0]!.gradient.kind).toBe('number')
    expect(view.children(-12345, 0, 0, 10)).toEqual({ rows: [], total: 0 })
  })

  it('describes groups', () => {
    const row = view.children(null, tape.lastTick, 0, 1).rows[0]!
    expect(view.groupDetails(row.element, tape.lastTick)).toMatchObject({
      title: 'MLP.__init__',
      kind: 'group',
      expression: 'MLP(2, [16, 16, 1])',
      op: '337 leaves',
      members: 337,
      gradient: row.gradient,
    })
    expect(() => view.groupDetails(-12345, 0)).toThrow(/no longer there/)
  })
})

describe('svg', () => {
  it('escapes what code may hold, and clips it to the cards', () => {
    const r = new Recorder('x.py', 'f("<&>", \'"\') + a_very_long_expression_that_goes_on(and_on)\n')
    r.leaf(1, r.site(1, 'f("<&>", \'"\') + a_very_long_expression_that_goes_on(and_on)'))
    const picture = viewOf(r.tape()).svg(1)
    expect(picture).toContain('f(&quot;&lt;&amp;&gt;')
    expect(picture).toMatch(/<text[^>]*><title>f\(.*and_on\)<\/title>f\([^<]*…<\/text>/)
  })

  it('is whole and has all numbers', () => {
    const tape = neuron()
    const picture = viewOf(tape).svg(tape.lastTick)
    expect(picture).not.toMatch(/NaN|undefined|Infinity/)
    expect(picture).toContain('∂ -1.5000')
    expect(picture.match(/<g>/g)).toHaveLength(19)
    const opened = [...picture.matchAll(/<(\w+)(?: [^>]*)?(?<!\/)>/g)].map((tag) => tag[1])
    const closed = [...picture.matchAll(/<\/(\w+)>/g)].map((tag) => tag[1])
    expect(opened.sort()).toEqual(closed.sort())
  })

  it('shows "–" before the pass', () => {
    const tape = neuron()
    expect(viewOf(tape).svg(0).match(/∂ –/g)).toHaveLength(10)
  })
})
