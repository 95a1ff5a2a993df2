/** The chain rule of one node with its numbers put in, as MathML: symbols, products, contributions, sum. */
import { formatNumber } from '../../src/protocol/number.ts'
import type { Datum, Details, Flow } from '../../src/protocol/view.ts'
import { el, math } from '../dom.ts'
import { exactDatum, formatDatum, numberOf, signOf } from '../numbers.ts'
import type { Strings } from '../strings.ts'
import { gradientText, isName, shorten, sidesOf } from '../text.ts'
import { formulaMath } from './formula.ts'
import { holdsWhatItReceived, received } from './received.ts'

/** Terms of the sum that are written out. */
const MAX_TERMS = 5
/** Terms that are also written with their names; more are one sum over the consumers c. */
const MAX_SYMBOLS = 3
/** Contributions whose sum fits on one line. */
const MAX_SUM = 2
/** Characters of a name in a fraction, and of an expression in its parentheses: three such fractions fit into the panel. */
const MAX_NAME = 11
const MAX_EXPRESSION = 8

export function chainRule(details: Details, isRoot: boolean, strings: Strings): HTMLElement {
  const body = el('div', { class: 'chain' })
  const tensor = details.gradient.kind === 'tensor' || details.cameFrom.some((f) => f.contribution.kind === 'tensor')
  if (tensor) body.append(el('p', { class: 'note', text: strings.chainTensor }))
  if (details.cameFrom.length === 0) {
    body.append(equation(details.gradientName, [[equals(), number(details.gradient)]]))
    if (isRoot) body.append(el('p', { class: 'note', text: details.forward ? strings.forwardSeed : strings.seed }))
    return body
  }
  const terms = details.cameFrom.slice(0, MAX_TERMS)
  const more = details.cameFrom.length - terms.length + details.moreCameFrom
  const sum = received(details)
  const agrees = holdsWhatItReceived(details)
  const rows = [
    ...(details.forward
      ? []
      : terms.length > MAX_SYMBOLS
        ? [[equals(), sumSymbol(details.gradientName)]]
        : stacked(terms, (flow) => symbolic(sidesOf(details.gradientName)[0], flow, details.title))),
    // What has not arrived is one dash, not a sum of dashes.
    ...(tensor || terms.every(({ contribution }) => contribution.kind === 'none') ? [] : products(terms, more)),
    [equals(), math('mstyle', { class: 'total' }, number(agrees ? details.gradient : numberOf(sum)))],
  ]
  body.append(equation(details.gradientName, rows))
  for (const { vjp } of terms) if (vjp) body.append(vectorJacobian(vjp))
  if (sum !== null && !agrees && details.bookkeeping === null)
    body.append(el('p', { class: 'note', text: strings.chainHolds(formatNumber(sum), formatDatum(details.gradient)) }))
  if (more > 0) body.append(el('p', { class: 'note', text: strings.chainMore(more) }))
  return body
}

/** `dA = dC Bᵀ`, and what the letters stand for. */
function vectorJacobian({ rule, letters }: NonNullable<Flow['vjp']>): HTMLElement {
  const used = letters.filter(({ letter }) => rule.includes(letter))
  return el(
    'div',
    { class: 'vjp' },
    el('p', { class: 'vjp-rule', text: rule }),
    el(
      'dl',
      { class: 'vjp-letters' },
      ...used.flatMap(({ letter, title }) => [el('dt', { text: letter }), el('dd', { text: title, title })]),
    ),
  )
}

/** The products with their numbers, and what they come to. Of tensors there are none: norms neither multiply nor add. */
function products(terms: readonly Flow[], more: number): Element[][] {
  const rows = stacked(terms, numeric)
  if (more > 0) rows.push([plus(), ellipsis()])
  if (terms.length === MAX_SUM) rows.push([equals(), contributions(terms)])
  return rows
}

/** One term per line: a sum over many consumers is longer than the panel is wide. */
const stacked = (terms: readonly Flow[], term: (flow: Flow, first: boolean) => Element) =>
  terms.map((flow, i) => [i === 0 ? equals() : plus(), term(flow, i === 0)])

const contributions = (terms: readonly Flow[]) =>
  math('mrow', {}, ...terms.flatMap((flow, i) => [i === 0 ? null : plus(), inSum(flow.contribution, i === 0)]))

