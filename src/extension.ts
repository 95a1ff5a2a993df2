/** The extension's entry: builds the services and registers them. */
import type { ExtensionContext } from 'vscode'
import { registerCommands } from './ui/commands.ts'
import { registerDebug } from './ui/debug.ts'
import { GraphBreakpoints } from './ui/graphBreakpoints.ts'
import { Highlight } from './ui/highlight.ts'
import { registerHover, registerInlayHints } from './ui/hover.ts'
import { registerLens } from './ui/lens.ts'
import { Panels } from './ui/panels.ts'
import { RunReport } from './ui/report.ts'
import { Services } from './ui/services.ts'

export function activate(context: ExtensionContext): void {
  const services = new Services(context)
  const panels = new Panels(services)
  const highlight = new Highlight(panels)
  const report = new RunReport(panels)
  const breakpoints = new GraphBreakpoints(services, panels)
  context.subscriptions.push(
    registerCommands(services, panels, highlight, report, breakpoints),
    registerHover(panels, highlight),
    registerInlayHints(panels),
    registerLens(),
    registerDebug(panels),
    report,
    breakpoints,
    highlight,
    panels,
    services,
  )
}
