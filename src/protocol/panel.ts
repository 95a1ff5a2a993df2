/** What the view in the editor's panel and the extension tell each other, besides what the view asks of the session. */
import type { ElementId, SessionEvents, SessionRequests, SiteRange } from './view.ts'

export const exportFormats = ['svg', 'png', 'html', 'tape', 'json'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** What the panel shows around the graph. */
export interface PanelStatus {
  /** There is no recording, not even one that is being made. */
  empty: boolean
  /** A run is going on; what is shown may still be the one before. */
  running: { nodes: number; followed: number; seconds: number } | null
  /** The text has changed since the run. */
  stale: boolean
  canRun: boolean
  /** Kept by the view for the next reload; the extension made it and reads it again. */
  memento: unknown
}

export interface PanelRequests extends SessionRequests {
  status: { request: Record<string, never>; reply: PanelStatus }
  [name: string]: { request: unknown; reply: unknown }
}

/** The view → the extension. */
export interface ViewEvents {
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
  example: Record<string, never>
  [name: string]: unknown
}

/** The extension → the view. */
export interface PanelEvents extends SessionEvents {
  status: PanelStatus
  /** Another recording is shown from now on. */
  renewed: Record<string, never>
  /** Light what a range of code made; empty: nothing. */
  light: { elements: Int32Array }
  goTo: { element: ElementId }
  search: Record<string, never>
  /** Make the picture and send it as `save`. */
  picture: { format: 'svg' | 'png' }
  [name: string]: unknown
}
