/**
 * The wire: what a tracer writes while a script runs, and what a `.tape` file holds.
 *
 * A stream is a preamble (`BPLW`, then the version as u32) followed by blocks. A block is a 16-byte
 * header (table number u16, `same` u16, rows u32, payload bytes u32, `rising` u16, zero u16) and its columns in the
 * order given here, each padded to a multiple of 8 bytes. All numbers are little-endian.
 * Of the columns whose bits are set in `same` or in `rising`, lowest first, only the first row's cell is there: the
 * other rows hold the same, or each one more than the row before (i32 only). One column at least is there in full.
 * A row's id is its place in its table, counted over the whole stream from 0; rows are never changed.
 * Version 1 had neither `same` nor `rising`: both were zero.
 *
 * `src/tracer/python/wire.py` writes the same schema; a test compares the two.
 */

export const WIRE_MAGIC = 'BPLW'
export const WIRE_VERSION = 2

/** `text` is an i32 id into the `text` table. Ids are i32; −1 means none. */
export type ColumnType = 'u8' | 'i8' | 'i32' | 'f64' | 'text'

/**
 * The tables in the order of their numbers, which is the order of blocks in a stream: rows refer to earlier ones only. The `text` table is special: its payload is
 * `rows + 1` offsets (u32, padded) and then the UTF-8 bytes they cut (padded).
 */
