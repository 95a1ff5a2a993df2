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
    const same = vscode.debug.breakpoints.filter((one) => matches(ofEditor(recording, one), on))
    const around = same.length > 0 || alone ? same : await this.only(recording, element)
    if (around.length > 0) return vscode.debug.removeBreakpoints(around)
    vscode.debug.addBreakpoints([toEditor(recording, on)])
  }

  /** Breakpoints that are on this element and were set elsewhere: in the gutter, or on it alone. */
  private async only(recording: Recording, element: ElementId): Promise<vscode.Breakpoint[]> {
    const found: vscode.Breakpoint[] = []
    if (element < 0) return found
    for (const breakpoint of vscode.debug.breakpoints) {
      const one = ofEditor(recording, breakpoint)
      const elements = one && (await recording.channel.request('elementsWith', { breakpoints: [one] }))
      if (elements?.includes(element)) found.push(breakpoint)
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
      const known = vscode.debug.breakpoints.filter(({ enabled }) => enabled).map((one) => ofEditor(shown, one))
      const breakpoints = known.filter((one) => one !== null)
      const none = new Int32Array(0)
      const elements = breakpoints.length > 0 ? await shown.channel.request('elementsWith', { breakpoints }) : none
      if (panel.shown === shown) panel.marked(elements)
    } catch (error) {
      this.services.log.warn(`breakpoints could not be shown in the graph: ${messageOf(error)}`)
    }
  }
}

/** null for those that are none of the recording's. */
function ofEditor(recording: Recording, breakpoint: vscode.Breakpoint): GraphBreakpoint | null {
  if (breakpoint instanceof vscode.FunctionBreakpoint) return { kind: 'function', name: breakpoint.functionName }
  if (!(breakpoint instanceof vscode.SourceBreakpoint)) return null
  const { uri, range } = breakpoint.location
  const file = recording.fileOf(uri)
  if (!file) return null
  const column = range.start.character === 0 ? null : range.start.character
  return { kind: 'source', path: file.path, line: range.start.line + file.offset, column }
}

function toEditor(recording: Recording, on: GraphBreakpoint): vscode.Breakpoint {
  if (on.kind === 'function') return new vscode.FunctionBreakpoint(on.name)
  const { uri, line } = recording.placeOf(on.path, on.line)
  return new vscode.SourceBreakpoint(new vscode.Location(uri, new vscode.Position(line, on.column ?? 0)))
}

function matches(a: GraphBreakpoint | null, b: GraphBreakpoint): boolean {
  if (a?.kind === 'function' && b.kind === 'function') return a.name === b.name
  return a?.kind === 'source' && b.kind === 'source' && a.path === b.path && a.line === b.line && a.column === b.column
}
