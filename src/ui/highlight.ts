/** The link between code and graph: the lit sub-expression, the nodes of the code under the cursor or the pointer. */
import * as vscode from 'vscode'
import type { SiteRange } from '../protocol/view.ts'
import type { Panel } from './panel.ts'
import type { Panels } from './panels.ts'
import type { Recording } from './recording.ts'

export class Highlight implements vscode.Disposable {
  private readonly panels: Panels
  private readonly owned: vscode.Disposable[]
  private lit: { recording: Recording; site: SiteRange } | null = null
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('editor.wordHighlightStrongBackground'),
    border: '1px solid',
    borderColor: new vscode.ThemeColor('focusBorder'),
    borderRadius: '3px',
    overviewRulerColor: new vscode.ThemeColor('focusBorder'),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
  })

  constructor(panels: Panels) {
    this.panels = panels
    this.owned = [
      this.decoration,
      panels.onAdded((panel) => {
        panel.channel.on('point', ({ site }) => void this.light(panel, site))
        panel.channel.on('reveal', ({ site }) => void this.reveal(panel, site))
      }),
      panels.onChanged((panel) => {
        if (this.lit && panel?.shown !== this.lit.recording) this.clearUnlessShown()
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => void this.paint()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
        if (selections[0]) void this.lightNodes(textEditor.document, selections[0].active)
      }),
    ]
  }

  dispose(): void {
    for (const item of this.owned) item.dispose()
  }

  /** Lights what the code at a position made, in the panel that shows it; returns those nodes. */
  async lightNodes(document: vscode.TextDocument, position: vscode.Position): Promise<Int32Array | null> {
    const found = this.panels.recordingOf(document.uri)
    if (!found) return null
    const site = await found.recording.siteAt(document, position)
    found.panel.channel.emit('light', { elements: site?.elements ?? new Int32Array(0) })
    return site?.elements ?? null
  }

  /** Shows the code in its editor, or opens it beside the panel; the focus stays where it is. */
  async reveal(panel: Panel, site: SiteRange): Promise<void> {
    const recording = panel.shown
    if (!recording) return
    const { uri } = recording.placeOf(site.path, site.startLine)
    const visible = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri.toString())
    const editor = visible ?? (await this.open(panel, uri))
    const range = editor && (await recording.rangeIn(editor.document, site))
    if (range) editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport)
    await this.light(panel, site)
  }

  private async open(panel: Panel, uri: vscode.Uri): Promise<vscode.TextEditor | null> {
    const tabs = vscode.window.tabGroups.all
    const open = tabs.find(({ tabs }) =>
      tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString()),
    )
    const other = tabs.find(({ viewColumn }) => viewColumn !== panel.webview.viewColumn)
    const viewColumn = open?.viewColumn ?? other?.viewColumn ?? vscode.ViewColumn.Beside
    try {
      return await vscode.window.showTextDocument(uri, { viewColumn, preserveFocus: true, preview: true })
    } catch {
      void vscode.window.showWarningMessage(vscode.l10n.t('{0} is not there any more.', uri.path))
      return null
    }
  }

  private async light(panel: Panel, site: SiteRange | null): Promise<void> {
    this.lit = site && panel.shown ? { recording: panel.shown, site } : null
    await this.paint()
  }

  private async paint(): Promise<void> {
    const { lit } = this
    for (const editor of vscode.window.visibleTextEditors) {
      const { document } = editor
      const here =
        lit && lit.recording.placeOf(lit.site.path, lit.site.startLine).uri.toString() === document.uri.toString()
      const range = here ? await lit.recording.rangeIn(document, lit.site) : null
      if (this.lit === lit) editor.setDecorations(this.decoration, range ? [range] : [])
    }
  }

  private clearUnlessShown(): void {
    if (this.panels.all.some(({ shown }) => shown === this.lit?.recording)) return
    this.lit = null
    void this.paint()
  }
}
