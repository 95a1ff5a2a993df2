/**
 * The gate: where a script that is being debugged waits. The tracer hands over everything it has recorded, says that
 * it waits, and does what it is asked until it is told to go on. What is evaluated meanwhile is not recorded, but what it
 * changes of the nodes that it stores into is.
 */

/**
 * Where to wait next. Whatever is asked for, a run also waits at its first node, when a pass begins or ends, and after a
 * few thousand events.
 */
export interface GatePlan {
  /** At every step of a backward pass. */
  steps: boolean
  /** At every contribution to a gradient, within the rule that makes it. */
  contributions: boolean
  /** At every node that is made. */
  nodes: boolean
  /** At the steps of these ops … */
  ops: number[]
  /** … at those of others whose gradient may be one that is looked for … */
  suspects: Suspects[]
  /** … and at what changes these values or their gradients. */
  values: number[]
  /** The ops, suspects and values come on top of those that were asked for before. */
  more: boolean
  /** At what is added to or stored in a gradient and is not finite, or so large that a sum of it may not be. */
  extremeGradients: boolean
  /** At values of that kind. */
  extremeValues: boolean
  /** The next wait is where somebody will want to look: its frames are told unasked. */
  look: boolean
}

export interface Suspects {
  /** Null: all. */
  ops: number[] | null
  /** Both ends belong to them; null: there is none. */
  ranges: [low: number | null, high: number | null][]
  nan: boolean
}

export type GateCommand =
  | ({ kind: 'go' } & GatePlan)
  /** For a script that runs: it is to wait at the next node or event of a pass that it comes to. */
  | { kind: 'pause' }
  | { kind: 'frames' }
  | { kind: 'locals'; frame: number }
  | { kind: 'children'; handle: number; start: number; count: number }
  /** An expression, or else statements, of the script's own language. `node` is the object whose step it is. */
  | { kind: 'evaluate'; frame: number; expression: string }
  /** `target` is anything that can stand left of `=`. */
  | { kind: 'set'; frame: number; target: string; value: string }
  /** Stores the value of an expression in the gradient cell of a node, or in its value cell. */
  | { kind: 'alter'; frame: number; value: number; gradient: boolean; text: string }

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
