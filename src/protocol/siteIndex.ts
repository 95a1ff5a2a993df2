/** The ranges of a source file, found by place. */
import type { SourceView } from './view.ts'

export type Site = SourceView['sites'][number]

const lengthOf = (site: Site) => (site.endLine - site.startLine) * 1e6 + site.endColumn - site.startColumn

export class SiteIndex {
  private readonly byLine = new Map<number, Site[]>()
  private readonly endingAt = new Map<number, Site>()

  constructor(sites: readonly Site[]) {
    for (const site of sites) this.add(site)
  }

  add(site: Site): void {
    for (let line = site.startLine; line <= site.endLine; line++) {
      const list = this.byLine.get(line)
      if (list) list.push(site)
      else this.byLine.set(line, [site])
    }
    const known = this.endingAt.get(site.endLine)
    if (!known || lengthOf(site) > lengthOf(known)) this.endingAt.set(site.endLine, site)
  }

  /** The smallest range around a character. Lines from 1, columns from 0. */
  innermost(line: number, column: number): Site | null {
    let best: Site | null = null
    for (const site of this.byLine.get(line) ?? []) {
      const inside =
        (line > site.startLine || column >= site.startColumn) && (line < site.endLine || column < site.endColumn)
      if (inside && (!best || lengthOf(site) <= lengthOf(best))) best = site
    }
    return best
  }

  /** The largest range that ends on a line: the one whose numbers stand at the end of it. */
  outermost(line: number): Site | null {
    return this.endingAt.get(line) ?? null
  }
}
