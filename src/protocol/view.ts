/** What the view asks of a session, and what it is told. Everything here survives `structuredClone`. */
import type { RunEnd, RuntimeInfo } from './runtime.ts'

/** A thing on the canvas: an op (its id, ≥ 0) or a group (−1 − its id). */
export type ElementId = number

export const ItemKind = { op: 0, leaf: 1, constant: 2, group: 3, fold: 4 } as const
/** Bits of `Scene.flags`. `parameter`: a leaf that the script updates or reads the gradient of. `open`: its inside is shown. `unused`: used but not linked to. */
export const ItemFlag = { root: 1, parameter: 2, open: 4, tensor: 8, unlinked: 16 } as const

/**
 * The picture: which elements are visible and where. Struct of arrays, one entry per item; parents come
 * before their children. Coordinates are absolute, in CSS pixels at zoom 1.
 */
export interface Scene {
  /** Grows with every change of structure or position; frames name the scene they belong to. */
  revision: number
  /** false: a quick first picture; the final layout follows as a `scene` event. */
  final: boolean
  width: number
  height: number
  /** Which way the gradients' operands lead to their consumers. */
  direction: 'right' | 'down'
  element: Int32Array
  kind: Uint8Array
  flags: Uint8Array
  /** Index of the enclosing item in this scene, −1 at the top. */
  parent: Int32Array
  x: Float32Array
  y: Float32Array
  w: Float32Array
  h: Float32Array
  /** Name, or the expression when it has none; a group's title. */
  title: string[]
  /** The op's symbol (`×`, `+`, `tanh`); for a fold `× 16`; for a tensor its shape; may be ''. */
  subtitle: string[]
  /** Ops inside (1 for an op). */
  count: Int32Array
  edges: SceneEdges
}

/** Edges from operand to op. Those that leave or enter a closed group are merged into one. */
export interface SceneEdges {
  from: Int32Array
  to: Int32Array
  /** The operand slot at `to`, −1 when merged. */
  slot: Int32Array
  /** How many edges of the tape this one stands for. */
  count: Int32Array
  /** Edge e is the polyline `points[2*offset[e] .. 2*offset[e+1]]`, x and y in turn. */
  offset: Uint32Array
  points: Float32Array
}

export const GradientStatus = { waiting: 0, arrived: 1, unreached: 2, released: 3, carried: 4 } as const
export type GradientStatus = (typeof GradientStatus)[keyof typeof GradientStatus]

/** The numbers of a scene at one tick. Per item, and per edge. */
export interface Frame {
  revision: number
  tick: number
  /** The op's value; NaN with `hasValue` 0 for groups and text. A tensor: its norm. */
  value: Float64Array
  hasValue: Uint8Array
  /** The gradient as the engine holds it. A group: the one of largest magnitude inside. Only meaningful when the status is arrived, released or carried. */
  gradient: Float64Array
  status: Uint8Array
  /** The contribution that flowed along the edge (merged: of largest magnitude); only where `flowed` is 1. */
  contribution: Float64Array
  flowed: Uint8Array
  /** The item whose step is the current one (its innermost visible ancestor), −1 outside a step. */
  current: number
  /** The state's place in the recording. */
  position: TimelinePosition
}

export interface TimelinePosition {
  /** −1: before the first pass. */
  pass: number
  /** Step index within the pass, −1 before its first. */
  step: number
}

export interface PassSummary {
  /** `loss`, or the expression of the root; of a forward mode pass what was seeded. */
  title: string
  forward?: boolean
  roots: ElementId[]
  startTick: number
  endTick: number
  /** Tick *after* which each step is complete, in order. Long passes may be sampled evenly down to 4,096. */
  stepTicks: Int32Array
  steps: number
}

export interface Overview {
  script: string
  state: 'running' | 'ended'
  end: RunEnd | null
  info: RuntimeInfo | null
  /** Seconds the script took. */
  seconds: number
  nodes: number
  /** How many numbers were followed so far, in a run that shows its nodes only at its end; else 0. */
  followed: number
  /** Last tick of the tape; frames accept 0 … lastTick. */
  lastTick: number
  passes: PassSummary[]
  sources: { id: number; path: string }[]
  /** Things worth telling: "no autograd engine was used", "this project's own micrograd was used" … */
  notices: string[]
  findings: Finding[]
  revision: number
}

export interface Finding {
  rule: string
  severity: 'error' | 'warning' | 'info'
  message: string
  site: SiteRange | null
  elements: ElementId[]
}

/** Lines from 1, columns from 0 in UTF-16 code units, end exclusive. */
export interface SiteRange {
  source: number
  path: string
  startLine: number
  startColumn: number
  endLine: number
  endColumn: number
  text: string
}

/** A tensor's numbers, where the tracer recorded them (NaN: not recorded). */
export interface TensorSummary {
  shape: string
  dtype: string
  device: string
  count: number
  min: number
  max: number
  mean: number
  std: number
  l2: number
  zeros: number
  nans: number
  posInf: number
  negInf: number
  /** Counts of equal bins from min to max. */
  histogram: number[] | null
  /** The tensor as a small picture, row by row: means of blocks, all axes but the last flattened; NaN where one is non-finite. */
  thumbnail: { rows: number; columns: number; values: number[] } | null
}

/** One number of the side panel: null reads "–". */
export type Datum = { kind: 'number'; value: number } | { kind: 'tensor'; tensor: TensorSummary } | { kind: 'none' }

