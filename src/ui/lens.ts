/** CodeLens over the calls that start a backward pass, found in the text before anything ran. */
import * as vscode from 'vscode'
import { backwardCalls } from './backwardCalls.ts'

export function registerLens(): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>()
  const provider = vscode.languages.registerCodeLensProvider([{ language: 'python' }], {
    onDidChangeCodeLenses: changed.event,
    provideCodeLenses(document) {
      if (!vscode.workspace.getConfiguration('backprop').get('codeLens', true)) return []
      const title = `$(type-hierarchy-super) ${vscode.l10n.t('Visualize Backprop')}`
      const inCell = document.uri.scheme === 'vscode-notebook-cell'
      const command = { title, command: 'backprop-lens.visualize', arguments: inCell ? [] : [document.uri] }
      return backwardCalls(document.getText()).map(
        ({ line, column }) => new vscode.CodeLens(new vscode.Range(line, column, line, column), command),
      )
    },
  })
  const settings = vscode.workspace.onDidChangeConfiguration(
    (event) => event.affectsConfiguration('backprop.codeLens') && changed.fire(),
  )
  return vscode.Disposable.from(provider, changed, settings)
}
