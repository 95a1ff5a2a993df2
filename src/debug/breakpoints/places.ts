/** Which nodes the place of a breakpoint means. */
import { SiteIndex } from '../../protocol/siteIndex.ts'
import { CallKind } from '../../protocol/wire.ts'
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

/** Which nodes are meant, those that are still to be made included: all of some sites, one, or those that fit a name. */
export type Nodes =
  { by: 'site'; sites: readonly number[] } | { by: 'id'; op: number } | { by: 'name'; has: (op: number) => boolean }

/** Those that are there, ascending within a site. */
export function* opsOf(tape: Tape, nodes: Nodes): Iterable<number> {
  if (nodes.by === 'id') yield nodes.op
  else if (nodes.by === 'site') for (const site of nodes.sites) yield* tape.rows('opsOfSite', site)
  else for (let op = 0; op < tape.ops; op++) if (nodes.has(op)) yield op
}

/** The nodes of a place, and where it really is; or why it is none, and whether it may get some. */
export type Place = { nodes: Nodes; range: Range | null } | { why: string; awaited: boolean }

/** A file: its sites that made nodes, in the order in which they first did. */
interface Made {
  sites: number[]
  /** The elements of its ranges are the sites' rows. */
  index: SiteIndex
}

/** Looks up places on a tape, which may grow. */
export class Places {
  private readonly tape: Tape
  private readonly bySource = new Map<number, Made>()
  private readonly known = new Set<number>()
  /** The script runs on and may make nodes wherever it computes something. */
  open = false
  /** Sites of rules: code that gives gradients, and makes no nodes. */
  private readonly rules = new Set<number>()
  /** Of loops, which are no expressions. */
  private readonly headers = new Set<number>()
  /** Rows that were looked at. */
  private calls = 0
  private ops = 0
  private contributions = 0

  constructor(tape: Tape) {
    this.tape = tape
    this.grow()
  }

  /** The tape has grown. Returns whether there are places now that were not there before. */
  grow(): boolean {
    const before = this.known.size + this.rules.size
    const { site, rows } = this.tape.table('op')
    for (; this.ops < rows; this.ops++) this.learn(site.at(this.ops))
    const contribution = this.tape.table('contribution')
    for (; this.contributions < contribution.rows; this.contributions++) {
      const rule = contribution.site.at(this.contributions)
      if (rule >= 0) this.rules.add(rule)
    }
    const call = this.tape.table('call')
    for (; this.calls < call.rows; this.calls++)
      if (call.kind.at(this.calls) === CallKind.loop) this.headers.add(call.site.at(this.calls))
    return this.known.size + this.rules.size > before
  }

  private learn(site: number): void {
    if (site < 0 || this.known.has(site)) return
    this.known.add(site)
    const source = this.tape.table('site').source.at(site)
    const made = remembered(this.bySource, source, () => ({ sites: [], index: new SiteIndex([]) }))
    made.sites.push(site)
    made.index.add({ ...this.rangeOf(site), elements: Int32Array.of(site) })
  }

  source(path: string): number {
    for (let row = this.tape.tables.rowsOf('source') - 1; row >= 0; row--)
      if (samePath(this.tape.sourcePath(row), path)) return row
    return -1
  }

  /** `column` (from 0) narrows a line to the innermost expression there; null means all nodes that begin on the line. */
  onLine(source: number, line: number, column: number | null, s: Strings): Place {
    const made = this.bySource.get(source)
    if (!made) return { why: this.open ? s.noNodeYet : s.noSuchSource, awaited: this.mayMakeOn(source, line) }
    const sites = column === null ? this.beginningOn(made.sites, line) : innermost(made, line, column)
    if (sites.length === 0 && this.isRule(source, line)) return { why: s.ruleOnLine, awaited: false }
    if (sites.length === 0)
      return { why: this.open ? s.noNodeYet : s.noNodeOnLine, awaited: this.mayMakeOn(source, line) }
    return { nodes: { by: 'site', sites }, range: column === null ? this.whole(sites) : this.rangeOf(sites[0]!) }
  }

