/** All panels: one per script, restored after a reload, and one per `.tape` that is open. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import * as vscode from 'vscode'
import { Panel } from './panel.ts'
import type { Recording } from './recording.ts'
import { messageOf, type Services } from './services.ts'
import { type Target, targetSchema } from './target.ts'

export const VIEW_TYPE = 'backprop-lens.graph'
export const TAPE_TYPE = 'backprop-lens.tape'
const STALE_MS = 250

const memento = v.object({
  memento: v.object({ target: targetSchema, stored: v.pipe(v.string(), v.regex(/^[\w-]+\.tape$/)) }),
})

export class Panels implements vscode.Disposable {
  /** The one used last is first. */
  private readonly list: Panel[] = []
  private readonly services: Services
  private readonly owned: vscode.Disposable[]
  private readonly added = new vscode.EventEmitter<Panel>()
  private readonly changed = new vscode.EventEmitter<Panel | null>()
  readonly onAdded = this.added.event
  /** Something that the editor shows may have changed; null: a panel was closed. */
  readonly onChanged = this.changed.event
  private checking: NodeJS.Timeout | undefined

  constructor(services: Services) {
    this.services = services
    this.owned = [
      this.added,
      this.changed,
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.contentChanges.length === 0) return
        for (const { shown } of this.list) shown?.edited(event)
        this.checkSoon()
      }),
      vscode.workspace.onDidOpenTextDocument(() => this.checkSoon()),
      vscode.workspace.onDidRenameFiles(({ files }) => {
        for (const panel of this.list) panel.renamed(files)
        this.checkSoon()
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        for (const panel of this.list) panel.told()
      }),
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
        deserializeWebviewPanel: (webview, state) => this.restore(webview, state),
      }),
      vscode.window.registerCustomEditorProvider(TAPE_TYPE, {
        openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
        resolveCustomEditor: (document, webview) => this.openTape(document.uri, webview),
      }),
    ]
  }

  dispose(): void {
    clearTimeout(this.checking)
    for (const panel of [...this.list]) panel.webview.dispose()
    for (const item of this.owned) item.dispose()
  }

  get all(): readonly Panel[] {
    return this.list
  }

  /** The panel that has the focus, else the one used last. */
  get current(): Panel | undefined {
    return this.list.find(({ webview }) => webview.active) ?? this.list[0]
  }

  /** The recording that a document's code is linked to. */
  recordingOf(uri: vscode.Uri): { panel: Panel; recording: Recording } | null {
    for (const panel of this.list) if (panel.shown?.covers(uri)) return { panel, recording: panel.shown }
    return null
  }

  async run(target: Target): Promise<void> {
    await this.panelFor(target).run(target)
  }

  /** The run is left to itself; its recording is there from the start. */
  begin(target: Target, gated: boolean): Panel {
    const panel = this.panelFor(target)
    void panel.run(target, gated)
    return panel
  }

  /** Of a recording that the editor has just opened. */
  async whenShown(uri: vscode.Uri): Promise<Panel> {
    const find = () => this.list.find(({ target }) => target?.uri === uri.toString())
    for (let found = find(); ; found = find()) {
      if (found) return found
      await new Promise<void>((changed) => {
        const once = this.onChanged(() => {
          once.dispose()
          changed()
        })
      })
    }
  }

  private panelFor(target: Target): Panel {
    const known = this.list.find((panel) => panel.target?.uri === target.uri && panel.webview.viewType === VIEW_TYPE)
    const panel = known ?? this.add(this.create())
    if (known) known.webview.reveal(undefined, true)
    this.use(panel)
    return panel
  }

  /** An empty panel, which says what to do. */
  showEmpty(): void {
    const panel = this.add(this.create())
    panel.render()
  }

  private create(): vscode.WebviewPanel {
    // Where other panels are already, unless that is where the script is.
    const active = vscode.window.tabGroups.activeTabGroup.viewColumn
    const other = this.list.find(({ webview: { viewColumn } }) => viewColumn !== undefined && viewColumn !== active)
    const where = { viewColumn: other?.webview.viewColumn ?? vscode.ViewColumn.Beside, preserveFocus: true }
    return vscode.window.createWebviewPanel(VIEW_TYPE, vscode.l10n.t('Backprop'), where)
  }

  private add(webview: vscode.WebviewPanel): Panel {
    const panel = new Panel(this.services, webview)
    this.list.unshift(panel)
    panel.onChanged(() => this.changed.fire(panel))
    webview.onDidChangeViewState(() => webview.active && this.use(panel))
    webview.onDidDispose(() => {
      this.list.splice(this.list.indexOf(panel), 1)
      panel.dispose()
      this.changed.fire(null)
    })
    this.added.fire(panel)
    return panel
  }

  private use(panel: Panel): void {
    this.list.splice(this.list.indexOf(panel), 1)
    this.list.unshift(panel)
    this.changed.fire(panel)
  }

  private async restore(webview: vscode.WebviewPanel, state: unknown): Promise<void> {
    const panel = this.add(webview)
    const saved = v.safeParse(memento, state)
    if (!saved.success) return panel.render()
    const { target, stored } = saved.output.memento
    try {
      const path = this.services.recordingPath(stored)
      await access(path)
      await panel.open(target, { path }, stored)
      this.checkSoon()
    } catch (error) {
      this.services.log.warn(`a recording could not be restored: ${messageOf(error)}`)
      panel.render()
    }
  }

  private async openTape(uri: vscode.Uri, webview: vscode.WebviewPanel): Promise<void> {
    const panel = this.add(webview)
    const target = { uri: uri.toString(), path: '', cwd: join(uri.fsPath, '..'), cells: [], upTo: 0, moved: {} }
    const recording = uri.scheme === 'file' ? { path: uri.fsPath } : { tape: await vscode.workspace.fs.readFile(uri) }
    await panel.open(target, recording, null)
    this.checkSoon()
  }

  private checkSoon(): void {
    clearTimeout(this.checking)
    this.checking = setTimeout(() => {
      const documents = vscode.workspace.textDocuments
      for (const panel of this.list)
        void panel
          .refreshStale(documents.filter(({ uri }) => panel.shown?.covers(uri)))
          .catch((error: unknown) => this.services.log.error(messageOf(error)))
    }, STALE_MS)
  }
}
