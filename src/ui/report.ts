/** How runs go, outside the panel: status bar, Problems, the script's output. */
import * as vscode from 'vscode'
import type { Panel } from './panel.ts'
import type { Panels } from './panels.ts'
import type { Recording } from './recording.ts'
import type { RunEnd } from '../protocol/runtime.ts'

/** A language of its own, so that only this output's lines are linked. */
const OUTPUT = 'backprop-output'

export class RunReport implements vscode.Disposable {
  readonly output = vscode.window.createOutputChannel('Backprop', OUTPUT)
  /** Each panel's last error. */
  private readonly raised = new Map<Panel, { uri: vscode.Uri; problem: vscode.Diagnostic }>()
  private readonly problems = vscode.languages.createDiagnosticCollection('backprop')
  private readonly status = vscode.window.createStatusBarItem('backprop-lens.run', vscode.StatusBarAlignment.Left)
  private readonly contexts = new Map<string, boolean>()
  private readonly panels: Panels
  private readonly owned: vscode.Disposable[]

  constructor(panels: Panels) {
    this.panels = panels
    this.status.name = 'Backprop'
    this.status.command = 'backprop-lens.stop'
    this.owned = [
      this.output,
      this.problems,
      this.status,
      vscode.languages.registerDocumentLinkProvider(
        { language: OUTPUT },
        {
          provideDocumentLinks: (document) => links(panels, document),
        },
      ),
      panels.onAdded((panel) => this.follow(panel)),
      panels.onChanged(() => this.refresh()),
    ]
  }

  dispose(): void {
    for (const item of this.owned) item.dispose()
  }

  private follow(panel: Panel): void {
    const forget = () => {
      this.raised.delete(panel)
      this.showProblems()
    }
    panel.onBegun((target) => {
      forget()
      this.output.clear()
      this.output.appendLine(vscode.l10n.t('Running {0}', target.path))
    })
    panel.onOutput((text) => this.output.append(text))
    panel.onEnded(({ recording, end }) => void this.ended(panel, recording, end))
    panel.webview.onDidDispose(forget)
  }

  private async ended(panel: Panel, recording: Recording, end: RunEnd): Promise<void> {
    if (end.kind === 'limit' || end.kind === 'crashed') this.output.appendLine(end.message)
    if (end.kind !== 'raised') return
    const { error } = end
    // The interpreter has printed the traceback.
    if (error.hint) this.output.appendLine(error.hint)
    if (!error.site) return
    const { file, startLine } = error.site
    const { uri } = recording.placeOf(file, startLine)
    const document = await vscode.workspace.openTextDocument(uri)
    const range =
      (await recording.rangeIn(document, error.site)) ??
      document.lineAt(Math.min(startLine, document.lineCount) - 1).range
    const problem = new vscode.Diagnostic(range, `${error.type}: ${error.message}`)
    problem.source = 'Backprop'
    this.raised.set(panel, { uri, problem })
    this.showProblems()
  }

  private showProblems(): void {
    this.problems.clear()
    for (const { uri, problem } of this.raised.values())
      this.problems.set(uri, [...(this.problems.get(uri) ?? []), problem])
  }

  /** What the `when` clauses of the commands ask for. */
  private setContext(name: string, value: boolean): void {
    if (this.contexts.get(name) === value) return
    this.contexts.set(name, value)
    void vscode.commands.executeCommand('setContext', `backprop-lens.${name}`, value)
  }

  private refresh(): void {
    const running = this.panels.all.find((panel) => panel.running)
    this.setContext('running', running !== undefined)
    this.setContext('open', this.panels.all.length > 0)
    this.setContext('canRerun', this.panels.current?.canRun ?? false)
    if (!running) return this.status.hide()
    const nodes = running.shown?.running ? (running.shown.overview?.nodes ?? 0) : 0
    this.status.text = `$(sync~spin) Backprop${nodes > 0 ? `: ${nodes.toLocaleString()}` : ''}`
    this.status.tooltip = vscode.l10n.t('A script is running. Click to stop it.')
    this.status.show()
  }
}

/** `File "…", line 12` of a traceback, wherever the editor has that line. */
function links(panels: Panels, document: vscode.TextDocument): vscode.DocumentLink[] {
  return [...document.getText().matchAll(/File "([^"<>]+)", line (\d+)/g)].map((match) => {
    const range = new vscode.Range(document.positionAt(match.index), document.positionAt(match.index + match[0].length))
    return new vscode.DocumentLink(range, linkTo(panels, match[1]!, Number(match[2])))
  })
}

function linkTo(panels: Panels, path: string, line: number): vscode.Uri {
  for (const { shown } of panels.all) {
    const place = shown?.ownPlaceOf(path, line)
    // A cell's own fragment says which cell it is.
    if (place) return place.uri.fragment ? place.uri : place.uri.with({ fragment: `L${place.line + 1}` })
  }
  return vscode.Uri.file(path).with({ fragment: `L${line}` })
}
