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

function uriOf(target: Target, path: string): vscode.Uri {
  const own = vscode.Uri.parse(target.uri)
  if (path === target.path && !isRecording(target)) return own
  return own.scheme === 'file' || own.scheme === 'untitled' ? vscode.Uri.file(path) : own.with({ path })
}

export const isRecording = (target: Target) => target.uri.endsWith('.tape')
