/** The summary of a tensor: what it is, its statistics, how its elements are spread. */
import { exactNumber, formatNumber } from '../../src/protocol/number.ts'
import type { TensorSummary } from '../../src/protocol/view.ts'
import { el, svg } from '../dom.ts'
import type { Strings } from '../strings.ts'

const WIDTH = 280
const HEIGHT = 48
/** Pixels of a cell of the heat map at most. */
const HEAT_SIZE = 12

export function tensor(title: string, summary: TensorSummary, strings: Strings): HTMLElement {
  const { shape, dtype, device, count, min, max, mean, std, l2, zeros, nans, posInf, negInf } = summary
  const rows: [string, string | number, boolean?][] = [
    [strings.shape, `${shape} ${dtype}${device === '' ? '' : ` · ${device}`}`],
    [strings.count, count.toLocaleString('en')],
    ['‖·‖₂', l2],
    [strings.meanStd, `${formatNumber(mean)} ± ${formatNumber(std)}`],
    [strings.minMax, `${formatNumber(min)} … ${formatNumber(max)}`],
    [strings.zeros, `${zeros.toLocaleString('en')}`],
    ['NaN', `${nans.toLocaleString('en')}`, nans > 0],
    ['+∞, −∞', `${posInf.toLocaleString('en')}, ${negInf.toLocaleString('en')}`, posInf + negInf > 0],
  ]
  // NaN in a summary means that the tracer did not record it.
  const recorded = rows.filter(([, value]) => !String(value).includes('NaN'))
  const list = el('dl', { class: 'facts' })
  for (const [name, value, bad] of recorded) {
    const text = typeof value === 'number' ? formatNumber(value) : value
    list.append(
      el('dt', { text: name }),
      el('dd', { class: bad ? 'bad' : '', title: typeof value === 'number' ? exactNumber(value) : text, text }),
    )
  }
  const box = el('div', { class: 'tensor' }, el('h4', { text: title }), list)
  if (summary.thumbnail) box.append(heatMap(summary.thumbnail, strings))
  if (summary.histogram && summary.histogram.length > 0) box.append(histogram(summary.histogram, min, max, strings))
  return box
}

/** Colour is sign, opacity size, as on the cards; a non-finite cell has the error colour. */
function heatMap({ rows, columns, values }: NonNullable<TensorSummary['thumbnail']>, strings: Strings): HTMLElement {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0)
  const picture = svg('svg', {
    class: 'heat',
    viewBox: `0 0 ${columns} ${rows}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': strings.heatMap(rows, columns),
  })
  values.forEach((value, i) => {
    const sign = Number.isNaN(value) ? 'bad' : value < 0 ? 'negative' : 'positive'
    const share = sign === 'bad' || largest === 0 ? 1 : Math.abs(value) / largest
    const place = { x: i % columns, y: Math.floor(i / columns), width: 1.02, height: 1.02 }
    picture.append(
      svg('rect', { class: `heat-${sign}`, ...place, 'fill-opacity': largest === 0 ? 0 : share.toFixed(3) }),
    )
  })
  const side = Math.min(HEAT_SIZE, WIDTH / Math.max(1, columns), WIDTH / 2 / Math.max(1, rows))
  picture.setAttribute('width', String(Math.max(24, columns * side)))
  picture.setAttribute('height', String(Math.max(8, rows * side)))
  return el('figure', { class: 'chart' }, picture)
}

function histogram(counts: readonly number[], min: number, max: number, strings: Strings): HTMLElement {
  const most = Math.max(1, ...counts)
  const width = WIDTH / counts.length
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': strings.histogram })
  counts.forEach((count, i) => {
    const height = (count / most) * HEIGHT
    picture.append(
      svg(
        'rect',
        { class: 'bar', x: i * width + 0.5, y: HEIGHT - height, width: Math.max(0.5, width - 1), height },
        svg('title', { text: String(count) }),
      ),
    )
  })
  const ends = el('figcaption', {}, formatNumber(min), el('span', { class: 'dim', text: formatNumber(max) }))
  return el('figure', { class: 'chart' }, picture, ends)
}
