/** The extension's commands. */
import * as vscode from 'vscode'
import type { Allowance } from '../protocol/panel.ts'
import type { ElementId } from '../protocol/view.ts'
import { allowMore } from './allowing.ts'
import { debug } from './debug.ts'
import { exportRecording, saveAs } from './exporting.ts'
import type { GraphBreakpoints } from './graphBreakpoints.ts'
import type { Highlight } from './highlight.ts'
import type { Panel } from './panel.ts'
import { type Panels, TAPE_TYPE } from './panels.ts'
import type { RunReport } from './report.ts'
import { again, targetOf } from './script.ts'
import { messageOf, type Services } from './services.ts'

export function registerCommands(
  services: Services,
  panels: Panels,
  highlight: Highlight,
  report: RunReport,
  breakpoints: GraphBreakpoints,
): vscode.Disposable {
  const { t } = vscode.l10n

  async function visualize(uri?: vscode.Uri): Promise<void> {
    const target = targetOf(uri instanceof vscode.Uri ? uri : undefined)
    if (target) return panels.run(target)
    panels.showEmpty()
  }

  async function rerun(panel = panels.current): Promise<void> {
    if (panel?.target && panel.canRun) await panel.run(again(panel.target))
  }

  async function allow(panel = panels.current, what?: Allowance): Promise<void> {
    if (!panel?.target || !panel.canRun) return
    if (await allowMore(services.grants, panel.target, what)) await rerun(panel)
  }

  async function revealInGraph(element?: unknown): Promise<void> {
    const editor = vscode.window.activeTextEditor
    const found = editor && panels.recordingOf(editor.document.uri)
    const elements = editor && (await highlight.lightNodes(editor.document, editor.selection.active))
    const wanted = typeof element === 'number' ? element : elements?.at(-1)
    const panel = found?.panel ?? panels.current
    if (wanted === undefined || !panel)
      return void vscode.window.showInformationMessage(t('The code at the cursor made no node in a run that is shown.'))
    panel.ask('goTo', { element: wanted }, true)
  }

  async function revealInCode(): Promise<void> {
    const site = panels.current && (await selectedSite(panels.current))
    if (site && panels.current) await highlight.reveal(panels.current, site)
  }

  /** The panel tells what is lit; that is the selection unless the pointer is on another node. */
  const pointed = new WeakMap<Panel, Parameters<Highlight['reveal']>[1] | null>()
  const selectedSite = (panel: Panel) => Promise.resolve(pointed.get(panel) ?? null)

  async function openRecording(): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({ filters: { [t('Recording')]: ['tape'] } })
    if (chosen?.[0]) await vscode.commands.executeCommand('vscode.openWith', chosen[0], TAPE_TYPE)
  }

  /** `name`: the file of one; without it the user is asked. */
  async function openExample(name?: unknown): Promise<void> {
    const examples = {
      'neuron.py': t('One neuron, as in the micrograd lecture'),
      'own_engine.py': t('An engine of one’s own'),
      'training.py': t('A small network that learns: several passes'),
      'find_the_bug.py': t('A gradient that is wrong'),
    }
    const items = Object.entries(examples).map(([label, description]) => ({ label, description }))
    const known = items.find(({ label }) => label === name)
    const chosen = known ?? (await vscode.window.showQuickPick(items, { placeHolder: t('Which example?') }))
    if (!chosen) return
    const uri = vscode.Uri.joinPath(services.extensionUri, 'media', 'examples', chosen.label)
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri))
    const document = await vscode.workspace.openTextDocument({ language: 'python', content: text })
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One)
    await panels.run(targetOf(document.uri)!)
  }

  const focused = () => panels.all.find(({ webview }) => webview.active)

  /** `on`: what the menu over the graph is about. */
  async function onElement(on: unknown, act: (panel: Panel, element: ElementId) => Promise<unknown>): Promise<void> {
    const element = (on as { element?: unknown } | undefined)?.element
    if (typeof element === 'number' && panels.current) await act(panels.current, element)
  }

  const commands: Record<string, (...args: never[]) => unknown> = {
    'backprop-lens.visualize': visualize,
    'backprop-lens.debug': (uri?: vscode.Uri) =>
      debug(uri instanceof vscode.Uri ? uri : (focused()?.target ?? undefined)),
    'backprop-lens.stop': () => panels.all.filter(({ running }) => running).forEach((panel) => panel.stop()),
    'backprop-lens.rerun': () => rerun(),
    'backprop-lens.toggleBreakpoint': (on: unknown) =>
      onElement(on, (panel, at) => breakpoints.toggle(panel, at, false)),
    'backprop-lens.breakpointAlone': (on: unknown) => onElement(on, (panel, at) => breakpoints.toggle(panel, at, true)),
    'backprop-lens.runToNode': (on: unknown) => onElement(on, async (panel, at) => panel.debugging?.runTo(at)),
    'backprop-lens.revealInGraph': revealInGraph,
    'backprop-lens.revealInCode': revealInCode,
    'backprop-lens.searchNode': () => panels.current?.ask('search', {}, false),
    'backprop-lens.export': () => panels.current && exportRecording(panels.current, services),
    'backprop-lens.openRecording': openRecording,
    'backprop-lens.openExample': openExample,
    'backprop-lens.allowMore': () => allow(),
    'backprop-lens.showOutput': () => report.output.show(true),
  }
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run as () => unknown)),
    panels.onAdded((panel) => {
      const tell = (work: Promise<unknown>) =>
        work.catch((error: unknown) => void vscode.window.showErrorMessage(messageOf(error)))
      panel.channel.on('run', () => void tell(rerun(panel)))
      panel.channel.on('debug', () => void tell(debug(panel.target ?? undefined)))
      panel.channel.on('act', ({ action }) => void tell(Promise.resolve(panel.debugging?.act(action))))
      panel.channel.on('runTo', ({ element }) => void tell(Promise.resolve(panel.debugging?.runTo(element))))
      panel.channel.on('breakpoint', ({ element, alone }) => void tell(breakpoints.toggle(panel, element, alone)))
      panel.channel.on('example', () => void tell(openExample('neuron.py')))
      panel.channel.on('allow', ({ what }) => void tell(allow(panel, what)))
      panel.channel.on(
        'save',
        ({ name, bytes }) => void tell(saveAs(panel, name, (uri) => vscode.workspace.fs.writeFile(uri, bytes))),
      )
      panel.channel.on('export', ({ format }) => void tell(exportRecording(panel, services, format)))
      panel.channel.on('point', ({ site }) => pointed.set(panel, site))
    }),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      if (!vscode.workspace.getConfiguration('backprop').get('runOnSave', false)) return
      const panel = panels.recordingOf(uri)?.panel
      if (panel) void rerun(panel)
    }),
  )
}
