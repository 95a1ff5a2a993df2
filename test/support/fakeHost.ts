/**
 * A host over a small recording made by hand: the neuron of the micrograd lecture, with its two products in a group,
 * over as many passes as wanted. It answers every request of a session from the same numbers.
 */
import { formatNumber } from '../../src/protocol/number.ts'
import {
  type Datum,
  type Details,
  type ElementId,
  type Flow,
  type Frame,
  GradientStatus,
  ItemFlag,
  ItemKind,
  type Overview,
  type Scene,
  type SessionEvents,
  type SessionRequests,
  type SiteRange,
  type SourceView,
  type TreeRow,
} from '../../src/protocol/view.ts'
import type { Host } from '../../webview/host.ts'

export const neuronSource = `from micrograd.engine import Value

x1 = Value(2.0)
x2 = Value(0.0)
w1 = Value(-3.0)
w2 = Value(1.0)
b = Value(6.8813735870195432)

n = x1 * w1 + x2 * w2 + b
o = n.tanh()
o.backward()
`

interface Node {
  title: string
  op: string
  symbol: string
  operands: number[]
  line: number
  columns: [number, number]
  text: string
  position: [number, number]
}

const node = (
  title: string,
  op: string,
  symbol: string,
  operands: number[],
  line: number,
  text: string,
  position: [number, number],
): Node => {
  const start = neuronSource.split('\n')[line - 1]!.indexOf(text)
  return { title, op, symbol, operands, line, columns: [start, start + text.length], text, position }
}

/** In the order they are made. */
const nodes: Node[] = [
  node('x1', 'leaf', '', [], 3, 'Value(2.0)', [0, 0]),
  node('x2', 'leaf', '', [], 4, 'Value(0.0)', [0, 240]),
  node('w1', 'leaf', '', [], 5, 'Value(-3.0)', [0, 80]),
  node('w2', 'leaf', '', [], 6, 'Value(1.0)', [0, 320]),
  node('b', 'leaf', '', [], 7, 'Value(6.8813735870195432)', [440, 290]),
  node('x1 * w1', 'mul', '×', [0, 2], 9, 'x1 * w1', [220, 40]),
  node('x2 * w2', 'mul', '×', [1, 3], 9, 'x2 * w2', [220, 280]),
  node('x1 * w1 + x2 * w2', 'add', '+', [5, 6], 9, 'x1 * w1 + x2 * w2', [440, 160]),
  node('n', 'add', '+', [7, 4], 9, 'x1 * w1 + x2 * w2 + b', [660, 220]),
  node('o', 'tanh', 'tanh', [8], 10, 'n.tanh()', [880, 220]),
]
const ROOT = 9
/** The backward order: a topological sort from the root. */
const order = [9, 8, 4, 7, 6, 3, 1, 5, 2, 0]
const parameters = new Set([2, 3, 4])
/** The group of the two products and their inputs. */
export const GROUP: ElementId = -1
const inside = new Set([0, 1, 2, 3, 5, 6])
const WIDTH = 168
const HEIGHT = 56

export interface FakeOptions {
  kind?: 'page' | 'vscode'
  language?: string
  passes?: number
  /** Every so many steps are in the summary of a pass. */
  stride?: number
  /** Extra lines before the script, to make the file long. */
  longFile?: boolean
  open?: boolean
  empty?: boolean
  overview?: Partial<Overview>
  saved?: unknown
  rerun?: boolean
  /** Milliseconds that a frame takes. */
  frameDelay?: number
}

/** What the tests look at. */
export interface FakeHost extends Host {
  saved: unknown
  files: { name: string; type: string; size: number }[]
  revealed: SiteRange[]
  asked: { name: string; payload: unknown }[]
  /** The most frames that were under way at one time. */
  framesAtOnce: number
  reruns: number
  cancelled: number
  emit<K extends keyof SessionEvents>(event: K, payload: SessionEvents[K]): void
  scene(): Scene
}

