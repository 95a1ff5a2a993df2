/** From what is open in the editor to what a run is given: saved, unsaved, untitled, a notebook, on a virtual disk. */
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import * as vscode from 'vscode'
import type { GivenTexts } from '../protocol/host.ts'
import { pythonLines } from './magics.ts'
import type { Target } from './target.ts'

const MAX_FILES = 5000
const encode = (text: string) => new TextEncoder().encode(text)

/** What the command was asked on, or the active editor; null where there is nothing that can run. */
export function targetOf(uri?: vscode.Uri): Target | null {
  const notebook = vscode.window.activeNotebookEditor
  if (notebook && (!uri || uri.toString() === notebook.notebook.uri.toString())) {
    const upTo = Math.max(...notebook.selections.map(({ end }) => end), 1)
    return { ...named(notebook.notebook.uri), upTo }
  }
  const wanted = uri ?? vscode.window.activeTextEditor?.document.uri ?? onlyPython()
  if (!wanted) return null
  const document = documentOf(wanted)
  if (!uri && document?.languageId !== 'python') return null
  return named(wanted)
}

/** The panel itself may have the focus: then the script that stands beside it is meant. */
function onlyPython(): vscode.Uri | undefined {
  return vscode.window.visibleTextEditors.find(({ document }) => document.languageId === 'python')?.document.uri
}

export function named(uri: vscode.Uri): Target {
  const folder = vscode.workspace.getWorkspaceFolder(uri) ?? vscode.workspace.workspaceFolders?.[0]
  const own = uri.scheme === 'file' ? uri.fsPath : uri.path
  const path =
    uri.scheme === 'untitled' ? join(folder?.uri.fsPath ?? tmpdir(), `${uri.path.replace(/\W+/g, '_')}.py`) : own
  return { uri: uri.toString(), path, cwd: dirname(path), cells: [], upTo: 0, moved: {} }
}

/** What a target is when it runs again: a file that was renamed is somewhere else. */
export const again = (target: Target): Target => ({ ...named(vscode.Uri.parse(target.uri)), upTo: target.upTo })

const documentOf = (uri: vscode.Uri) =>
  vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString())

/** The texts of this moment; a notebook's target comes back with its cells. */
export async function gatherTexts(target: Target): Promise<{ target: Target; given: GivenTexts }> {
  const uri = vscode.Uri.parse(target.uri)
  if (target.path.endsWith('.ipynb')) return gatherNotebook(target, uri)
  const unsaved = vscode.workspace.textDocuments.filter(
    ({ isDirty, uri: other }) => isDirty && other.scheme === uri.scheme && other.scheme === 'file',
  )
  const files = unsaved.map((document) => ({ path: document.uri.fsPath, bytes: encode(document.getText()) }))
  if (uri.scheme === 'file') {
    const there = await vscode.workspace.fs.stat(uri).then(
      () => true,
      () => files.some(({ path }) => path === target.path),
    )
    if (!there) throw new Error(vscode.l10n.t('{0} is not there any more.', uri.fsPath))
    return { target, given: { files, disk: true } }
  }
  const document = await vscode.workspace.openTextDocument(uri)
  files.push({ path: target.path, bytes: encode(document.getText()) })
  if (uri.scheme === 'untitled') return { target, given: { files, disk: true } }
  return { target, given: { files: [...files, ...(await neighbours(uri))], disk: false } }
}

async function gatherNotebook(target: Target, uri: vscode.Uri): Promise<{ target: Target; given: GivenTexts }> {
  const notebook = await vscode.workspace.openNotebookDocument(uri)
  const cells: Target['cells'] = []
  const lines: string[] = []
  for (const cell of notebook.getCells().slice(0, target.upTo)) {
    if (cell.kind !== vscode.NotebookCellKind.Code || cell.document.languageId !== 'python') continue
    const text = cell.document.getText()
    cells.push({ uri: cell.document.uri.toString(), firstLine: lines.length + 1, text })
    lines.push(...pythonLines(text.split(/\r?\n/)))
  }
  const files = [{ path: target.path, bytes: encode(lines.join('\n') + '\n') }]
  return { target: { ...target, cells }, given: { files, disk: uri.scheme === 'file' } }
}

/** What lies beside a script on a disk that only the editor can read. */
async function neighbours(script: vscode.Uri): Promise<GivenTexts['files']> {
  const files: GivenTexts['files'] = []
  const waiting = [vscode.Uri.joinPath(script, '..')]
  while (waiting.length > 0 && files.length < MAX_FILES) {
    const folder = waiting.shift()!
    const entries = await vscode.workspace.fs.readDirectory(folder).then(
      (entries) => entries,
      () => [],
    )
    for (const [name, type] of entries) {
      const uri = vscode.Uri.joinPath(folder, name)
      if (type & vscode.FileType.Directory && !name.startsWith('.') && name !== 'node_modules') waiting.push(uri)
      else if (type & vscode.FileType.File && name.endsWith('.py') && uri.path !== script.path)
        files.push({ path: uri.path, bytes: await vscode.workspace.fs.readFile(uri) })
    }
  }
  return files
}
