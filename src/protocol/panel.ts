/** What the view in the editor's panel and the extension tell each other, besides what the view asks of the session. */
import type { ElementId, SessionEvents, SessionRequests, SiteRange } from './view.ts'

export const exportFormats = ['svg', 'png', 'html', 'tape', 'json'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** What a script may be allowed more of. */
export const allowances = ['time', 'memory', 'nodes', 'output', 'folder'] as const
export type Allowance = (typeof allowances)[number]

export const debugActions = [
  'continue',
  'stepOver',
  'stepInto',
  'stepOut',
  'stepBack',
  'reverseContinue',
  'pause',
  'restart',
  'stop',
] as const
export type DebugAction = (typeof debugActions)[number]

/** Where a debugger stands; `text` says it in a sentence. */
export interface DebugPlace {
  tick: number
  text: string
}

/** What the panel shows around the graph. */
export interface PanelStatus {
  /** There is no recording, not even one that is being made. */
  empty: boolean
  /** A run is going on; what is shown may still be the one before. */
  running: { nodes: number; followed: number; seconds: number } | null
  /** The text has changed since the run. */
  stale: boolean
  /** There is a script that can run (again); a recording cannot. */
  canRun: boolean
  /** The workspace is not trusted. */
  restricted: boolean
  /** A debugger sits over what is shown: where it stands, null while it moves or the script runs. */
  debug: { place: DebugPlace | null } | null
  /** What has a breakpoint of its own. */
  breakpoints: Int32Array
  /** Kept by the view for the next reload; the extension made it and reads it again. */
  memento: unknown
}

export interface PanelRequests extends SessionRequests {
  status: { request: Record<string, never>; reply: PanelStatus }
  [name: string]: { request: unknown; reply: unknown }
}

/** The view → the extension. */
export interface ViewEvents {
  /** The view stands as the user left it, and takes what it is told. */
  ready: Record<string, never>
  /** The node whose sub-expression is to be lit in the editor; null: none. */
  point: { site: SiteRange | null }
  /** Show this code, without taking the focus. */
  reveal: { site: SiteRange }
  save: { name: string; bytes: Uint8Array }
  /** Everything but pictures; those the view makes itself. */
  export: { format: ExportFormat }
  cancelLayout: Record<string, never>
  run: Record<string, never>
  stop: Record<string, never>
  /** Begins to debug the script, or the recording. */
  debug: Record<string, never>
  /** What the buttons of the debugger do. */
  act: { action: DebugAction }
  /** The debugger runs to where this node's rule runs next. */
  runTo: { element: ElementId }
  /** Sets a breakpoint on what made an element, `alone` on it and not on its repeats; takes it away where there is one. */
  breakpoint: { element: ElementId; alone: boolean }
  example: Record<string, never>
  /** Ask the user whether the script may have more of this. */
  allow: { what: Allowance }
  [name: string]: unknown
}

/** The extension → the view. */
export interface PanelEvents extends SessionEvents {
  status: PanelStatus
  /** Another recording is shown from now on, or none. */
  renewed: { empty: boolean }
  /** Light what a range of code made; empty: nothing. */
  light: { elements: Int32Array }
  goTo: { element: ElementId }
  search: Record<string, never>
  /** Make the picture and send it as `save`. */
  picture: { format: 'svg' | 'png' }
  [name: string]: unknown
}
