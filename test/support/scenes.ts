import { type Frame, GradientStatus, ItemFlag, ItemKind, type Scene } from '../../src/protocol/view.ts'

/** An item as these generators write it down; `packScene` turns a list of them into a scene. */
export interface ItemSketch {
  element: number
  kind: number
  flags?: number
  parent?: number
  x: number
  y: number
  w?: number
  h?: number
  title: string
  subtitle?: string
  count?: number
}

export interface EdgeSketch {
  from: number
  to: number
  slot: number
  count?: number
  /** x and y in turn; routed at right angles when absent. */
  points?: number[]
}

export const CARD = { w: 168, h: 56 }

export function packScene(items: ItemSketch[], edges: EdgeSketch[], revision = 1): Scene {
  const points: number[] = []
  const offset = new Uint32Array(edges.length + 1)
  const box = (i: ItemSketch) => ({ x: i.x, y: i.y, w: i.w ?? CARD.w, h: i.h ?? CARD.h })
  const operands = new Map<number, number>()
  for (const edge of edges) operands.set(edge.to, Math.max(operands.get(edge.to) ?? 1, edge.slot + 1))
  edges.forEach((edge, e) => {
    points.push(
      ...(edge.points ?? route(box(items[edge.from]!), box(items[edge.to]!), edge.slot, operands.get(edge.to)!)),
    )
    offset[e + 1] = points.length / 2
  })
  const float = (pick: (i: ItemSketch) => number) => Float32Array.from(items, pick)
  return {
    revision,
    final: true,
    direction: 'right',
    width: Math.max(0, ...items.map((i) => i.x + box(i).w)),
    height: Math.max(0, ...items.map((i) => i.y + box(i).h)),
    element: Int32Array.from(items, (i) => i.element),
    kind: Uint8Array.from(items, (i) => i.kind),
    flags: Uint8Array.from(items, (i) => i.flags ?? 0),
    parent: Int32Array.from(items, (i) => i.parent ?? -1),
    x: float((i) => i.x),
    y: float((i) => i.y),
    w: float((i) => box(i).w),
    h: float((i) => box(i).h),
    title: items.map((i) => i.title),
    subtitle: items.map((i) => i.subtitle ?? ''),
    count: Int32Array.from(items, (i) => i.count ?? 1),
    edges: {
      from: Int32Array.from(edges, (e) => e.from),
      to: Int32Array.from(edges, (e) => e.to),
      slot: Int32Array.from(edges, (e) => e.slot),
      count: Int32Array.from(edges, (e) => e.count ?? 1),
      offset,
      points: Float32Array.from(points),
    },
  }
}

type Rect = { x: number; y: number; w: number; h: number }

function route(from: Rect, to: Rect, slot: number, slots: number): number[] {
  const y0 = from.y + from.h / 2
  const y1 = to.y + (to.h * (Math.max(0, slot) + 1)) / (slots + 1)
  const x0 = from.x + from.w
  if (y0 === y1) return [x0, y0, to.x, y1]
  const middle = to.x - 24 - 8 * Math.max(0, slot)
  return [x0, y0, middle, y0, middle, y1, to.x, y1]
}

const COLUMN = CARD.w + 110
const ROW = CARD.h + 28

/** `tanh(x*w + b)`: five items, as a newcomer sees them. */
export function neuronScene(): Scene {
  return packScene(
    [
      { element: 0, kind: ItemKind.leaf, x: 0, y: 0, title: 'x' },
      { element: 1, kind: ItemKind.leaf, flags: ItemFlag.parameter, x: 0, y: ROW, title: 'w' },
      { element: 2, kind: ItemKind.op, x: COLUMN, y: ROW / 2, title: 'x * w', subtitle: '×' },
      { element: 3, kind: ItemKind.leaf, flags: ItemFlag.parameter, x: COLUMN, y: ROW * 1.5, title: 'b' },
      { element: 4, kind: ItemKind.op, flags: ItemFlag.root, x: COLUMN * 2, y: ROW, title: 'out', subtitle: 'tanh' },
    ],
    [
      { from: 0, to: 2, slot: 0 },
      { from: 1, to: 2, slot: 1 },
      { from: 2, to: 4, slot: 0 },
      { from: 3, to: 4, slot: 1 },
    ],
  )
}

