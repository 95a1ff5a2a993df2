/** One run, or one opened recording, and the session that owns it; questions of the editor about its code. */
import { basename } from 'node:path'
import * as vscode from 'vscode'
import { defaultLimits, type Limits, type RunEnd } from '../protocol/runtime.ts'
import type { HostRequests } from '../protocol/host.ts'
import { type Site, SiteIndex } from '../protocol/siteIndex.ts'
import type { Overview } from '../protocol/view.ts'
import type { SessionClient } from '../session/client.node.ts'
import { Drift } from './drift.ts'
import { limitNames } from './grants.ts'
import { type CodeFile, LinkedText } from './linkedText.ts'
import { gatherTexts } from './script.ts'
import { RUNTIME, type Services } from './services.ts'
import { fileOf, placeOf, renamed, type Target } from './target.ts'

export class Recording implements vscode.Disposable {
  target: Target
  overview: Overview | null = null
  private readonly services: Services
  private readonly session: SessionClient
  private readonly files = new Map<number, Promise<CodeFile>>()
  private name: string | null = null
  /** Once it is known what the run is given, or what was opened. */
  readonly prepared: Promise<void>
  private prepare!: () => void
  private readonly drifts = new Map<string, Drift>()
  private readonly grown = new vscode.EventEmitter<Overview>()
  private readonly printed = new vscode.EventEmitter<string>()
  readonly onGrown = this.grown.event
  readonly onOutput = this.printed.event

  constructor(services: Services, target: Target) {
    this.services = services
    this.target = target
    this.session = services.session()
    this.prepared = new Promise((done) => (this.prepare = done))
    const { channel } = this.session
    channel.on('overview', (overview) => this.take(overview))
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
    channel.on('output', ({ stream, chunk }) => this.printed.fire(decoders[stream].decode(chunk, { stream: true })))
  }

  get channel(): SessionClient['channel'] {
    return this.session.channel
  }

  /** Name of the file in storage, once it is there. */
  get stored(): string | null {
    return this.name
  }

  keep(name: string): void {
    this.name = name
    this.services.used.add(name)
  }

  get running(): boolean {
    return this.overview?.state !== 'ended'
  }

  dispose(): void {
    if (this.name) this.services.used.delete(this.name)
    this.grown.dispose()
    this.printed.dispose()
    void this.session.dispose()
  }

  async run(gated: boolean): Promise<RunEnd> {
    // Its sandbox starts while the texts are gathered.
    this.channel.request('warm', { runtime: RUNTIME }).catch(() => undefined)
    const { target, given } = await gatherTexts(this.target).finally(this.prepare)
    this.target = target
    const { grants } = this.services
    const request = {
      ...{ script: target.path, args: [], cwd: target.cwd, capture: true, gated },
      limits: grants.limits(target.uri, settingsLimits()),
      folders: vscode.workspace.isTrusted ? grants.of(target.uri).folders : [],
    }
    const end = await this.channel.request('run', { runtime: RUNTIME, request, given })
    await this.store()
    return end
  }

  /** Rejects when nothing of the recording could be read. */
  async open(recording: HostRequests['open']['request']): Promise<void> {
    try {
      await this.channel.request('open', recording)
    } finally {
      this.take(await this.channel.request('overview', {}))
      if (this.target.path === '') this.target = { ...this.target, path: this.overview?.script ?? '' }
      this.prepare()
    }
  }

  stop(): void {
    this.channel.request('stop', {}).catch(() => undefined)
  }

  // — Code —

  /** Whether a document is part of what ran. */
  covers(uri: vscode.Uri): boolean {
    return this.fileOf(uri) !== null
  }

  /** What a document's code made; null for documents that did not run. */
  async code(uri: vscode.Uri): Promise<CodeFile | null> {
    const file = this.fileOf(uri)
    const source = this.overview?.sources.find(({ path }) => path === file?.path)
    if (!source) return null
    const known = this.files.get(source.id)
    if (known) return known
    const asked = this.channel.request('source', { id: source.id }).then(async ({ sites, text, path }) => {
      const index = new SiteIndex(sites)
      // Of a long file that was a turn's work; whoever waits for it begins another.
      await new Promise((turn) => setImmediate(turn))
      return { index, text, path }
    })
    this.files.set(source.id, asked)
    asked.catch(() => this.files.delete(source.id))
    return asked
  }

  /** The smallest recorded range around a position of a document as it is now. */
  async siteAt(document: vscode.TextDocument, position: vscode.Position): Promise<Site | null> {
    const linked = await this.linked(document)
    return linked && linked.siteAt(position)
  }

  /** Where a recorded range is in a document as it is now; null when it was changed, or is elsewhere. */
  async rangeIn(document: vscode.TextDocument, site: Omit<Site, 'elements'>): Promise<vscode.Range | null> {
    const linked = await this.linked(document)
    return linked && linked.rangeOf(site)
  }

