/** Parts of a problem in rows, and the ways between them: through the margins and the channels between rows, never through parts. */
import { netOf, type Arc, type Arrangement, type Problem } from './problem.ts'

/** A part of a larger problem, laid out on its own. */
export interface Cell {
  /** Its boxes' numbers in the larger problem. */
  boxes: readonly number[]
  /** Its arcs by their number in the larger problem; where an arc ends here that began in another part, that plus the number of arcs. */
  arcs: ReadonlyMap<number, number>
  /** Its border's places by the line that uses them. */
  ins: ReadonlyMap<string, number>
  outs: ReadonlyMap<string, number>
  problem: Problem
  layout: Arrangement
}

const LANE = 6
/** Lines beyond these share lanes. */
const MAX_LANES = 12
/** Between parts and the first lane beside them: cards may have a border or sheets around them. */
const FIRST_LANE = 13
const COLUMN_GAP = 60
const ROW_GAP = 28

interface Placed {
  cell: Cell
  row: number
  x: number
  y: number
}

export function assemble(problem: Problem, rows: readonly (readonly Cell[])[]): Arrangement {
  const lanes = lanesOf(rows)
  // Only rows of several parts need a channel of their own above them, for lines that enter.
  const above = rows.map((row, r) =>
    row.length > 1 && lanes.above[r]!.count > 0 ? FIRST_LANE + lanes.above[r]!.count * LANE : 0,
  )
  const below = rows.map((row, r) =>
    lanes.below[r]!.count > 0 && (row.length > 1 || r + 1 < rows.length)
      ? FIRST_LANE + lanes.below[r]!.count * LANE
      : 0,
  )
  const left = lanes.left.count > 0 ? FIRST_LANE + lanes.left.count * LANE : 0
  const right = lanes.right.count > 0 ? FIRST_LANE + lanes.right.count * LANE : 0
  const placed: Placed[] = []
  const tops: number[] = []
  const bottoms: number[] = []
  let y = 0
  let width = 0
  rows.forEach((row, r) => {
    y += above[r]! + (r === 0 ? 0 : ROW_GAP)
    tops.push(y)
    let x = left
    let height = 0
    for (const cell of row) {
      placed.push({ cell, row: r, x, y })
      x += cell.layout.w + COLUMN_GAP
      height = Math.max(height, cell.layout.h)
    }
    width = Math.max(width, x - COLUMN_GAP)
    y += height
    bottoms.push(y)
    y += below[r]!
  })
  const w = width + right
  const h = y
  const x = new Float64Array(problem.boxes.length)
  const ys = new Float64Array(problem.boxes.length)
  for (const { cell, x: left, y: top } of placed)
    cell.boxes.forEach((box, i) => {
      x[box] = left + cell.layout.x[i]!
      ys[box] = top + cell.layout.y[i]!
    })
  const ways = new Ways(problem, rows, lanes, placed, tops, bottoms, w)
  return {
    w,
    h,
    x,
    y: ys,
    ins: Float64Array.from({ length: problem.ins }, (_, port) => ways.borderIn(port)),
    outs: Float64Array.from({ length: problem.outs }, (_, port) => ways.borderOut(port)),
    routes: problem.arcs.map((arc, a) => ways.route(arc, a)),
  }
}

/** Numbers lines; beyond `MAX_LANES` of them they share. */
class Lanes {
  private readonly of = new Map<string, number>()

  add(net: string): void {
    if (!this.of.has(net)) this.of.set(net, this.of.size)
  }

  get count(): number {
    return Math.min(this.of.size, MAX_LANES)
  }

  /** Distance from where the lanes begin. */
  at(net: string): number {
    return FIRST_LANE + ((this.of.get(net) ?? 0) % MAX_LANES) * LANE
  }
}

interface AllLanes {
  left: Lanes
  right: Lanes
  /** Per row: of lines that enter its parts, of lines that leave them. */
  above: Lanes[]
  below: Lanes[]
}

