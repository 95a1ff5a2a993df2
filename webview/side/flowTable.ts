/** "Came from" and "Flows on to": one row per contribution; a row goes to its node. */
import type { ElementId, Flow } from '../../src/protocol/view.ts'
import { el } from '../dom.ts'
import { numberText } from '../numbers.ts'
import type { Strings } from '../strings.ts'

/** The columns before the local derivative: in forward mode a node receives from its operands. */
const heads = {
  consumer: ['consumer', 'upstream'],
  operand: ['operand'],
  source: ['operand', 'tangent'],
  sink: ['consumer'],
} as const

export function flowTable(
  flows: readonly Flow[],
  more: number,
  end: keyof typeof heads,
  strings: Strings,
  goTo: (element: ElementId) => void,
): HTMLElement {
  const head = [...heads[end].map((name) => strings[name]), strings.local, strings.contribution]
  const table = el(
    'table',
    { class: 'flows' },
    el('thead', {}, el('tr', {}, ...head.map((text) => el('th', { scope: 'col', text })))),
    el('tbody', {}, ...flows.map((flow) => flowRow(flow, end, strings, goTo))),
  )
  const box = el('div', {}, table)
  if (more > 0) box.append(el('p', { class: 'note', text: strings.chainMore(more) }))
  return box
}

function flowRow(
  flow: Flow,
  end: keyof typeof heads,
  strings: Strings,
  goTo: (element: ElementId) => void,
): HTMLElement {
  const constant = flow.element === -1
  const name = constant
    ? el('span', { class: 'flow-name dim', text: flow.title })
    : el(
        'button',
        { class: 'flow-name', title: flow.title },
        flow.title,
        flow.op !== '' && el('span', { class: 'dim', text: ` ${flow.op}` }),
      )
  const contribution = el('td', {}, numberText(flow.contribution, 'gradient', true))
  if (flow.mode === 'replaced') contribution.append(warning(strings.replaced))
  if (flow.stray) contribution.append(warning(strings.stray))
  const row = el(
    'tr',
    { class: constant ? '' : 'goes' },
    el('th', { scope: 'row' }, name),
    heads[end].length > 1 && el('td', {}, numberText(flow.upstream, 'gradient')),
    el('td', { title: flow.formula }, numberText(flow.local, 'value')),
    contribution,
  )
  // A click anywhere on the row counts, unless it marked text to copy.
  if (!constant) row.addEventListener('click', () => getSelection()?.isCollapsed !== false && goTo(flow.element))
  return row
}

const warning = (text: string) =>
  el('span', { class: 'flow-warning', role: 'img', 'aria-label': text, title: text, text: '⚠' })
