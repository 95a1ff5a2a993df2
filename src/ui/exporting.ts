/** Writes a recording to a file that the user chooses. */
import { basename, dirname, extname, join } from 'node:path'
import * as vscode from 'vscode'
import type { ExportFormat } from '../protocol/panel.ts'
import { exportedPage } from '../session/exportedPage.node.ts'
import type { Panel } from './panel.ts'

/** `format` undefined: the user is asked. */
export async function exportRecording(panel: Panel, dist: string, format?: ExportFormat): Promise<void> {
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
  if (choice === 'svg' || choice === 'png') return panel.channel.emit('picture', { format: choice })
  const { channel, target } = panel.shown
  const name = basename(target.path, extname(target.path))
  const bytes = { html: page, tape: () => channel.request('tape', {}), json: report }
  await saveAs(panel, `${name}.${choice}`, bytes[choice])

  async function page(): Promise<Uint8Array> {
    return encode(await exportedPage(dist, basename(target.path), await channel.request('tape', {})))
  }
  async function report(): Promise<Uint8Array> {
    return encode(await channel.request('report', {}))
  }
}

export async function saveAs(panel: Panel, name: string, bytes: () => Promise<Uint8Array>): Promise<void> {
  const own = vscode.Uri.parse(panel.shown?.target.uri ?? '')
  const folder = own.scheme === 'file' ? dirname(own.fsPath) : vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
  const defaultUri = vscode.Uri.file(folder ? join(folder, name) : name)
  const uri = await vscode.window.showSaveDialog({
    defaultUri,
    filters: { [extname(name).slice(1)]: [extname(name).slice(1)] },
  })
  if (uri) await vscode.workspace.fs.writeFile(uri, await bytes())
}

const encode = (text: string) => new TextEncoder().encode(text)
