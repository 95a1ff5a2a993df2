/** Which nodes the place of a breakpoint means. */
import { SiteIndex } from '../../protocol/siteIndex.ts'
import { Index } from '../../tape/column.ts'
import type { Tape } from '../../tape/tape.ts'
import type { Strings } from '../strings.ts'
import { modulePath } from '../situation.ts'

/** Lines from 1, columns from 0, end exclusive. */
export interface Range {
  startLine: number
  startColumn: number
  endLine: number
  endColumn: number
}

/** The nodes of a place, ascending, and where it really is; or why it is none. */
export type Place = { ops: Int32Array; range: Range | null } | { why: string }

/** Looks up places on a tape as it is now; make a new one when it has grown. */
export class Places {
  private readonly tape: Tape
  private readonly opsOfSite: Index
  private readonly sitesOfSource: Index
  private readonly indexes = new Map<number, SiteIndex>()
  private readonly ruleLines = new Set<string>()

  constructor(tape: Tape) {
    this.tape = tape
    const op = tape.table('op')
    const site = tape.table('site')
    this.opsOfSite = new Index(op.rows, site.rows, (row) => op.site.at(row))
    this.sitesOfSource = new Index(site.rows, tape.tables.rowsOf('source'), (row) =>
      this.opsOfSite.count(row) > 0 ? site.source.at(row) : -1,
    )
    const sites = new Set<number>()
    const contribution = tape.table('contribution')
    for (let row = 0; row < contribution.rows; row++) sites.add(contribution.site.at(row))
    for (const row of sites) if (row >= 0) this.ruleLines.add(`${site.source.at(row)} ${site.startLine.at(row)}`)
  }

  source(path: string): number {
    for (let row = this.tape.tables.rowsOf('source') - 1; row >= 0; row--)
      if (samePath(this.tape.sourcePath(row), path)) return row
    return -1
  }

  /** `column` (from 0) narrows a line to the innermost expression there; null means all nodes that begin on the line. */
  onLine(source: number, line: number, column: number | null, s: Strings): Place {
    const sites = this.sitesOfSource.of(source)
    if (sites.length === 0) return { why: s.noSuchSource }
    const wanted = column === null ? this.beginningOn(sites, line) : this.innermost(source, line, column)
    if (wanted.length === 0) return { why: this.ruleLines.has(`${source} ${line}`) ? s.ruleOnLine : s.noNodeOnLine }
    return { ops: this.opsOf(wanted), range: column === null ? this.whole(wanted) : this.rangeOf(wanted[0]!) }
  }

  /** Where a breakpoint can be within lines: for each expression the first character that belongs to no smaller one. */
  within(source: number, first: number, last: number): Range[] {
    const found: Range[] = []
    for (const site of this.sitesOfSource.of(source)) {
      const range = this.rangeOf(site)
      if (range.startLine < first || range.startLine > last) continue
      const column = this.ownColumn(source, range)
      if (column !== null) found.push({ ...range, startColumn: column })
    }
    return found.sort((a, b) => a.startLine - b.startLine || a.startColumn - b.startColumn)
  }

  /** Where a breakpoint means one expression: its first character that belongs to no smaller one, on its first line. */
  columnOf(op: number): number | null {
    const site = this.tape.table('op').site.at(op)
    return site < 0 ? null : this.ownColumn(this.tape.table('site').source.at(site), this.rangeOf(site))
  }

  /** `#12`, an op, or a call or module with `*` and `?` for what may differ; `grad:` before it is for other debuggers. */
  named(name: string, s: Strings): Place {
    const wanted = name.trim().replace(/^grad:/, '')
    const id = /^#(\d+)$/.exec(wanted)
    if (id) {
      const op = Number(id[1])
      return op < this.tape.ops ? { ops: Int32Array.of(op), range: null } : { why: s.noSuchNode(wanted) }
    }
    const ops = wanted === '' ? [] : this.matching(wanted)
    return ops.length > 0 ? { ops: Int32Array.from(ops), range: null } : { why: s.nothingNamed(wanted) }
  }