  /** Where a breakpoint can be within lines: for each expression the first character that belongs to no smaller one. */
  within(source: number, first: number, last: number): Range[] {
    const found: Range[] = []
    const { sites, index } = (this.open ? this.mayMake(source) : this.bySource.get(source)) ?? noSites
    for (const site of sites) {
      const range = this.rangeOf(site)
      if (range.startLine < first || range.startLine > last) continue
      const column = this.ownColumn(source, index, range)
      if (column !== null) found.push({ ...range, startColumn: column })
    }
    return found.sort((a, b) => a.startLine - b.startLine || a.startColumn - b.startColumn)
  }

  /** Where a breakpoint means one expression: its first character that belongs to no smaller one, on its first line. */
  columnOf(op: number): number | null {
    const site = this.tape.table('op').site.at(op)
    if (site < 0) return null
    const source = this.tape.table('site').source.at(site)
    return this.ownColumn(source, this.bySource.get(source)!.index, this.rangeOf(site))
  }

  /** What the tracer has told of a file before it runs. */
  private expressions(source: number): number[] {
    return Array.from(this.tape.rows('sitesOfSource', source)).filter(
      (site) => !this.rules.has(site) && !this.headers.has(site),
    )
  }

  private mayMakeOn(source: number, line: number): boolean {
    return this.open && this.beginningOn(this.expressions(source), line).length > 0
  }

  private mayMake(source: number): Made {
    const sites = this.expressions(source)
    const index = new SiteIndex(sites.map((site) => ({ ...this.rangeOf(site), elements: Int32Array.of(site) })))
    return { sites, index }
  }

  /** `#12`, an op, or a call or module with `*` and `?` for what may differ; `grad:` before it is for other debuggers. */
  named(name: string, s: Strings, since = 0): Place {
    const wanted = name.trim().replace(/^grad:/, '')
    const id = /^#(\d+)$/.exec(wanted)
    if (id) {
      const op = Number(id[1])
      return op < this.tape.ops
        ? { nodes: { by: 'id', op }, range: null }
        : { why: this.open ? s.noNodeYet : s.noSuchNode(wanted), awaited: this.open }
    }
    const has = this.matching(wanted)
    for (let op = wanted === '' ? this.tape.ops : since; op < this.tape.ops; op++)
      if (has(op)) return { nodes: { by: 'name', has }, range: null }
    return { why: this.open ? s.noNodeYet : s.nothingNamed(wanted), awaited: this.open }
  }

  private matching(wanted: string): (op: number) => boolean {
    const name = glob(wanted, '^', '$')
    const path = glob(wanted, '(?:^|/)', '(?:/|$)')
    const names = new Map<number, boolean>()
    const calls = new Map<number, boolean>()
    const { name: nameOf, call: callOf } = this.tape.table('op')
    return (op) =>
      remembered(names, nameOf.at(op), () => name.test(this.tape.opName(op))) ||
      remembered(calls, callOf.at(op), () => path.test(modulePath(this.tape, op)))
  }

  private isRule(source: number, line: number): boolean {
    const table = this.tape.table('site')
    for (const site of this.rules)
      if (table.startLine.at(site) === line && table.source.at(site) === source) return true
    return false
  }

  private beginningOn(sites: readonly number[], line: number): number[] {
    const table = this.tape.table('site')
    const beginning = sites.filter((site) => table.startLine.at(site) === line)
    if (beginning.length > 0) return beginning
    // In the middle of an expression over several lines: the smallest one around.
    const around = sites.filter((site) => table.startLine.at(site) < line && table.endLine.at(site) >= line)
    const start = Math.max(...around.map((site) => table.startLine.at(site)))
    return around.filter((site) => table.startLine.at(site) === start)
  }

  private ownColumn(source: number, index: SiteIndex, range: Range): number | null {
    const line = this.tape.lines(source)[range.startLine - 1] ?? ''
    const end = range.endLine === range.startLine ? range.endColumn : line.length
    for (let column = range.startColumn; column < end; column++) {
      if (/\s/.test(line[column] ?? ' ')) continue
      const inner = index.innermost(range.startLine, column)
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

const noSites: Made = { sites: [], index: new SiteIndex([]) }

function innermost({ index }: Made, line: number, column: number): number[] {
  const found = index.innermost(line, column)
  return found ? [found.elements[0]!] : []
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