export const wireTables = {
  text: {},
  /** Facts about the run: `script`, `runtime`, `interpreter`, `tracer` … */
  meta: { key: 'text', value: 'text' },
  /** A file of user code, with the text that was run. */
  source: { path: 'text', content: 'text' },
  /** A range of source. Lines from 1, columns from 0 in UTF-16 code units, end exclusive. */
  site: { source: 'i32', startLine: 'i32', startColumn: 'i32', endLine: 'i32', endColumn: 'i32' },
  /**
   * Where code runs: a function call or one iteration of a loop, a tree through `parent`.
   * `function` is the qualified name (`MLP.__call__`), `instance` the path of `self` (`layers[0]`) or −1;
   * `site` is the call expression, or the loop statement's header; `iteration` counts from 0, −1 for calls.
   */
  call: { parent: 'i32', kind: 'u8', function: 'text', instance: 'text', site: 'i32', iteration: 'i32' },
  /** A tensor's summary. `shape` reads `2×3`; statistics are float64 over finite entries, NaN when not taken. `detail` is JSON: `histogram`, counts of equal bins from min to max; `thumbnail`, its `rows`, `columns` and `values`, null for non-finite ones. */
  tensor: {
    shape: 'text',
    dtype: 'text',
    device: 'text',
    count: 'f64',
    min: 'f64',
    max: 'f64',
    mean: 'f64',
    std: 'f64',
    l2: 'f64',
    zeros: 'f64',
    nans: 'f64',
    posInf: 'f64',
    negInf: 'f64',
    detail: 'text',
  },
  /**
   * What the nodes have in common that one place in an engine's code makes, of at most two operands. `flags` holds
   * the `operand.flags` of each, two bits long, the first operand's lowest; none are 0.
   */
  maker: { name: 'text', kind: 'u8', flags: 'i32' },
  /**
   * Short for a row of `op`, one of `value`, and one of `operand` for each operand of its maker. Blocks of `node` and
   * of those tables take their places in the order of the stream. `left` and `right` are −1 beyond the operands.
   */
  node: {
    maker: 'i32',
    site: 'i32',
    call: 'i32',
    tick: 'i32',
    kind: 'u8',
    data: 'f64',
    left: 'i32',
    right: 'i32',
  },
  /** One application of a rule (or the making of a leaf). `call` is −1 at module level. */
  op: { name: 'text', site: 'i32', call: 'i32', kind: 'u8', thread: 'u8' },
  /** What an op made. Scalar engines write exactly one value per op, so both share one id. */
  value: { op: 'i32', output: 'u8', tick: 'i32', kind: 'u8', data: 'f64', tensor: 'i32' },
  /** An operand of an op, in order and with multiplicity. `value` is −1 for a constant. */
  operand: { op: 'i32', value: 'i32', flags: 'u8' },
  /** The number behind an operand whose `value` is −1. */
  constant: { op: 'i32', slot: 'i32', data: 'f64' },
  /** Why gradient does not flow through an operand (`detach`, `no_grad`, `not linked` …). */
  cut: { op: 'i32', slot: 'i32', reason: 'text' },
  /** From `tick` on, `path` (`loss`, `model.layers[0].w[3]`) names this value. */
  name: { tick: 'i32', value: 'i32', path: 'text' },
  /** A backward pass. */
  pass: { parent: 'i32', kind: 'u8', site: 'i32', tick: 'i32' },
  passEnd: { pass: 'i32', tick: 'i32' },
  /** A root of a pass and the gradient that it was seeded with. */
  root: { pass: 'i32', value: 'i32', tick: 'i32', seed: 'f64', tensor: 'i32' },
  /** What the runs of a rule of one or two contributions have in common: their operand slots and the statements. `secondSlot` is −1 if there is one. */
  rule: { firstSlot: 'i8', firstSite: 'i32', secondSlot: 'i8', secondSite: 'i32' },
  /**
   * Short for a row of `step`, one of `upstream`, one of `contribution` for each slot of the rule with the amounts
   * `first` and `second`, and one of `stepEnd`. The step begins at `tick`, or when the row before it in its block has
   * ended, if that is later; each of those that follow is one tick later.
   */
  run: { pass: 'i32', rule: 'i32', op: 'i32', tick: 'i32', upstream: 'f64', first: 'f64', second: 'f64' },
  /** One op's backward. Steps may nest (recursive engines). */
  step: { pass: 'i32', op: 'i32', tick: 'i32' },
  stepEnd: { step: 'i32', tick: 'i32' },
  /** The gradient a step read for one output of its op. */
  upstream: { step: 'i32', output: 'u8', data: 'f64', tensor: 'i32' },
  /**
   * What a step gave to one value: the increment itself, as the engine computed it, before it was added.
   * `slot` is the operand it belongs to, −1 when the target is not an operand. `site` is the statement of the rule.
   */
  contribution: {
    step: 'i32',
    slot: 'i8',
    target: 'i32',
    tick: 'i32',
    data: 'f64',
    tensor: 'i32',
    how: 'u8',
    mode: 'u8',
    site: 'i32',
  },
  /** The engine's own gradient cell of a value before and after a pass, read from the object itself. */
  held: { pass: 'i32', value: 'i32', before: 'f64', after: 'f64', tensor: 'i32' },
  /** A change of a value or of a gradient that no contribution explains. */
  write: {
    tick: 'i32',
    target: 'i32',
    cell: 'u8',
    kind: 'u8',
    before: 'f64',
    after: 'f64',
    tensor: 'i32',
    site: 'i32',
  },
  /** Anything else worth a line: `exception`, `exit`, `limit`, `notice`, `engine` … `text` may be JSON. */
  event: { tick: 'i32', kind: 'text', subject: 'i32', text: 'text' },
} as const satisfies Record<string, Record<string, ColumnType>>

export type TableName = keyof typeof wireTables
export const tableNames = Object.keys(wireTables) as TableName[]

/** `op.kind` */
export const OpKind = { op: 0, leaf: 1, constant: 2, view: 3, inPlace: 4 } as const
/** `value.kind` */
export const ValueKind = { f64: 0, int: 1, complex: 2, text: 3, tensor: 4 } as const
/** `operand.flags`, a set of bits: the op read its value; the engine keeps a link to it. */
export const OperandFlag = { used: 1, linked: 2 } as const
/** `call.kind` */
export const CallKind = { call: 0, loop: 1, module: 2 } as const
/** `pass.kind` */
export const PassKind = { backward: 0, grad: 1, forwardMode: 2, byHand: 3 } as const
/** `contribution.how` */
export const How = { seen: 0, difference: 1, derived: 2 } as const
/** `contribution.mode`: added to the gradient cell, or written over it. */
export const Mode = { add: 0, set: 1 } as const
/** `write.cell` */
export const Cell = { value: 0, gradient: 1 } as const
/** `write.kind` */
export const WriteKind = { set: 0, add: 1, zero: 2, hook: 3, clip: 4, update: 5, release: 6 } as const
