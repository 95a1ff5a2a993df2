/** What the terminal shows: progress, the summary, errors. */
import { basename } from 'node:path'
import type { Summary } from '../protocol/view.ts'
import { formatNumber } from '../protocol/number.ts'
import type { Overview } from '../protocol/view.ts'

const plural = (count: number, word: string) =>
  `${count.toLocaleString('en-US')} ${word}${count === 1 ? '' : 's'}`.replace('passs', 'passes')

/** One line: what was run, how much of it there is, how it was held. */
export function headline(overview: Overview): string {
  const facts = [basename(overview.script), plural(overview.nodes, 'node'), passes(overview)]
  if (overview.seconds > 0) facts.push(`${overview.seconds.toFixed(2)} s`)
  if (overview.info) facts.push(overview.info.interpreter)
  return facts.join(' · ')
}

function passes({ passes }: Overview): string {
  const forward = passes.length > 0 && passes.every((pass) => pass.forward)
  return plural(passes.length, forward ? 'forward mode pass' : 'pass')
}

/** The table of named values; columns are aligned, numbers at their right. */
export function summaryTable(summary: Summary): string {
  if (summary.rows.length === 0) return ''
  const rows = summary.rows.map((row) => [
    clip(row.title, 24),
    formatNumber(row.value),
    formatNumber(row.gradient),
    row.line,
    clip(row.code, 40),
  ])
  const cells = [['name', 'value', summary.forward ? 'tangent' : 'gradient', 'line', 'code'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => width(row[column]!))))
  const lines = cells.map((row) =>
    [
      pad(row[0]!, widths[0]!),
      pad(row[1]!, widths[1]!, true),
      pad(row[2]!, widths[2]!, true),
      pad(row[3]!, widths[3]!),
      row[4]!,
    ]
      .join('  ')
      .trimEnd(),
  )
  if (summary.more > 0) lines.push(`… and ${plural(summary.more, 'more named value')}`)
  return lines.map((line) => `  ${line}`).join('\n')
}

const clip = (text: string, most: number) =>
  [...text].length > most ? `${[...text].slice(0, most - 1).join('')}…` : text
/** Columns a terminal gives a text: CJK and emoji take two. */
const width = (text: string) =>
  [...text].reduce(
    (sum, c) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(c)
        ? 2
        : 1),
    0,
  )
const pad = (text: string, to: number, right = false) => {
  const space = ' '.repeat(Math.max(0, to - width(text)))
  return right ? space + text : text + space
}

/** A line on stderr that is written over while the script runs; nothing where stderr is no terminal. */
export class Progress {
  private shown = false
  private readonly stream: NodeJS.WriteStream
  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
  }

  show(text: string): void {
    if (!this.stream.isTTY) return
    this.stream.write(`\r\x1b[2K${text}`)
    this.shown = true
  }

  clear(): void {
    if (this.shown) this.stream.write('\r\x1b[2K')
    this.shown = false
  }
}
