/**
 * One group's inside as a layout problem in its own coordinates, always flowing to the right; layouts that flow down
 * are the same, turned.
 */

/** A box with places at its left side where edges arrive and at its right side where they leave, from its top. */
export interface Box {
  w: number
  h: number
  ins: readonly number[]
  outs: readonly number[]
}

/**
 * An edge between ports of boxes. Box −1 is the border of the group: as `from` its port is one of `Problem.ins`,
 * as `to` one of `Problem.outs`.
 */
export interface Arc {
  from: number
  fromPort: number
  to: number
  toPort: number
}

export interface Problem {
  boxes: readonly Box[]
  arcs: readonly Arc[]
  /** How many places for edges the group's border has at the left and at the right; a layout finds where. */
  ins: number
  outs: number
  /** Layers and order to keep. */
  hint?: Hint
}

export interface Hint {
  /** Per box, from 1 on. */
  layer: Int32Array
  /** Where things are across the flow, of which only the order counts: boxes, then border ports in, then out. */
  across: Float64Array
}

/** Where everything of a problem went. The group's content begins at (0, 0). */
export interface Arrangement {
  w: number
  h: number
  x: Float64Array
  y: Float64Array
  /** Heights on the border. */
  ins: Float64Array
  outs: Float64Array
  /** Per arc, x and y in turn. */
  routes: number[][]
}

/** Arcs that start at the same place are one line that branches. */
export const netOf = (arc: Arc) => (arc.from < 0 ? `in ${arc.fromPort}` : `${arc.from}:${arc.fromPort}`)

/** Equal for problems that have the same arrangement. */
export function problemKey(problem: Problem): string {
  const boxes = problem.boxes.map((box) => `${box.w},${box.h},${box.ins.join(' ')},${box.outs.join(' ')}`)
  const arcs = problem.arcs.map((arc) => `${arc.from},${arc.fromPort},${arc.to},${arc.toPort}`)
  const hint = problem.hint ? `${problem.hint.layer.join(',')};${problem.hint.across.join(',')}` : ''
  return `${problem.ins}/${problem.outs}/${boxes.join(';')}/${arcs.join(';')}/${hint}`
}
