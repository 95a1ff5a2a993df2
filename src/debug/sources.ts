/** The files of a recording, as a client can open them: from its disk where that still holds the text, else from here. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { SourceGiven } from './breakpoints/requests.ts'
import type { DebugHost } from './host.ts'

export class Sources {
  private readonly host: DebugHost
  private readonly onDisk: boolean[] = []

  constructor(host: DebugHost) {
    this.host = host
  }

  /** Compares what was recorded since with what is there now. */
  async look(): Promise<void> {
    const { tape } = this.host
    for (let row = this.onDisk.length; row < this.count; row = this.onDisk.length) {
      const holds = await this.host.holds(tape.sourcePath(row), tape.sourceText(row))
      this.onDisk[row] = holds
    }
  }

  get count(): number {
    return this.host.tape.tables.rowsOf('source')
  }

  /** References count from 1: 0 is none. */
  row(row: number): DebugProtocol.Source {
    const path = this.host.tape.sourcePath(row)
    const source = { name: path.split(/[\\/]/).pop() ?? path, path }
    return this.onDisk[row] === true ? source : { ...source, sourceReference: row + 1, origin: 'recording' }
  }

  of({ path, reference }: SourceGiven): DebugProtocol.Source {
    if (reference > 0 && reference <= this.count) return this.row(reference - 1)
    for (let row = 0; row < this.count; row++) if (this.host.tape.sourcePath(row) === path) return this.row(row)
    return { name: path.split(/[\\/]/).pop() ?? path, path }
  }

  /** Null for what was not recorded. */
  text(given: SourceGiven): string | null {
    const { tape } = this.host
    if (given.reference > 0) return given.reference <= this.count ? tape.sourceText(given.reference - 1) : null
    for (let row = 0; row < this.count; row++) if (tape.sourcePath(row) === given.path) return tape.sourceText(row)
    return null
  }
}
