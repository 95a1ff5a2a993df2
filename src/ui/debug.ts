/** Debugging in the editor: configurations, and which panel a session is of. */
import { basename } from 'node:path'
import * as vscode from 'vscode'
import { DebugAdapter } from './debugAdapter.ts'
import type { Panel } from './panel.ts'
import { type Panels, TAPE_TYPE } from './panels.ts'
import { targetOf } from './script.ts'

export const DEBUG_TYPE = 'backprop'

interface Configuration extends vscode.DebugConfiguration {
  program: string
}

/** What F5 does without a configuration, and what the command and the CodeLens do. */
function configurationOf(uri: vscode.Uri): Configuration {
  const name = vscode.l10n.t('Debug Backprop: {0}', basename(uri.path))
  return { type: DEBUG_TYPE, request: 'launch', name, program: uri.scheme === 'file' ? uri.fsPath : uri.toString() }
}

export async function debug(uri?: vscode.Uri): Promise<void> {
  const given = uri instanceof vscode.Uri ? uri : undefined
  const tape = given?.path.endsWith('.tape') ? given : undefined
  const wanted = tape ?? uriOf(targetOf(given)?.uri)
  if (!wanted) return void vscode.window.showInformationMessage(vscode.l10n.t('Open a Python script to debug it.'))
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(wanted), configurationOf(wanted))
}

const uriOf = (text: string | undefined) => (text === undefined ? undefined : vscode.Uri.parse(text))

export function registerDebug(panels: Panels): vscode.Disposable {
  const provider: vscode.DebugConfigurationProvider = {
    provideDebugConfigurations: () => {
      const uri = uriOf(targetOf()?.uri)
      return uri ? [configurationOf(uri)] : []
    },
    resolveDebugConfigurationWithSubstitutedVariables: (_folder, given) => {
      const uri = uriOf(targetOf()?.uri)
      const configuration = given.type ? given : { ...given, ...(uri ? configurationOf(uri) : {}) }
      if (typeof configuration['program'] !== 'string') {
        void vscode.window.showErrorMessage(vscode.l10n.t('Open a Python script to debug it.'))
        return undefined
      }
      // Without anything that could stop it, it stops where the gradients begin to flow.
      const stopsSomewhere = vscode.debug.breakpoints.some(({ enabled }) => enabled)
      const isTape = configuration['program'].endsWith('.tape')
      return { stopOnEntry: isTape || !stopsSomewhere, ...configuration }
    },
  }
  const { Initial, Dynamic } = vscode.DebugConfigurationProviderTriggerKind
  return vscode.Disposable.from(
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
async function panelOf(panels: Panels, { program, noDebug }: Configuration): Promise<Panel> {
  const uri = /^[a-z][a-z\d+.-]+:/i.test(program) ? vscode.Uri.parse(program) : vscode.Uri.file(program)
  if (uri.path.endsWith('.tape')) {
    await vscode.commands.executeCommand('vscode.openWith', uri, TAPE_TYPE, vscode.ViewColumn.Beside)
    return panels.whenShown(uri)
  }
  const target = targetOf(uri)
  if (!target) throw new Error(vscode.l10n.t('Open a Python script to debug it.'))
  return panels.begin(target, noDebug !== true)
}
