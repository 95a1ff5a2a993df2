/** The outline has a row for every node, with what it says to a screen reader. */
import type { Frame, Locator } from 'playwright-core'

export const row = (view: Frame, name: string): Locator =>
  view.getByRole('treeitem', { name: new RegExp(`^${escape(name)}, `) })

export const labelOf = (view: Frame, name: string) => row(view, name).first().getAttribute('aria-label')

/** Selects a node as a mouse does: search finds it wherever it is. */
export async function select(view: Frame, name: string): Promise<void> {
  await view.locator('.surface').click({ position: { x: 6, y: 40 } })
  await view.locator('.surface').press('/')
  await view.locator('.search input').fill(name)
  const title = view.locator('.search-title').filter({ hasText: new RegExp(`^${escape(name)}$`) })
  await view.getByRole('option').filter({ has: title }).first().dispatchEvent('pointerdown')
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
