/** The extension's commands. */
import { basename, dirname, join } from 'node:path'
import * as vscode from 'vscode'
import { defaultLimits, type Limits, type RunEnd } from '../protocol/runtime.ts'
import { startSession } from '../session/client.node.ts'
import { exportedPage } from '../session/exportedPage.node.ts'

export function registerCommands(context: vscode.ExtensionContext): vscode.Disposable {
  const output = vscode.window.createOutputChannel('Backprop')
  const command = vscode.commands.registerCommand('backprop-lens.visualize', () => visualizeActive(context, output))
  return vscode.Disposable.from(output, command)
}

/** Runs the script in the active editor in the embedded sandbox and shows its graph beside the code. */
async function visualizeActive(context: vscode.ExtensionContext, output: vscode.OutputChannel): Promise<void> {
  const document = vscode.window.activeTextEditor?.document
  if (document?.uri.scheme !== 'file' || document.languageId !== 'python') {
    void vscode.window.showInformationMessage(
      'Open a Python script that is saved on disk, then run Visualize Backprop.',
    )
    return
  }
  if (document.isDirty && !(await document.save())) return
  const script = document.uri.fsPath
  const dist = join(context.extensionPath, 'dist')
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Running ${basename(script)}`, cancellable: true },
    async (_progress, token) => {
      const session = startSession(dist, (error) => output.appendLine(error.message))
      try {
        session.channel.on('output', ({ chunk }) => output.append(Buffer.from(chunk).toString('utf8')))
        token.onCancellationRequested(() => void session.channel.request('stop', {}))
        const request = { script, args: [], cwd: dirname(script), capture: true, limits: limits() }
        const end = await session.channel.request('run', { runtime: 'embeddedPython', request })
        tell(end, output)
        const name = basename(script)
        const panel = vscode.window.createWebviewPanel(
          'backprop-lens.graph',
          name,
          { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
          { enableScripts: true, retainContextWhenHidden: true, localResourceRoots: [] },
        )
        panel.webview.html = await exportedPage(dist, name, await session.channel.request('tape', {}))
      } finally {
        await session.dispose()
      }
    },
  )
}

/** The user's own limits; the settings are of the machine, so that a cloned repository cannot raise them. */
function limits(): Limits {
  const settings = vscode.workspace.getConfiguration('backprop.limits')
  const names = Object.keys(defaultLimits) as (keyof Limits)[]
  return Object.fromEntries(names.map((name) => [name, settings.get(name, defaultLimits[name])])) as unknown as Limits
}

function tell(end: RunEnd, output: vscode.OutputChannel): void {
  if (end.kind === 'done' || end.kind === 'stopped') return
  const message = end.kind === 'raised' ? `${end.error.type}: ${end.error.message}` : end.message
  void vscode.window.showErrorMessage(message, 'Show Output').then((choice) => choice && output.show())
}
