/** ELK layered in a worker of its own: the final picture of groups that are small enough for it. */
import ElkClient, { type ELK, type ElkNode } from 'elkjs/lib/elk-api.js'
import type { Arrangement, Problem } from './problem.ts'

/** What a web worker and a thread of Node have in common. */
export interface ElkWorker {
  postMessage(message: unknown): void
  terminate(): unknown
  onmessage?: ((event: never) => unknown) | null
  /** Threads of Node have this instead of `onmessage`. */
  on?(event: 'message' | 'error', listener: (data: unknown) => void): unknown
  unref?(): void
}

/** Starts a worker that runs `elkjs/lib/elk-worker.min.js`. */
export type ElkWorkerFactory = () => ElkWorker

/** Above these sizes, options that are faster, and then no ELK at all (times: 300 boxes 0.5 to 0.8 s, 500 1 s). */
const QUICK_FROM = 300
export const ELK_LIMIT = 500
/** Between the border of a group and what is nearest to it. */
const BORDER_GAP = 16

const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
  'elk.spacing.nodeNode': '24',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '10',
  // Room for the number of an edge and its arrow.
  'elk.layered.spacing.nodeNodeBetweenLayers': '64',
  'elk.layered.spacing.edgeNodeBetweenLayers': '20',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.separateConnectedComponents': 'false',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  // Of layouts with as few crossings the one in operand order; and a fixed seed, so that it is always the same.
  'elk.layered.considerModelOrder.strategy': 'PREFER_NODES',
  'elk.randomSeed': '1',
}

const quickOptions = {
  ...options,
  'elk.layered.thoroughness': '2',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  'elk.layered.crossingMinimization.greedySwitch.type': 'OFF',
}

/** Layers as the places of the boxes say, and in each layer the boxes in the order of the input. */
const keepingOptions = {
  'elk.layered.cycleBreaking.strategy': 'INTERACTIVE',
  'elk.layered.layering.strategy': 'INTERACTIVE',
  'elk.layered.crossingMinimization.forceNodeModelOrder': 'true',
  'elk.layered.crossingMinimization.greedySwitch.type': 'OFF',
}
/** Between layers in the places that say which layer is meant; more than any box is wide. */
const FAR = 100_000

/** Whether ELK is worth its time: there is something to arrange, and not too much. */
export const elkServes = ({ boxes, arcs }: Problem) =>
  boxes.length > 1 &&
  boxes.length <= ELK_LIMIT &&
  arcs.length <= 3 * ELK_LIMIT &&
  arcs.some((arc) => arc.from >= 0 && arc.to >= 0)

/** One worker, started when it is first needed; ended on cancel, and started anew for the next layout. */
export class Elk {
  private readonly factory: ElkWorkerFactory
  private readonly limit: number
  private running: { elk: ELK; broken: Promise<never>; end(reason: Error): void } | null = null

  /** `limit`: milliseconds that one layout may take. */
  constructor(factory: ElkWorkerFactory, limit: number) {
    this.factory = factory
    this.limit = limit
  }

