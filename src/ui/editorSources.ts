/**
 * Files as the editor knows them, where the debugger knows the run's: a script that was never saved, or was renamed, is
 * elsewhere, and a cell of a notebook is some lines of a script.
 */
import * as vscode from 'vscode'
import { walk } from '../protocol/pack.ts'
import type { Recording } from './recording.ts'

type Fields = Record<string, unknown>
interface Source extends Fields {
  path?: string
}

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const lineFields = ['line', 'endLine'] as const

export class EditorSources {
  private readonly recording: Recording
  /** Lines that were added to those of requests whose replies name no file. */
  private readonly shifts = new Map<number, number>()

  constructor(recording: Recording) {
    this.recording = recording
  }

  /** A request, as the debugger understands it. */
  toRun<T extends { seq: number; arguments?: object }>(request: T): T {
    const given = request.arguments as Fields | undefined
    const source = given?.['source'] as Source | undefined
    if (!given || typeof source?.path !== 'string') return request
    const file = this.recording.fileOf(uriOf(source.path))
    if (!file) return request
    const shift = file.offset - 1
    this.shifts.set(request.seq, shift)
    const breakpoints = given['breakpoints']
    const moved = Array.isArray(breakpoints)
      ? { breakpoints: breakpoints.map((one: Fields) => shifted(one, shift)) }
      : {}
    // Breakpoints come file by file, and a cell is a file to the editor.
    const named = { ...source, path: file.path, adapterData: source.path }
    return { ...request, arguments: { ...shifted(given, shift), ...moved, source: named } }
  }

  /** A response or an event, as the editor understands it. */
  toEditor(message: object): object {
    const reply = message as { request_seq?: number; body?: unknown }
    const shift = this.shifts.get(reply.request_seq ?? -1) ?? 0
    this.shifts.delete(reply.request_seq ?? -1)
    return { ...message, body: this.translate(reply.body, shift) }
  }

  private translate(value: unknown, shift: number): unknown {
    if (!isRecord(value)) return value
    const source = value['source']
    if (isRecord(source) && typeof source['path'] === 'string') return this.place(value, source)
    const moved = Array.isArray(value) || 'source' in value ? value : shifted(value, -shift)
    return walk(moved, (part) => this.translate(part, shift))
  }

  private place(value: Fields, source: Source): Fields {
    const line = typeof value['line'] === 'number' ? value['line'] : 1
    const found = this.recording.ownPlaceOf(source.path!, line)
    if (!found) return value
    const path = found.uri.scheme === 'file' ? found.uri.fsPath : found.uri.toString()
    // What is elsewhere now, the debugger could only show as a text of its own.
    const own = path === source.path ? source : { ...source, sourceReference: 0, origin: undefined }
    return { ...shifted(value, found.line + 1 - line), source: { ...own, path } }
  }
}

/** What a client calls a path may be a URI. */
export const uriOf = (path: string) =>
  /^[a-z][a-z\d+.-]+:/i.test(path) ? vscode.Uri.parse(path) : vscode.Uri.file(path)

function shifted(value: Fields, by: number): Fields {
  if (by === 0) return value
  const moved = { ...value }
  for (const field of lineFields) if (typeof moved[field] === 'number') moved[field] += by
  return moved
}
