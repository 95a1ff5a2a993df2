/** The state of the view, and the part of it that survives a reload. */
import type { PanelStatus } from '../src/protocol/panel.ts'
import type { Details, ElementId, Frame, Overview, Scene, Summary } from '../src/protocol/view.ts'

export interface Camera {
  /** The scene's point in the middle of the canvas. */
  x: number
  y: number
  zoom: number
}

export type ThemeChoice = 'auto' | 'light' | 'dark' | 'contrast'
export type PathEnd = 'root' | 'leaves'
export type Direction = 'right' | 'down'

/** What the user arranged. */
export interface Arrangement {
  codeWidth: number
  sideWidth: number
  /** null: as the width of the window suggests. */
  codeShown: boolean | null
  sideShown: boolean | null
  theme: ThemeChoice
  /** null: the one in which the graph is larger. */
  direction: Direction | null
}

export interface ViewState extends Arrangement {
  overview: Overview | null
  /** Of a run that is over. */
  summary: Summary | null
  scene: Scene | null
  /** The element that keeps its place on the screen when the scene changes. */
  anchor: ElementId | null
  frame: Frame | null
  tick: number
  /** The timeline stands at the end, and stays there while the tape grows. */
  atEnd: boolean
  selected: ElementId | null
  hovered: ElementId | null
  selectedDetails: Details | null
  hoveredDetails: Details | null
  /** The op whose step the timeline stands at, or the closed group it is in. */
  current: ElementId | null
  currentDetails: Details | null
  /** The selected element, or the closed group it is in. */
  selectedVisible: ElementId | null
  /** Visible elements that the code under the pointer made. */
  lit: ReadonlySet<ElementId>
  /** A debugger sits over the recording: where it stands, null while it moves. */
  debug: PanelStatus['debug']
  /** Elements that have a breakpoint, and visible ones that hide such. */
  breakpoints: ReadonlySet<ElementId>
  hiddenBreakpoints: ReadonlySet<ElementId>
  pathTo: PathEnd | null
  path: ReadonlySet<ElementId> | null
  playing: boolean
  layingOut: boolean
  camera: Camera | null
  /** What went wrong last, in words for the user. */
  fault: string | null
}

export const initialState: ViewState = {
  overview: null,
  summary: null,
  scene: null,
  anchor: null,
  frame: null,
  tick: 0,
  atEnd: true,
  selected: null,
  hovered: null,
  selectedDetails: null,
  hoveredDetails: null,
  current: null,
  currentDetails: null,
  selectedVisible: null,
  lit: new Set(),
  debug: null,
  breakpoints: new Set(),
  hiddenBreakpoints: new Set(),
  pathTo: null,
  path: null,
  playing: false,
  layingOut: false,
  camera: null,
  fault: null,
  codeWidth: 460,
  sideWidth: 340,
  codeShown: null,
  sideShown: null,
  theme: 'auto',
  direction: null,
}

/** What is kept: where the user is and how the panels stand, never data. */
export interface SavedState extends Arrangement {
  version: 1
  camera: Camera | null
  selected: ElementId | null
  open: ElementId[]
  /** null: the end. */
  tick: number | null
}

export function toSaved(state: Readonly<ViewState>, open: ElementId[]): SavedState {
  const { codeWidth, sideWidth, codeShown, sideShown, theme, direction, camera, selected } = state
  const tick = state.atEnd ? null : state.tick
  return { version: 1, codeWidth, sideWidth, codeShown, sideShown, theme, direction, camera, selected, open, tick }
}

/** null when it is of another version, or was never ours. */
export function readSaved(value: unknown): SavedState | null {
  if (typeof value !== 'object' || value === null) return null
  const saved = value as Record<string, unknown>
  const number = (key: string) => typeof saved[key] === 'number'
  const shown = (key: string) => saved[key] === null || typeof saved[key] === 'boolean'
  const camera = saved['camera'] as Partial<Camera> | null
  const valid =
    saved['version'] === 1 &&
    number('codeWidth') &&
    number('sideWidth') &&
    shown('codeShown') &&
    shown('sideShown') &&
    ['auto', 'light', 'dark', 'contrast'].includes(saved['theme'] as string) &&
    ['right', 'down', null].includes(saved['direction'] as Direction | null) &&
    (camera === null || [camera?.x, camera?.y, camera?.zoom].every(Number.isFinite)) &&
    (saved['selected'] === null || number('selected')) &&
    (saved['tick'] === null || number('tick')) &&
    Array.isArray(saved['open']) &&
    saved['open'].every(Number.isInteger)
  return valid ? (value as SavedState) : null
}