  /** Rejects when the signal aborts, the worker fails, or it takes longer than the limit; the worker has then ended. */
  async layout(problem: Problem, signal: AbortSignal): Promise<Arrangement> {
    signal.throwIfAborted()
    this.running ??= this.start()
    const { elk, broken, end } = this.running
    const abort = () => end(new Error('the layout was given up'))
    const timer = setTimeout(() => end(new Error(`no layout after ${this.limit / 1000} s`)), this.limit)
    signal.addEventListener('abort', abort, { once: true })
    try {
      const speed = problem.boxes.length > QUICK_FROM ? quickOptions : options
      const layoutOptions = problem.hint ? { ...speed, ...keepingOptions } : speed
      return arrangement(problem, await Promise.race([elk.layout(toElk(problem), { layoutOptions }), broken]))
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  }

  dispose(): void {
    this.running?.end(new Error('the layout was given up'))
  }

  private start() {
    const worker = this.factory()
    worker.unref?.()
    let fail: (reason: Error) => void = () => undefined
    const broken = new Promise<never>((_, reject) => (fail = reject))
    broken.catch(() => undefined)
    const end = (reason: Error) => {
      this.running = null
      void worker.terminate()
      fail(reason)
    }
    worker.on?.('error', (error) => end(error instanceof Error ? error : new Error(String(error))))
    const adapted = worker.on ? adapt(worker) : worker
    return { elk: new ElkClient({ algorithms: ['layered'], workerFactory: () => adapted as Worker }), broken, end }
  }
}

/** A thread of Node in the form of a web worker. */
function adapt(worker: ElkWorker): ElkWorker {
  const web: ElkWorker & { onmessage: ((event: { data: unknown }) => void) | null } = {
    postMessage: (message) => worker.postMessage(message),
    terminate: () => worker.terminate(),
    onmessage: null,
  }
  worker.on!('message', (data) => web.onmessage?.({ data }))
  return web
}

/** Border ports become small nodes in a first and a last layer of their own. */
function toElk({ boxes, arcs, ins, outs, hint }: Problem): ElkNode {
  const port = (id: string, x: number, y: number, side: string) => ({
    id,
    x,
    y,
    width: 0,
    height: 0,
    layoutOptions: { 'elk.port.side': side },
  })
  const border = (id: string, side: string, constraint: string): ElkNode => ({
    id,
    width: 1,
    height: 1,
    ports: [port(`${id}p`, side === 'EAST' ? 1 : 0, 0.5, side)],
    layoutOptions: { 'elk.portConstraints': 'FIXED_POS', 'elk.layered.layering.layerConstraint': constraint },
  })
  const children: ElkNode[] = [
    ...boxes.map((box, b) => ({
      id: `b${b}`,
      width: box.w,
      height: box.h,
      ports: [
        ...box.ins.map((at, p) => port(`b${b}i${p}`, 0, at, 'WEST')),
        ...box.outs.map((at, p) => port(`b${b}o${p}`, box.w, at, 'EAST')),
      ],
      layoutOptions: { 'elk.portConstraints': 'FIXED_POS' },
    })),
    ...Array.from({ length: ins }, (_, i) => border(`i${i}`, 'EAST', 'FIRST_SEPARATE')),
    ...Array.from({ length: outs }, (_, i) => border(`o${i}`, 'WEST', 'LAST_SEPARATE')),
  ]
  if (hint) {
    const last = hint.layer.reduce((most, layer) => Math.max(most, layer), 0)
    children.forEach((child, i) => {
      child.x = FAR * (i < boxes.length ? hint.layer[i]! : i < boxes.length + ins ? 0 : last + 1)
      child.y = hint.across[i]!
    })
  }
  return {
    id: 'root',
    children: hint ? inOrder(children, hint.across) : children,
    edges: arcs.map((arc, a) => ({
      id: `e${a}`,
      sources: [arc.from < 0 ? `i${arc.fromPort}p` : `b${arc.from}o${arc.fromPort}`],
      targets: [arc.to < 0 ? `o${arc.toPort}p` : `b${arc.to}i${arc.toPort}`],
    })),
  }
}

const inOrder = (children: readonly ElkNode[], across: Float64Array) =>
  [...children.keys()].sort((a, b) => across[a]! - across[b]! || a - b).map((i) => children[i]!)

function arrangement(problem: Problem, result: ElkNode): Arrangement {
  const places = new Map(result.children?.map((child) => [child.id, child]))
  const found = (kind: string, count: number) => Array.from({ length: count }, (_, i) => places.get(`${kind}${i}`)!)
  const boxes = found('b', problem.boxes.length)
  const middle = (node: ElkNode) => (node.y ?? 0) + (node.height ?? 0) / 2
  const routes = problem.arcs.map((_, a) => {
    const section = result.edges?.[a]?.sections?.[0]
    if (!section) throw new Error(`ELK gave no way for edge ${a}`)
    return [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].flatMap(({ x, y }) => [x, y])
  })
  // The layers of the border ports are as far from the others as boxes are; lines that run straight need no such room.
  const inner = problem.arcs.flatMap((arc, a) =>
    routes[a]!.filter((_, i) => i % 2 === 0).slice(arc.from < 0 ? 1 : 0, arc.to < 0 ? -1 : undefined),
  )
  const left = problem.ins > 0 ? Math.min(...inner, ...boxes.map(({ x }) => x ?? 0)) - BORDER_GAP : 0
  const right = Math.max(...inner, ...boxes.map(({ x, width }) => (x ?? 0) + (width ?? 0))) + BORDER_GAP
  const w = (problem.outs > 0 ? right : (result.width ?? 0)) - left
  return {
    w,
    h: result.height ?? 0,
    x: Float64Array.from(boxes, (box) => (box.x ?? 0) - left),
    y: Float64Array.from(boxes, (box) => box.y ?? 0),
    ins: Float64Array.from(found('i', problem.ins), middle),
    outs: Float64Array.from(found('o', problem.outs), middle),
    routes: problem.arcs.map((arc, a) => {
      const route = routes[a]!.map((at, i) => (i % 2 === 0 ? at - left : at))
      if (arc.from < 0) route[0] = 0
      if (arc.to < 0) route[route.length - 2] = w
      return route
    }),
  }
}
