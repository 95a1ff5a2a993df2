/** Breakpoints in the graph are VS Code's own: a dot on code is in the gutter too, one on a call or an instance is a function breakpoint. */
import * as vscode from 'vscode'
import type { GraphBreakpoint } from '../protocol/host.ts'
import type { ElementId, Overview } from '../protocol/view.ts'
import type { Panel } from './panel.ts'
import type { Panels } from './panels.ts'
import type { Recording } from './recording.ts'
import { messageOf, type Services } from './services.ts'
import type { Target } from './target.ts'

/** Milliseconds that a growing recording is left alone. */
const REST = 250

export class GraphBreakpoints implements vscode.Disposable {
  private readonly panels: Panels
  private readonly services: Services
  private readonly owned: vscode.Disposable[]
  private timer: NodeJS.Timeout | undefined
  /** What each panel's breakpoints were last looked up in: neither changes while a debugger only moves. */
  private readonly seen = new WeakMap<Panel, { target: Target; overview: Overview | null }>()

  constructor(services: Services, panels: Panels) {
    this.services = services
    this.panels = panels
    this.owned = [
      vscode.debug.onDidChangeBreakpoints(() => panels.all.forEach((panel) => void this.mark(panel))),
      panels.onChanged(() => {
        clearTimeout(this.timer)
        this.timer = setTimeout(() => {
          for (const panel of panels.all) if (this.isNew(panel)) void this.mark(panel)
        }, REST)
      }),
    ]
  }

  dispose(): void {
    clearTimeout(this.timer)
    for (const item of this.owned) item.dispose()
  }

  /** Sets a breakpoint on an element, `alone` on it and not on its repeats; takes away the one that is the same. */
  async toggle(panel: Panel, element: ElementId, alone: boolean): Promise<void> {
    const recording = panel.shown
    if (!recording) return
    const on = await recording.channel.request('breakpointOn', { element, alone })
    const all = await allOf(recording)
    const same = all.filter(({ known }) => matches(known, on)).map(({ breakpoint }) => breakpoint)
    const around = same.length > 0 || alone ? same : await this.only(recording, element, all)
    if (around.length > 0) return vscode.debug.removeBreakpoints(around)
    const made = await toEditor(recording, on)
    if (made) vscode.debug.addBreakpoints([made])
    else void vscode.window.showInformationMessage(vscode.l10n.t('This code has changed since the run; run it again.'))
  }

  /** Breakpoints that are on this element and were set elsewhere: in the gutter, or on it alone. */
  private async only(recording: Recording, element: ElementId, all: readonly Known[]): Promise<vscode.Breakpoint[]> {
    const found: vscode.Breakpoint[] = []
    if (element < 0) return found
    for (const { breakpoint, known } of all) {
      const elements = await recording.channel.request('elementsWith', { breakpoints: [known] })
      if (elements.includes(element)) found.push(breakpoint)
    }
    return found
  }

  /** Whether a panel shows another recording now, or one that has grown or whose files were renamed. */
  private isNew(panel: Panel): boolean {
    const seen = this.seen.get(panel)
    return seen?.target !== panel.shown?.target || seen?.overview !== panel.shown?.overview
  }

  private async mark(panel: Panel): Promise<void> {
    const { shown } = panel
    if (!shown) return
    this.seen.set(panel, { target: shown.target, overview: shown.overview })
    try {
      const enabled = (await allOf(shown)).filter(({ breakpoint }) => breakpoint.enabled)
      const breakpoints = enabled.map(({ known }) => known)
      const none = new Int32Array(0)
      const elements = breakpoints.length > 0 ? await shown.channel.request('elementsWith', { breakpoints }) : none
      if (panel.shown === shown) panel.marked(elements)
    } catch (error) {
      this.services.log.warn(`breakpoints could not be shown in the graph: ${messageOf(error)}`)
    }
  }
}

/** A breakpoint of VS Code, and how it reads in terms of a recording. */
interface Known {
  breakpoint: vscode.Breakpoint
  known: GraphBreakpoint
}

/** Those on code of the recording, and on functions. */
async function allOf(recording: Recording): Promise<Known[]> {
  const all: Known[] = []
  for (const breakpoint of vscode.debug.breakpoints) {
    const known = await ofEditor(recording, breakpoint)
    if (known) all.push({ breakpoint, known })
  }
  return all
}

/** null for those that are none of the recording's. */
async function ofEditor(recording: Recording, breakpoint: vscode.Breakpoint): Promise<GraphBreakpoint | null> {
  if (breakpoint instanceof vscode.FunctionBreakpoint) return { kind: 'function', name: breakpoint.functionName }
  if (!(breakpoint instanceof vscode.SourceBreakpoint)) return null
  const place = await recording.placeThen(breakpoint.location)
  if (!place) return null
  const column = breakpoint.location.range.start.character === 0 ? null : place.character
  return { kind: 'source', path: place.path, line: place.line, column }
}

/** null when the code was changed. */
async function toEditor(recording: Recording, on: GraphBreakpoint): Promise<vscode.Breakpoint | null> {
  if (on.kind === 'function') return new vscode.FunctionBreakpoint(on.name)
  const place = await recording.placeNow(on.path, on.line, on.column ?? 0)
  if (!place) return null
  const start = on.column === null ? new vscode.Position(place.range.start.line, 0) : place.range.start
  return new vscode.SourceBreakpoint(new vscode.Location(place.uri, start))
}

function matches(a: GraphBreakpoint | null, b: GraphBreakpoint): boolean {
  if (a?.kind === 'function' && b.kind === 'function') return a.name === b.name
  return a?.kind === 'source' && b.kind === 'source' && a.path === b.path && a.line === b.line && a.column === b.column
}
