/** The panel in a real VS Code: the extension's package (BACKPROP_EXTENSION), or this folder. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { columns } from '../support/columns.ts'
import { notebook } from '../support/notebook.ts'
import { row, select } from '../support/graphRows.ts'
import { Vscode } from '../support/vscode.ts'

let vscode: Vscode

beforeAll(async () => {
  vscode = await Vscode.start({
    'raises.py': 'from micrograd.engine import Value\na = Value(2.0)\nb = a * a\nb.nothing()\n',
    'raises2.py': 'from micrograd.engine import Value\na = Value(2.0)\nprint(1 / 0)\n',
    'notebook.ipynb': notebook(
      '%matplotlib inline\nfiles = !ls\nfrom micrograd.engine import Value',
      '%%time\na = Value(2.0)\nb = a * a',
      'c = b + a\nc.backward()',
      'never = 1 / 0',
    ),
    'endless.py': 'from micrograd.engine import Value\na = Value(2.0)\nb = a * a\nwhile True: pass\n',
    'columns.py': columns,
  })
})
afterAll(() => vscode?.close())
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await vscode.page.screenshot({ path: `.vscode-test/${task.name.slice(0, 30)}.png` })
})

const visualize = (file: string) => vscode.visualize(file)

test('the palette shows the graph beside the code, which keeps the focus', async () => {
  await vscode.open('neuron.py')
  await vscode.command('Visualize Backprop')
  const view = await vscode.graph()
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

test('the pointer over a node lights its expression; a click keeps it', async () => {
  const view = await vscode.view('canvas')
  const { mouse } = vscode.page
  const surface = (await view.locator('.surface').boundingBox())!
  await view.locator('.surface').press('Escape')
  await expect.poll(() => vscode.decorated()).toBe('')
  const places: [x: number, y: number][] = []
  for (let y = surface.y + 20; y < surface.y + surface.height; y += 22)
    for (let x = surface.x + 20; x < surface.x + surface.width; x += 40) places.push([x, y])
  let at = -1
  while (++at < places.length && !(await vscode.decorated())) await mouse.move(...places[at]!)
  // What is lit now may have been under the pointer one place before.
  let lit = ''
  for (const place of places.slice(Math.max(0, at - 4), at).reverse()) {
    await mouse.click(...place)
    await mouse.move(surface.x - 50, surface.y + surface.height - 20)
    await view.evaluate(() => new Promise((done) => setTimeout(done, 300)))
    if ((lit = await vscode.decorated())) break
  }
  expect(readFileSync(join(vscode.folder, 'neuron.py'), 'utf8')).toContain(lit)
  expect(lit).not.toBe('')
})

test.each([
  ['Default Light Modern', 'vscode-light'],
  ['Default Dark Modern', 'vscode-dark'],
  ['Default High Contrast', 'vscode-high-contrast'],
  ['Default High Contrast Light', 'vscode-high-contrast-light'],
])('%s is worn at once, without a fault of accessibility', async (theme, worn) => {
  const view = await vscode.view('canvas')
  await vscode.set({ 'workbench.colorTheme': theme })
  await expect.poll(() => view.locator('body').getAttribute('class')).toContain(worn)
  await view.evaluate(readFileSync('node_modules/axe-core/axe.min.js', 'utf8'))
  const { violations } = await view.evaluate<{ violations: { id: string }[] }>('axe.run()')
  expect(violations.map(({ id }) => id)).toEqual([])
})

test('what is lit is the text of every node, after tabs, CRLF, emoji, and over several lines', async () => {
  await vscode.set({})
  const view = await visualize('columns.py')
  const { nodes } = vscode.report('columns.py')
  const oneLine = (text: string) => text.replace(/\s+/g, ' ')
  expect(nodes.length).toBeGreaterThan(8)
  for (const { id, site } of nodes) {
    if (!site) continue
    await view.locator(`[role=treeitem][data-element="${id}"]`).first().press('Enter')
    await expect.poll(async () => oneLine(await vscode.decorated())).toBe(oneLine(site.text))
  }
})

test('an error is told with its line, in the panel and in Problems, and the graph so far is there', async () => {
  const view = await visualize('raises.py')
  await view.getByText('AttributeError').first().waitFor()
  await view.getByRole('button', { name: 'raises.py:4' }).waitFor()
  await row(view, 'b').waitFor({ state: 'attached' })
  await vscode.editor.locator('.squiggly-error').first().waitFor({ state: 'attached' })
})

test('the errors of two panels are both in Problems; with its panel an error goes', async () => {
  const problems = vscode.page.locator('[id="status.problems"]')
  await vscode.quickOpen('raises2.py')
  await vscode.command('Visualize Backprop')
  await expect.poll(() => problems.getAttribute('aria-label'), { timeout: 20_000 }).toBe('Errors: 2')
  await vscode.page.locator('.tab', { hasText: 'Backprop: raises2.py' }).click({ button: 'middle' })
  await expect.poll(() => problems.getAttribute('aria-label')).toBe('Errors: 1')
})

test('a notebook runs up to the cell, past its magics, and its nodes light the cells', async () => {
  await vscode.closeAll()
  await vscode.quickOpen('notebook.ipynb')
  const cells = vscode.page.locator('.notebookOverlay')
  await cells.locator('.codelens-decoration a', { hasText: 'Visualize Backprop' }).click()
  const view = await vscode.graph()
  expect(await view.getByText('ZeroDivisionError').count()).toBe(0)
  expect(await row(view, 'a').getAttribute('aria-label')).toBe('a, leaf, value 2.0000, gradient 5.0000, feeds b, b, c')
  await select(view, 'b')
  const lit = cells.locator('.cell', { has: vscode.page.locator('[class*="ced-"]') })
  await expect.poll(() => lit.locator('.view-line').last().textContent()).toMatch(/^b.=.a.\*.a$/)
})

test('a loop without end is cancelled from the panel', async () => {
  await vscode.closeAll()
  await vscode.quickOpen('endless.py')
  await vscode.command('Visualize Backprop')
  const view = await vscode.view('canvas')
  await view.getByRole('button', { name: 'Cancel' }).click()
  await view.getByText('The run was stopped.').waitFor()
})

test('a window that is loaded again shows what it showed', async () => {
  await visualize('neuron.py')
  await vscode.page.waitForTimeout(8000) // in a browser VS Code writes down what is open every five seconds
  await vscode.reopen()
  await row(await vscode.graph(), 'w1').waitFor({ state: 'attached' })
})

test('Export writes what opens', async () => {
  const formats = { 'Picture (SVG)': 'svg', 'Picture (PNG)': 'png', 'Page with': 'html', Recording: 'tape' }
  for (const [title, ending] of Object.entries({ ...formats, 'Numbers (JSON)': 'json' })) {
    await vscode.command('Backprop: Export')
    await vscode.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).click()
    const file = join(vscode.folder, `neuron.${ending}`)
    await vscode.answer(new RegExp(`neuron\\.${ending}$`), file)
    await expect.poll(() => existsSync(file), { timeout: 60_000 }).toBe(true)
  }
  const read = (ending: string) => readFileSync(join(vscode.folder, `neuron.${ending}`))
  const report = JSON.parse(read('json').toString()) as { nodes: unknown[] }
  expect(report.nodes.length).toBeGreaterThanOrEqual(10)
  expect(read('svg').toString()).toMatch(/^<svg [\s\S]*x1 \* w1[\s\S]*<\/svg>\s*$/)
  expect(read('png').subarray(1, 4).toString()).toBe('PNG')
  expect(read('html').toString()).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/i)
})

test('a recording opens in its editor, and a node of it opens the code beside', async () => {
  await vscode.closeAll()
  await vscode.quickOpen('neuron.tape')
  const view = await vscode.graph()
  expect(await row(view, 'w1').getAttribute('aria-label')).toContain('value -3.0000, gradient 1.0000')
  expect(await view.getByRole('button', { name: 'Run again' }).isVisible()).toBe(false)
  await select(view, 'x2 * w2')
  await expect.poll(() => vscode.decorated()).toBe('x2 * w2')
})
