/** How a value and its gradient went over the passes: two small charts and the numbers. */
import { formatNumber } from '../../src/protocol/number.ts'
import type { Datum, Details } from '../../src/protocol/view.ts'
import { el, svg } from '../dom.ts'
import { numberText } from '../numbers.ts'
import type { Strings } from '../strings.ts'

const WIDTH = 280
const HEIGHT = 44
const PAD = 4
/** Rows of numbers around the pass that is shown. */
const ROWS = 8

type Entry = Details['history'][number]

/** `pass`: the one the timeline stands in. `goTo` shows the end of a pass. */
export function history(
  { history: entries, forward }: Pick<Details, 'history' | 'forward'>,
  pass: number,
  strings: Strings,
  goTo: (pass: number) => void,
): HTMLElement {
  const box = el('div', { class: 'history' })
  const gradient = forward ? strings.tangent : strings.gradient
  if (entries.length > 1) {
    box.append(
      chart(strings.value, entries, (entry) => entry.value, pass, 'plain'),
      chart(gradient, entries, (entry) => entry.gradient, pass, 'signed'),
    )
  }
  const at = Math.max(
    0,
    entries.findLastIndex((entry) => entry.pass <= pass),
  )
  const first = Math.max(0, Math.min(at - ROWS / 2, entries.length - ROWS))
  const head = [strings.pass, strings.value, gradient].map((text) => el('th', { scope: 'col', text }))
  const rows = entries
    .slice(first, first + ROWS)
    .map((entry) =>
      el(
        'tr',
        { class: entry.pass === pass ? 'goes now' : 'goes', click: () => goTo(entry.pass) },
        el(
          'th',
          { scope: 'row' },
          el('button', { 'aria-label': strings.goToPass(entry.pass + 1), text: String(entry.pass + 1) }),
        ),
        el('td', {}, numberText(entry.value, 'value')),
        el('td', {}, numberText(entry.gradient, 'gradient')),
      ),
    )
  box.append(el('table', { class: 'flows' }, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...rows)))
  return box
}

/** What is plotted: numbers, or norms of tensors. */
const height = (datum: Datum) =>
  datum.kind === 'number' ? datum.value : datum.kind === 'tensor' ? datum.tensor.l2 : NaN

function chart(
  title: string,
  entries: readonly Entry[],
  of: (entry: Entry) => Datum,
  pass: number,
  colour: 'plain' | 'signed',
): HTMLElement {
  const values = entries.map((entry) => height(of(entry)))
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return el('div')
  const low = finite.reduce((a, b) => Math.min(a, b), colour === 'signed' ? 0 : Infinity)
  const high = finite.reduce((a, b) => Math.max(a, b), colour === 'signed' ? 0 : -Infinity)
  const x = (i: number) => PAD + (i * (WIDTH - 2 * PAD)) / Math.max(1, values.length - 1)
  const y = (value: number) =>
    high === low ? HEIGHT / 2 : HEIGHT - PAD - ((value - low) / (high - low)) * (HEIGHT - 2 * PAD)
  let pen = 'M'
  let path = ''
  values.forEach((value, i) => {
    // Non-finite numbers leave a gap.
    if (Number.isFinite(value)) path += `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`
    pen = Number.isFinite(value) ? 'L' : 'M'
  })
  const range = `${formatNumber(low)} … ${formatNumber(high)}`
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${title}: ${range}` })
  if (colour === 'plain') picture.append(svg('path', { class: 'curve', d: path }))
  else {
    const zero = Math.max(0, Math.min(HEIGHT, y(0)))
    picture.append(
      svg('line', { class: 'axis', x1: 0, x2: WIDTH, y1: zero, y2: zero }),
      half('positive', path, 0, zero),
      half('negative', path, zero, HEIGHT - zero),
    )
  }
  const now = entries.findIndex((entry) => entry.pass === pass)
  if (now >= 0 && Number.isFinite(values[now]!))
    picture.append(svg('circle', { class: 'curve-now', cx: x(now), cy: y(values[now]!), r: 3 }))
  return el(
    'figure',
    { class: 'chart' },
    el('figcaption', {}, title, el('span', { class: 'dim', text: range })),
    picture,
  )
}

/** The part of a curve on one side of zero, in that sign's colour: a nested viewport clips the other side. */
function half(sign: 'positive' | 'negative', path: string, top: number, height: number): SVGElement {
  return svg(
    'svg',
    {
      x: 0,
      y: top,
      width: WIDTH,
      height: Math.max(0.01, height),
      viewBox: `0 ${top} ${WIDTH} ${Math.max(0.01, height)}`,
    },
    svg('path', { class: `curve ${sign}`, d: path }),
  )
}
