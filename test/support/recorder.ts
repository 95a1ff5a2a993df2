/** A small engine that records itself: the wire a tracer would write for the same computation. */
import { CallKind, OpKind, PassKind, ValueKind, WriteKind, Cell } from '../../src/protocol/wire.ts'
import { concat, Encoder, preamble } from '../../src/tape/encode.ts'
import { Tape } from '../../src/tape/tape.ts'

/** Rows kept before they are packed; a million ops must not be held as objects. */
const FLUSH_ROWS = 20_000

export interface Tensor {
  shape: string
  l2: number
}

export class Recorder {
  private readonly encoder = new Encoder()
  private readonly chunks: Uint8Array[] = [preamble()]
  private readonly sites = new Map<string, number>()
  private readonly lines: string[]
  private readonly calls: number[] = [-1]
  private tick = 0
  private rows = 0
  readonly data: number[] = []
  readonly gradients: number[] = []
  private readonly operands: number[][] = []
  private readonly slopes: number[][] = []
  private readonly tensors: (Tensor | null)[] = []

  constructor(path: string, text: string) {
    this.lines = text.split('\n')
    this.encoder.add('meta', { key: 'script', value: path })
    this.encoder.add('source', { path, content: text })
  }

  /** The first occurrence of `snippet` in a line (from 1). */
  site(line: number, snippet: string): number {
    const key = `${line}:${snippet}`
    const known = this.sites.get(key)
    if (known !== undefined) return known
    const start = this.lines[line - 1]?.indexOf(snippet) ?? -1
    if (start < 0) throw new Error(`line ${line} does not hold ${snippet}`)
    const id = this.encoder.add('site', {
      source: 0,
      startLine: line,
      startColumn: start,
      endLine: line,
      endColumn: start + snippet.length,
    })
    this.sites.set(key, id)
    return id
  }

  call<T>(name: string, instance: string | null, site: number, body: () => T): T {
    return this.inside(CallKind.call, name, instance, site, -1, body)
  }

  module<T>(name: string, instance: string | null, site: number, body: () => T): T {
    return this.inside(CallKind.module, name, instance, site, -1, body)
  }

  loop<I, T>(site: number, items: readonly I[], body: (item: I, i: number) => T): T[] {
    return items.map((item, i) => this.inside(CallKind.loop, null, null, site, i, () => body(item, i)))
  }

  leaf(data: number, site: number, name: string | null = null): number {
    const value = this.make('leaf', OpKind.leaf, [], [], data, site, null)
    if (name !== null) this.name(value, name)
    return value
  }

  op(
    name: string,
    operands: number[],
    slopes: number[],
    data: number,
    site: number,
    title: string | null = null,
  ): number {
    const value = this.make(name, OpKind.op, operands, slopes, data, site, null)
    if (title !== null) this.name(value, title)
    return value
  }

  /** A tensor op; its backward gives every operand a tensor of the operand's own shape. Products weaken the gradient. */
  tensor(name: string, operands: number[], tensor: Tensor, site: number, title: string | null = null): number {
    const kind = operands.length === 0 ? OpKind.leaf : OpKind.op
    const value = this.make(
      name,
      kind,
      operands,
      operands.map(() => (name === 'matmul' ? 0.3 : 1)),
      tensor.l2,
      site,
      tensor,
    )
    if (title !== null) this.name(value, title)
    return value
  }

  add = (a: number, b: number, site: number, name: string | null = null) =>
    this.op('add', [a, b], [1, 1], this.data[a]! + this.data[b]!, site, name)
  mul = (a: number, b: number, site: number, name: string | null = null) =>
    this.op('mul', [a, b], [this.data[b]!, this.data[a]!], this.data[a]! * this.data[b]!, site, name)
  tanh(a: number, site: number, name: string | null = null): number {
    const t = Math.tanh(this.data[a]!)
    return this.op('tanh', [a], [1 - t * t], t, site, name)
  }
  relu = (a: number, site: number, name: string | null = null) =>
    this.op('relu', [a], [this.data[a]! > 0 ? 1 : 0], Math.max(0, this.data[a]!), site, name)

  name(value: number, path: string): void {
    this.encoder.add('name', { tick: ++this.tick, value, path })
  }