/** `∂o/∂n` within a line of text. */
export function gradientSymbol(name: string): Element {
  const [root, node] = sidesOf(name)
  if (root === '') return math('math', {}, math('mtext', { text: name }))
  return math(
    'math',
    { 'aria-label': name },
    ...partial(root),
    math('mo', { text: '/', lspace: '0', rspace: '0' }),
    ...partial(node),
  )
}

/** The name on the left of the first row; every row a sign and what follows it. */
function equation(name: string, rows: Element[][]): Element {
  const table = math('mtable', { displaystyle: 'true' })
  rows.forEach(([sign, right], i) => {
    const left = i === 0 ? symbol(name) : null
    table.append(math('mtr', {}, math('mtd', {}, left), math('mtd', {}, sign), math('mtd', {}, right)))
  })
  return math('math', { 'aria-label': gradientText(name) }, table)
}

const equals = () => math('mo', { text: '=' })
const plus = () => math('mo', { text: '+' })
const times = () => math('mo', { text: '×' })
const ellipsis = () => math('mo', { text: '…' })

function symbol(name: string): Element {
  const [root, node] = sidesOf(name)
  return root === '' ? math('mtext', { text: name }) : fraction(root, node)
}

function fraction(above: string, below: string): Element {
  return math('mfrac', {}, math('mrow', {}, ...partial(above)), math('mrow', {}, ...partial(below)))
}

/** `∂n`; an expression gets its parentheses. */
function partial(name: string): Element[] {
  const d = math('mo', { text: '∂', rspace: '0', lspace: '0' })
  if (isName(name)) return [d, nameMath(name)]
  return [d, bracket('('), nameMath(name), bracket(')')]
}

const bracket = (text: string) => math('mo', { text, lspace: '0', rspace: '0', stretchy: 'false' })

/** Of a path the last part, which tells more than the first: `w[2]` of `model.layers[0].neurons[3].w[2]`. */
function nameMath(name: string): Element {
  const short = isName(name) ? shorten(name.split('.').at(-1)!, MAX_NAME) : shorten(name, MAX_EXPRESSION)
  return /^\p{L}+$/u.test(short) ? math('mi', { text: short }) : math('mtext', { text: short, title: name })
}

const symbolic = (root: string, flow: Flow, title: string) =>
  math('mrow', {}, fraction(root, flow.title), math('mo', { text: '·' }), fraction(flow.title, title))

/** Σ ∂o/∂c · ∂c/∂n over the consumers c. */
function sumSymbol(name: string): Element {
  const [root, node] = sidesOf(name)
  const sigma = math('munder', {}, math('mo', { text: '∑' }), math('mi', { text: 'c' }))
  return math('mrow', {}, sigma, fraction(root, 'c'), math('mo', { text: '·' }), fraction('c', node))
}

/** `1.0000 × (1 − 0.7071²)`; only the contribution where there is no local derivative. */
function numeric(flow: Flow, first: boolean): Element {
  if (flow.local.kind !== 'number') return inSum(flow.contribution, first)
  const factor = flow.formula === '' ? number(flow.local, true) : inParentheses(formulaMath(flow.formula))
  return math('mrow', {}, inSum(flow.upstream, first), times(), factor)
}

/** What follows a plus needs parentheses around its sign. */
function inSum(datum: Datum, first: boolean): Element {
  const shown = number(datum)
  const negative = datum.kind === 'number' && datum.value < 0
  return negative && !first ? math('mrow', {}, bracket('('), shown, bracket(')')) : shown
}

/** A sum or a sign after × needs its parentheses; one number does not. */
function inParentheses(formula: Element): Element {
  if (formula.childElementCount === 1) return formula
  return math('mrow', {}, bracket('('), formula, bracket(')'))
}

function number(datum: Datum, plain = false): Element {
  const text = formatDatum(datum)
  const negative = datum.kind === 'number' && datum.value < 0
  const shown = math('mn', {
    class: plain ? '' : signOf(datum),
    title: exactDatum(datum),
    text: text.replace('-', '−'),
  })
  return plain && negative ? inParentheses(math('mrow', {}, math('mrow'), shown)) : shown
}
