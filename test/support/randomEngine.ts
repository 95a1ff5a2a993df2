/** Scripts with engines that nobody wrote: names, storage, rules and order drawn by lot; right, or with one planted bookkeeping bug. */
import fc from 'fast-check'

/** `overwrite`: = instead of +=. `eager`: shared nodes pass their gradient on once per path. `early`: after the root, rules run in the order of making. */
export type Bug = 'none' | 'overwrite' | 'eager' | 'early'

export interface EngineScript {
  text: string
  bug: Bug
  leaves: number
  /** dL/d leaf by reverse mode over the drawn expression. */
  gradients: number[]
}

interface Draw {
  words: { type: string; value: string; gradient: string; parents: string; rule: string; run: string }
  storage: 'tuple' | 'list'
  rules: 'closure' | 'pairs' | 'lambda' | 'method'
  order: 'recursive' | 'stack' | 'tape'
  dunders: boolean
}

const pick = <T>(...options: T[]) => fc.constantFrom(...options)

const draws: fc.Arbitrary<Draw> = fc.record({
  words: fc.record({
    type: pick('Value', 'Node', 'Var', 'Cell', 'Q'),
    value: pick('data', 'val', 'x', 'primal', '数'),
    gradient: pick('grad', 'g', 'adjoint', 'delta', '梯度'),
    parents: pick('_prev', 'children', 'inputs', 'src'),
    rule: pick('_backward', 'bw', 'pull', 'vjp'),
    run: pick('backward', 'run', 'propagate', 'back'),
  }),
  storage: pick('tuple', 'list'),
  rules: pick('closure', 'pairs', 'lambda', 'method'),
  order: pick('recursive', 'stack', 'tape'),
  dunders: fc.boolean(),
})

/** Ops on earlier values: `[kind, a, b]`, indices into leaves then results. */
const expressions = fc.integer({ min: 2, max: 4 }).chain((leaves) =>
  fc.array(fc.tuple(pick('add', 'mul'), fc.nat(), fc.nat()), { minLength: 3, maxLength: 12 }).map((ops) => ({
    leaves,
    ops: ops.map(([kind, a, b], i) => [kind, a % (leaves + i), b % (leaves + i)] as const),
  })),
)

/** Added to the first leaves: among round numbers the effects of a planted bug may cancel by chance. */
const UNEVEN = [Math.SQRT2, Math.E, Math.PI].map((x) => x / 100)

export const engineScripts = (bug: Bug): fc.Arbitrary<EngineScript> =>
  fc
    .tuple(draws, expressions, fc.array(pick(-2, -1.5, -0.5, 0.5, 1.25, 3), { minLength: 4, maxLength: 4 }))
    .map(([draw, { leaves, ops }, round]) => {
      const start = round.map((value, leaf) => value + (UNEVEN[leaf] ?? 0))
      // The last two values feed the root, and the first op's result is used twice: a shared node for the bugs to show on.
      const all = [
        ...ops,
        ['mul', leaves, leaves],
        ['add', leaves + ops.length, leaves + ops.length - 1],
        ['add', leaves + ops.length + 1, leaves],
      ] as const
      return {
        text: [engine(draw, bug), ...body(draw, leaves, all, start)].join('\n') + '\n',
        bug,
        leaves,
        gradients: reverse(leaves, all, start),
      }
    })