  /** Ascending. */
  private opsOf(sites: readonly number[]): Int32Array {
    const lists = sites.map((site) => this.opsOfSite.of(site))
    if (lists.length === 1) return lists[0]!
    const ops = new Int32Array(lists.reduce((sum, list) => sum + list.length, 0))
    let at = 0
    for (const list of lists) {
      ops.set(list, at)
      at += list.length
    }
    return ops.sort()
  }

  private matching(wanted: string): number[] {
    const name = glob(wanted, '^', '$')
    const path = glob(wanted, '(?:^|/)', '(?:/|$)')
    const names = new Map<number, boolean>()
    const calls = new Map<number, boolean>()
    const { name: nameOf, call: callOf } = this.tape.table('op')
    const found: number[] = []
    for (let op = 0; op < this.tape.ops; op++) {
      const isNamed = remembered(names, nameOf.at(op), () => name.test(this.tape.opName(op)))
      if (isNamed || remembered(calls, callOf.at(op), () => path.test(modulePath(this.tape, op)))) found.push(op)
    }
    return found
  }

  private beginningOn(sites: Int32Array, line: number): number[] {
    const table = this.tape.table('site')
    const beginning = Array.from(sites).filter((site) => table.startLine.at(site) === line)
    if (beginning.length > 0) return beginning
    // In the middle of an expression over several lines: the smallest one around.
    const around = Array.from(sites).filter((site) => table.startLine.at(site) < line && table.endLine.at(site) >= line)
    const start = Math.max(...around.map((site) => table.startLine.at(site)))
    return around.filter((site) => table.startLine.at(site) === start)
  }

  private innermost(source: number, line: number, column: number): number[] {
    const found = this.index(source).innermost(line, column)
    return found ? [found.elements[0]!] : []
  }

  /** The elements of its sites are the sites' rows. */
  private index(source: number): SiteIndex {
    return remembered(
      this.indexes,
      source,
      () =>
        new SiteIndex(
          Array.from(this.sitesOfSource.of(source), (site) => ({
            ...this.rangeOf(site),
            elements: Int32Array.of(site),
          })),
        ),
    )
  }

  private ownColumn(source: number, range: Range): number | null {
    const line = this.tape.lines(source)[range.startLine - 1] ?? ''
    const end = range.endLine === range.startLine ? range.endColumn : line.length
    for (let column = range.startColumn; column < end; column++) {
      if (/\s/.test(line[column] ?? ' ')) continue
      const inner = this.index(source).innermost(range.startLine, column)
      if (inner && this.sameRange(inner, range)) return column
    }
    return null
  }

  private sameRange(a: Range, b: Range): boolean {
    return (
      a.startLine === b.startLine &&
      a.startColumn === b.startColumn &&
      a.endLine === b.endLine &&
      a.endColumn === b.endColumn
    )
  }

  private whole(sites: readonly number[]): Range {
    const ranges = sites.map((site) => this.rangeOf(site))
    const first = ranges.reduce((a, b) => (b.startColumn < a.startColumn ? b : a))
    const last = ranges.reduce((a, b) =>
      b.endLine > a.endLine || (b.endLine === a.endLine && b.endColumn > a.endColumn) ? b : a,
    )
    return { ...first, endLine: last.endLine, endColumn: last.endColumn }
  }

  private rangeOf(site: number): Range {
    const { startLine, startColumn, endLine, endColumn } = this.tape.table('site')
    return {
      startLine: startLine.at(site),
      startColumn: startColumn.at(site),
      endLine: endLine.at(site),
      endColumn: endColumn.at(site),
    }
  }
}

function remembered<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  let found = known.get(key)
  if (found === undefined) known.set(key, (found = make()))
  return found
}

/** `*` is anything within one call, `**` anything, `?` one character; brackets are themselves. */
function glob(pattern: string, before: string, after: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*{2,}|\*|\?/g, (sign) => (sign.length > 1 ? '.*' : sign === '*' ? '[^/]*' : '[^/]'))
  return new RegExp(before + text + after, 'su')
}

/** Windows writes one path in several ways. */
function samePath(a: string, b: string): boolean {
  if (a === b) return true
  const plain = (path: string) => path.replaceAll('\\', '/').toLowerCase()
  return /^[a-z]:[\\/]/i.test(a) && plain(a) === plain(b)
}