export function fakeHost(options: FakeOptions = {}): FakeHost {
  const recording = record(options.passes ?? 1)
  const stride = options.stride ?? 1
  const extra = options.longFile ? 5000 : 0
  const text = '# a long file\n'.repeat(extra) + neuronSource
  const listeners = new Map<string, Set<(payload: never) => void>>()
  const open = new Set<ElementId>(options.open === false ? [] : [GROUP])
  let direction: 'right' | 'down' = 'right'
  let revision = 0
  let scene = build()

  function build(): Scene {
    revision++
    return buildScene(revision, open.has(GROUP), direction)
  }

  const siteOf = (id: number): SiteRange => {
    const { line, columns, text: own } = nodes[id]!
    const at = line + extra
    const [startColumn, endColumn] = columns
    return { source: 0, path: '/home/user/neuron.py', startLine: at, startColumn, endLine: at, endColumn, text: own }
  }

  const overview: Overview = {
    script: '/home/user/neuron.py',
    state: 'ended',
    end: { kind: 'done', exitCode: 0 },
    info: {
      runtime: 'embeddedPython',
      interpreter: 'Python 3.14.2 (Pyodide 314.0.7)',
      heldBy: ['a process of its own without permissions', 'no code from strings', 'an empty environment'],
    },
    seconds: 0.41,
    nodes: options.empty ? 0 : nodes.length,
    followed: 0,
    lastTick: recording.lastTick,
    passes: options.empty
      ? []
      : recording.passes.map(({ startTick, endTick, stepTicks }) => ({
          title: 'o',
          roots: [ROOT],
          startTick,
          endTick,
          stepTicks: Int32Array.from(
            stepTicks.filter((_, i) => i % stride === stride - 1 || i === stepTicks.length - 1),
          ),
          steps: order.length,
        })),
    sources: [{ id: 0, path: '/home/user/neuron.py' }],
    notices: ['this project’s own micrograd was used'],
    findings: [],
    revision: 1,
    ...options.overview,
  }

  function details(element: ElementId, tick: number): Details {
    const at = recording.at(tick)
    const group = element === GROUP
    if (!group && !nodes[element]) throw new Error(`there is no element ${element}`)
    const one = group ? null : nodes[element]!
    const strongest = group ? [...inside].map((id) => at.gradient(id)).reduce(larger, null) : at.gradient(element)
    const flow = (from: number, slot: number, other: number): Flow => {
      const given = at.flowed(from)
      const upstream = at.gradient(from)
      const slope = at.slope(from, slot)
      return {
        element: other,
        title: nodes[other]!.title,
        op: nodes[other]!.op,
        slot,
        upstream: datum(given ? upstream : null),
        local: datum(given && upstream !== 0 ? slope : null),
        contribution: datum(given && upstream !== null ? upstream * slope : null),
        formula: given ? at.formula(from, slot) : '',
        vjp: null,
        mode: 'added',
        stray: false,
      }
    }
    return {
      element,
      title: one?.title ?? 'products',
      expression: one?.text ?? '',
      op: one?.op ?? 'group',
      kind: group ? 'group' : one!.operands.length > 0 ? 'op' : 'leaf',
      path: [],
      site: group ? null : siteOf(element),
      value: group ? { kind: 'none' } : datum(at.value(element)),
      gradient: datum(strongest),
      status: group ? GradientStatus.arrived : at.status(element),
      gradientName: `∂o/∂${one?.title ?? 'products'}`,
      cameFrom: group
        ? []
        : edges.filter((e) => e.from === element && at.flowed(e.to)).map((e) => flow(e.to, e.slot, e.to)),
      flowsTo: group ? [] : one!.operands.map((operand, slot) => flow(element, slot, operand)),
      moreCameFrom: 0,
      moreFlowsTo: 0,
      bookkeeping: null,
      history: group
        ? []
        : recording.passes.map(({ endTick }, pass) => {
            const then = recording.at(endTick)
            return {
              pass,
              value: datum(then.value(element)),
              gradient: datum(then.gradient(element)),
              status: then.status(element),
            }
          }),
      members: group ? inside.size : 1,
    }
  }

  function row(element: ElementId, tick: number): TreeRow {
    const { title, op, value, gradient, status } = details(element, tick)
    const consumers = edges.filter((e) => e.from === element).map((e) => nodes[e.to]!.title)
    return {
      element,
      title,
      op: element === GROUP ? '' : op,
      expandable: element === GROUP,
      count: element === GROUP ? inside.size : 1,
      value,
      gradient,
      status,
      consumers,
    }
  }

  const answers: {
    [K in keyof SessionRequests]: (payload: SessionRequests[K]['request']) => SessionRequests[K]['reply']
  } = {
    overview: () => overview,
    scene: (request) => {
      for (const element of request.open ?? []) open.add(element)
      for (const element of request.close ?? []) open.delete(element)
      direction = request.direction ?? direction
      return (scene = build())
    },
    frame: ({ revision: asked, tick }) => {
      if (asked !== scene.revision) throw new Error(`scene ${asked} is gone`)
      return buildFrame(scene, tick, recording)
    },
    step: ({ tick, by }) => {
      const ticks = recording.passes.flatMap(({ startTick, stepTicks }) => [startTick, ...stepTicks])
      ticks.push(overview.lastTick)
      const found = by === 1 ? ticks.find((at) => at > tick) : ticks.findLast((at) => at < tick)
      return { tick: found ?? tick }
    },
    details: ({ element, tick }) => details(element, tick),
    summary: ({ limit }) => ({
      rows: nodes
        .map((_, element) => details(element, overview.lastTick))
        .reverse()
        .map(({ element, title, op, value, gradient, expression }) => ({
          element,
          title,
          op,
          line: `neuron.py:${nodes[element]!.line}`,
          value: value.kind === 'number' ? value.value : null,
          gradient: gradient.kind === 'number' ? gradient.value : null,
          code: expression,
        }))
        .slice(0, limit),
      more: 0,
    }),
    search: ({ text: wanted, limit }) => {
      const line = /^:(\d+)$/.exec(wanted)
      const hits = nodes
        .map((_, element) => ({
          element,
          title: nodes[element]!.title,
          op: nodes[element]!.op,
          path: '',
          site: siteOf(element),
        }))
        .filter((hit) => (line ? hit.site.startLine === Number(line[1]) : `${hit.title} ${hit.op}`.includes(wanted)))
        .map((hit) => ({ ...hit, ancestors: ancestorsOf(hit.element) }))
      return { hits: hits.slice(0, limit), total: hits.length }
    },
    locate: ({ element }) => {
      const ancestors = ancestorsOf(element)
      return { ancestors, visible: ancestors[0] ?? element }
    },
    path: ({ element, to }) => {
      const found = new Set<number>()
      const walk = (at: number) => {
        found.add(at)
        if (to === 'root') edges.filter((e) => e.from === at).forEach((e) => walk(e.to))
        else nodes[at]!.operands.forEach(walk)
      }
      for (const id of element === GROUP ? inside : [element]) walk(id)
      return { elements: Int32Array.from([...found].flatMap((id) => ancestorsOf(id)[0] ?? id)) }
    },
    children: ({ element, tick, start, limit }) => {
      const all = element === GROUP ? [...inside] : [GROUP, ...nodes.keys()].filter((id) => !inside.has(id))
      return { rows: all.slice(start, start + limit).map((id) => row(id, tick)), total: all.length }
    },
    source: ({ id }): SourceView =>
      id !== 0
        ? { id, path: '/home/user/layers.py', text: 'import math\n', sites: [] }
        : {
            id,
            path: '/home/user/neuron.py',
            text,
            sites: nodes.map((_, element) => ({ ...siteOf(element), elements: Int32Array.of(element) })),
          },
    svg: () => '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
  }
  const ancestorsOf = (element: ElementId) => (inside.has(element) && !open.has(GROUP) ? [GROUP] : [])

  let frames = 0
  const host: FakeHost = {
    kind: options.kind ?? 'page',
    language: options.language ?? 'en',
    saved: options.saved ?? null,
    files: [],
    revealed: [],
    asked: [],
    framesAtOnce: 0,
    reruns: 0,
    cancelled: 0,
    request: async (name, payload) => {
      host.asked.push({ name, payload })
      if (name === 'frame') host.framesAtOnce = Math.max(host.framesAtOnce, ++frames)
      await new Promise((resolve) => setTimeout(resolve, name === 'frame' ? (options.frameDelay ?? 0) : 0))
      if (name === 'frame') frames--
      return answers[name](payload)
    },
    on: (event, listener) => {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener as (payload: never) => void)
      return () => set.delete(listener as (payload: never) => void)
    },
    emit: (event, payload) => {
      for (const listener of listeners.get(event) ?? []) listener(payload as never)
    },
    saveState: (state) => {
      host.saved = structuredClone(state)
    },
    loadState: () => host.saved,
    saveFile: (name, content) => host.files.push({ name, type: content.type, size: content.size }),
    cancelLayout: () => host.cancelled++,
    scene: () => scene,
  }
  if (options.kind === 'vscode') host.revealSource = (site) => host.revealed.push(site)
  if (options.rerun) host.rerun = () => host.reruns++
  return host
}

