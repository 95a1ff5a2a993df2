/**
 * The gate: where a script that is being debugged waits. The tracer hands over everything it has recorded, says that
 * it waits, and does what it is asked until it is told to go on. What is evaluated meanwhile is not recorded.
 */

/** Where to wait next. Whatever is asked for, a run also waits when a pass begins and after a few thousand events. */
export interface GatePlan {
  /** At every event of a backward pass: a step that begins, a contribution about to be added. */
  every: boolean
  /** At every node that is made. */
  nodes: boolean
  /** At the steps of these ops … */
  ops: number[]
  /** … and at contributions to these values. */
  values: number[]
}

export type GateCommand =
  | ({ kind: 'go' } & GatePlan)
  | { kind: 'frames' }
  | { kind: 'locals'; frame: number }
  | { kind: 'children'; handle: number; start: number; count: number }
  /** An expression, or else statements, of the script's own language. `node` is the object whose step it is. */
  | { kind: 'evaluate'; frame: number; expression: string }
  /** `target` is anything that can stand left of `=`. */
  | { kind: 'set'; frame: number; target: string; value: string }

/** One of the script's frames, innermost first. Lines from 1, columns from 0 in UTF-16 code units. */
export interface GateFrame {
  name: string
  file: string
  startLine: number
  startColumn: number
  endLine: number
  endColumn: number
  /** It belongs to the engine, not to the code that uses it. */
  engine: boolean
}

export interface GateVariable {
  name: string
  /** As `repr` gives it, shortened. */
  text: string
  type: string
  /** The number in full, where it is one: `nan` and `inf` as Python writes them. */
  number: string | null
  /** What asks for the parts, 0 when there are none; good until the script goes on. */
  handle: number
  /** How many parts there are, those with a name and those with an index. */
  named: number
  indexed: number
}

export type GateReply =
  | { kind: 'frames'; frames: GateFrame[] }
  | { kind: 'variables'; variables: GateVariable[] }
  | { kind: 'value'; variable: GateVariable }
  /** The expression raised, or makes no sense: the last line of the traceback. */
  | { kind: 'error'; message: string }
