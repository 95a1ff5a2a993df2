/** Between VS Code and the debugger that sits over a panel's recording: messages go through, and the panel follows. */
import * as vscode from 'vscode'
import type { DebugAction, DebugPlace } from '../protocol/panel.ts'
import { EditorSources } from './editorSources.ts'
import type { Panel } from './panel.ts'
import type { Recording } from './recording.ts'
import { messageOf } from './services.ts'

interface Asked {
  seq: number
  command?: string
  arguments?: object
}

interface Sent {
  type: 'event' | 'response'
  event?: string
  command?: string
  request_seq?: number
  success?: boolean
  body?: object
}

/** What sets the script, or the debugger over its recording, in motion. */
const requests = {
  continue: 'continue',
  stepOver: 'next',
  stepInto: 'stepIn',
  stepOut: 'stepOut',
  stepBack: 'stepBack',
  reverseContinue: 'reverseContinue',
} satisfies Partial<Record<DebugAction, string>>
const moving = new Set<string>([...Object.values(requests), 'backprop/runTo', 'configurationDone'])
const thread = { threadId: 1 }

export class DebugAdapter implements vscode.DebugAdapter {
  /** Where it stands; null while it moves. */
  place: DebugPlace | null = null
  private readonly panel: Panel
  private readonly session: vscode.DebugSession
  private readonly recording: Recording
  private readonly sources: EditorSources
  private readonly sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>()
  private readonly stop: () => void
  readonly onDidSendMessage = this.sent.event

  constructor(panel: Panel, session: vscode.DebugSession) {
    this.panel = panel
    this.session = session
    this.recording = panel.recording!
    this.sources = new EditorSources(this.recording)
    this.stop = this.recording.channel.on('debug', ({ message }) => message && this.take(message as Sent))
    panel.debugged(this)
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    const asked = message as Asked
    this.pass(asked).catch((error: unknown) => {
      const failed = { type: 'response', request_seq: asked.seq, command: asked.command, success: false }
      this.sent.fire({ ...failed, message: messageOf(error) } as vscode.DebugProtocolMessage)
      // Another run has taken the place of this one.
      this.sent.fire({ type: 'event', event: 'terminated' } as vscode.DebugProtocolMessage)
    })
  }

  dispose(): void {
    this.stop()
    this.sent.dispose()
    this.panel.debugged(null, this)
  }

  /** A button of the panel. */
  async act(action: DebugAction): Promise<void> {
    if (action === 'stop') await vscode.debug.stopDebugging(this.session)
    else if (action === 'pause' || action === 'restart') await this.session.customRequest(action, thread)
    else await this.move(requests[action], thread)
  }

  runTo(node: number): Promise<void> {
    return this.move('backprop/runTo', { node })
  }

  /** VS Code has not asked for this itself, so it is told that the script goes on. */
  private async move(command: string, given: object): Promise<void> {
    const going = { type: 'event', event: 'continued', body: { ...thread, allThreadsContinued: true } }
    this.sent.fire(going as vscode.DebugProtocolMessage)
    await this.session.customRequest(command, given)
  }

  private async pass(asked: Asked): Promise<void> {
    await this.recording.prepared
    // The panel has begun the run, or opened the recording: the debugger is to take what is there.
    if (asked.command === 'launch')
      asked = { ...asked, arguments: { ...asked.arguments, program: undefined, attached: true } }
    await this.recording.channel.request('debug', { message: this.sources.toRun(asked) })
  }

  private take(message: Sent): void {
    if (message.event === 'backprop/position') this.stand(message.body as DebugPlace)
    else if (message.type === 'response' && message.success && moving.has(message.command ?? '')) this.stand(null)
    this.sent.fire(this.sources.toEditor(message) as vscode.DebugProtocolMessage)
  }

  private stand(place: DebugPlace | null): void {
    this.place = place
    this.panel.told()
  }
}
