/** Sessions of debuggers, as VS Code has them: begun by its own API, their messages overheard. */
import * as vscode from 'vscode'

interface Message {
  type: string
  event?: string
  command?: string
  body?: Record<string, unknown>
}

interface Frame {
  name: string
  line: number
  source?: { path?: string }
}

const PATIENCE = 30_000

export class DebugSession {
  readonly session: vscode.DebugSession
  /** How often it has stopped. */
  private stops: number
  private readonly messages: readonly Message[]

  private constructor(session: vscode.DebugSession, messages: readonly Message[]) {
    this.session = session
    this.messages = messages
    this.stops = 0
  }

  static start(configuration: Partial<vscode.DebugConfiguration> & { type: string }): Promise<DebugSession> {
    const whole = { request: 'launch', name: configuration.type, ...configuration }
    return this.begun(configuration.type, () =>
      // What is not saved would be asked about.
      vscode.debug.startDebugging(vscode.workspace.workspaceFolders![0], whole, { suppressSaveBeforeStart: true }),
    )
  }

  static async begun(type: string, begin: () => Thenable<unknown>): Promise<DebugSession> {
    const messages: Message[] = []
    let begun: vscode.DebugSession | null = null
    const listening = vscode.Disposable.from(
      vscode.debug.registerDebugAdapterTrackerFactory(type, {
        createDebugAdapterTracker: () => ({ onDidSendMessage: (message: Message) => void messages.push(message) }),
      }),
      vscode.debug.onDidStartDebugSession((session) => {
        if (session.type === type) begun = session
      }),
    )
    await begin()
    await waitFor(() => begun !== null, 'session', messages)
    listening.dispose()
    return new DebugSession(begun!, messages)
  }

  /** The frame on top, once it has stopped again. */
  async stopped(): Promise<Frame> {
    const stops = () => this.messages.filter(({ event }) => event === 'stopped').length
    await waitFor(() => stops() > this.stops, 'stop', this.messages)
    this.stops = stops()
    const { stackFrames } = (await this.session.customRequest('stackTrace', { threadId: 1 })) as {
      stackFrames: Frame[]
    }
    return stackFrames[0]!
  }

  ended(): Promise<void> {
    return waitFor(() => this.messages.some(({ event }) => event === 'terminated'), 'end', this.messages)
  }

  /** Bodies of the replies to a request, and of the events of a name. */
  heard(name: string): Record<string, unknown>[] {
    return this.messages
      .filter(({ event, command }) => event === name || command === name)
      .map(({ body }) => body ?? {})
  }

  async ask(command: string, given: object = { threadId: 1 }): Promise<void> {
    await this.session.customRequest(command, given)
  }

  async stop(): Promise<void> {
    await vscode.debug.stopDebugging(this.session)
  }
}

async function waitFor(holds: () => boolean, what: string, messages: readonly Message[]): Promise<void> {
  for (const end = Date.now() + PATIENCE; !holds(); await new Promise((done) => setTimeout(done, 25)))
    if (Date.now() > end) throw new Error(`no ${what}; heard: ${JSON.stringify(messages).slice(0, 4000)}`)
}
