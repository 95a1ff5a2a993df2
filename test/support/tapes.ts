/** Generated recordings: what real scripts would leave on a tape, without running one. */
import fc from 'fast-check'
import type { Tape } from '../../src/tape/tape.ts'
import { Recorder } from './recorder.ts'

/** The neuron of the lecture: 10 ops, one pass. */
export function neuron(): Tape {
  const r = new Recorder(
    'neuron.py',
    [
      'x1 = Value(2.0)',
      'x2 = Value(0.0)',
      'w1 = Value(-3.0)',
      'w2 = Value(1.0)',
      'b = Value(6.8813735870195432)',
      'n = x1 * w1 + x2 * w2 + b',
      'o = n.tanh()',
      'o.backward()',
      '',
    ].join('\n'),
  )
  const leaf = (line: number, name: string, data: number, text: string) =>
    r.leaf(data, r.site(line, `Value(${text})`), name)
  const x1 = leaf(1, 'x1', 2, '2.0')
  const x2 = leaf(2, 'x2', 0, '0.0')
  const w1 = leaf(3, 'w1', -3, '-3.0')
  const w2 = leaf(4, 'w2', 1, '1.0')
  const b = leaf(5, 'b', 6.8813735870195432, '6.8813735870195432')
  const p1 = r.mul(x1, w1, r.site(6, 'x1 * w1'))
  const p2 = r.mul(x2, w2, r.site(6, 'x2 * w2'))
  const sum = r.add(p1, p2, r.site(6, 'x1 * w1 + x2 * w2'))
  const n = r.add(sum, b, r.site(6, 'x1 * w1 + x2 * w2 + b'), 'n')
  const o = r.tanh(n, r.site(7, 'n.tanh()'), 'o')
  r.backward(o, r.site(8, 'o.backward()'))
  return r.tape()
}

const mlpText = `class Neuron:
    def __init__(self, nin):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)
    def __call__(self, x):
        act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return act.tanh()
class Layer:
    def __init__(self, nin, nout):
        self.neurons = [Neuron(nin) for _ in range(nout)]
    def __call__(self, x):
        return [n(x) for n in self.neurons]
class MLP:
    def __init__(self, nin, nouts):
        self.layers = [Layer(a, b) for a, b in zip([nin] + nouts, nouts)]
    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x[0]
model = MLP(2, [16, 16, 1])
for step in range(steps):
    total = Value(0.0)
    for row, y in zip(X, Y):
        score = model([Value(v) for v in row])
        loss = (1 + -y * score).relu()
        total = total + loss
    model.zero_grad()
    total.backward()
    for p in model.parameters():
        p.data -= 0.05 * p.grad
`

interface MlpLayer {
  w: number[]
  b: number
}

/** micrograd's MLP on a hinge loss, calls and loops as a tracer sees them. */
export function mlp({ sizes = [2, 16, 16, 1], samples = 100, steps = 1 } = {}): Tape {
  const r = new Recorder('train.py', mlpText)
  const random = generator(7)
  const at = (line: number, text: string) => r.site(line, text)
  const layers: MlpLayer[][] = []
  const parameters: number[] = []
  r.call('MLP.__init__', null, at(20, 'MLP(2, [16, 16, 1])'), () =>
    r.loop(at(15, 'for a, b in zip([nin] + nouts, nouts)'), sizes.slice(1), (nout, l) =>
      r.call('Layer.__init__', null, at(15, 'Layer(a, b)'), () => {
        const layer = r.loop(at(10, 'for _ in range(nout)'), range(nout), (_, k) =>
          r.call('Neuron.__init__', null, at(10, 'Neuron(nin)'), () => {
            const path = `model.layers[${l}].neurons[${k}]`
            const w = r.loop(at(3, 'for _ in range(nin)'), range(sizes[l]!), (_, i) =>
              r.leaf(random() * 2 - 1, at(3, 'Value(random.uniform(-1, 1))'), `${path}.w[${i}]`),
            )
            const b = r.leaf(0, at(4, 'Value(0.0)'), `${path}.b`)
            parameters.push(...w, b)
            return { w, b }
          }),
        )
        layers.push(layer)
      }),
    ),
  )
  const one = (layer: MlpLayer, x: number[]) => {
    let sum = layer.b
    r.loop(at(6, 'for wi, xi in zip(self.w, x)'), x, (xi, i) => {
      const product = r.mul(layer.w[i]!, xi, at(6, 'wi * xi'))
      return product
    }).forEach((product) => {
      sum = r.add(sum, product, at(6, 'sum((wi * xi for wi, xi in zip(self.w, x)), self.b)'))
    })
    return r.tanh(sum, at(7, 'act.tanh()'))
  }
  const forward = (input: number[]) =>
    r.call('MLP.__call__', 'model', at(24, 'model([Value(v) for v in row])'), () => {
      let x = input
      r.loop(at(17, 'for layer in self.layers'), layers, (layer, l) => {
        x = r.call('Layer.__call__', `layers[${l}]`, at(18, 'layer(x)'), () =>
          r.loop(at(12, 'for n in self.neurons'), layer, (cell, k) =>
            r.call('Neuron.__call__', `neurons[${k}]`, at(12, 'n(x)'), () => one(cell, x)),
          ),
        )
      })
      return x[0]!
    })
  r.loop(at(21, 'for step in range(steps):'), range(steps), () => {
    let total = r.leaf(0, at(22, 'Value(0.0)'), 'total')
    r.loop(at(23, 'for row, y in zip(X, Y):'), range(samples), () => {
      const input = range(sizes[0]!).map((i) => r.leaf(random() * 2 - 1, at(24, 'Value(v)'), `row[${i}]`))
      const y = random() < 0.5 ? -1 : 1
      const score = forward(input)
      r.name(score, 'score')
      const signed = r.op('mul', [score], [-y], -y * r.data[score]!, at(25, '-y * score'))
      const margin = r.op('add', [signed], [1], 1 + r.data[signed]!, at(25, '1 + -y * score'))
      const loss = r.relu(margin, at(25, '(1 + -y * score).relu()'), 'loss')
      total = r.add(total, loss, at(26, 'total + loss'), 'total')
    })
    r.zero(parameters, at(27, 'model.zero_grad()'))
    r.backward(total, at(28, 'total.backward()'))
    r.descend(parameters, 0.05, at(30, 'p.data -= 0.05 * p.grad'))
  })
  return r.tape()
}

