/** Debugging in the editor: what `launch` means, and the adapter between VS Code and the session that the panel shows. */
import { basename } from 'node:path'
import * as vscode from 'vscode'
import type { Panel } from './panel.ts'
import { type Panels, TAPE_TYPE } from './panels.ts'
import type { Recording } from './recording.ts'
import { targetOf } from './script.ts'
import { messageOf } from './services.ts'

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
      createDebugAdapterDescriptor: async ({ configuration }) =>
        new vscode.DebugAdapterInlineImplementation(await adapterFor(panels, configuration as Configuration)),
    }),
  )
}

async function adapterFor(panels: Panels, { program, noDebug }: Configuration): Promise<Adapter> {
  const uri = /^[a-z][a-z\d+.-]+:/i.test(program) ? vscode.Uri.parse(program) : vscode.Uri.file(program)
  if (uri.path.endsWith('.tape')) {
    await vscode.commands.executeCommand('vscode.openWith', uri, TAPE_TYPE, vscode.ViewColumn.Beside)
    return new Adapter(await panels.whenShown(uri))
  }
  const target = targetOf(uri)
  if (!target) throw new Error(vscode.l10n.t('Open a Python script to debug it.'))
  return new Adapter(panels.begin(target, noDebug !== true))
}

/** Hands messages on to the debugger that sits over the panel's recording; the panel shows where it stands. */
class Adapter implements vscode.DebugAdapter {
  private readonly panel: Panel
  private readonly recording: Recording
  private readonly sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>()
  private readonly stop: () => void
  readonly onDidSendMessage = this.sent.event

  constructor(panel: Panel) {
    this.panel = panel
    this.recording = panel.recording!
    this.stop = this.recording.channel.on('debug', ({ message }) => message && this.take(message as Sent))
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    const asked = message as { seq: number; command?: string; arguments?: object }
    // The panel has begun the run, or opened the recording: the debugger is to take what is there.
    const passed =
      asked.command === 'launch'
        ? { ...asked, arguments: { ...asked.arguments, program: undefined, attached: true } }
        : asked
    this.recording.channel.request('debug', { message: passed }).catch((error: unknown) => {
      const failed = { type: 'response', request_seq: asked.seq, command: asked.command, success: false }
      this.sent.fire({ ...failed, message: messageOf(error) } as vscode.DebugProtocolMessage)
      // Another run has taken the place of this one.
      this.sent.fire({ type: 'event', event: 'terminated' } as vscode.DebugProtocolMessage)
    })
  }

  dispose(): void {
    this.stop()
    this.sent.dispose()
  }

  private take(message: Sent): void {
    if (message.event === 'backprop/position') this.panel.channel.emit('stand', { tick: message.body!.tick })
    this.sent.fire(message as vscode.DebugProtocolMessage)
  }
}

interface Sent {
  event?: string
  body?: { tick: number }
}