/** About forty items with everything that a card can be: nested open groups, closed ones, folds, tensors, constants. */
export function mixedScene(): Scene {
  const items: ItemSketch[] = []
  const edges: EdgeSketch[] = []
  const add = (item: Omit<ItemSketch, 'element'>) =>
    items.push({ ...item, element: item.kind >= ItemKind.group ? -1 - items.length : items.length }) - 1
  const layer = add({
    kind: ItemKind.group,
    flags: ItemFlag.open,
    x: COLUMN,
    y: 0,
    w: 3 * COLUMN + 6,
    h: 7 * ROW + 60,
    title: 'MLP.__call__ › layers[0]',
    count: 22,
  })
  const inputs = ['x[0]', 'x[1]', 'x[2]', 'a rather long expression * w'].map((title, i) =>
    add({ kind: ItemKind.leaf, flags: i === 3 ? ItemFlag.unlinked : 0, x: 0, y: 100 + i * ROW, title }),
  )
  const outputs: number[] = []
  for (const n of [0, 1]) {
    const top = 40 + n * (3.5 * ROW + 10)
    const neuron = add({
      kind: ItemKind.group,
      flags: ItemFlag.open,
      parent: layer,
      x: COLUMN + 30,
      y: top,
      w: 2 * COLUMN + 176,
      h: 3 * ROW + 40,
      title: `neurons[${n}]`,
      count: 11,
    })
    const sums: number[] = []
    for (const k of [0, 1, 2]) {
      const w = add({
        kind: ItemKind.leaf,
        flags: ItemFlag.parameter,
        parent: neuron,
        x: COLUMN + 50,
        y: top + 36 + k * ROW,
        title: `w[${k}]`,
      })
      const m = add({
        kind: ItemKind.op,
        parent: neuron,
        x: 2 * COLUMN + 40,
        y: top + 36 + k * ROW,
        title: `w[${k}] * x[${k}]`,
        subtitle: '×',
      })
      edges.push({ from: w, to: m, slot: 0 })
      if (k === 0) edges.push({ from: inputs[n]!, to: m, slot: 1 })
      sums.push(m)
    }
    const act = add({
      kind: ItemKind.op,
      parent: neuron,
      x: 3 * COLUMN + 20,
      y: top + 36 + ROW,
      title: 'act',
      subtitle: 'sum',
    })
    sums.forEach((m, slot) => edges.push({ from: m, to: act, slot }))
    outputs.push(act)
  }
  const closed = add({ kind: ItemKind.group, x: 4 * COLUMN + 60, y: ROW, title: 'layers[1]', count: 1216 })
  const fold = add({
    kind: ItemKind.fold,
    x: 4 * COLUMN + 60,
    y: 3 * ROW,
    title: 'neurons[0…15]',
    subtitle: '× 16',
    count: 176,
  })
  outputs.forEach((o, i) => edges.push({ from: o, to: i ? fold : closed, slot: -1, count: 16 }))
  const hidden = add({
    kind: ItemKind.op,
    flags: ItemFlag.tensor,
    x: 5 * COLUMN + 60,
    y: ROW,
    title: 'h @ W2 + b2',
    subtitle: '32×512',
  })
  const weights = add({
    kind: ItemKind.leaf,
    flags: ItemFlag.tensor | ItemFlag.parameter,
    x: 4 * COLUMN + 60,
    y: 5 * ROW,
    title: 'model.head.weight',
    subtitle: '512×50257',
  })
  const two = add({ kind: ItemKind.constant, x: 5 * COLUMN + 100, y: 4 * ROW, w: 64, h: 28, title: '2.0' })
  const power = add({ kind: ItemKind.op, x: 6 * COLUMN + 60, y: 3 * ROW, title: 'diff ** 2', subtitle: '**' })
  const logits = add({ kind: ItemKind.op, x: 6 * COLUMN + 60, y: ROW, title: 'log(p)', subtitle: 'log' })
  const loss = add({
    kind: ItemKind.op,
    flags: ItemFlag.root,
    x: 7 * COLUMN + 60,
    y: 2 * ROW,
    title: 'loss',
    subtitle: '+',
  })
  edges.push(
    { from: closed, to: hidden, slot: 0 },
    { from: weights, to: hidden, slot: 1 },
    { from: fold, to: power, slot: 0, count: 16 },
    { from: two, to: power, slot: 1 },
    { from: hidden, to: logits, slot: 0 },
    { from: logits, to: loss, slot: 0 },
    { from: power, to: loss, slot: 1 },
  )
  for (let i = items.length; i < 40; i++) {
    const leaf = add({ kind: ItemKind.leaf, x: 0, y: 100 + (i - 20) * ROW * 0.9, title: `data[${i}]` })
    if (i % 3 === 0) edges.push({ from: leaf, to: fold, slot: -1 })
  }
  return packScene(items, edges)
}

/** A field of `count` cards in columns, each fed by two of the column before. */
export function fieldScene(count: number): Scene {
  const rows = Math.max(1, Math.round(Math.sqrt(count * 1.6)))
  const items: ItemSketch[] = []
  const edges: EdgeSketch[] = []
  for (let i = 0; i < count; i++) {
    const column = Math.floor(i / rows)
    const row = i % rows
    items.push({
      element: i,
      kind: column === 0 ? ItemKind.leaf : ItemKind.op,
      x: column * COLUMN,
      y: row * ROW,
      title: `v${i} = a + b`,
      subtitle: column === 0 ? '' : '+',
    })
    if (column === 0) continue
    edges.push({ from: i - rows, to: i, slot: 0 })
    if (row > 0) edges.push({ from: i - rows - 1, to: i, slot: 1 })
  }
  return packScene(items, edges)
}

/** Numbers for any scene: all signs, sizes and statuses, the same on every call. Items before `reached` still wait. */
export function frameOf(scene: Scene, reached = 0): Frame {
  const items = scene.element.length
  const edges = scene.edges.from.length
  const known = (i: number) => i >= reached
  const wave = (i: number) => Math.sin(i * 2.4) * 10 ** -((i * 7) % 6)
  const closed = (i: number) => scene.kind[i]! >= ItemKind.group
  return {
    revision: scene.revision,
    tick: 0,
    value: Float64Array.from({ length: items }, (_, i) => (closed(i) ? NaN : Math.cos(i) * 10 ** ((i % 5) - 2))),
    hasValue: Uint8Array.from({ length: items }, (_, i) => (closed(i) ? 0 : 1)),
    gradient: Float64Array.from({ length: items }, (_, i) => (i % 11 === 5 ? 0 : wave(i))),
    status: Uint8Array.from({ length: items }, (_, i) =>
      !known(i)
        ? GradientStatus.waiting
        : i % 13 === 7
          ? GradientStatus.carried
          : i % 13 === 9
            ? GradientStatus.released
            : GradientStatus.arrived,
    ),
    contribution: Float64Array.from({ length: edges }, (_, e) => wave(e + 3)),
    flowed: Uint8Array.from({ length: edges }, (_, e) => (known(scene.edges.from[e]!) ? 1 : 0)),
    current: -1,
    position: { pass: 0, step: 0 },
  }
}
