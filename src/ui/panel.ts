/** One panel: a webview, the recording that it shows, and the run that will take its place. */
import { basename } from 'node:path'
import * as vscode from 'vscode'
import { Channel } from '../protocol/channel.ts'
import { pack, unpack } from '../protocol/pack.ts'
import type { HostRequests } from '../protocol/host.ts'
import type { DebugAction, DebugPlace, PanelEvents, PanelRequests, PanelStatus, ViewEvents } from '../protocol/panel.ts'
import type { RunEnd } from '../protocol/runtime.ts'
import type { ElementId, SessionEvents } from '../protocol/view.ts'
import { panelHtml } from './html.ts'
import { parseViewMessage, sessionRequests } from './messages.ts'
import { Recording } from './recording.ts'
import { messageOf, type Services } from './services.ts'
import { isRecording, type Target } from './target.ts'

/** A debugger over a recording: where it stands (a tick, null while it moves), and what the panel may ask of it. */
export interface Debugging {
  readonly place: DebugPlace | null
  act(action: DebugAction): Promise<void>
  runTo(node: ElementId): Promise<void>
}

type Wish = 'goTo' | 'search' | 'picture'
type ViewChannel = Channel<Record<never, never>, ViewEvents, PanelRequests, PanelEvents>

export class Panel implements vscode.Disposable {
  readonly webview: vscode.WebviewPanel
  readonly channel: ViewChannel
  /** What the view shows. */
  shown: Recording | null = null
  /** A run that has nothing to show yet; until then the one before stays. */
  private next: Recording | null = null
  private stale = false
  /** The debugger that sits over what is shown. */
  debugging: Debugging | null = null
  private breakpoints: Int32Array = new Int32Array(0)
  private disposed = false
  /** The view takes what it is told; one that is hidden does not exist. */
  private standing = false
  private readonly wishes = new Map<Wish, () => void>()
  private forwarding: (() => void)[] = []
  private readonly services: Services
  private readonly changed = new vscode.EventEmitter<void>()
  private readonly ended = new vscode.EventEmitter<{ recording: Recording; end: RunEnd }>()
  private readonly printed = new vscode.EventEmitter<string>()
  private readonly begun = new vscode.EventEmitter<Target>()
  /** Another recording is shown, or a run has begun, grown or ended. */
  readonly onChanged = this.changed.event
  readonly onBegun = this.begun.event
  readonly onEnded = this.ended.event
  readonly onOutput = this.printed.event

  constructor(services: Services, webview: vscode.WebviewPanel) {
    this.services = services
    this.webview = webview
    this.channel = new Channel({
      post: (message) => void webview.webview.postMessage(pack(message)),
      onMessage: (listener) =>
        webview.webview.onDidReceiveMessage((raw: unknown) => {
          try {
            listener(parseViewMessage(unpack(raw)))
          } catch (error) {
            services.log.warn(`a message of the view was refused: ${messageOf(error)}`)
          }
        }),
    })
    for (const name of sessionRequests) {
      this.channel.serve(name, async (payload, signal) => {
        if (!this.shown) throw new Error('nothing is shown')
        return this.shown.channel.request(name, payload, signal) as never
      })
    }
    this.channel.serve('status', () => this.status)
    this.channel.on('cancelLayout', () => void this.shown?.channel.request('cancelLayout', {}))
    this.channel.on('stop', () => this.stop())
    this.channel.on('ready', () => {
      this.standing = true
      for (const tell of this.wishes.values()) tell()
      this.wishes.clear()
    })
    webview.onDidChangeViewState(() => {
      if (!webview.visible) this.standing = false
    })
    webview.iconPath = vscode.Uri.joinPath(services.extensionUri, 'media', 'panel.svg')
    webview.webview.options = {
      enableScripts: true,
      enableCommandUris: false,
      localResourceRoots: [vscode.Uri.joinPath(services.extensionUri, 'dist')],
    }
  }

  get target(): Target | null {
    return (this.next ?? this.shown)?.target ?? null
  }

  /** A recording of elsewhere has no script here. */
  get canRun(): boolean {
    return this.target !== null && !isRecording(this.target)
  }

  /** The run that is going on, else what is shown. */
  get recording(): Recording | null {
    return this.next ?? this.shown
  }

  get running(): boolean {
    return (this.next ?? this.shown)?.running ?? false
  }

  dispose(): void {
    if (this.disposed) return
    this.disposed = true
    this.channel.dispose()
    this.next?.dispose()
    this.shown?.dispose()
    for (const emitter of [this.changed, this.ended, this.printed, this.begun]) emitter.dispose()
  }

