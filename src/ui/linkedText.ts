/** A document of a run, and where what was recorded is in its text of now. */
import * as vscode from 'vscode'
import type { Site, SiteIndex } from '../protocol/siteIndex.ts'
import type { Drift } from './drift.ts'

export interface CodeFile {
  index: SiteIndex
  text: string
  path: string
}

export class LinkedText {
  private readonly document: vscode.TextDocument
  private readonly code: CodeFile
  /** Lines to add to the document's (from 0) to get the run's (from 1). */
  private readonly offset: number
  private readonly drift: Drift

  constructor(document: vscode.TextDocument, code: CodeFile, offset: number, drift: Drift) {
    this.document = document
    this.code = code
    this.offset = offset
    this.drift = drift
  }

  /** The smallest recorded range around a position. */
  siteAt(position: vscode.Position): Site | null {
    const at = this.drift.toRun(position)
    return at && this.code.index.innermost(at.line + this.offset, at.character)
  }

  /** null when it was changed, or is elsewhere. */
  rangeOf(site: Omit<Site, 'elements'>): vscode.Range | null {
    const now = this.drift.toNow(
      { line: site.startLine - this.offset, character: site.startColumn },
      { line: site.endLine - this.offset, character: site.endColumn },
    )
    if (!now || now.start.line < 0 || now.end.line >= this.document.lineCount) return null
    return new vscode.Range(now.start.line, now.start.character, now.end.line, now.end.character)
  }

  /** The outermost recorded range that ends in each line of a part of the document, and where that is. */
  *outermostOfLines(part: vscode.Range): Generator<{ site: Site; range: vscode.Range }> {
    // Only lines that may have moved into the part: a long file has thousands of others.
    const first = part.start.line + this.offset - this.drift.linesAdded
    const last = part.end.line + this.offset + this.drift.linesRemoved
    for (let line = first; line <= last; line++) {
      const site = this.code.index.outermost(line)
      const range = site && this.rangeOf(site)
      if (range && part.contains(range.end)) yield { site, range }
    }
  }
}
