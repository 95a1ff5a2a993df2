/**
 * What a tensor op gives to its operands: the vector-Jacobian product of its rule, in letters. A, B … are the operands,
 * C the result (the next letter after them); dX is the gradient of X. ⊙ and ⊘ are elementwise.
 * The rules are those of the ops in PyTorch's `derivatives.yaml`.
 */

export interface Vjp {
  /** `dA = dC Bᵀ` */
  rule: string
  /** What the letters stand for, in order. */
  letters: { letter: string; title: string }[]
}

/** Right-hand sides by slot; one for all slots where there is one. `a`, `b`: operands, `y`: the result. */
type Rules = ((a: string, b: string, y: string) => string)[]

const elementwise = (slope: (x: string, y: string) => string): Rules => [(a, _b, y) => `d${y} ⊙ ${slope(a, y)}`]
const same: Rules = [(_a, _b, y) => `d${y}`]

const rules: Readonly<Record<string, Rules>> = {
  matmul: [(_a, b, y) => `d${y} ${b}ᵀ`, (a, _b, y) => `${a}ᵀ d${y}`],
  add: [...same, ...same],
  sub: [...same, (_a, _b, y) => `−d${y}`],
  mul: [(_a, b, y) => `d${y} ⊙ ${b}`, (a, _b, y) => `d${y} ⊙ ${a}`],
  div: [(_a, b, y) => `d${y} ⊘ ${b}`, (_a, b, y) => `−d${y} ⊙ ${y} ⊘ ${b}`],
  neg: [(_a, _b, y) => `−d${y}`],
  exp: elementwise((_, y) => y),
  log: [(a, _b, y) => `d${y} ⊘ ${a}`],
  sqrt: [(_a, _b, y) => `d${y} ⊘ 2${y}`],
  tanh: elementwise((_, y) => `(1 − ${y} ⊙ ${y})`),
  sigmoid: elementwise((_, y) => `${y} ⊙ (1 − ${y})`),
  relu: elementwise((x) => `[${x} > 0]`),
  gelu: elementwise((x) => `gelu′(${x})`),
  silu: elementwise((x) => `silu′(${x})`),
  softmax: [(_a, _b, y) => `${y} ⊙ (d${y} − Σ d${y} ⊙ ${y})`],
  log_softmax: [(_a, _b, y) => `d${y} − exp(${y}) ⊙ Σ d${y}`],
  transpose: [(_a, _b, y) => `d${y}ᵀ`],
  view: [(a, _b, y) => `d${y} in the shape of ${a}`],
  reshape: [(a, _b, y) => `d${y} in the shape of ${a}`],
  sum: [(a, _b, y) => `d${y} repeated to the shape of ${a}`],
  mean: [(a, _b, y) => `d${y} ⊘ n, repeated to the shape of ${a}`],
  embedding: [(_a, b, y) => `Σ rows of d${y} at ${b}`],
}

/** Tensors that are named and have a shape (`2×3`; '' for numbers). */
export interface Named {
  title: string
  shape: string
}

const axes = (shape: string) => (shape === '' ? 0 : shape.split('×').length)
const elementwiseOps = new Set(['add', 'sub', 'mul', 'div'])

/**
 * The product that an op gave to one operand; null where the rule is not known, or cannot be what ran: what was given
 * must have the shape of its operand, and only matrices are transposed.
 */
export function vjp(op: string, slot: number, operands: readonly Named[], result: Named, given: string): Vjp | null {
  const name = op.toLowerCase().replace(/^_+|_+$/g, '')
  const known = rules[name]?.[slot]
  const operand = operands[slot]
  if (!known || !operand || operand.shape !== given) return null
  if (name === 'matmul' && operands.some(({ shape }) => axes(shape) < 2)) return null
  const letters = [...operands, result].map(({ title }, i) => ({ letter: String.fromCharCode(65 + i), title }))
  const y = letters.at(-1)!.letter
  const right = known('A', operands.length > 1 ? 'B' : '', y)
  // What was repeated along an axis on the way forward is summed on the way back.
  const repeated = elementwiseOps.has(name)
    ? operand.shape !== result.shape
    : name === 'matmul' && axes(operand.shape) < axes(result.shape)
  return { rule: `d${letters[slot]!.letter} = ${repeated ? 'Σ ' : ''}${right}`, letters }
}
