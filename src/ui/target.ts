/** What a run is of, as plain data that survives a reload, and where its lines are in the editor. */
import * as v from 'valibot'
import * as vscode from 'vscode'

const cell = v.object({ uri: v.string(), firstLine: v.number(), text: v.string() })

export const targetSchema = v.object({
  /** The script, the notebook, or the recording's own file. */
  uri: v.string(),
  /** Path of the script as the run knows it. */
  path: v.string(),
  cwd: v.string(),
  /** A notebook's cells one after another: where each begins in the script's text, lines from 1. */
  cells: v.array(cell),
  /** The active cell, up to which a notebook runs. */
  upTo: v.number(),
  /** Files of the run that were renamed since: by their path in the run, the URI of now. */
  moved: v.optional(v.record(v.string(), v.string()), {}),
})

export type Target = v.InferOutput<typeof targetSchema>

export interface Place {
  uri: vscode.Uri
  /** Lines to add to those of the document (from 0) to get those of the run (from 1). */
  offset: number
}

/** Where a line of a run's file is. */
export function placeOf(target: Target, path: string, line: number): Place {
  if (path !== target.path) return { uri: uriOf(target, path), offset: 1 }
  const cell = target.cells.findLast(({ firstLine }) => firstLine <= line)
  return cell ? { uri: vscode.Uri.parse(cell.uri), offset: cell.firstLine } : { uri: uriOf(target, path), offset: 1 }
}

/** The file of a run that a document is; null for documents that are none of its. */
export function fileOf(target: Target, uri: vscode.Uri, paths: readonly string[]): (Place & { path: string }) | null {
  const wanted = uri.toString()
  const cell = target.cells.find((cell) => cell.uri === wanted)
  if (cell) return { path: target.path, uri, offset: cell.firstLine }
  const path = paths.find((path) => uriOf(target, path).toString() === wanted)
  return path === undefined ? null : { path, uri, offset: 1 }
}

/** The target after a file or folder was renamed; itself when that was none of its. */
export function renamed(target: Target, paths: readonly string[], from: vscode.Uri, to: vscode.Uri): Target {
  const old = from.toString()
  const follow = (uri: string) =>
    uri === old || uri.startsWith(`${old}/`) ? to.toString() + uri.slice(old.length) : null
  const moved: Target['moved'] = {}
  for (const path of paths) {
    const now = follow(uriOf(target, path).toString())
    if (now !== null) moved[path] = now
  }
  const uri = follow(target.uri)
  const cells = target.cells.map((cell) => {
    const place = vscode.Uri.parse(cell.uri)
    return place.path === from.path ? { ...cell, uri: place.with({ path: to.path }).toString() } : cell
  })
  if (uri === null && Object.keys(moved).length === 0) return target
  return { ...target, uri: uri ?? target.uri, cells, moved: { ...target.moved, ...moved } }
}

function uriOf(target: Target, path: string): vscode.Uri {
  const moved = target.moved[path]
  if (moved !== undefined) return vscode.Uri.parse(moved)
  const own = vscode.Uri.parse(target.uri)
  if (path === target.path && !isRecording(target)) return own
  return own.scheme === 'file' || own.scheme === 'untitled' ? vscode.Uri.file(path) : own.with({ path })
}

export const isRecording = (target: Target) => target.uri.endsWith('.tape')
