/** Positions for a structure: a picture at once, and the final one when ELK is done. Only what changed is laid out again. */
import type { Structure } from '../graph/structure.ts'
import { arrange, type Layered } from './arrange.ts'
import { Elk, elkServes, type ElkWorkerFactory } from './elk.ts'
import { linearLayout } from './linear.ts'
import { cardSize } from './cardSize.ts'
import { closedProblem, evenly, hintOf, type Closed } from './closed.ts'
import { isGroup, isOpen, nest, type Direction, type Nesting } from './nesting.ts'
import { problemKey, type Arrangement, type Box, type Hint, type Problem } from './problem.ts'

export type { ElkWorker, ElkWorkerFactory } from './elk.ts'
export type { Direction } from './nesting.ts'

/** Where the items and edges of a structure are, in its order; absolute pixels at zoom 1. */
export interface Positioned {
  x: Float32Array
  y: Float32Array
  w: Float32Array
  h: Float32Array
  width: number
  height: number
  /** Edge e is `points[2*offset[e] .. 2*offset[e+1]]`, x and y in turn. */
  offset: Uint32Array
  points: Float32Array
}

/** Space inside an open group: at its sides, and at its top with the title. */
const PADDING = 16
const TITLE = 28
const TOP = TITLE + 8
/** An open group is at least so wide that its title can be read. */
const MIN_OPEN = 180
/** Around the whole picture. */
const MARGIN = 24
/** Milliseconds that ELK may take for one group. */
const TIME_LIMIT_MS = 10_000
/** Arrangements remembered. */
const CACHE = 2000

export class Layouter {
  private readonly elk: Elk
  private readonly linear = new Map<string, Arrangement>()
  private readonly final = new Map<string, Arrangement>()

  /** `limit`: milliseconds after which ELK is not waited for any more. */
  constructor(elkWorker: ElkWorkerFactory, limit = TIME_LIMIT_MS) {
    this.elk = new Elk(elkWorker, limit)
  }

  /**
   * `first` is there at once. `complete`: nothing can be better, and `final` is the same. `final` rejects when the
   * signal aborts, and falls back to the linear layout where ELK fails.
   */
  layout(
    structure: Structure,
    direction: Direction,
    signal: AbortSignal,
  ): { first: Positioned; complete: boolean; final: Promise<Positioned> } {
    const nesting = nest(structure)
    let complete = true
    const recall: Layered = (problem) => {
      const known = elkServes(problem) ? this.final.get(problemKey(problem)) : undefined
      if (known) return known
      if (elkServes(problem)) complete = false
      return this.quick(problem)
    }
    const first = place(structure, nesting, direction, (problem) => arrange(problem, recall))
    if (complete) return { first, complete, final: Promise.resolve(first) }
    return { first, complete, final: this.finish(structure, nesting, direction, signal) }
  }

  /** About how large a picture will be. */
  quickSize(structure: Structure, direction: Direction): { width: number; height: number } {
    return place(structure, nest(structure), direction, (problem) => arrange(problem, (part) => this.quick(part)))
  }

  dispose(): void {
    this.elk.dispose()
  }

  /** Inner groups first, as their sizes decide where the outer ones' contents go. */
  private async finish(s: Structure, nesting: Nesting, direction: Direction, signal: AbortSignal): Promise<Positioned> {
    const answers = new Map<string, Arrangement>()
    const recall: Layered = (problem) => {
      const key = problemKey(problem)
      return answers.get(key) ?? this.final.get(key) ?? this.quick(problem)
    }
    const solve = async (problem: Problem): Promise<Arrangement> => {
      const wanted: Problem[] = []
      arrange(problem, (part) => {
        if (elkServes(part) && !this.final.has(problemKey(part))) wanted.push(part)
        return recall(part)
      })
      for (const part of wanted) {
        const key = problemKey(part)
        try {
          const answer = await this.elk.layout(part, signal)
          answers.set(key, answer)
          remember(this.final, key, answer)
        } catch (error) {
          // Cancelled is cancelled; anything else leaves the first picture of this group.
          signal.throwIfAborted()
          if (!(error instanceof Error)) throw error
          answers.set(key, this.quick(part))
        }
      }
      return arrange(problem, recall)
    }
    const sizes = new Sizes(s, nesting, direction)
    for (let inside = nesting.insides.length - 1; inside >= 0; inside--) {
      const closed = sizes.closed(inside)
      const hint = closed && hintOf(closed, await solve(closed.problem))
      sizes.settle(inside, await solve(sizes.problem(inside, hint)))
    }
    return sizes.positions()
  }

  private quick(problem: Problem): Arrangement {
    const key = problemKey(problem)
    const known = this.linear.get(key) ?? linearLayout(problem)
    remember(this.linear, key, known)
    return known
  }
}

function remember(cache: Map<string, Arrangement>, key: string, arrangement: Arrangement): void {
  cache.delete(key)
  cache.set(key, arrangement)
  if (cache.size > CACHE) cache.delete(cache.keys().next().value!)
}

function place(
  s: Structure,
  nesting: Nesting,
  direction: Direction,
  solve: (problem: Problem) => Arrangement,
): Positioned {
  const sizes = new Sizes(s, nesting, direction)
  for (let inside = nesting.insides.length - 1; inside >= 0; inside--) {
    const closed = sizes.closed(inside)
    sizes.settle(inside, solve(sizes.problem(inside, closed && hintOf(closed, solve(closed.problem)))))
  }
  return sizes.positions()
}

/**
 * Boxes from the inside out, positions from the outside in. Everything here flows to the right; pictures that flow
 * down are turned at the very end, so cards enter with width and height exchanged.
 */
