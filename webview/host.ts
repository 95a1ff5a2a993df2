/** What the view needs from where it runs: the exported page, or the editor's panel. */
import type { Allowance, DebugAction, ExportFormat, PanelEvents, PanelStatus } from '../src/protocol/panel.ts'
import type { ElementId, SessionEvents, SessionRequests, SiteRange } from '../src/protocol/view.ts'

export interface Host {
  /** `page`: the source is shown beside the graph. `vscode`: the editor is the code side. */
  readonly kind: 'page' | 'vscode'
  /** BCP 47, as the user's interface speaks. */
  readonly language: string
  /** Rejects with an `Error` whose message may be shown; also when `signal` aborts. */
  request<K extends keyof SessionRequests>(
    name: K,
    payload: SessionRequests[K]['request'],
    signal?: AbortSignal,
  ): Promise<SessionRequests[K]['reply']>
  /** Returns the function that stops listening. */
  on<K extends keyof SessionEvents>(event: K, listener: (payload: SessionEvents[K]) => void): () => void
  /** Survives hiding and reload. The state is plain data. */
  saveState(state: unknown): void
  loadState(): unknown
  /** Shows a range in the editor without taking its focus. */
  revealSource?(site: SiteRange): void
  saveFile(name: string, content: Blob): void
  cancelLayout(): void
  /** Runs the script again; absent where nothing can run. */
  rerun?(): void
  /** Only in the editor. */
  panel?: PanelHost
}

export interface PanelHost {
  /** Called at once, then with every change. Returns the function that stops listening. */
  onStatus(listener: (status: PanelStatus) => void): () => void
  onEvent<K extends 'light' | 'goTo' | 'search' | 'picture'>(
    name: K,
    listener: (payload: PanelEvents[K]) => void,
  ): () => void
  stop(): void
  debug(): void
  act(action: DebugAction): void
  runTo(element: ElementId): void
  /** `alone`: on this element and not on its repeats. */
  toggleBreakpoint(element: ElementId, alone: boolean): void
  openExample(): void
  export(format: ExportFormat): void
  /** Asks the user to allow the script more. */
  allow(what: Allowance): void
  /** The sub-expression to light in the editor. */
  point(site: SiteRange | null): void
}