  /** A document's recorded ranges as they are now; null for documents that did not run. */
  async linked(document: vscode.TextDocument): Promise<LinkedText | null> {
    const code = await this.code(document.uri)
    const file = this.fileOf(document.uri)
    return code && file && new LinkedText(document, code, file.offset, this.drift(document, code))
  }

  /** Where a line of a file (from 1) is in the editor (from 0). */
  placeOf(path: string, line: number): { uri: vscode.Uri; line: number } {
    const { uri, offset } = placeOf(this.target, path, line)
    return { uri, line: line - offset }
  }

  /** The same; null when the file is none of the run's. */
  ownPlaceOf(path: string, line: number): { uri: vscode.Uri; line: number } | null {
    return this.paths.includes(path) ? this.placeOf(path, line) : null
  }

  /** Where a place of the run (line from 1) is in the editor now; null when that code was changed. */
  async placeNow(path: string, line: number, character: number): Promise<vscode.Location | null> {
    const { uri, line: shown } = this.placeOf(path, line)
    const at = { line: shown, character }
    const drift = await this.driftOf(uri)
    const now = drift ? drift.toNow(at, at) : { start: at }
    return now && new vscode.Location(uri, new vscode.Position(now.start.line, now.start.character))
  }

  /** Where a place in the editor was in the run (line from 1); null when it is none of it, or was written since. */
  async placeThen({ uri, range: { start } }: vscode.Location) {
    const file = this.fileOf(uri)
    if (!file) return null
    const drift = await this.driftOf(uri)
    const then = drift ? drift.toRun(start) : start
    return then && { path: file.path, line: then.line + file.offset, character: then.character }
  }

  /** null for what is not open: nobody has edited it. What ran is asked for only once, however the recording grows. */
  private async driftOf(uri: vscode.Uri): Promise<Drift | null> {
    const document = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString())
    if (!document) return null
    const known = this.drifts.get(uri.toString())
    if (known) return known
    const code = await this.code(uri)
    return code && this.drift(document, code)
  }

  /** Follows files that were renamed; whether any of its was. */
  renamed(files: readonly { oldUri: vscode.Uri; newUri: vscode.Uri }[]): boolean {
    const before = this.target
    for (const { oldUri, newUri } of files) this.target = renamed(this.target, this.paths, oldUri, newUri)
    return before !== this.target
  }

  edited(event: vscode.TextDocumentChangeEvent): void {
    const changes = event.contentChanges.map(({ range, text }) => ({ start: range.start, end: range.end, text }))
    this.drifts.get(event.document.uri.toString())?.add(changes)
  }

  /** Whether the text is no longer the one that ran; forgets edits that were taken back. */
  async isStale(document: vscode.TextDocument): Promise<boolean> {
    const code = await this.code(document.uri)
    const file = this.fileOf(document.uri)
    if (!code || !file) return false
    const drift = this.drift(document, code)
    if (!drift.changed) return false
    const fresh = Drift.between(this.textOf(code, document), document.getText())
    if (!fresh.changed) this.drifts.set(document.uri.toString(), fresh)
    return fresh.changed
  }

  private drift(document: vscode.TextDocument, code: CodeFile): Drift {
    const key = document.uri.toString()
    const known = this.drifts.get(key)
    if (known) return known
    const drift = Drift.between(this.textOf(code, document), document.getText())
    this.drifts.set(key, drift)
    return drift
  }

  /** The recorded text of a document: the whole file, or a notebook's cell as it is written there. */
  private textOf(code: CodeFile, document: vscode.TextDocument): string {
    return this.target.cells.find(({ uri }) => uri === document.uri.toString())?.text ?? code.text
  }

  /** Which file of the run a document is, and how many lines (from 0) into it, plus 1; null when it is none. */
  fileOf(uri: vscode.Uri): { path: string; offset: number } | null {
    return fileOf(this.target, uri, this.paths)
  }

  private get paths(): string[] {
    return [this.target.path, ...(this.overview?.sources.map(({ path }) => path) ?? [])]
  }

  private take(overview: Overview): void {
    if (overview.revision !== this.overview?.revision) this.files.clear()
    this.overview = overview
    this.grown.fire(overview)
  }

  private async store(): Promise<void> {
    const path = await this.services.newRecordingPath()
    await this.channel.request('save', { path, format: 'tape' })
    this.keep(basename(path))
  }
}

/** The user's own limits; the settings are of the machine, so that a cloned repository cannot raise them. */
export function settingsLimits(): Limits {
  const settings = vscode.workspace.getConfiguration('backprop.limits')
  return Object.fromEntries(
    limitNames.map((name) => [name, settings.get(name, defaultLimits[name])]),
  ) as unknown as Limits
}
