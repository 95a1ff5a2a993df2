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
const MARGIN = 14
const COLUMN_GAP = 60

interface Placed {
  cell: Cell
  row: number
  x: number
  y: number
}

export function assemble(problem: Problem, rows: readonly (readonly Cell[])[]): Arrangement {
  const lanes = lanesOf(problem, rows)
  const room = (lanes.count > 0 ? MARGIN : 0) + lanes.count * LANE
  const placed: Placed[] = []
  const tops: number[] = []
  const bottoms: number[] = []
  let y = 0
  let width = 0
  rows.forEach((row, r) => {
    y += r === 0 ? (lanes.above ? room : 0) : 2 * MARGIN + 2 * lanes.count * LANE
    tops.push(y)
    let x = room
    let height = 0
    for (const cell of row) {
      placed.push({ cell, row: r, x, y })
      x += cell.layout.w + COLUMN_GAP
      height = Math.max(height, cell.layout.h)
    }
    width = Math.max(width, x - COLUMN_GAP)
    y += height
    bottoms.push(y)
  })
  const w = width + room
  const h = y + (lanes.above ? room : 0)
  const x = new Float64Array(problem.boxes.length)
  const ys = new Float64Array(problem.boxes.length)
  for (const { cell, x: left, y: top } of placed)
    cell.boxes.forEach((box, i) => {
      x[box] = left + cell.layout.x[i]!
      ys[box] = top + cell.layout.y[i]!
    })
  const ways = new Ways(problem, rows, lanes.of, placed, tops, bottoms, w)
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

/** A lane for every line that leaves its part or enters one; `above`: rows of several parts, which need channels on both sides. */
function lanesOf(problem: Problem, rows: readonly (readonly Cell[])[]) {
  const of = new Map<string, number>()
  for (const row of rows)
    for (const cell of row)
      for (const net of [...cell.ins.keys(), ...cell.outs.keys()]) if (!of.has(net)) of.set(net, of.size % MAX_LANES)
  return { of, count: Math.min(of.size, MAX_LANES), above: rows.some((row) => row.length > 1) }
}

class Ways {
  private readonly home = new Map<number, Placed>()
  private readonly problem: Problem
  private readonly lanes: ReadonlyMap<string, number>
  private readonly tops: readonly number[]
  private readonly bottoms: readonly number[]
  private readonly width: number
  private readonly alone: readonly boolean[]
  private readonly ins = new Map<number, number>()
  private readonly outs = new Map<number, number>()

  constructor(
    problem: Problem,
    rows: readonly (readonly Cell[])[],
    lanes: ReadonlyMap<string, number>,
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
        if (place.cell.ins.has(`in ${port}`) && !this.ins.has(port)) this.ins.set(port, this.entry(place, `in ${port}`).at(1)!)
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
    const channel = this.tops[row]! - MARGIN / 2 - this.lane(net)
    const beside = x - MARGIN / 2 - this.lane(net) / 4
    return [beside, channel, beside, end, x, end]
  }

  /** From the border of a part to the channel below its row, or, when it has the row for itself, to the margin. */
  private exit({ cell, row, x, y }: Placed, net: string): number[] {
    const start = y + cell.layout.outs[cell.outs.get(net)!]!
    const right = x + cell.layout.w
    if (this.alone[row]) return [right, start, this.width - MARGIN / 2 - this.lane(net), start]
    const beside = right + MARGIN / 2 + this.lane(net) / 4
    return [right, start, beside, start, beside, this.below(row, net)]
  }

  private below = (row: number, net: string) => this.bottoms[row]! + MARGIN / 2 + this.lane(net)
  private leftLane = (net: string) => MARGIN / 2 + this.lane(net)
  private lane = (net: string) => (this.lanes.get(net) ?? 0) * LANE
}

function shifted({ cell, x, y }: Placed, arc: number): number[] {
  return cell.layout.routes[arc]!.map((at, i) => at + (i % 2 === 0 ? x : y))
}
