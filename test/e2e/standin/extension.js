/**
 * Another debugger for Python, as far as VS Code can tell: it is given the same breakpoints as ours, says they are all
 * right, stops at the first one of the program and goes on to the end.
 */
import * as vscode from 'vscode'

class Adapter {
  constructor() {
    this.emitter = new vscode.EventEmitter()
    this.onDidSendMessage = this.emitter.event
    this.lines = []
    this.program = ''
  }

  handleMessage({ seq, command, arguments: given }) {
    const answer = (body = {}) =>
      this.emitter.fire({ type: 'response', seq: 0, request_seq: seq, command, success: true, body })
    const tell = (event, body = {}) => this.emitter.fire({ type: 'event', seq: 0, event, body })
    switch (command) {
      case 'initialize':
        answer({ supportsConfigurationDoneRequest: true, supportsFunctionBreakpoints: true })
        return tell('initialized')
      case 'launch':
        this.program = given.program
        return answer()
      case 'setBreakpoints':
        if (given.source.path === this.program) this.lines = given.breakpoints.map(({ line }) => line)
        return answer({ breakpoints: given.breakpoints.map(({ line }) => ({ verified: true, line })) })
      case 'setFunctionBreakpoints':
        return answer({ breakpoints: given.breakpoints.map(() => ({ verified: false, message: 'no such function' })) })
      case 'configurationDone':
        answer()
        return tell('stopped', { reason: 'breakpoint', threadId: 7, allThreadsStopped: true })
      case 'threads':
        return answer({ threads: [{ id: 7, name: 'main' }] })
      case 'stackTrace': {
        const frame = { id: 1, name: 'main', line: this.lines[0] ?? 1, column: 1, source: { path: this.program } }
        return answer({ stackFrames: [frame], totalFrames: 1 })
      }
      case 'scopes':
        return answer({ scopes: [] })
      case 'continue':
        answer({ allThreadsContinued: true })
        return tell('terminated')
      case 'disconnect':
        answer()
        return tell('terminated')
      default:
        return answer()
    }
  }

  dispose() {
    this.emitter.dispose()
  }
}

export const activate = (context) =>
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory('standin', {
      createDebugAdapterDescriptor: () => new vscode.DebugAdapterInlineImplementation(new Adapter()),
    }),
  )