class Sizes {
  private readonly boxes: Box[] = []
  private readonly arrangements: Arrangement[] = []
  private readonly s: Structure
  private readonly nesting: Nesting
  private readonly down: boolean
  /** From an open group's corner to its content, along the flow and across. */
  private readonly along: number
  private readonly across: number

  constructor(s: Structure, nesting: Nesting, direction: Direction) {
    this.s = s
    this.nesting = nesting
    this.down = direction === 'down'
    this.along = this.down ? TOP : PADDING
    this.across = this.down ? PADDING : TOP
    for (let item = 0; item < s.element.length; item++) this.boxes.push(this.closedBox(item))
  }

  problem(inside: number, hint?: Hint): Problem {
    const { items, arcs, ins, outs } = this.nesting.insides[inside]!
    const boxes = items.map((item) => this.boxes[item]!)
    return { boxes, arcs, ins: ins.size, outs: outs.size, ...(hint && { hint }) }
  }

  /** The problem with all groups in it and around it closed; undefined when it is the same. */
  closed(inside: number): Closed | undefined {
    const { s, nesting } = this
    const { items, ins } = nesting.insides[inside]!
    const problem = this.problem(inside)
    const closed = closedProblem(problem, {
      closed: items.map((item) => (isOpen(s, item) ? this.closedSize(item) : null)),
      isGroup: items.map((item) => isGroup(s, item)),
      sources: Array.from(ins.keys(), (item) => this.sourceOutside(item, nesting.insides[inside]!.item)),
    })
    return problemKey(closed.problem) === problemKey(problem) ? undefined : closed
  }

  /** The outermost item around `item` that is not also around `group`. */
  private sourceOutside(item: number, group: number): number {
    const { parent } = this.s
    const around = new Set<number>([-1])
    for (let at = group; at >= 0; at = parent[at]!) around.add(at)
    let at = item
    while (!around.has(parent[at]!)) at = parent[at]!
    return at
  }

  settle(inside: number, arrangement: Arrangement): void {
    this.arrangements[inside] = arrangement
    const { item } = this.nesting.insides[inside]!
    if (item < 0) return
    const w = arrangement.w + PADDING + this.along
    const h = arrangement.h + PADDING + this.across
    this.boxes[item] = {
      w: this.down ? w : Math.max(w, MIN_OPEN),
      h: this.down ? Math.max(h, MIN_OPEN) : h,
      ins: Array.from(arrangement.ins, (at) => at + this.across),
      outs: Array.from(arrangement.outs, (at) => at + this.across),
    }
  }

  positions(): Positioned {
    const { s, nesting } = this
    const items = s.element.length
    const [x, y, w, h] = [
      new Float32Array(items),
      new Float32Array(items),
      new Float32Array(items),
      new Float32Array(items),
    ]
    // Corners of the contents of open groups.
    const left = new Float64Array(nesting.insides.length)
    const top = new Float64Array(nesting.insides.length)
    left[0] = MARGIN
    top[0] = MARGIN
    nesting.insides.forEach((inside, i) => {
      const { x: xs, y: ys } = this.arrangements[i]!
      inside.items.forEach((item, b) => {
        const box = this.boxes[item]!
        x[item] = left[i]! + xs[b]!
        y[item] = top[i]! + ys[b]!
        w[item] = box.w
        h[item] = box.h
        const within = isOpen(s, item) ? nesting.insideOf.get(item) : undefined
        if (within === undefined) return
        left[within] = x[item]! + this.along
        top[within] = y[item]! + this.across
      })
    })
    const offset = new Uint32Array(s.from.length + 1)
    const points: number[] = []
    nesting.ways.forEach((way, edge) => {
      const line: number[] = []
      for (const { inside, arc } of way)
        this.arrangements[inside]!.routes[arc]!.forEach((at, i) => line.push(at + (i % 2 === 0 ? left : top)[inside]!))
      for (const at of straightened(line)) points.push(at)
      offset[edge + 1] = points.length / 2
    })
    const [width, height] = [this.arrangements[0]!.w + 2 * MARGIN, this.arrangements[0]!.h + 2 * MARGIN]
    const flat = Float32Array.from(points)
    if (!this.down) return { x, y, w, h, width, height, offset, points: flat }
    for (let i = 0; i < flat.length; i += 2) [flat[i], flat[i + 1]] = [flat[i + 1]!, flat[i]!]
    return { x: y, y: x, w: h, h: w, width: height, height: width, offset, points: flat }
  }

  private closedBox(item: number): Box {
    const { w, h } = this.closedSize(item)
    return { w, h, ins: evenly(h, this.nesting.inPorts[item]!), outs: [h / 2] }
  }

  private closedSize(item: number): { w: number; h: number } {
    const { w, h } = cardSize(this.s, item)
    return this.down ? { w: h, h: w } : { w, h }
  }
}

/** Without points that repeat or lie on a straight piece. */
function straightened(line: readonly number[]): number[] {
  const kept: number[] = []
  for (let i = 0; i < line.length; i += 2) {
    const [px, py] = [line[i]!, line[i + 1]!]
    const n = kept.length
    if (n >= 2 && same(kept[n - 2]!, px) && same(kept[n - 1]!, py)) continue
    const inLine =
      n >= 4 &&
      ((same(kept[n - 4]!, kept[n - 2]!) && same(kept[n - 2]!, px)) ||
        (same(kept[n - 3]!, kept[n - 1]!) && same(kept[n - 1]!, py)))
    if (inLine) kept.splice(n - 2, 2)
    kept.push(px, py)
  }
  return kept
}

const same = (a: number, b: number) => Math.abs(a - b) < 0.01
