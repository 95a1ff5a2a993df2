/** How a tape is grouped: every op once, repeats folded, large graphs readable. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Groups, groupOfRef } from '../../src/graph/groups.ts'
import { firstOpening } from '../../src/graph/opening.ts'
import { opFacts, structure, type Structure } from '../../src/graph/structure.ts'
import { groupSubtitle, groupTitle, memberCount } from '../../src/graph/titles.ts'
import { statistics } from '../../src/graph/statistics.ts'
import { ItemFlag } from '../../src/protocol/view.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { Recorder } from '../support/recorder.ts'
import { chain, expressions, expressionTape, mlp, neuron, range, transformer } from '../support/tapes.ts'

const shown = (tape: Tape, isOpen?: (group: number) => boolean): Structure => {
  const groups = new Groups(tape)
  const start = firstOpening(groups, () => true)
  return structure(groups, opFacts(tape), isOpen ?? ((group) => start.has(group)))
}

const labels = (s: Structure) => s.title.map((title, item) => `${title} ${s.subtitle[item]!}`.trim())

/** Labels of the groups that are open before the user said anything. */
function structureOpen(tape: Tape): string[] {
  const s = shown(tape)
  return labels(s).filter((_, item) => (s.flags[item]! & ItemFlag.open) !== 0)
}

/** What a group holds, looked up by its label. */
function open(groups: Groups, ...path: string[]): string[] {
  let group = 0
  for (const label of path) {
    const ref = Array.from(groups.children(group)).find(
      (child) =>
        child < 0 &&
        `${groupTitle(groups, groupOfRef(child))} ${groupSubtitle(groups, groupOfRef(child))}`.trim() === label,
    )
    if (ref === undefined) throw new Error(`no ${label} in ${contents(groups, group).join(' | ')}`)
    group = groupOfRef(ref)
  }
  return contents(groups, group)
}

const contents = (groups: Groups, group: number) =>
  Array.from(groups.children(group), (child) =>
    child >= 0
      ? `op ${groups.tape.opName(child)}`
      : `${groupTitle(groups, groupOfRef(child))} ${groupSubtitle(groups, groupOfRef(child))}`.trim(),
  )

/** Whether items with the same parent depend on each other in a circle. */
function hasCircle(s: Structure): boolean {
  const depth = (item: number): number => (item < 0 ? 0 : 1 + depth(s.parent[item]!))
  const next = new Map<number, Set<number>>()
  s.from.forEach((from, edge) => {
    let a = from
    let b = s.to[edge]!
    while (s.parent[a] !== s.parent[b]) {
      if (depth(a) >= depth(b)) a = s.parent[a]!
      else b = s.parent[b]!
    }
    next.set(a, (next.get(a) ?? new Set()).add(b))
  })
  const state = new Map<number, 'open' | 'done'>()
  const visit = (item: number): boolean => {
    if (state.get(item) === 'open') return true
    if (state.get(item) === 'done') return false
    state.set(item, 'open')
    const found = [...(next.get(item) ?? [])].some(visit)
    state.set(item, 'done')
    return found
  }
  return [...next.keys()].some(visit)
}

const sorted = (ops: Iterable<number>) => [...ops].sort((a, b) => a - b)