  /** Runs a script, `gated` for a debugger that it waits for; what is shown stays until the new run has something to show. */
  async run(target: Target, gated = false): Promise<void> {
    this.next?.dispose()
    const recording = (this.next = new Recording(this.services, target))
    this.begun.fire(target)
    if (!this.shown) this.show(recording)
    recording.onOutput((text) => this.printed.fire(text))
    recording.onGrown((overview) => {
      if (this.next === recording && overview.nodes > 0) this.show(recording)
      this.told()
    })
    this.told()
    try {
      const end = await recording.run(gated)
      if (this.disposed || (this.next !== recording && this.shown !== recording)) return
      if (this.shown !== recording) this.show(recording)
      this.told()
      this.ended.fire({ recording, end })
      this.services.warm()
    } catch (error) {
      if (this.disposed) return
      if (this.next === recording) this.next = null
      if (this.shown === recording) {
        this.shown = null
        this.channel.emit('renewed', { empty: true })
      }
      recording.dispose()
      this.told()
      void vscode.window.showErrorMessage(messageOf(error))
    }
  }

  /** `kept`: the name of the recording in storage, when it is one of ours. */
  async open(target: Target, from: HostRequests['open']['request'], kept: string | null): Promise<void> {
    const recording = new Recording(this.services, target)
    if (kept) recording.keep(kept)
    await recording.open(from).catch((error: unknown) => void vscode.window.showErrorMessage(messageOf(error)))
    this.show(recording)
  }

  /** A debugger has begun; null: it has ended, unless another one has taken the place of `old`. */
  debugged(debugging: Debugging | null, old = this.debugging): void {
    if (debugging === null && old !== this.debugging) return
    this.debugging = debugging
    this.told()
  }

  /** The elements that have a breakpoint. */
  marked(elements: Int32Array): void {
    this.breakpoints = elements
    this.channel.emit('status', this.status)
  }

  /** A panel without a recording says what to do. */
  render(): void {
    this.webview.webview.html = panelHtml(this.webview.webview, this.services.extensionUri)
  }

  /** Brings the view to the front, and tells it something once it stands. */
  ask<K extends Wish>(name: K, payload: PanelEvents[K], preserveFocus: boolean): void {
    this.webview.reveal(undefined, preserveFocus)
    const tell = () => this.channel.emit(name, payload)
    if (this.standing) tell()
    else this.wishes.set(name, tell)
  }

  stop(): void {
    ;(this.next ?? this.shown)?.stop()
  }

  async refreshStale(documents: readonly vscode.TextDocument[]): Promise<void> {
    const shown = this.shown
    if (!shown || shown.running) return
    const stale = await Promise.all(documents.map((document) => shown.isStale(document)))
    const now = stale.includes(true)
    if (now === this.stale || shown !== this.shown) return
    this.stale = now
    this.told()
  }

  private show(recording: Recording): void {
    const old = this.shown
    this.shown = recording
    if (this.next === recording) this.next = null
    this.stale = false
    for (const end of this.forwarding) end()
    this.forwarding = (['overview', 'scene', 'busy'] as const).map((name: keyof SessionEvents) =>
      recording.channel.on(name, (payload) => this.channel.emit(name, payload)),
    )
    this.nameIt()
    this.standing = false
    if (this.webview.webview.html === '') this.render()
    else this.channel.emit('renewed', { empty: false })
    if (old !== recording) old?.dispose()
    this.told()
  }

  /** Follows files that were renamed. */
  renamed(files: readonly { oldUri: vscode.Uri; newUri: vscode.Uri }[]): void {
    if (!this.shown?.renamed(files)) return
    this.nameIt()
    this.told()
  }

  private nameIt(): void {
    const { uri, path } = this.shown!.target
    this.webview.title = vscode.l10n.t(
      'Backprop: {0}',
      basename(uri.startsWith('untitled:') ? path : vscode.Uri.parse(uri).path),
    )
  }

  /** Says again how things stand. */
  told(): void {
    if (this.disposed) return
    this.channel.emit('status', this.status)
    this.changed.fire()
  }

  private get status(): PanelStatus {
    const run = this.next ?? this.shown
    const recording = this.shown?.stored ? { target: this.shown.target, stored: this.shown.stored } : null
    return {
      empty: this.shown === null,
      running: run?.running
        ? {
            nodes: run.overview?.nodes ?? 0,
            followed: run.overview?.followed ?? 0,
            seconds: run.overview?.seconds ?? 0,
          }
        : null,
      stale: this.stale,
      canRun: this.canRun,
      restricted: !vscode.workspace.isTrusted,
      debug: this.debugging && { place: this.debugging.place },
      breakpoints: this.breakpoints,
      memento: recording,
    }
  }
}
