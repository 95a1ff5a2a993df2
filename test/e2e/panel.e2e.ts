/** The panel in a real VS Code: the extension's package (BACKPROP_EXTENSION), or this folder. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Frame } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Vscode } from '../support/vscode.ts'

let vscode: Vscode

beforeAll(async () => {
  vscode = await Vscode.start({
    'raises.py': 'from micrograd.engine import Value\na = Value(2.0)\nb = a * a\nb.nothing()\n',
    'endless.py': 'from micrograd.engine import Value\na = Value(2.0)\nb = a * a\nwhile True: pass\n',
    'columns.py':
      'from micrograd.engine import Value\r\na = Value(2.0)\r\nif True:\r\n\ts = "😀", a * a\r\n' +
      't = (a *\r\n     s[1] +\r\n     a)\r\nt.backward()\r\n',
  })
})
afterAll(() => vscode?.close())
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await vscode.page.screenshot({ path: `.vscode-test/${task.name.slice(0, 30)}.png` })
})

/** The outline has a row for every node, with what it says to a screen reader. */
async function graph(): Promise<Frame> {
  const view = await vscode.view('canvas')
  await view.locator('[role=treeitem]').first().waitFor({ state: 'attached' })
  return view
}

const row = (view: Frame, name: string) => view.getByRole('treeitem', { name: new RegExp(`^${name}, `) })

async function visualize(file: string): Promise<Frame> {
  await vscode.open(file)
  await vscode.command('Visualize Backprop')
  return graph()
}

/** Selects a node as a mouse does: search finds it wherever it is. */
async function select(view: Frame, name: string): Promise<void> {
  await view.locator('.surface').click({ position: { x: 6, y: 40 } })
  await view.locator('.surface').press('/')
  const input = view.locator('.search input')
  await input.fill(name)
  const title = view.locator('.search-title').filter({ hasText: new RegExp(`^${name.replace(/[*+()[\]]/g, '\\$&')}$`) })
  await view.getByRole('option').filter({ has: title }).first().dispatchEvent('pointerdown')
}

test('the palette shows the graph beside the code, which keeps the focus', async () => {
  const view = await visualize('neuron.py')
  await row(view, 'w1').waitFor({ state: 'attached' })
  expect(await row(view, 'w1').getAttribute('aria-label')).toBe(
    'w1, leaf, value -3.0000, gradient 1.0000, feeds x1 * w1',
  )
  await vscode.page.keyboard.type('#')
  await expect.poll(() => vscode.editor.locator('.view-line').first().textContent()).toMatch(/^#/)
  await vscode.page.keyboard.press('Control+z')
})

test('the text that is newer than the graph is told, until it is as it was', async () => {
  const view = await vscode.view('canvas')
  await vscode.page.keyboard.type('x')
  await view.getByText('The code has changed since this run.').waitFor()
  await vscode.page.keyboard.press('Control+z')
  await view.getByText('The code has changed since this run.').waitFor({ state: 'detached' })
})

test('hover over code tells its numbers, and lights its nodes', async () => {
  const line = vscode.editor.locator('.view-line', { hasText: 'n = x1' })
  const box = (await line.boundingBox())!
  await vscode.page.mouse.move(box.x + 50, box.y + 8)
  await vscode.page.mouse.move(box.x + 52, box.y + 8)
  const hover = vscode.page.locator('.monaco-hover', { hasText: 'Show in the graph' }).first()
  await hover.waitFor()
  expect(await hover.textContent()).toMatch(/x1 \* w1.*value -6\.0000.*gradient 0\.5000/)
})

test('a node that is chosen lights its expression in the editor', async () => {
  const view = await vscode.view('canvas')
  await select(view, 'x2 * w2')
  await expect.poll(() => vscode.decorated()).toBe('x2 * w2')
})

test('another node lights its own, and the one before no more', async () => {
  const view = await vscode.view('canvas')
  await select(view, 'n')
  await expect.poll(() => vscode.decorated()).toBe('x1 * w1 + x2 * w2 + b')
})

test('columns are right after tabs, CRLF, emoji, and over several lines', async () => {
  await vscode.command('View: Close All Editors')
  const view = await visualize('columns.py')
  await select(view, 's[1]')
  await expect.poll(() => vscode.decorated()).toBe('a * a')
  await select(view, 't')
  await expect.poll(async () => (await vscode.decorated()).replace(/\s+/g, ' ')).toBe('a * s[1] + a')
})

test('an error is told with its line, in the panel and in Problems, and the graph so far is there', async () => {
  const view = await visualize('raises.py')
  await view.getByText('AttributeError').first().waitFor()
  await view.getByRole('button', { name: 'raises.py:4' }).waitFor()
  await row(view, 'b').waitFor({ state: 'attached' })
  await vscode.editor.locator('.squiggly-error').first().waitFor({ state: 'attached' })
})

test('a loop without end is cancelled from the panel', async () => {
  const view = await visualize('endless.py')
  await view.getByRole('button', { name: 'Cancel' }).click()
  await view.getByText('The run was stopped.').waitFor()
})

test('a window that is loaded again shows what it showed', async () => {
  await visualize('neuron.py')
  await vscode.page.waitForTimeout(8000) // in a browser VS Code writes down what is open every five seconds
  await vscode.reopen()
  await row(await graph(), 'w1').waitFor({ state: 'attached' })
})

test('Export writes the numbers', async () => {
  await vscode.command('Backprop: Export')
  await vscode.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Numbers (JSON)' }).click()
  await vscode.page
    .locator('.quick-input-widget', { hasText: 'neuron.json' })
    .or(vscode.page.locator('.quick-input-widget input'))
    .first()
    .waitFor()
  await vscode.page.waitForTimeout(500)
  await vscode.page.keyboard.press('Enter')
  const file = join(vscode.folder, 'neuron.json')
  await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true)
  const report = JSON.parse(readFileSync(file, 'utf8')) as { nodes: unknown[] }
  expect(report.nodes.length).toBeGreaterThanOrEqual(10)
})