describe('groups', () => {
  it('show a small graph whole', () => {
    expect(labels(shown(neuron()))).toEqual([
      'x1',
      'w1',
      'x1 * w1 ×',
      'x2',
      'w2',
      'x2 * w2 ×',
      'x1 * w1 + x2 * w2 +',
      'b',
      'n +',
      'o tanh',
    ])
  })

  it('hold every op exactly once, with right counts, and never depend on each other in a circle', () => {
    fc.assert(
      fc.property(expressions, fc.infiniteStream(fc.boolean()), (nodes, coins) => {
        const tape = expressionTape(nodes, 2)
        const groups = new Groups(tape)
        const unopened = [...groups.ops(0)]
        groups.all()
        const seen: number[] = []
        for (let group = groups.size - 1; group >= 0; group--) {
          const children = Array.from(groups.children(group))
          seen.push(...children.filter((child) => child >= 0))
          expect(groups.count[group]).toBe(
            children.reduce((sum, child) => sum + (child >= 0 ? 1 : groups.count[groupOfRef(child)]!), 0),
          )
          const element = groups.elementOf(-1 - group)
          expect(groups.find(element)).toBe(group)
          // Also where nothing of it is made yet.
          const fresh = new Groups(tape)
          expect(sorted(fresh.ops(fresh.find(element)!))).toEqual(sorted(groups.ops(group)))
        }
        expect(sorted(seen)).toEqual(range(tape.ops))
        expect(sorted(unopened)).toEqual(range(tape.ops))
        const opened = range(groups.size).map(() => coins.next().value as boolean)
        const s = structure(groups, opFacts(tape), (group) => opened[group]!)
        expect(hasCircle(s)).toBe(false)
        s.parent.forEach((parent, item) => expect(parent).toBeLessThan(item))
      }),
      { numRuns: 200 },
    )
  })

  it('open a training loop as parameters and samples, then layers, neurons, products', () => {
    const tape = mlp({ samples: 100 })
    expect(labels(shown(tape))).toEqual([
      'MLP.__init__',
      'layers[0] › neurons[0 … 15] × 16',
      'layers[1] › neurons[0 … 15] × 16',
      'layers[2] › neurons[0]',
      'for step in range(steps) #0',
      'total',
      'for row, y in zip(X, Y) × 100',
    ])
    const groups = new Groups(tape)
    const sample = ['for step in range(steps) #0', 'for row, y in zip(X, Y) × 100', 'for row, y in zip(X, Y) #99']
    expect(open(groups, ...sample, 'MLP.__call__')).toEqual([
      'layers[0] › neurons[0 … 15] × 16',
      'layers[1] › neurons[0 … 15] × 16',
      'layers[2] › neurons[0]',
    ])
    expect(open(groups, ...sample, 'MLP.__call__', 'layers[1] › neurons[0 … 15] × 16', 'neurons[15]')).toEqual([
      'wi * xi × 16',
      'sum((wi * xi for wi, xi in zip(self.w, x)), self.b) × 16',
      'op tanh',
    ])
  })

  it('show the weights of a neuron inside it when nothing else uses them', () => {
    const groups = new Groups(mlp({ samples: 1 }))
    const neuronPath = [
      'for step in range(steps) #0',
      'for row, y in zip(X, Y) #0',
      'MLP.__call__',
      'layers[2] › neurons[0]',
    ]
    expect(open(groups, ...neuronPath)).toContain('w[0 … 15] × 16')
    expect(open(groups, ...neuronPath, 'w[0 … 15] × 16')).toHaveLength(16)
  })

  it('fold identical training steps', () => {
    expect(labels(shown(mlp({ sizes: [2, 4, 1], samples: 2, steps: 20 })))).toContain('for step in range(steps) × 20')
  })

  it('open a short fold when there is hardly anything else to see', () => {
    const s = labels(shown(mlp({ sizes: [2, 4, 1], samples: 2, steps: 3 })))
    expect(s).toEqual(expect.arrayContaining(['for step in range(steps) #0', 'for step in range(steps) #2']))
    const open = structureOpen(mlp({ sizes: [2, 4, 1], samples: 2, steps: 3 }))
    expect(open.filter((label) => label.startsWith('for step in range(steps) #'))).toEqual([
      'for step in range(steps) #0',
    ])
  })

  it('show iterations of an op or two as the ops, where they are too few to fold', () => {
    const r = new Recorder('few.py', 'w = V(1)\nfor i in range(3):\n    w = w * V(2)\n')
    let w = r.leaf(1, r.site(1, 'V(1)'), 'w')
    r.loop(r.site(2, 'for i in range(3):'), range(3), () => {
      w = r.mul(w, r.leaf(2, r.site(3, 'V(2)')), r.site(3, 'w * V(2)'))
    })
    const s = shown(r.tape(), () => false)
    expect(labels(s)).toEqual(['w', 'V(2)', 'w * V(2) ×', 'V(2)', 'w * V(2) ×', 'V(2)', 'w * V(2) ×'])
  })

  it('fold iterations of an op or two with their constants, as iterations', () => {
    const r = new Recorder('many.py', 'w = V(1)\nfor i in range(9):\n    w = w * V(2)\n')
    let w = r.leaf(1, r.site(1, 'V(1)'), 'w')
    r.loop(r.site(2, 'for i in range(9):'), range(9), () => {
      w = r.mul(w, r.leaf(2, r.site(3, 'V(2)')), r.site(3, 'w * V(2)'))
    })
    expect(labels(shown(r.tape(), () => false))).toEqual(['w', 'for i in range(9) × 9'])
  })

  it('fold the blocks of a transformer', () => {
    const tape = transformer(12)
    expect(labels(shown(tape))).toContain('blocks[0 … 11] × 12')
    const groups = new Groups(tape)
    const block = ['GPT.forward', 'blocks[0 … 11] × 12', 'blocks[3]']
    expect(open(groups, ...block)).toEqual(['ln1', 'attn', 'op add', 'ln2', 'mlp', 'op add'])
    expect(open(groups, ...block, 'attn')).toEqual([
      'q',
      'k',
      'v',
      'op transpose',
      'op matmul',
      'op div',
      'op softmax',
      'op matmul',
      'proj',
    ])
    expect(open(groups, ...block, 'attn', 'q')).toEqual(['op parameter', 'op matmul', 'op parameter', 'op add'])
  })

  it('list iterations that differ instead of folding them', () => {
    const s = labels(shown(mlp({ samples: 1 })))
    expect(s).toContain('layers[0] › neurons[0 … 15] × 16')
    expect(s).toContain('layers[2] › neurons[0]')
  })

  it('do not fold what would then depend on itself', () => {
    const r = new Recorder('ping.py', 'x = V(1)\nx = f(x)\nx = g(x)\n')
    let x = r.leaf(1, r.site(1, 'V(1)'), 'x')
    for (let i = 0; i < 40; i++) {
      x = r.mul(x, x, r.site(2, 'f(x)'))
      x = r.tanh(x, r.site(3, 'g(x)'))
    }
    const s = shown(r.tape())
    expect(hasCircle(s)).toBe(false)
    expect(s.element).toHaveLength(81)
  })

  it('group by line what would be too many cards, titled with the expression', () => {
    const r = new Recorder('lines.py', 'x = V(1)\ny = x * x + x * x + x * x\nz = tanh(y) * y\n')
    let x = r.leaf(1, r.site(1, 'V(1)'), 'x')
    for (let i = 0; i < 15; i++) {
      const [a, b, c] = [
        r.mul(x, x, r.site(2, 'x * x')),
        r.mul(x, x, r.site(2, 'x * x + x * x')),
        r.mul(x, x, r.site(2, 'x * x + x * x + x * x')),
      ]
      const sum = r.add(r.add(a, b, r.site(2, 'x * x')), c, r.site(2, 'x * x + x * x + x * x'))
      x = r.mul(r.tanh(sum, r.site(3, 'tanh(y)')), sum, r.site(3, 'tanh(y) * y'))
    }
    const s = labels(shown(r.tape(), () => false))
    expect(s.filter((label) => label === 'x * x + x * x + x * x :2')).toHaveLength(15)
    expect(s.filter((label) => label === 'tanh(y) * y :3')).toHaveLength(15)
  })

  it('are the same whether their insides are made at once or when they are opened', () => {
    fc.assert(
      fc.property(expressions, fc.nat(), (nodes, seed) => {
        const tape = expressionTape(nodes, 2)
        const [late, early] = [new Groups(tape), new Groups(tape)]
        early.all()
        const isOpen = (groups: Groups) => (group: number) => (groups.elementOf(-1 - group) ^ seed) % 3 !== 0
        const facts = opFacts(tape)
        expect(structure(late, facts, isOpen(late))).toEqual(structure(early, facts, isOpen(early)))
        const around = (groups: Groups, op: number) => groups.ancestors(op).map((group) => groups.elementOf(-1 - group))
        for (let op = 0; op < tape.ops; op++) expect(around(late, op)).toEqual(around(early, op))
      }),
      { numRuns: 100 },
    )
  })

  it.each([true, false])('cut 100,000 repeats into ranges without recursion (loop rows: %s)', (loops) => {
    const tape = chain(100_000, { loops })
    const groups = new Groups(tape)
    for (let group = 0; group < groups.size; group++) expect(groups.children(group).length).toBeLessThanOrEqual(400)
    const s = structure(groups, opFacts(tape), () => false)
    expect(labels(s)).toEqual(['x', 'w', 'x * w × 100000'])
    const fold = groupOfRef(Array.from(groups.children(0)).find((ref) => ref < 0)!)
    expect(memberCount(groups, fold)).toBe(100_000)
    expect(contents(groups, fold)[99]).toBe('99000 … 99999')
  })

  it('keep their ids when the tape grows', () => {
    const grown = new Groups(mlp({ samples: 12 }))
    const ids = new Set(grown.id)
    const before = new Groups(mlp({ samples: 5 }))
    const lost = before.id.filter((id) => !ids.has(id))
    expect(lost).toEqual([])
  })

  it('are counted by kind of op', () => {
    const groups = new Groups(mlp({ samples: 1 }))
    const { kinds, leaves, ops } = statistics(groups, 0)
    expect(ops).toBe(groups.tape.ops)
    expect(leaves).toBe(337 + 2 + 1)
    const products = 2 * 16 + 16 * 16 + 16
    expect(kinds).toEqual([
      { symbol: '+', count: products + 2 },
      { symbol: '×', count: products + 1 },
      { symbol: 'tanh', count: 33 },
      { symbol: 'relu', count: 1 },
    ])
  })
})

