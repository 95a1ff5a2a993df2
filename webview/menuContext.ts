/** What VS Code's own menu over an element of the graph is about: conditions of the manifest's menus, and the commands' argument. */
import type { ElementId } from '../src/protocol/view.ts'

/** For the attribute `data-vscode-context`, which VS Code reads when the menu opens. */
export function menuContext(element: ElementId | null): string {
  const section = element === null ? 'graph' : element < 0 ? 'group' : 'node'
  return JSON.stringify({ webviewSection: section, element, preventDefaultContextMenuItems: true })
}