function lanesOf(rows: readonly (readonly Cell[])[]): AllLanes {
  const lanes: AllLanes = {
    left: new Lanes(),
    right: new Lanes(),
    above: rows.map(() => new Lanes()),
    below: rows.map(() => new Lanes()),
  }
  rows.forEach((row, r) => {
    for (const cell of row) {
      for (const net of cell.ins.keys()) {
        lanes.left.add(net)
        lanes.above[r]!.add(net)
      }
      for (const net of cell.outs.keys()) {
        lanes.right.add(net)
        lanes.below[r]!.add(net)
      }
    }
  })
  return lanes
}

class Ways {
  private readonly home = new Map<number, Placed>()
  private readonly problem: Problem
  private readonly lanes: AllLanes
  private readonly tops: readonly number[]
  private readonly bottoms: readonly number[]
  private readonly width: number
  private readonly alone: readonly boolean[]
  private readonly ins = new Map<number, number>()
  private readonly outs = new Map<number, number>()

  constructor(
    problem: Problem,
    rows: readonly (readonly Cell[])[],
    lanes: AllLanes,
    placed: readonly Placed[],
    tops: readonly number[],
    bottoms: readonly number[],
    width: number,
  ) {
    this.problem = problem
    this.lanes = lanes
    this.tops = tops
    this.bottoms = bottoms
    this.width = width
    this.alone = rows.map((row) => row.length === 1)
    for (const place of placed) for (const box of place.cell.boxes) this.home.set(box, place)
    for (const place of placed) {
      for (let port = 0; port < problem.ins; port++)
        if (place.cell.ins.has(`in ${port}`) && !this.ins.has(port))
          this.ins.set(port, this.entry(place, `in ${port}`).at(1)!)
      for (let port = 0; port < problem.outs; port++)
        if (place.cell.outs.has(`out ${port}`)) this.outs.set(port, this.exit(place, `out ${port}`).at(-1)!)
    }
  }

  borderIn = (port: number) => this.ins.get(port) ?? 0
  borderOut = (port: number) => this.outs.get(port) ?? 0

  route(arc: Arc, a: number): number[] {
    const source = arc.from < 0 ? null : this.home.get(arc.from)!
    const target = arc.to < 0 ? null : this.home.get(arc.to)!
    if (source && source === target) return shifted(source, source.cell.arcs.get(a)!)
    const route: number[] = []
    const net = netOf(arc)
    if (source) {
      route.push(...shifted(source, source.cell.arcs.get(a)!))
      const out = target ? net : `out ${arc.toPort}`
      route.push(...this.exit(source, out))
      if (!target) {
        route.push(this.width, route.at(-1)!)
        return route
      }
      const channel = this.below(source.row, net)
      if (this.alone[source.row]) route.push(route.at(-2)!, channel)
      route.push(this.leftLane(net), channel)
    } else route.push(0, this.borderIn(arc.fromPort), this.leftLane(net), this.borderIn(arc.fromPort))
    const entry = this.entry(target!, net)
    route.push(this.leftLane(net), entry[1]!, ...entry)
    route.push(...shifted(target!, target!.cell.arcs.get(source ? a + this.problem.arcs.length : a)!))
    return route
  }

  /** From the lane at the left to the border of a part. */
  private entry({ cell, row, x, y }: Placed, net: string): number[] {
    const end = y + cell.layout.ins[cell.ins.get(net)!]!
    if (this.alone[row]) return [x, end]
    const lane = this.lanes.above[row]!.at(net)
    return [x - lane / 2, this.tops[row]! - lane, x - lane / 2, end, x, end]
  }

  /** From the border of a part to the channel below its row, or, when it has the row for itself, to the margin. */
  private exit({ cell, row, x, y }: Placed, net: string): number[] {
    const start = y + cell.layout.outs[cell.outs.get(net)!]!
    const right = x + cell.layout.w
    if (this.alone[row]) return [right, start, this.width - this.lanes.right.at(net), start]
    const beside = right + this.lanes.below[row]!.at(net) / 2
    return [right, start, beside, start, beside, this.below(row, net)]
  }

  private below = (row: number, net: string) => this.bottoms[row]! + this.lanes.below[row]!.at(net)
  private leftLane = (net: string) => this.lanes.left.at(net)
}

function shifted({ cell, x, y }: Placed, arc: number): number[] {
  return cell.layout.routes[arc]!.map((at, i) => at + (i % 2 === 0 ? x : y))
}