  /** Every op the root depends on, once, consumers before operands; gradients add to what is there. */
  backward(root: number, site: number): void {
    const pass = this.encoder.add('pass', { parent: -1, kind: PassKind.backward, site, tick: ++this.tick })
    const needed = this.ancestors(root)
    const before = new Map(needed.map((value) => [value, this.gradients[value]!]))
    for (const value of needed) if (this.operands[value]!.length > 0) this.gradients[value] = 0
    this.gradients[root] = 1
    this.encoder.add('root', {
      pass,
      value: root,
      tick: ++this.tick,
      seed: 1,
      tensor: this.tensorRow(this.tensors[root]!, 1),
    })
    for (const value of needed) {
      if (this.operands[value]!.length === 0) continue
      const step = this.encoder.add('step', { pass, op: value, tick: ++this.tick })
      const upstream = this.gradients[value]!
      this.encoder.add('upstream', {
        step,
        output: 0,
        data: upstream,
        tensor: this.tensorRow(this.tensors[value]!, upstream),
      })
      this.operands[value]!.forEach((target, slot) => {
        const data = upstream * this.slopes[value]![slot]!
        this.gradients[target]! += data
        const tensor = this.tensorRow(this.tensors[target]!, data)
        this.encoder.add('contribution', {
          step,
          slot,
          target,
          tick: ++this.tick,
          data,
          tensor,
          how: 0,
          mode: 0,
          site: -1,
        })
      })
      this.written(4)
    }
    this.encoder.add('passEnd', { pass, tick: ++this.tick })
    for (const value of needed) {
      const leaf = this.operands[value]!.length === 0
      const after = this.gradients[value]!
      const tensor = this.tensorRow(this.tensors[value]!, after)
      this.encoder.add('held', { pass, value, before: leaf ? before.get(value)! : 0, after, tensor })
    }
    this.written(needed.length)
  }

  zero(values: readonly number[], site: number): void {
    for (const value of values) this.write(value, Cell.gradient, WriteKind.zero, this.gradients[value]!, 0, site)
    for (const value of values) this.gradients[value] = 0
  }

  descend(values: readonly number[], rate: number, site: number): void {
    for (const value of values) {
      const before = this.data[value]!
      this.data[value] = before - rate * this.gradients[value]!
      this.write(value, Cell.value, WriteKind.update, before, this.data[value]!, site)
    }
  }

  bytes(): Uint8Array {
    this.chunks.push(this.encoder.flush())
    return concat(this.chunks)
  }

  tape(): Tape {
    const tape = new Tape()
    tape.push(this.bytes())
    tape.finish()
    return tape
  }

  private write(target: number, cell: number, kind: number, before: number, after: number, site: number): void {
    this.encoder.add('write', { tick: ++this.tick, target, cell, kind, before, after, tensor: -1, site })
  }

  private make(
    name: string,
    kind: number,
    operands: number[],
    slopes: number[],
    data: number,
    site: number,
    tensor: Tensor | null,
  ): number {
    const op = this.encoder.add('op', { name, site, call: this.calls.at(-1)!, kind, thread: 0 })
    for (const value of operands) this.encoder.add('operand', { op, value, flags: 3 })
    const valueKind = tensor ? ValueKind.tensor : ValueKind.f64
    const row = this.tensorRow(tensor, data)
    this.encoder.add('value', { op, output: 0, tick: ++this.tick, kind: valueKind, data, tensor: row })
    this.data.push(data)
    this.gradients.push(0)
    this.operands.push(operands)
    this.slopes.push(slopes)
    this.tensors.push(tensor)
    this.written(2)
    return op
  }

  private tensorRow(tensor: Tensor | null, l2: number): number {
    if (!tensor) return -1
    const count = tensor.shape.split('×').reduce((product, n) => product * Number(n), 1)
    const std = Math.abs(l2) / Math.sqrt(count)
    const none = { zeros: 0, nans: 0, posInf: 0, negInf: 0 }
    const range = { count, min: -3 * std, max: 3 * std, mean: 0, std, l2: Math.abs(l2) }
    return this.encoder.add('tensor', {
      shape: tensor.shape,
      dtype: 'float32',
      device: 'cpu',
      ...range,
      ...none,
      detail: JSON.stringify(pictures(tensor.shape, count, std)),
    })
  }

  private inside<T>(
    kind: number,
    name: string | null,
    instance: string | null,
    site: number,
    iteration: number,
    body: () => T,
  ): T {
    const row = { parent: this.calls.at(-1)!, kind, function: name, instance, site, iteration }
    this.calls.push(this.encoder.add('call', row))
    this.written(1)
    const result = body()
    this.calls.pop()
    return result
  }

  private written(rows: number): void {
    this.rows += rows
    if (this.rows < FLUSH_ROWS) return
    this.rows = 0
    this.chunks.push(this.encoder.flush())
  }

  /** Latest first: ids are already in topological order. */
  private ancestors(root: number): number[] {
    const seen = new Set([root])
    const open = [root]
    while (open.length > 0) {
      for (const value of this.operands[open.pop()!]!) {
        if (seen.has(value)) continue
        seen.add(value)
        open.push(value)
      }
    }
    return [...seen].sort((a, b) => b - a)
  }
}

/** Of standard normal entries times `std`: 24 bins from −3 to 3 standard deviations, and a picture of at most 16 × 24 means. */
function pictures(shape: string, count: number, std: number) {
  const weights = Array.from({ length: 24 }, (_, bin) => Math.exp(-(((bin + 0.5) / 4 - 3) ** 2) / 2))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const axes = shape.split('×').map(Number)
  const columns = Math.min(24, axes.at(-1)!)
  const rows = Math.min(
    16,
    axes.slice(0, -1).reduce((product, n) => product * n, 1),
  )
  const values = Array.from({ length: rows * columns }, (_, i) => std * Math.sin(12.9898 * i + 78.233 * (i % columns)))
  return {
    histogram: weights.map((weight) => Math.round((count * weight) / total)),
    thumbnail: { rows, columns, values },
  }
}