const edges = nodes.flatMap(({ operands }, to) => operands.map((from, slot) => ({ from, to, slot })))
const datum = (value: number | null): Datum => (value === null ? { kind: 'none' } : { kind: 'number', value })
const larger = (a: number | null, b: number | null) => (a === null || (b !== null && Math.abs(b) > Math.abs(a)) ? b : a)

/** The numbers of all passes, and of every moment in them. */
function record(count: number) {
  const passes = Array.from({ length: count }, (_, pass) => {
    const startTick = nodes.length + pass * 40
    const stepTicks = order.map((_, i) => startTick + 2 + 2 * i)
    return { startTick, stepTicks, endTick: startTick + 2 * order.length + 4, ...neuron(-3 + 0.12 * pass) }
  })
  const lastTick = passes.at(-1)?.endTick ?? nodes.length
  return {
    passes,
    lastTick,
    at(tick: number) {
      const pass = passes.findLastIndex(({ startTick }) => startTick <= tick)
      const { stepTicks, endTick, value, gradient, slope, formula } = passes[Math.max(0, pass)]!
      const done = pass < 0 ? 0 : stepTicks.filter((at) => at <= tick).length
      const stepped = new Set(order.slice(0, done))
      const arrived = (id: number) =>
        pass >= 0 && (id === ROOT || edges.some((e) => e.from === id && stepped.has(e.to)))
      return {
        pass,
        step: done - 1,
        current: pass >= 0 && tick < endTick && done > 0 ? order[done - 1]! : null,
        value: (id: number) => value[id]!,
        gradient: (id: number) => (arrived(id) ? gradient[id]! : null),
        status: (id: number) => (arrived(id) ? GradientStatus.arrived : GradientStatus.waiting),
        flowed: (id: number) => stepped.has(id),
        slope,
        formula,
      }
    },
  }
}

