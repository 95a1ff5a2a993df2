/** Debugging in the editor: configurations, and which panel a session is of. */
import { basename } from 'node:path'
import * as vscode from 'vscode'
import { DebugAdapter } from './debugAdapter.ts'
import { registerInlineValues } from './hover.ts'
import type { Panel } from './panel.ts'
import { type Panels, TAPE_TYPE } from './panels.ts'
import { uriOf } from './editorSources.ts'
import { named, targetOf } from './script.ts'
import type { Target } from './target.ts'

export const DEBUG_TYPE = 'backprop'

interface Configuration extends vscode.DebugConfiguration {
  program: string
  /** Of a notebook: how many cells run. Saving before the start may move the selection. */
  upTo?: number
}

/** What F5 does without a configuration, and what the command and the CodeLens do. */
function configurationOf({ uri: text, upTo }: Target): Configuration {
  const uri = vscode.Uri.parse(text)
  const name = vscode.l10n.t('Debug Backprop: {0}', basename(uri.path))
  const program = uri.scheme === 'file' ? uri.fsPath : uri.toString()
  return { type: DEBUG_TYPE, request: 'launch', name, program, ...(upTo > 0 ? { upTo } : {}) }
}

/** Of a document, or of what a panel shows; without either, of the active editor. */
export async function debug(what?: vscode.Uri | Target): Promise<void> {
  const target = what instanceof vscode.Uri || !what ? debuggable(what) : what
  if (!target) return void vscode.window.showInformationMessage(vscode.l10n.t('Open a Python script to debug it.'))
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(target.uri))
  // The text of the editor is what runs, saved or not.
  await vscode.debug.startDebugging(folder, configurationOf(target), { suppressSaveBeforeStart: true })
}

/** A recording is debugged as it is, whether or not its text editor could show it. */
function debuggable(uri?: vscode.Uri): Target | null {
  return uri?.path.endsWith('.tape') ? named(uri) : targetOf(uri)
}

export function registerDebug(panels: Panels): vscode.Disposable {
  const provider: vscode.DebugConfigurationProvider = {
    provideDebugConfigurations: () => {
      const target = targetOf()
      return target ? [configurationOf({ ...target, upTo: 0 })] : []
    },
    resolveDebugConfigurationWithSubstitutedVariables: (_folder, given) => {
      const target = given.type ? null : targetOf()
      const configuration: vscode.DebugConfiguration = target ? { ...given, ...configurationOf(target) } : given
      if (typeof configuration['program'] !== 'string') {
        void vscode.window.showErrorMessage(vscode.l10n.t('Open a Python script to debug it.'))
        return undefined
      }
      // Without anything in the script that could stop it, it stops where the gradients begin to flow.
      const program = uriOf(configuration['program'])
      return {
        stopOnEntry: !vscode.debug.breakpoints.some((one) => one.enabled && isIn(one, program)),
        ...configuration,
      }
    },
  }
  const { Initial, Dynamic } = vscode.DebugConfigurationProviderTriggerKind
  // Only while one of ours runs: with a provider VS Code does not look for values of other debuggers by itself.
  const values = new Map<string, vscode.Disposable>()
  const end = (id: string) => {
    values.get(id)?.dispose()
    values.delete(id)
  }
  return vscode.Disposable.from(
    vscode.debug.onDidStartDebugSession(({ type, id }) => {
      if (type === DEBUG_TYPE) values.set(id, registerInlineValues(panels))
    }),
    vscode.debug.onDidTerminateDebugSession(({ id }) => end(id)),
    { dispose: () => [...values.keys()].forEach(end) },
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, provider, Initial),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, provider, Dynamic),
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
      createDebugAdapterDescriptor: async (session) =>
        new vscode.DebugAdapterInlineImplementation(
          new DebugAdapter(await panelOf(panels, session.configuration as Configuration), session),
        ),
    }),
  )
}

/** The panel of what is to be debugged, whose run has begun or whose recording is open. */
async function panelOf(panels: Panels, { program, noDebug, upTo = 0 }: Configuration): Promise<Panel> {
  const uri = uriOf(program)
  if (uri.path.endsWith('.tape')) {
    await vscode.commands.executeCommand('vscode.openWith', uri, TAPE_TYPE, vscode.ViewColumn.Beside)
    return panels.whenShown(uri)
  }
  const target = targetOf(uri)
  if (!target) throw new Error(vscode.l10n.t('Open a Python script to debug it.'))
  return panels.begin({ ...target, upTo: upTo || target.upTo }, noDebug !== true)
}

/** A breakpoint of a notebook's cell is in the notebook. */
function isIn(breakpoint: vscode.Breakpoint, program: vscode.Uri): boolean {
  if (breakpoint instanceof vscode.FunctionBreakpoint) return breakpoint.functionName.startsWith('grad:')
  return breakpoint instanceof vscode.SourceBreakpoint && breakpoint.location.uri.path === program.path
}
