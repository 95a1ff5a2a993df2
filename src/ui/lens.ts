/** CodeLens over the calls that start a backward pass, found in the text before anything ran. */
import * as vscode from 'vscode'
import { backwardCalls } from './backwardCalls.ts'

export function registerLens(): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>()
  const provider = vscode.languages.registerCodeLensProvider([{ language: 'python' }], {
    onDidChangeCodeLenses: changed.event,
    provideCodeLenses(document) {
      if (!vscode.workspace.getConfiguration('backprop').get('codeLens', true)) return []
      const inCell = document.uri.scheme === 'vscode-notebook-cell'
      const given = inCell ? [] : [document.uri]
      const { t } = vscode.l10n
      const show = { title: `$(type-hierarchy-super) ${t('Visualize Backprop')}`, command: 'backprop-lens.visualize' }
      const debug = { title: `$(debug-alt) ${t('Debug Backprop')}`, command: 'backprop-lens.debug' }
      return backwardCalls(document.getText()).flatMap(({ line, column }) =>
        [show, debug].map(
          (command) =>
            new vscode.CodeLens(new vscode.Range(line, column, line, column), { ...command, arguments: given }),
        ),
      )
    },
  })
  const settings = vscode.workspace.onDidChangeConfiguration(
    (event) => event.affectsConfiguration('backprop.codeLens') && changed.fire(),
  )
  return vscode.Disposable.from(provider, changed, settings)
}