function neuron(w1: number) {
  const value = [2, 0, w1, 1, 6.881373587019543]
  value.push(value[0]! * value[2]!, value[1]! * value[3]!)
  value.push(value[5]! + value[6]!)
  value.push(value[7]! + value[4]!)
  value.push(Math.tanh(value[8]!))
  const slope = (to: number, slot: number): number => {
    const { op, operands } = nodes[to]!
    return op === 'mul' ? value[operands[1 - slot]!]! : op === 'tanh' ? 1 - value[to]! ** 2 : 1
  }
  const gradient = nodes.map(() => 0)
  gradient[ROOT] = 1
  for (const to of order)
    nodes[to]!.operands.forEach((from, slot) => (gradient[from]! += slope(to, slot) * gradient[to]!))
  const formula = (to: number, slot: number) => {
    const { op, operands } = nodes[to]!
    if (op === 'tanh') return `1 − ${formatNumber(value[to]!)}^2`
    return op === 'mul' ? formatNumber(value[operands[1 - slot]!]!) : '1'
  }
  return { value, gradient, slope, formula }
}

function buildScene(revision: number, open: boolean, direction: 'right' | 'down'): Scene {
  const elements = [GROUP, ...nodes.keys()].filter((id) => open || !inside.has(id))
  const item = new Map(elements.map((element, i) => [element, i]))
  const place = (element: ElementId): [number, number, number, number] => {
    if (element === GROUP) return open ? [-24, -44, 436, 444] : [100, 130, WIDTH, HEIGHT]
    const [x, y] = nodes[element]!.position
    return [x, y, WIDTH, HEIGHT]
  }
  const boxes = elements.map((element) => {
    const [x, y, w, h] = place(element)
    return direction === 'right' ? [x + 24, y + 44, w, h] : [y * 1.6 + 44, x * 0.6 + 24, w, h]
  })
  const shown = (id: number) => item.get(id) ?? item.get(GROUP)!
  const drawn = edges.map((e) => ({ ...e, a: shown(e.from), b: shown(e.to) })).filter(({ a, b }) => a !== b)
  const points = drawn.flatMap(({ a, b, to, slot }) => {
    const [ax, ay, aw, ah] = boxes[a]! as [number, number, number, number]
    const [bx, by, , bh] = boxes[b]! as [number, number, number, number]
    const ports = nodes[to]!.operands.length
    const endY = by + (bh * (slot + 1)) / (ports + 1)
    const middle = (ax + aw + bx) / 2
    return [ax + aw, ay + ah / 2, middle, ay + ah / 2, middle, endY, bx, endY]
  })
  return {
    revision,
    final: true,
    direction,
    width: Math.max(...boxes.map(([x, , w]) => x! + w!)) + 24,
    height: Math.max(...boxes.map(([, y, , h]) => y! + h!)) + 24,
    element: Int32Array.from(elements),
    kind: Uint8Array.from(
      elements.map((id) => (id < 0 ? ItemKind.group : nodes[id]!.operands.length > 0 ? ItemKind.op : ItemKind.leaf)),
    ),
    flags: Uint8Array.from(
      elements.map((id) =>
        id < 0
          ? open
            ? ItemFlag.open
            : 0
          : (id === ROOT ? ItemFlag.root : 0) | (parameters.has(id) ? ItemFlag.parameter : 0),
      ),
    ),
    parent: Int32Array.from(elements.map((id) => (inside.has(id) ? item.get(GROUP)! : -1))),
    x: Float32Array.from(boxes.map((b) => b[0]!)),
    y: Float32Array.from(boxes.map((b) => b[1]!)),
    w: Float32Array.from(boxes.map((b) => b[2]!)),
    h: Float32Array.from(boxes.map((b) => b[3]!)),
    title: elements.map((id) => (id < 0 ? 'products' : nodes[id]!.title)),
    subtitle: elements.map((id) => (id < 0 ? '' : nodes[id]!.symbol)),
    count: Int32Array.from(elements.map((id) => (id < 0 ? inside.size : 1))),
    edges: {
      from: Int32Array.from(drawn.map(({ a }) => a)),
      to: Int32Array.from(drawn.map(({ b }) => b)),
      slot: Int32Array.from(drawn.map(({ slot }) => slot)),
      count: Int32Array.from(drawn.map(() => 1)),
      offset: Uint32Array.from([...drawn.keys(), drawn.length].map((i) => i * 4)),
      points: Float32Array.from(points),
    },
  }
}