function engine({ words: w, storage, rules, order, dunders }: Draw, bug: Bug): string {
  const pair = storage === 'tuple' ? '(a, b)' : '[a, b]'
  const slopes = { add: ['1.0', '1.0'], mul: [`b.${w.value}`, `a.${w.value}`] }
  const give = (target: string, slope: string, source: string) =>
    bug === 'overwrite'
      ? `${target}.${w.gradient} = ${slope} * ${source}.${w.gradient}`
      : `${target}.${w.gradient} += ${slope} * ${source}.${w.gradient}`
  const lines = [
    'TAPE = []',
    `class ${w.type}:`,
    `    def __init__(self, ${w.value}, ${w.parents}=${storage === 'tuple' ? '()' : 'None'}):`,
    `        self.${w.value} = ${w.value}`,
    `        self.${w.parents} = ${storage === 'tuple' ? w.parents : `${w.parents} or []`}`,
    `        self.${w.gradient} = 0.0`,
    `        self.${w.rule} = ${rules === 'pairs' ? '()' : 'None'}`,
    '        TAPE.append(self)',
  ]
  const indent = dunders ? '    ' : ''
  for (const kind of ['add', 'mul'] as const) {
    const [sa, sb] = slopes[kind]
    lines.push(
      `${indent}def ${dunders ? `__${kind}__` : kind}(a, b):`,
      `${indent}    out = ${w.type}(a.${w.value} ${kind === 'add' ? '+' : '*'} b.${w.value}, ${pair})`,
    )
    if (rules === 'pairs') lines.push(`${indent}    out.${w.rule} = ((a, ${sa}), (b, ${sb}))`)
    else if (rules === 'closure' || bug === 'overwrite') {
      lines.push(
        `${indent}    def rule():`,
        `${indent}        ${give('a', sa!, 'out')}`,
        `${indent}        ${give('b', sb!, 'out')}`,
        `${indent}    out.${w.rule} = rule`,
      )
    } else if (rules === 'lambda') {
      lines.push(
        `${indent}    out.${w.rule} = lambda: (push(a, ${sa} * out.${w.gradient}), push(b, ${sb} * out.${w.gradient}))`,
      )
    } else {
      lines.push(`${indent}    out.${w.rule} = '${kind}'`)
    }
    lines.push(`${indent}    return out`)
  }
  lines.push(`def push(node, amount):`, `    node.${w.gradient} += amount`)
  const name = (v: string) => `${v}.${w.gradient}`
  lines.push(`def apply(v):`)
  if (rules === 'pairs') {
    const add = bug === 'overwrite' ? `p.${w.gradient} = s * ${name('v')}` : `p.${w.gradient} += s * ${name('v')}`
    lines.push(`    for p, s in v.${w.rule}:`, `        ${add}`)
  } else if (rules === 'method' && bug !== 'overwrite') {
    lines.push(
      `    if v.${w.rule} == 'add':`,
      `        for p in v.${w.parents}:`,
      `            p.${w.gradient} += ${name('v')}`,
      `    elif v.${w.rule} == 'mul':`,
      `        a, b = v.${w.parents}`,
      `        a.${w.gradient} += b.${w.value} * ${name('v')}`,
      `        b.${w.gradient} += a.${w.value} * ${name('v')}`,
    )
  } else {
    lines.push(`    if v.${w.rule}:`, `        v.${w.rule}()`)
  }
  lines.push(`def ${w.run}(root):`, `    root.${w.gradient} = 1.0`)
  if (bug === 'eager') {
    lines.push(
      '    def go(v):',
      '        apply(v)',
      `        for p in v.${w.parents}:`,
      '            go(p)',
      '    go(root)',
    )
  } else if (bug === 'early') {
    lines.push(...topo(order, w.parents), '    for v in [root] + order[:-1]:', '        apply(v)')
  } else {
    lines.push(...topo(order, w.parents), '    for v in reversed(order):', '        apply(v)')
  }
  return lines.join('\n')
}

function topo(order: Draw['order'], parents: string): string[] {
  if (order === 'tape') return ['    order = TAPE[:TAPE.index(root) + 1]']
  if (order === 'recursive') {
    return [
      '    order, seen = [], set()',
      '    def build(v):',
      '        if id(v) not in seen:',
      '            seen.add(id(v))',
      `            for p in v.${parents}:`,
      '                build(p)',
      '            order.append(v)',
      '    build(root)',
    ]
  }
  return [
    '    order, seen, stack = [], set(), [(root, False)]',
    '    while stack:',
    '        v, done = stack.pop()',
    '        if done:',
    '            order.append(v)',
    '        elif id(v) not in seen:',
    '            seen.add(id(v))',
    '            stack.append((v, True))',
    `            stack.extend((p, False) for p in v.${parents})`,
  ]
}

type Ops = readonly (readonly [string, number, number])[]

function body({ words: w, dunders }: Draw, leaves: number, ops: Ops, start: readonly number[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < leaves; i++) lines.push(`v${i} = ${w.type}(${start[i]})`)
  ops.forEach(([kind, a, b], i) => {
    lines.push(`v${leaves + i} = ${dunders ? `v${a} ${kind === 'add' ? '+' : '*'} v${b}` : `${kind}(v${a}, v${b})`}`)
  })
  const root = `v${leaves + ops.length - 1}`
  lines.push(
    `${w.run}(${root})`,
    `print(*[repr(v.${w.gradient}) for v in (${Array.from({ length: leaves }, (_, i) => `v${i}`).join(', ')},)])`,
  )
  return lines
}

function reverse(leaves: number, ops: Ops, start: readonly number[]): number[] {
  const values = start.slice(0, leaves)
  for (const [kind, a, b] of ops) values.push(kind === 'add' ? values[a]! + values[b]! : values[a]! * values[b]!)
  const gradients = values.map(() => 0)
  gradients[gradients.length - 1] = 1
  for (let i = ops.length - 1; i >= 0; i--) {
    const [kind, a, b] = ops[i]!
    const upstream = gradients[leaves + i]!
    gradients[a]! += upstream * (kind === 'add' ? 1 : values[b]!)
    gradients[b]! += upstream * (kind === 'add' ? 1 : values[a]!)
  }
  return gradients.slice(0, leaves)
}