describe('edges', () => {
  it('keep slots between ops and multiplicity', () => {
    const r = new Recorder('square.py', 'a = V(3)\nb = a * a\n')
    const a = r.leaf(3, r.site(1, 'V(3)'), 'a')
    r.mul(a, a, r.site(2, 'a * a'))
    const s = shown(r.tape())
    expect([...s.from]).toEqual([0, 0])
    expect([...s.slot]).toEqual([0, 1])
    expect([...s.edgeCount]).toEqual([1, 1])
  })

  it('stand for every operand whose ends are shown apart, once', () => {
    fc.assert(
      fc.property(expressions, fc.infiniteStream(fc.boolean()), (nodes, coins) => {
        const tape = expressionTape(nodes)
        const groups = new Groups(tape)
        groups.all()
        const opened = range(groups.size).map(() => coins.next().value as boolean)
        const s = structure(groups, opFacts(tape), (group) => opened[group]!)
        const counted = new Int32Array(s.from.length)
        const { op, value, rows } = tape.table('operand')
        for (let row = 0; row < rows; row++) {
          const from = s.itemOfOp[value.at(row)]!
          const to = s.itemOfOp[op.at(row)]!
          const edge = s.edgeOfOperand[row]!
          expect(edge >= 0).toBe(from !== to)
          if (edge < 0) continue
          expect([s.from[edge], s.to[edge]]).toEqual([from, to])
          counted[edge]!++
        }
        expect(counted).toEqual(s.edgeCount)
      }),
      { numRuns: 200 },
    )
  })
})
