import type { Box } from './camera.ts'
import { routeOf } from './edges.ts'
import { HEADER, overlaps, type Picture } from './picture.ts'

export const LABEL_HEIGHT = 12
/** Between a number and the middle of any line: lines are up to 4.5 wide. */
const CLEAR = 2.5
/** Room for `-1.234e-10` and for `-0.5000` at the label font, scene pixels. */
const WIDTHS = [62, 44]
const CELL = 128

/** Where the number of an edge is written: the point at which its text is aligned, and how wide the text may be. */
export interface LabelPlace {
  x: number
  y: number
  align: 'left' | 'center' | 'right'
  width: number
}

/**
 * Finds a place for the number of each edge where it touches no card, no edge and no other label, or none. A place
 * once given is kept as long as the scene is, so that numbers stay put while one steps through a pass.
 */
export class LabelPlaces {
  /** How much larger than usual the numbers are written: zoomed out, small ones could not be read. */
  readonly scale: number
  private readonly picture: Picture
  private readonly places = new Map<number, LabelPlace | null>()
  private readonly taken = new Map<string, Box[]>()

  constructor(picture: Picture, scale = 1) {
    this.picture = picture
    this.scale = scale
  }

  place(edge: number): LabelPlace | null {
    let place = this.places.get(edge)
    if (place === undefined) {
      place = this.find(edge)
      this.places.set(edge, place)
      if (place) this.take(this.boxOf(place))
    }
    return place
  }

  private find(edge: number): LabelPlace | null {
    const { offset, points } = this.picture.scene.edges
    const segments: { x: number; y: number; length: number; level: boolean }[] = []
    for (let p = offset[edge]!; p + 1 < offset[edge + 1]!; p++) {
      const dx = points[2 * p + 2]! - points[2 * p]!
      const dy = points[2 * p + 3]! - points[2 * p + 1]!
      if (Math.abs(dx) > 1 && Math.abs(dy) > 1) continue
      const level = Math.abs(dy) <= 1
      segments.push({ x: points[2 * p]! + dx / 2, y: points[2 * p + 1]! + dy / 2, length: Math.abs(dx + dy), level })
    }
    segments.sort((a, b) => b.length - a.length)
    const height = LABEL_HEIGHT * this.scale
    for (const width of WIDTHS.map((usual) => usual * this.scale)) {
      for (const { x, y, length, level } of segments) {
        if (length < (level ? width + 4 : height + 10)) continue
        for (const side of [-1, 1]) {
          const place: LabelPlace = level
            ? { x, y: y + side * (height / 2 + 3 * this.scale), align: 'center', width }
            : { x: x - side * 6 * this.scale, y, align: side < 0 ? 'left' : 'right', width }
          if (this.isFree(this.boxOf(place))) return place
        }
      }
    }
    return null
  }

  private isFree(box: Box): boolean {
    const { picture } = this
    for (const item of picture.itemsIn(box)) {
      if (!picture.isOpen(item)) return false
      const own = picture.itemBox(item)
      const inside = box.x0 > own.x0 && box.x1 < own.x1 && box.y1 < own.y1 && box.y0 > own.y0 + HEADER
      if (!inside) return false
    }
    const wide = { x0: box.x0 - CLEAR, y0: box.y0 - CLEAR, x1: box.x1 + CLEAR, y1: box.y1 + CLEAR }
    for (const edge of picture.edgesIn(wide)) if (this.crosses(edge, wide)) return false
    return !cellsOf(box).some((cell) => this.taken.get(cell)?.some((other) => overlaps(box, other)))
  }

  private crosses(edge: number, box: Box): boolean {
    const route = routeOf(this.picture.scene, edge)
    for (let i = 0; i + 3 < route.length; i += 2) {
      if (segmentCrosses(route[i]!, route[i + 1]!, route[i + 2]!, route[i + 3]!, box)) return true
    }
    return false
  }

  private boxOf({ x, y, align, width }: LabelPlace): Box {
    const x0 = align === 'left' ? x : align === 'right' ? x - width : x - width / 2
    const half = (LABEL_HEIGHT * this.scale) / 2
    return { x0, x1: x0 + width, y0: y - half, y1: y + half }
  }

  private take(box: Box): void {
    for (const cell of cellsOf(box)) {
      const boxes = this.taken.get(cell)
      if (boxes) boxes.push(box)
      else this.taken.set(cell, [box])
    }
  }
}

function cellsOf(box: Box): string[] {
  const cells: string[] = []
  for (let x = Math.floor(box.x0 / CELL); x <= Math.floor(box.x1 / CELL); x++) {
    for (let y = Math.floor(box.y0 / CELL); y <= Math.floor(box.y1 / CELL); y++) cells.push(`${x},${y}`)
  }
  return cells
}

/** Liang and Barsky's clipping, reduced to its yes or no. */
export function segmentCrosses(x0: number, y0: number, x1: number, y1: number, box: Box): boolean {
  let enter = 0
  let leave = 1
  const limits = [
    [x0 - x1, x0 - box.x0],
    [x1 - x0, box.x1 - x0],
    [y0 - y1, y0 - box.y0],
    [y1 - y0, box.y1 - y0],
  ] as const
  for (const [p, q] of limits) {
    if (p === 0) {
      if (q < 0) return false
    } else if (p < 0) enter = Math.max(enter, q / p)
    else leave = Math.min(leave, q / p)
  }
  return enter <= leave
}