/** A contribution as the side panel lists it: from which consumer, or to which operand. */
export interface Flow {
  /** The other end: the consumer in "came from", the operand in "flows on to". −1 for a constant. */
  element: ElementId
  title: string
  op: string
  slot: number
  upstream: Datum
  /** contribution ÷ upstream; none when the upstream is 0 or non-finite, and for tensors. */
  local: Datum
  contribution: Datum
  /** The slope as a formula with numbers (`1 − 0.7071²`), only when it reproduces the contribution; else ''. */
  formula: string
  /** Of a tensor: the vector-Jacobian product of the op's rule (`dA = dC Bᵀ`) and what its letters stand for; null where it is not known. */
  vjp: { rule: string; letters: { letter: string; title: string }[] } | null
  /** 'replaced' when the engine wrote over the cell instead of adding. */
  mode: 'added' | 'replaced'
  /** Not an operand of the op that gave it. */
  stray: boolean
}

/** What a value received in a pass is not what the engine holds, or not what the value's own rule passed on. */
export type Mismatch =
  | { kind: 'overwritten'; received: number; contributions: number; held: number }
  | { kind: 'repeated'; received: number; runs: number; passed: number }
  | { kind: 'early'; received: number; passed: number }

export interface Details {
  element: ElementId
  title: string
  /** The expression as written. */
  expression: string
  op: string
  kind: 'op' | 'leaf' | 'constant' | 'group' | 'fold'
  /** `MLP.__call__ › layers[0] › neurons[3]` */
  path: string[]
  site: SiteRange | null
  value: Datum
  gradient: Datum
  status: GradientStatus
  /** `∂o/∂n`: names of the root and of this node; `dn` in forward mode. */
  gradientName: string
  /** The gradient is a tangent: it comes from the operands. */
  forward?: boolean
  cameFrom: Flow[]
  flowsTo: Flow[]
  /** How many more rows exist than are listed above. */
  moreCameFrom: number
  moreFlowsTo: number
  /** How received, held and passed differ; null when they agree. */
  bookkeeping: Mismatch | null
  /** Value and gradient at the end of each pass this node (or, for parameters, its name) took part in. */
  history: { pass: number; value: Datum; gradient: Datum; status: GradientStatus }[]
  /** For groups. */
  members: number
}

export interface SearchHit {
  element: ElementId
  title: string
  op: string
  /** `for step in range(3) · 2 › layers[0] › neurons[3]`: what tells apart hits of one expression; '' at the top. */
  path: string
  site: SiteRange | null
  /** The closed groups around it, outermost first: opening them shows it. */
  ancestors: ElementId[]
}

/** A row of the parallel accessible tree. */
export interface TreeRow {
  element: ElementId
  title: string
  op: string
  expandable: boolean
  count: number
  value: Datum
  gradient: Datum
  status: GradientStatus
  /** The ops that use this one, by their titles, in tape order and at most 20; empty for groups. Structure, so the same at every tick. */
  consumers: string[]
}

/** Code ranges and the elements they made, for hover from the code side. Columns as in `SiteRange`. */
export interface SourceView {
  id: number
  path: string
  text: string
  /** Distinct sites, outer before inner at the same start. */
  sites: { startLine: number; startColumn: number; endLine: number; endColumn: number; elements: Int32Array }[]
}

/** Named values with their last numbers, those that matter most first. */
export interface Summary {
  /** Whether the gradients are tangents, of forward mode. */
  forward?: boolean
  rows: {
    element: ElementId
    title: string
    op: string
    line: string
    value: number | null
    gradient: number | null
    code: string
  }[]
  /** How many more there are than `rows` lists. */
  more: number
}

/** Requests of the view and their replies. */
export interface SessionRequests {
  overview: { request: Record<string, never>; reply: Overview }
  /**
   * Opens and closes groups; replies with the first picture. `direction` keeps the last one when absent; before there
   * is one, that is taken in which the picture is larger in `room` (pixels).
   */
  scene: {
    request: {
      open?: ElementId[]
      close?: ElementId[]
      direction?: 'right' | 'down'
      room?: { width: number; height: number }
    }
    reply: Scene
  }
  frame: { request: { revision: number; tick: number }; reply: Frame }
  /** Where the next or the previous step is complete; the same tick where there is none. */
  step: { request: { tick: number; by: 1 | -1 }; reply: { tick: number } }
  details: { request: { element: ElementId; tick: number }; reply: Details }
  summary: { request: { limit: number }; reply: Summary }
  search: { request: { text: string; limit: number }; reply: { hits: SearchHit[]; total: number } }
  /** The closed groups around an element, outermost first, and its innermost visible one. */
  locate: { request: { element: ElementId }; reply: { ancestors: ElementId[]; visible: ElementId } }
  /** Elements (visible ones) on the way from an element to the root or to the leaves it depends on. */
  path: { request: { element: ElementId; to: 'root' | 'leaves' }; reply: { elements: Int32Array } }
  /** Children of a group, of the whole graph when `element` is null. */
  children: {
    request: { element: ElementId | null; tick: number; start: number; limit: number }
    reply: { rows: TreeRow[]; total: number }
  }
  source: { request: { id: number }; reply: SourceView }
  /** The whole scene as an SVG with inline styles on white. */
  svg: { request: { tick: number }; reply: string }
}

/** Pushed to the view; each is a complete snapshot, so a hidden view may keep only the newest. */
export interface SessionEvents {
  /** The final layout of the scene last asked for. */
  scene: Scene
  /** The tape grew, or the run ended. */
  overview: Overview
  /** A layout takes longer than a second; `cancelLayout` is offered. */
  busy: { what: 'layout' | null }
}
