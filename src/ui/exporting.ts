/** Writes a recording to a file that the user chooses. */
import { rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import * as vscode from 'vscode'
import type { ExportFormat } from '../protocol/panel.ts'
import type { Panel } from './panel.ts'
import type { Services } from './services.ts'

/** `format` undefined: the user is asked. */
export async function exportRecording(panel: Panel, services: Services, format?: ExportFormat): Promise<void> {
  const { t } = vscode.l10n
  const names: Record<ExportFormat, string> = {
    svg: t('Picture (SVG)'),
    png: t('Picture (PNG)'),
    html: t('Page with the graph and the code (HTML)'),
    tape: t('Recording (.tape)'),
    json: t('Numbers (JSON)'),
  }
  const formats = Object.keys(names) as ExportFormat[]
  const choice =
    format ??
    (
      await vscode.window.showQuickPick(
        formats.map((format) => ({ label: names[format], description: `.${format}`, format })),
        { placeHolder: t('Export as …') },
      )
    )?.format
  if (!choice || !panel.shown) return
  if (choice === 'svg' || choice === 'png') return panel.ask('picture', { format: choice }, true)
  const { channel, target } = panel.shown
  const name = basename(target.path, extname(target.path))
  // Written by the session's own thread: a large one would hold up the editor.
  await saveAs(panel, `${name}.${choice}`, async (uri) => {
    const path = await services.scratchPath(choice)
    try {
      await channel.request('save', { path, format: choice })
      await vscode.workspace.fs.copy(vscode.Uri.file(path), uri, { overwrite: true })
    } finally {
      await rm(path, { force: true })
    }
  })
}

export async function saveAs(panel: Panel, name: string, write: (uri: vscode.Uri) => Thenable<void>): Promise<void> {
  const own = vscode.Uri.parse(panel.shown?.target.uri ?? '')
  const folder = own.scheme === 'file' ? dirname(own.fsPath) : vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
  const defaultUri = vscode.Uri.file(folder ? join(folder, name) : name)
  const uri = await vscode.window.showSaveDialog({
    defaultUri,
    filters: { [extname(name).slice(1)]: [extname(name).slice(1)] },
  })
  if (uri) await write(uri)
}
