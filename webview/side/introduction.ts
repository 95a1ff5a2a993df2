/** What the side panel says while nothing is selected: what was found, and the values that matter most. */
import type { Finding, SiteRange, Summary } from '../../src/protocol/view.ts'
import { el } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import { numberText } from '../numbers.ts'
import type { Strings } from '../strings.ts'
import { fileName, isName } from '../text.ts'

export function introduction(explorer: Explorer, strings: Strings): HTMLElement[] {
  const { overview, summary } = explorer.state
  const parts: HTMLElement[] = []
  if (!overview || overview.nodes > 0) parts.push(el('p', { class: 'side-hint', text: strings.detailsHint }))
  if (!overview) return parts
  if (overview.nodes > 0 && overview.state === 'ended' && overview.passes.length === 0)
    parts.push(el('p', { class: 'finding', text: strings.noBackward }))
  if (overview.findings.length > 0)
    parts.push(heading(strings.findings), ...overview.findings.map((each) => finding(each, explorer, strings)))
  // These are the numbers of the end.
  if (summary && summary.rows.length > 0 && explorer.state.atEnd)
    parts.push(heading(strings.mostImportant), summaryTable(summary, explorer, strings))
  // Where there is no graph, its place says why.
  if (overview.nodes > 0 && overview.notices.length > 0)
    parts.push(heading(strings.notices), ...overview.notices.map((text) => el('p', { class: 'note', text })))
  return parts
}

const heading = (text: string) => el('h2', { class: 'section', text })

function finding({ severity, message, site, elements }: Finding, explorer: Explorer, strings: Strings): HTMLElement {
  const target = elements[0]
  return el(
    'div',
    { class: `finding ${severity}` },
    el('p', { text: message }),
    site && siteLink(site, explorer),
    target !== undefined &&
      el('button', { class: 'link', text: strings.details, click: () => void explorer.goTo(target) }),
  )
}

export const siteLink = (site: SiteRange, explorer: Explorer) =>
  el('button', {
    class: 'link',
    title: site.path,
    text: `${fileName(site.path)}:${site.startLine}`,
    click: () => explorer.showSource(site),
  })

/** `model.`, when all paths begin with it: then it tells nothing, and takes the room of what does. */
function commonStart(titles: readonly string[]): string {
  const paths = titles.filter((title) => isName(title) && title.includes('.'))
  const [first = ''] = paths
  const start = first.slice(0, first.indexOf('.') + 1)
  return paths.every((path) => path.startsWith(start)) ? start : ''
}

function summaryTable({ rows, more }: Summary, explorer: Explorer, strings: Strings): HTMLElement {
  const number = (value: number | null) =>
    value === null ? ({ kind: 'none' } as const) : ({ kind: 'number', value } as const)
  const start = commonStart(rows.map(({ title }) => title))
  const shortened = (title: string) => (start !== '' && title.startsWith(start) ? title.slice(start.length) : title)
  const head = [strings.name, strings.value, strings.gradient]
  const table = el(
    'table',
    { class: 'flows' },
    el('thead', {}, el('tr', {}, ...head.map((text) => el('th', { scope: 'col', text })))),
    el(
      'tbody',
      {},
      ...rows.map(({ element, title, line, value, gradient }) =>
        el(
          'tr',
          { class: 'goes', click: () => getSelection()?.isCollapsed !== false && void explorer.goTo(element) },
          el(
            'th',
            { scope: 'row' },
            el('button', { class: 'flow-name from-end', title: `${title} · ${line}` }, el('bdi', {}, shortened(title))),
          ),
          el('td', {}, numberText(number(value), 'value')),
          el('td', {}, numberText(number(gradient), 'gradient')),
        ),
      ),
    ),
  )
  const box = el('div', {}, table)
  if (more > 0) box.append(el('p', { class: 'note', text: strings.chainMore(more) }))
  return box
}
