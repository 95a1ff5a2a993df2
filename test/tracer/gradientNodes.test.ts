/** Engines whose gradients are objects of the node class: part of the graph only where the engine links them into it. */
import { expect, test } from 'vitest'
import { readable, runText } from './run.ts'

const linked = `
class Value:
    def __init__(self, data, parents=(), rule=None):
        self.data = data
        self.parents = parents
        self.rule = rule
        self.grad = None

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), lambda g: (g * other, g * self))

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for p in v.parents:
                    visit(p)
                order.append(v)

        visit(self)
        self.grad = Value(1.0)
        for v in reversed(order):
            if v.rule is not None:
                for p, g in zip(v.parents, v.rule(v.grad)):
                    p.grad = g if p.grad is None else p.grad + g


x = Value(3.0)
y = x * x
y.backward()
dx = x.grad
x.grad = None
dx.backward()
print(dx.data, x.grad.data)
`

test('double backward: the second pass runs over what the first one made', () => {
  const { tape, stdout } = runText(linked)
  const { nodes, passes } = readable(tape)
  expect(stdout).toBe('6.0 2.0\n')
  expect(passes.map((pass) => [pass.site, pass.roots])).toEqual([
    ['y.backward()', [['y', 1]]],
    ['dx.backward()', [['dx', 1]]],
  ])
  expect(nodes.find((node) => node.name === 'dx')).toMatchObject({ op: 'add', value: 6, site: 'y.backward()' })
  expect([passes[0]?.held['x'], passes[1]?.held['x']]).toEqual([6, 2])
})