/** `x = x * w` again and again; with loop rows, as a tracer writes them, or without. */
export function chain(length: number, { loops = true } = {}): Tape {
  const r = new Recorder(
    'chain.py',
    ['x = Value(1.0)', 'w = Value(1.0)', 'for i in range(n):', '    x = x * w', ''].join('\n'),
  )
  let x = r.leaf(1, r.site(1, 'Value(1.0)'), 'x')
  const w = r.leaf(1, r.site(2, 'Value(1.0)'), 'w')
  const body = () => {
    x = r.mul(x, w, r.site(4, 'x * w'))
  }
  if (loops) r.loop(r.site(3, 'for i in range(n):'), range(length), body)
  else for (let i = 0; i < length; i++) body()
  r.backward(x, -1)
  return r.tape()
}

const transformerText = `class Attention(Module):
    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        scores = q @ k.transpose(-2, -1) / sqrt(64)
        weights = softmax(scores, -1)
        return self.proj(weights @ v)
class Linear(Module):
    def forward(self, x):
        return x @ self.weight + self.bias
class MLP(Module):
    def forward(self, x):
        return self.fc2(gelu(self.fc1(x)))
class LayerNorm(Module):
    def forward(self, x):
        return layer_norm(x, self.weight, self.bias)
class Block(Module):
    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))
class GPT(Module):
    def forward(self, tokens):
        x = embedding(self.wte, tokens) + self.wpe
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))
logits = model(tokens)
loss = cross_entropy(logits, targets)
loss.backward()
optimizer.step()
`

