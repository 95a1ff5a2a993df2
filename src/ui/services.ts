/** What the parts of the user interface share, and who owns it. */
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { Grants } from './grants.ts'
import { startSession, type SessionClient } from '../session/client.node.ts'

export const RUNTIME = 'embeddedPython'
/** Recordings that are kept for the next reload. */
const KEPT = 20
const WARM_MS = 5 * 60_000
/** The picture of a run that has ended does not have to share the machine with the start of a sandbox. */
const WARM_AFTER_MS = 2000

export class Services implements vscode.Disposable {
  readonly log = vscode.window.createOutputChannel('Backprop Lens', { log: true })
  readonly dist: string
  readonly extensionUri: vscode.Uri
  readonly grants: Grants
  /** Names of recordings that panels show: they outlive the newer ones. */
  readonly used = new Set<string>()
  private readonly folder: string
  private spare: { session: SessionClient; timer: NodeJS.Timeout } | null = null
  private warming: NodeJS.Timeout | undefined

  constructor(context: vscode.ExtensionContext) {
    this.extensionUri = context.extensionUri
    this.grants = new Grants(context.globalState)
    this.dist = join(context.extensionPath, 'dist')
    this.folder = join((context.storageUri ?? context.globalStorageUri).fsPath, 'recordings')
  }

  dispose(): void {
    clearTimeout(this.warming)
    this.endSpare()
    this.log.dispose()
  }

  // — Sessions —

  session(): SessionClient {
    clearTimeout(this.warming)
    const spare = this.spare?.session
    if (this.spare) clearTimeout(this.spare.timer)
    this.spare = null
    return spare ?? startSession(this.dist, (error) => this.log.error(error))
  }

  /** The next run begins in a sandbox that already waits, once it stands. */
  warm(): void {
    clearTimeout(this.warming)
    this.warming = setTimeout(() => this.startSpare(), WARM_AFTER_MS)
  }

  private startSpare(): void {
    this.endSpare()
    const session = startSession(this.dist, (error) => this.log.error(error))
    this.spare = { session, timer: setTimeout(() => this.endSpare(), WARM_MS) }
    session.channel.request('warm', { runtime: RUNTIME }).catch(() => undefined)
  }

  private endSpare(): void {
    if (!this.spare) return
    clearTimeout(this.spare.timer)
    void this.spare.session.dispose()
    this.spare = null
  }

  // — Recordings on the disk —

  async newRecordingPath(): Promise<string> {
    const path = await this.scratchPath('tape')
    void this.prune()
    return path
  }

  /** For a file that is about to be moved to where the user wants it. */
  async scratchPath(ending: string): Promise<string> {
    await mkdir(this.folder, { recursive: true })
    return join(this.folder, `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}.${ending}`)
  }

  recordingPath(name: string): string {
    return join(this.folder, name)
  }

  private async prune(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.tape') && !this.used.has(name))
    const dated = await Promise.all(
      names.map(async (name) => ({
        name,
        time: (await stat(join(this.folder, name)).catch(() => null))?.mtimeMs ?? 0,
      })),
    )
    const old = dated.sort((a, b) => b.time - a.time).slice(KEPT)
    await Promise.all(old.map(({ name }) => rm(join(this.folder, name), { force: true })))
  }
}

/** What went wrong, in one line. */
export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
