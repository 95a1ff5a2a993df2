/** The chain rule of one node with its numbers put in, as MathML: symbols, products, contributions, sum. */
import { formatNumber } from '../../src/protocol/number.ts'
import type { Datum, Details, Flow } from '../../src/protocol/view.ts'
import { el, math } from '../dom.ts'
import { exactDatum, formatDatum, numberOf, signOf } from '../numbers.ts'
import type { Strings } from '../strings.ts'
import { shorten } from '../text.ts'
import { formulaMath } from './formula.ts'
import { holdsWhatItReceived, received } from './received.ts'

/** Terms of the sum that are written out. */
const MAX_TERMS = 5
/** Characters of a name in a fraction. */
const MAX_NAME = 16

export function chainRule(details: Details, isRoot: boolean, strings: Strings): HTMLElement {
  const body = el('div', { class: 'chain' })
  const tensor = details.gradient.kind === 'tensor' || details.cameFrom.some((f) => f.contribution.kind === 'tensor')
  if (tensor) body.append(el('p', { class: 'note', text: strings.chainTensor }))
  if (details.cameFrom.length === 0) {
    body.append(equation(details.gradientName, [[symbol(details.gradientName), equals(), number(details.gradient)]]))
    if (isRoot) body.append(el('p', { class: 'note', text: strings.seed }))
    return body
  }
  const terms = details.cameFrom.slice(0, MAX_TERMS)
  const more = details.cameFrom.length - terms.length + details.moreCameFrom
  const join = (parts: (flow: Flow) => Element) => [
    ...terms.flatMap((flow, i) => (i === 0 ? [parts(flow)] : [plus(), parts(flow)])),
    ...(more > 0 ? [plus(), ellipsis()] : []),
  ]
  const root = splitName(details.gradientName)[0]
  const rows = [
    [symbol(details.gradientName), equals(), ...join((flow) => symbolic(root, flow, details.title))],
    [blank(), equals(), ...join(numeric)],
  ]
  const sum = received(details)
  if (details.cameFrom.length > 1) rows.push([blank(), equals(), ...join((flow) => number(flow.contribution))])
  const total = holdsWhatItReceived(details) ? details.gradient : numberOf(sum)
  rows.push([blank(), equals(), math('mstyle', { class: 'total' }, number(total))])
  body.append(equation(details.gradientName, rows))
  if (sum !== null && !holdsWhatItReceived(details) && details.bookkeeping === '') {
    body.append(el('p', { class: 'note', text: strings.chainHolds(formatNumber(sum), formatDatum(details.gradient)) }))
  }
  if (more > 0) body.append(el('p', { class: 'note', text: strings.chainMore(more) }))
  return body
}

/** `∂o/∂n` within a line of text. */
export function gradientSymbol(name: string): Element {
  const [root, node] = splitName(name)
  if (root === '') return math('math', {}, math('mtext', { text: name }))
  return math(
    'math',
    { 'aria-label': name },
    ...partial(root),
    math('mo', { text: '/', lspace: '0', rspace: '0' }),
    ...partial(node),
  )
}

function equation(name: string, rows: Element[][]): Element {
  const table = math('mtable', { displaystyle: 'true' })
  for (const [left, sign, ...right] of rows) {
    table.append(
      math('mtr', {}, math('mtd', {}, left), math('mtd', {}, sign), math('mtd', {}, math('mrow', {}, ...right))),
    )
  }
  return math('math', { 'aria-label': name }, table)
}

const equals = () => math('mo', { text: '=' })
const plus = () => math('mo', { text: '+' })
const times = () => math('mo', { text: '×' })
const ellipsis = () => math('mo', { text: '…' })
const blank = () => math('mrow')

function splitName(name: string): [string, string] {
  const at = name.indexOf('/∂')
  return at < 0 ? ['', name] : [name.slice(1, at), name.slice(at + 2)]
}

function symbol(name: string): Element {
  const [root, node] = splitName(name)
  return root === '' ? math('mtext', { text: name }) : fraction(root, node)
}

function fraction(above: string, below: string): Element {
  return math('mfrac', {}, math('mrow', {}, ...partial(above)), math('mrow', {}, ...partial(below)))
}

/** `∂n`; an expression gets its parentheses. */
function partial(name: string): Element[] {
  const d = math('mo', { text: '∂', rspace: '0', lspace: '0' })
  if (/^[\p{L}\p{N}_.[\]]+$/u.test(name)) return [d, nameMath(name)]
  return [d, bracket('('), nameMath(name), bracket(')')]
}

const bracket = (text: string) => math('mo', { text, lspace: '0', rspace: '0', stretchy: 'false' })

function nameMath(name: string): Element {
  const short = shorten(name, MAX_NAME)
  return /^\p{L}+$/u.test(short) ? math('mi', { text: short }) : math('mtext', { text: short, title: name })
}

const symbolic = (root: string, flow: Flow, title: string) =>
  math('mrow', {}, fraction(root, flow.title), math('mo', { text: '·' }), fraction(flow.title, title))

/** `1.0000 × (1 − 0.7071²)`; only the contribution where there is no local derivative. */
function numeric(flow: Flow): Element {
  if (flow.local.kind !== 'number') return number(flow.contribution)
  const factor =
    flow.formula === '' || flow.formula === '1' ? number(flow.local, true) : inParentheses(formulaMath(flow.formula))
  return math('mrow', {}, number(flow.upstream), times(), factor)
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
