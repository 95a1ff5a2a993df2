/** The extension's entry: builds the services and registers them. */
import type { ExtensionContext } from 'vscode'
import { registerCommands } from './ui/commands.ts'

export function activate(context: ExtensionContext): void {
  context.subscriptions.push(registerCommands(context))
}