function buildFrame(scene: Scene, tick: number, recording: ReturnType<typeof record>): Frame {
  const at = recording.at(tick)
  const elements = Array.from(scene.element)
  const open = elements.some((id) => inside.has(id))
  const gradients = elements.map((id) =>
    id < 0 ? [...inside].map((member) => at.gradient(member)).reduce(larger, null) : at.gradient(id),
  )
  const drawn = edges.filter(({ from, to }) => open || !(inside.has(from) && inside.has(to)))
  const current = at.current === null ? -1 : elements.indexOf(!open && inside.has(at.current) ? GROUP : at.current)
  return {
    revision: scene.revision,
    tick,
    value: Float64Array.from(elements.map((id) => (id < 0 ? NaN : at.value(id)))),
    hasValue: Uint8Array.from(elements.map((id) => (id < 0 ? 0 : 1))),
    gradient: Float64Array.from(gradients.map((gradient) => gradient ?? 0)),
    status: Uint8Array.from(
      gradients.map((gradient) => (gradient === null ? GradientStatus.waiting : GradientStatus.arrived)),
    ),
    contribution: Float64Array.from(drawn.map(({ to, slot }) => at.slope(to, slot) * (at.gradient(to) ?? 0))),
    flowed: Uint8Array.from(drawn.map(({ to }) => (at.flowed(to) ? 1 : 0))),
    current,
    position: { pass: at.pass, step: at.step },
  }
}