/** One training step of a GPT of `blocks` blocks on tensors: module groups, tensor gradients, updates. */
export function transformer(blocks = 12): Tape {
  const r = new Recorder('gpt.py', transformerText)
  const hidden = { shape: '8×64×256', l2: 362 }
  const parameters: number[] = []
  let path = ''
  const parameter = (name: string, shape: string) => {
    const value = r.tensor('parameter', [], { shape, l2: 4 }, -1, `${path}.${name}`)
    parameters.push(value)
    return value
  }
  const module = (name: string, type: string, line: number, text: string, body: () => number) => {
    const outer = path
    path = `${path}.${name}`
    const result = r.module(`${type}.forward`, name, r.site(line, text), body)
    path = outer
    return result
  }
  const linear = (name: string, x: number, line: number, text: string, shape: string, out = hidden) => {
    return module(name, 'Linear', line, text, () => {
      const product = r.tensor('matmul', [x, parameter('weight', shape)], out, r.site(9, 'x @ self.weight'))
      const bias = parameter('bias', shape.split('×').at(-1)!)
      return r.tensor('add', [product, bias], out, r.site(9, 'x @ self.weight + self.bias'))
    })
  }
  const norm = (name: string, x: number, line: number, text: string) =>
    module(name, 'LayerNorm', line, text, () => {
      const weight = parameter('weight', '256')
      return r.tensor(
        'layer_norm',
        [x, weight, parameter('bias', '256')],
        hidden,
        r.site(15, 'layer_norm(x, self.weight, self.bias)'),
      )
    })
  const attention = (x: number) =>
    module('attn', 'Attention', 18, 'self.attn(self.ln1(x))', () => {
      const q = linear('q', x, 3, 'self.q(x)', '256×256')
      const k = linear('k', x, 3, 'self.k(x)', '256×256')
      const v = linear('v', x, 3, 'self.v(x)', '256×256')
      const turned = r.tensor('transpose', [k], { shape: '8×256×64', l2: 362 }, r.site(4, 'k.transpose(-2, -1)'))
      const product = r.tensor(
        'matmul',
        [q, turned],
        { shape: '8×64×64', l2: 90 },
        r.site(4, 'q @ k.transpose(-2, -1)'),
      )
      const scores = r.tensor(
        'div',
        [product],
        { shape: '8×64×64', l2: 11 },
        r.site(4, 'q @ k.transpose(-2, -1) / sqrt(64)'),
        'scores',
      )
      const weights = r.tensor(
        'softmax',
        [scores],
        { shape: '8×64×64', l2: 3 },
        r.site(5, 'softmax(scores, -1)'),
        'weights',
      )
      const mixed = r.tensor('matmul', [weights, v], hidden, r.site(6, 'weights @ v'))
      return linear('proj', mixed, 6, 'self.proj(weights @ v)', '256×256')
    })
  const feedForward = (x: number) =>
    module('mlp', 'MLP', 19, 'self.mlp(self.ln2(x))', () => {
      const wide = { shape: '8×64×1024', l2: 724 }
      const up = linear('fc1', x, 12, 'self.fc1(x)', '256×1024', wide)
      const active = r.tensor('gelu', [up], wide, r.site(12, 'gelu(self.fc1(x))'))
      return linear('fc2', active, 12, 'self.fc2(gelu(self.fc1(x)))', '1024×256')
    })
  const tokens = r.tensor('tokens', [], { shape: '8×64', l2: 1 }, -1, 'tokens')
  const logits = r.module('GPT.forward', 'model', r.site(26, 'model(tokens)'), () => {
    path = 'model'
    const wte = parameter('wte', '50257×256')
    const embedded = r.tensor('embedding', [wte, tokens], hidden, r.site(22, 'embedding(self.wte, tokens)'))
    let x = r.tensor(
      'add',
      [embedded, parameter('wpe', '64×256')],
      hidden,
      r.site(22, 'embedding(self.wte, tokens) + self.wpe'),
    )
    for (const i of range(blocks)) {
      x = module(`blocks[${i}]`, 'Block', 24, 'block(x)', () => {
        const attended = attention(norm('ln1', x, 18, 'self.ln1(x)'))
        const y = r.tensor('add', [x, attended], hidden, r.site(18, 'x + self.attn(self.ln1(x))'))
        const fed = feedForward(norm('ln2', y, 19, 'self.ln2(x)'))
        return r.tensor('add', [y, fed], hidden, r.site(19, 'x + self.mlp(self.ln2(x))'))
      })
    }
    return linear('head', norm('ln_f', x, 25, 'self.ln_f(x)'), 25, 'self.head(self.ln_f(x))', '256×50257', {
      shape: '8×64×50257',
      l2: 900,
    })
  })
  r.name(logits, 'logits')
  const loss = r.tensor(
    'cross_entropy',
    [logits],
    { shape: '1', l2: 10.8 },
    r.site(27, 'cross_entropy(logits, targets)'),
    'loss',
  )
  r.backward(loss, r.site(28, 'loss.backward()'))
  r.descend(parameters, 1e-3, r.site(29, 'optimizer.step()'))
  return r.tape()
}

export type Expression = { op: 'add' | 'mul' | 'tanh' | 'leaf'; a: number; b: number; data: number; deep: number }[]

/** A random expression graph with its right gradients; operands are earlier nodes, taken modulo. `deep` opens and leaves calls. */
export const expressions: fc.Arbitrary<Expression> = fc.array(
  fc.record({
    op: fc.constantFrom('add', 'mul', 'tanh', 'leaf'),
    a: fc.nat(1000),
    b: fc.nat(1000),
    data: fc.double({ min: -2, max: 2, noNaN: true }),
    deep: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 60 },
)

/** Several passes from different roots, with `zero` or an update between some of them. */
export function expressionTape(nodes: Expression, passes = 1): Tape {
  const r = new Recorder('random.py', 'x\ny\nz\nu\n')
  const values: number[] = []
  const sites = [r.site(1, 'x'), r.site(2, 'y'), r.site(3, 'z'), r.site(4, 'u')]
  const grow = (from: number, depth: number): number => {
    let i = from
    while (i < nodes.length) {
      const node = nodes[i]!
      if (node.deep > depth && depth < 3) {
        const next = i
        i = r.call(`f${node.a % 3}`, null, sites[node.b % 4]!, () => grow(next, depth + 1))
        continue
      }
      const a = values[node.a % values.length]
      const b = values[node.b % values.length]
      const site = sites[node.a % 4]!
      if (a === undefined || b === undefined || node.op === 'leaf') values.push(r.leaf(node.data, site, `v${i}`))
      else if (node.op === 'tanh') values.push(r.tanh(a, site))
      else values.push(node.op === 'add' ? r.add(a, b, site) : r.mul(a, b, site))
      i++
      if (node.deep < depth) return i
    }
    return i
  }
  grow(0, 0)
  for (let pass = 0; pass < passes; pass++) {
    r.backward(values[(pass * 7 + values.length - 1) % values.length]!, -1)
    if (pass % 3 === 1) r.zero(values, -1)
    if (pass % 3 === 2) values.push(r.tanh(values[0]!, sites[0]!))
  }
  return r.tape()
}

export const range = (n: number) => Array.from({ length: n }, (_, i) => i)

/** Numbers in [0, 1) that are the same on every run (a linear congruential generator, Numerical Recipes). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
