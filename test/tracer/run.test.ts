/** A recorded script is the script: same output, same exceptions, same tracebacks; and the graph up to where it ended. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PassKind, WriteKind } from '../../src/protocol/wire.ts'
import { bookkeeping } from '../../src/tape/gradient.ts'
import { engines, readable, runFile, runText } from './run.ts'

const library = join(engines, '..', '..', '..', 'src', 'runtimes', 'embeddedPython', 'library')

/** What `python script.py` itself does with a text. */
function plainPython(text: string, files: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'script-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    writeFileSync(join(folder, 'script.py'), text)
    const ran = spawnSync('python3', ['script.py'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PYTHONPATH: library, PYTHONIOENCODING: 'utf-8', PYTHONDONTWRITEBYTECODE: '1' },
    })
    return { status: ran.status, stdout: ran.stdout, stderr: normal(ran.stderr) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const normal = (text: string) => text.replaceAll(/"[^"]*\/(\w+\.py)"/g, '"$1"').replaceAll(/^\S*\/(\w+\.py):/gm, '$1:')

const engine = 'from micrograd.engine import Value\n'

const scripts: Record<string, { text: string; files?: Record<string, string> }> = {
  'an exception inside the engine, chained': {
    text: `${engine}def f(x):\n    return (x * 2).log()\ntry:\n    f(Value(-1.0))\nexcept ValueError as e:\n    raise RuntimeError('außen ∂') from e\n`,
  },
  'a syntax error': { text: 'x = (1 +\ndef f(:\n' },
  'a syntax error in a module': { text: 'import beside\n', files: { 'beside.py': 'def f()\n    pass\n' } },
  'a missing module': { text: `${engine}import module_that_is_not_there\n` },
  'an error in a module beside the script': {
    text: `${engine}from beside import go\ngo(Value(2.0))\n`,
    files: { 'beside.py': 'def go(v):\n    (v + v).backward()\n    print(v.grad)\n    return 1 / 0\n' },
  },
  'sys.exit with a message': { text: `${engine}import sys\nValue(1.0) + 1\nsys.exit('tschüß')\n` },
  'sys.exit with a number': { text: `${engine}import sys\nsys.exit(300)\n` },
  'the engine recurses too deep': {
    text: `${engine}a = Value(1.0)\nfor i in range(3000):\n    a = a + 1\na.backward()\n`,
  },
  'warnings and a printed traceback': {
    text: `import traceback, warnings\n${engine}warnings.warn('careful')\ntry:\n    Value(1.0) + 'a'\nexcept Exception:\n    traceback.print_exc()\nx = 1\nprint(x is 1)\n`,
  },
  'what a script can see of itself': {
    text:
      `from __future__ import annotations\n"""not a docstring"""\nimport sys\n${engine}class A:\n    """doc"""\n    x: Value = None\n` +
      `v = Value(1.0); w = v * v; w.backward()\nprint(__name__, __doc__, A.__doc__, A.__annotations__, sys.argv[1:])\n` +
      `print(sorted(k for k in globals()), [c for c in dir() if '@' in c])\nassert w.data == 2, 'no'\n`,
  },
}

describe.each(Object.entries(scripts))('%s', (_, { text, files = {} }) => {
  test('same output, traceback and exit', () => {
    const plain = plainPython(text, files)
    const { stdout, stderr, end } = runText(text, { files })
    expect(stdout).toBe(plain.stdout)
    expect(normal(stderr)).toBe(plain.stderr)
    expect(end.kind === 'done' ? end.exitCode : 1).toBe(plain.status)
    if (end.kind === 'raised') expect(plain.stderr.endsWith(normal(end.error.traceback))).toBe(true)
  })
})

test('the site of an error is the sub-expression, in UTF-16 columns', () => {
  const { end } = runText(`${engine}ä = '𝄞'; b = [1][2]\n`)
  expect(end).toMatchObject({
    kind: 'raised',
    error: { type: 'IndexError', site: { startLine: 2, startColumn: 14, endLine: 2, endColumn: 20 } },
  })
})

test('the range of a syntax error', () => {
  const { end } = runText('ok = 1\nx = = 2\n')
  expect(end).toMatchObject({
    kind: 'raised',
    error: { type: 'SyntaxError', site: { startLine: 2, startColumn: 4, endColumn: 5 } },
  })
})

test('a script that raises keeps its graph so far', () => {
  const { tape } = runText(`${engine}a = Value(2.0)\nb = a * a\nraise ValueError('stop')\n`)
  expect(readable(tape).nodes.map((n) => n.name)).toEqual(['a', 'b'])
  expect(tape.events('exception')).toEqual(['ValueError: stop'])
})

test('the site of an error inside the carried library is the line of the user that led there', () => {
  const { end } = runText(`${engine}b = Value(1.0)\ndef f():\n    return b ** 'x'\nf()\n`)
  expect(end).toMatchObject({ kind: 'raised', error: { site: { startLine: 4, startColumn: 11, endColumn: 19 } } })
})

test('an interrupt loses nothing, is caught as usual, and ends the script as usual', () => {
  const { tape, end, stdout } = runText(
    `import os, signal\n${engine}a = Value(2.0)\nb = a * a\n` +
      `try:\n    os.kill(os.getpid(), signal.SIGINT)\n    while True:\n        pass\nexcept KeyboardInterrupt:\n    print('caught')\n` +
      `b.backward()\nos.kill(os.getpid(), signal.SIGINT)\nwhile True:\n    b = b * a\n`,
  )
  expect(stdout).toBe('caught\n')
  expect(end).toMatchObject({ kind: 'raised', error: { type: 'KeyboardInterrupt' } })
  const { nodes, passes } = readable(tape)
  expect(nodes.slice(0, 2).map((n) => n.name)).toEqual(['a', 'b'])
  expect(passes).toHaveLength(1)
})

test('what was recorded has left before a script is killed', () => {
  const { tape, end } = runText(`import os\n${engine}a = Value(2.0)\nb = a * a\nos._exit(9)\n`)
  expect(end.kind).toBe('crashed')
  expect(readable(tape).nodes.map((n) => n.name)).toEqual(['a', 'b'])
})

test('the node limit ends the script, also one that catches everything', () => {
  const { tape, end, stdout } = runText(
    `${engine}x = Value(1.0)\nfor k in range(3):\n    try:\n        while True:\n            x = x * x\n    except BaseException:\n        print('caught')\nx * x\nprint('after')\n`,
    { nodes: 50 },
  )
  expect(end).toMatchObject({ kind: 'limit', limit: 'nodes' })
  expect(stdout).not.toContain('after')
  expect(tape.table('op').rows).toBeGreaterThanOrEqual(50)
  expect(tape.table('op').rows).toBeLessThan(60)
})

test('without an engine: a notice of what was looked for, and nothing else', () => {
  const { tape, end } = runText('class P:\n    def __init__(self, x):\n        self.x = x\nprint(P(1).x)\n')
  expect(end).toEqual({ kind: 'done', exitCode: 0 })
  expect(tape.table('op').rows).toBe(0)
  expect(tape.events('notice')[0]).toMatch(/^no autograd engine was used/)
})

test('backward never called: the forward graph only', () => {
  const { tape } = runText(`${engine}a = Value(2.0)\nb = a * 3\n`)
  const { nodes, passes } = readable(tape)
  expect(nodes.map((n) => [n.op, n.value])).toEqual([
    ['leaf', 2],
    ['constant', 3],
    ['mul', 6],
  ])
  expect(passes).toEqual([])
})

test('operands, constants, reflected and compound operators share the expression that made them', () => {
  const { nodes } = readable(
    runText(`${engine}a = Value(2.0)\nb = Value(3.0)\nc = a - b\nd = a**3\ne = a + a\ne += 1\nf = 2 / a\n`).tape,
  )
  expect(nodes.filter((n) => n.site === 'a - b').map((n) => n.op)).toEqual(['constant', 'mul', 'add'])
  expect(nodes.find((n) => n.name === 'd')).toMatchObject({ op: 'pow', operands: ['a', 'constant'], value: 8 })
  expect(nodes.filter((n) => n.name === 'e').map((n) => [n.site, n.operands.length])).toEqual([
    ['a + a', 2],
    ['e += 1', 2],
  ])
  expect(nodes.find((n) => n.name === 'f')).toMatchObject({ site: '2 / a', value: 1 })
})

test('training: passes, resets and updates as what they are; calls by instance, loops by iteration', () => {
  const { nodes, passes, writes } = readable(runFile(join(engines, 'micrograd_nn.py')).tape)
  expect(passes.map((p) => [p.kind, p.site])).toEqual([
    [PassKind.backward, 'loss.backward()'],
    [PassKind.backward, 'loss.backward()'],
  ])
  const weight = 'model.layers[0].neurons[2].w[1]'
  expect(writes.filter((w) => w.target === weight).map((w) => w.kind)).toEqual([
    WriteKind.zero,
    WriteKind.update,
    WriteKind.zero,
    WriteKind.update,
  ])
  const product = nodes.find((n) => n.op === 'mul' && n.operands[0] === weight)
  expect(product?.site).toBe('wi * xi')
  expect(product?.call.filter((part) => !part.includes('#'))).toEqual([
    'MLP.__call__ model',
    'Layer.__call__ layers[0]',
    'Neuron.__call__ neurons[2]',
  ])
  expect(product?.call[0]).toBe('for step in range(2) #0')
})

test('layers, optimizers and averages are not the engine', () => {
  const { tape } = runFile(join(import.meta.dirname, 'optimizer_layers.py'))
  expect(tape.events('engine')).toEqual(['{"cells": [".grad"], "values": [".data"], "classes": ["Value"]}'])
  const { nodes, passes, writes } = readable(tape)
  expect(nodes[0]).toMatchObject({
    name: 'layer.neurons[0].w[0]',
    site: 'Value(random.uniform(-1, 1) * inputs**-0.5)',
    call: ['Layer.__init__', 'for _ in range(outputs) #0', 'Neuron.__init__', 'for _ in range(inputs) #0'],
  })
  expect(
    nodes
      .slice(0, 10)
      .map((n) => n.name)
      .slice(-2),
  ).toEqual(['layer.neurons[2].b', 'averages[0]'])
  expect(passes).toHaveLength(2)
  expect(writes.filter((w) => w.target === 'layer.neurons[2].b').map((w) => w.kind)).toEqual([
    WriteKind.update,
    WriteKind.zero,
    WriteKind.update,
    WriteKind.zero,
  ])
})

test('a cell that only older objects feed into younger ones holds no gradients', () => {
  const { tape } = runText(
    'class Cell:\n    def __init__(self, x, link=None):\n        self.x = x\n        self.heat = 0.0\n        self.link = link\n' +
      '    def diffuse(self, k):\n        self.link.heat += k * self.heat * self.x\n' +
      'def mix(a, b):\n    return Cell(a.x * b.x, a)\n' +
      'a = Cell(1.0)\nb = Cell(2.0)\na.link = b\na.heat = 4.0\nc = mix(a, b)\na.diffuse(0.5)\nprint(b.heat)\n',
  )
  expect(readable(tape).passes).toEqual([])
  expect(tape.events('notice')[0]).toMatch(/^no gradients were found/)
})

test('in every pass, received, held and passed agree', () => {
  const { tape } = runFile(join(engines, 'micrograd_nn.py'))
  const held = tape.table('held')
  expect(held.rows).toBeGreaterThan(100)
  for (let row = 0; row < held.rows; row++) {
    const books = bookkeeping(tape, held.value.at(row), held.pass.at(row))
    expect(books.held).toBeCloseTo(books.received, 12)
    if (books.passed !== null) expect(books.passed).toBeCloseTo(books.received, 12)
  }
})

test('rules run by hand are a pass of their own', () => {
  const { passes, writes } = readable(
    runText(`${engine}a = Value(2.0)\nb = a * a\nb.grad = 1.0\nb._backward()\na.grad = 0.0\n`).tape,
  )
  expect(passes).toMatchObject([
    { kind: PassKind.byHand, site: 'b.grad = 1.0', roots: [['b', 1]], held: { a: 4, b: 1 } },
  ])
  expect(writes).toMatchObject([{ target: 'a', kind: WriteKind.zero, before: 4, after: 0 }])
})

test('a rule that raises in its second line keeps what its first line did', () => {
  const text =
    'class Value:\n    def __init__(self, data, prev=()):\n        self.data = data\n        self.grad = 0.0\n        self.prev = prev\n' +
    '    def over(self, other):\n        out = Value(self.data / other.data, (self, other))\n' +
    '        def rule():\n            self.grad += 1 / other.data * out.grad\n            other.grad += -self.data / (other.data - 2) * out.grad\n' +
    '        out.rule = rule\n        return out\n' +
    'a = Value(3.0)\nb = Value(2.0)\nc = a.over(b)\nc.grad = 1.0\nc.rule()\n'
  const { tape, end, stderr } = runText(text)
  expect(readable(tape).passes[0]?.steps).toEqual([{ node: 'c', upstream: 1, contributions: [[0, 'a', 0.5]] }])
  expect(end).toMatchObject({ kind: 'raised', error: { type: 'ZeroDivisionError', site: { startLine: 10 } } })
  expect(normal(stderr)).toBe(plainPython(text).stderr)
})

test('a rule that runs twice is two steps; one that overwrites is marked', () => {
  const { passes } = readable(
    runText(`${engine}a = Value(1.0)\nb = a * 1\nb.grad = 1.0\nb._backward()\nb._backward()\n`).tape,
  )
  expect(passes[0]?.steps.map((s) => s.node)).toEqual(['b', 'b'])
})

test('short-lived nodes are never confused, long loops do not leak', () => {
  const { tape } = runText(`${engine}a = Value(1.0)\nfor i in range(1000):\n    a * float(i)\n`)
  const { nodes } = readable(tape)
  expect(nodes.filter((n) => n.op === 'mul').map((n) => n.value)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
})

test('a map that names nodes by a field of theirs, thousands of nodes', () => {
  const { tape } = runText(`order = []
class Var:
    def __init__(self, data, parents=()):
        self.data = data
        self.parents = parents
        self.name = 'v%d' % len(order)
        order.append(self)
    def __add__(self, other):
        return Var(self.data + other.data, (self, other))
def backward(loss):
    grads = {v.name: 0.0 for v in order}
    grads[loss.name] = 1.0
    for v in reversed(order):
        if v.parents:
            a, b = v.parents
            grads[a.name] += grads[v.name]
            grads[b.name] += grads[v.name]
    return grads
a = Var(1.0)
backward(sum((a for _ in range(9000)), Var(0.0)))
`)
  expect([tape.table('op').rows, tape.table('step').rows, tape.table('held').rows]).toEqual([9002, 9000, 9002])
})

test('a copy is not taken for the dead node that had its address', () => {
  const dead = 'for i in range(9000):\n    c = Value(float(i))\ndel c\n'
  const { tape } = runText(`${engine}import copy\na = Value(2.0)\nb = Value(3.0)\n${dead}z = copy.copy(a) * b\n`)
  expect(readable(tape).nodes.find((n) => n.name === 'z')!.operands).toEqual(['b'])
})

test('an engine in a package, with another name for its class and functions in a second module', () => {
  const core = execFileSync('cat', [join(engines, 'prev_set.py')], { encoding: 'utf8' }).split('\na = Value')[0]!
  const { nodes, passes } = readable(
    runText('from core import Value as V\nfrom extra import relu\nx = V(2.0)\ny = relu(x)\ny.backward()\n', {
      files: {
        'core.py': core,
        'extra.py':
          'from core import Value\ndef relu(v):\n    out = Value(max(0.0, v.data), (v,))\n    def _backward():\n        v.grad += (out.data > 0) * out.grad\n    out._backward = _backward\n    return out\n',
      },
    }).tape,
  )
  expect(nodes.map((n) => [n.name, n.op, n.site])).toEqual([
    ['x', 'leaf', 'V(2.0)'],
    ['y', 'relu', 'relu(x)'],
  ])
  expect(passes[0]?.steps).toEqual([{ node: 'y', upstream: 1, contributions: [[0, 'x', 1]] }])
})
