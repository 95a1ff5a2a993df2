/** What stands around the graph in a real VS Code: dialogs, output, walkthrough, several panels, keys, large runs. */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Frame } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { labelOf, row, select } from '../support/graphRows.ts'
import { Vscode } from '../support/vscode.ts'

let vscode: Vscode
const value = 'from micrograd.engine import Value\n'

beforeAll(async () => {
  vscode = await Vscode.start({
    'slow.py': `${value}a = Value(2.0)\nwhile True:\n    for _ in range(30_000): pass\n    b = a * a\n`,
    'reads.py': `${value}a = Value(float(open('../outside/number.txt').read()))\n(a * a).backward()\n`,
    '../outside/number.txt': '21.0',
    'pack/__init__.py': `${value}two = Value(2.0)\n`,
    'checks/uses_pack.py': 'from pack import two\nsquare = two * two\nsquare.backward()\n',
    'raises.py': `${value}a = Value(2.0)\n\nb = a * a\nb.nothing()\n`,
    'goes.py': `${value}a = Value(2.0)\n(a * a).backward()\n`,
    'large.py': `${readFileSync('test/fixtures/bench/mlp.py', 'utf8')}import time\nprint(f"ended {time.time() * 1000:.0f}")\n`,
  })
  await vscode.open('neuron.py')
})
afterAll(() => vscode?.close())
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await vscode.page.screenshot({ path: `.vscode-test/${task.name.slice(0, 30)}.png` })
})

const selected = (view: Frame, name: string) => expect.poll(() => row(view, name).first().getAttribute('aria-selected'))
const tab = (name: string) => vscode.page.locator('.tab', { hasText: name })

/** Runs a script that fails with a complaint, and allows a folder by the button beside it. */
async function allowFolder(script: string, complaint: string, folder: string): Promise<void> {
  await vscode.closeAll()
  await vscode.quickOpen(script)
  await vscode.command('Visualize Backprop')
  const view = await vscode.view('.banner.error')
  await view.getByText(complaint).first().waitFor()
  await view.getByRole('button', { name: 'Allow a folder' }).click()
  await vscode.answer(/\/$/, folder)
}

test('without a script the panel says what to do, and runs an example', async () => {
  await vscode.closeAll()
  await vscode.command('Welcome: Open Walkthrough')
  await vscode.choose('Start with Backprop Lens')
  const steps = vscode.page.locator('.getting-started-step')
  await steps.nth(4).waitFor()
  expect(await steps.locator('h3').allTextContents()).toEqual([
    'Open an example',
    'Run it',
    'Point at a node',
    'See the chain rule',
    'Find the bug',
  ])
  await steps.nth(1).click()
  await steps.nth(1).getByRole('button', { name: 'Visualize Backprop' }).click()
  const empty = await vscode.view('.empty')
  await empty.getByText('Run Visualize Backprop on a Python script').waitFor()
  await empty.getByRole('button', { name: 'Run an example' }).click()
  const view = await vscode.graph()
  expect(await labelOf(view, 'w1')).toContain('gradient 1.0000')
  await vscode.command('View: Focus First Editor Group')
  await vscode.command('View: Revert and Close Editor')
})

test('a limit that was reached is raised in a dialog, for this script', async () => {
  await vscode.setMachine({ 'backprop.limits.seconds': 2 })
  const view = await vscode.visualize('slow.py')
  await view.getByText('A limit was reached: the script ran longer than 2 s').waitFor()
  await view.getByRole('button', { name: 'Allow more' }).click()
  const dialog = vscode.page.locator('.monaco-dialog-box')
  await dialog.getByText('How long may slow.py run?').waitFor()
  await dialog.getByRole('button', { name: '5 minutes' }).click()
  await view.getByText(/Running: .*nodes?, [4-9] s/).waitFor()
  const status = vscode.page.locator('[id$="backprop-lens.run"]')
  await expect.poll(() => status.textContent()).toMatch(/Backprop/)
  await status.click()
  await view.getByText('The run was stopped.').waitFor()
  await expect.poll(() => status.isVisible()).toBe(false)
  await vscode.command('Backprop: Allow More')
  await vscode.found('More time').getByText('5 minutes').waitFor()
  await vscode.choose('Take back all but folders')
  await view.getByText('A limit was reached: the script ran longer than 2 s').waitFor()
  await vscode.setMachine({})
})

test('a folder that was allowed is read, until it is taken back', async () => {
  await allowFolder('reads.py', 'FileNotFoundError', join(vscode.folder, '../outside'))
  const view = await vscode.graph()
  expect(await labelOf(view, 'a')).toContain('value 21.0000')
  await vscode.command('Backprop: Allow More')
  await vscode.choose('Take back outside')
  await view.getByText('FileNotFoundError').first().waitFor()
})

test('a package above the script is found once the folder that is named is allowed', async () => {
  await allowFolder('uses_pack.py', 'pack lies in', vscode.folder)
  await expect.poll(async () => labelOf(await vscode.graph(), 'square')).toContain('value 4.0000')
})

test('the output has the traceback, whose lines open the code', async () => {
  await vscode.visualize('raises.py')
  await vscode.command('Backprop: Show Output')
  const line = vscode.page.locator('.part.panel .view-line', { hasText: /raises.py",\sline\s5/ })
  await line
    .locator('.detected-link')
    .first()
    .click({ modifiers: ['ControlOrMeta'] })
  await expect.poll(() => vscode.page.locator('[id="status.editor.selection"]').textContent()).toContain('Ln 5')
  await vscode.command('View: Hide Panel')
})

test('a panel that was hidden, moved to another group, or loaded again is as it was', async () => {
  let view = await vscode.visualize('neuron.py')
  await select(view, 'n')
  await selected(view, 'n').toBe('true')
  await vscode.quickOpen('own_engine.py')
  await vscode.command('Visualize Backprop')
  await expect.poll(async () => row(await vscode.graph(), 'x * y').count()).toBe(1)
  await expect.poll(() => tab('Backprop: ').count()).toBe(2)
  await tab('Backprop: neuron.py').click()
  await expect.poll(async () => row(await vscode.graph(), 'n').count()).toBe(1)
  view = await vscode.graph()
  await selected(view, 'n').toBe('true')
  await vscode.command('View: Move Editor into Previous Group')
  const group = vscode.page.locator('.editor-group-container', { has: tab('Backprop: neuron.py') })
  // Beside the code that was opened last: a tab that was only looked into gives way to it.
  await group.locator('.tab[data-resource-name="own_engine.py"]').waitFor()
  await expect.poll(async () => row(await vscode.graph(), 'n').count()).toBe(1)
  await selected(await vscode.graph(), 'n').toBe('true')
})

test('of several panels each lights its own script', async () => {
  await vscode.closeAll()
  await vscode.quickOpen('neuron.py')
  await vscode.command('Visualize Backprop')
  await vscode.graph()
  await vscode.quickOpen('own_engine.py')
  await vscode.command('Visualize Backprop')
  await expect.poll(async () => row(await vscode.graph(), 'x * y').count()).toBe(1)
  await select(await vscode.graph(), 'x * y')
  await expect.poll(() => vscode.decorated()).toBe('x * y')
  await vscode.quickOpen('neuron.py')
  await expect.poll(() => vscode.decorated()).toBe('')
})

test('Reveal in Graph goes to the node of the cursor, also in a panel that is behind another', async () => {
  await vscode.goTo(11, 18)
  await vscode.command('Backprop: Reveal in Graph')
  await expect.poll(async () => row(await vscode.graph(), 'x2 * w2').count()).toBe(1)
  await selected(await vscode.graph(), 'x2 * w2').toBe('true')
})

test('Reveal in Code opens the code that is closed, beside the graph', async () => {
  await vscode.command('View: Close All Editors in Group')
  await tab('Backprop: neuron.py').click()
  await vscode.command('Backprop: Reveal in Code')
  await tab('neuron.py').first().waitFor()
  await expect.poll(() => vscode.decorated()).toBe('x2 * w2')
})

test('everything goes without a mouse', async () => {
  await vscode.visualize('neuron.py')
  await vscode.command('View: Focus Right Editor Group')
  const view = await vscode.graph()
  const { keyboard } = vscode.page
  await expect.poll(() => view.evaluate(() => document.hasFocus())).toBe(true)
  const marked = view.locator('[role=treeitem][aria-selected=true]')
  await keyboard.press('ArrowUp')
  await expect.poll(() => marked.count()).toBe(1)
  const first = await marked.getAttribute('aria-label')
  await keyboard.press('ArrowUp')
  await expect.poll(() => marked.getAttribute('aria-label')).not.toBe(first)
  await keyboard.press('Control+f')
  await view.locator('.search input').waitFor()
  await keyboard.type('x2 * w2')
  await view.getByRole('option').first().waitFor()
  await keyboard.press('Enter')
  await selected(view, 'x2 * w2').toBe('true')
  await expect.poll(() => vscode.decorated()).toBe('x2 * w2')
  await keyboard.press('[')
  await expect.poll(() => view.locator('.timeline-position').textContent()).toMatch(/step \d of/)
  await keyboard.press('Escape')
  await keyboard.press('Escape')
  await expect.poll(() => marked.count()).toBe(0)
})

test('a group opens, and the timeline goes back to where nothing has arrived', async () => {
  const training = await vscode.visualize('training.py')
  const rows = training.locator('[role=treeitem]')
  const before = await rows.count()
  await training.locator('[role=treeitem][data-element^="-"]').first().press('Enter')
  await expect.poll(() => rows.count()).toBeGreaterThan(before)
  const view = await vscode.visualize('neuron.py')
  await view.getByRole('button', { name: 'To the start' }).click()
  await expect.poll(() => labelOf(view, 'w1')).toContain('gradient –')
  await view.getByRole('button', { name: 'To the end' }).click()
  await expect.poll(() => labelOf(view, 'w1')).toContain('gradient 1.0000')
})

test('the cursor lights its nodes in the graph', async () => {
  const view = await vscode.graph()
  /** The picture once it stands still. */
  const picture = async () => {
    const now = () =>
      view.evaluate(() => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join())
    let [last, next] = ['', await now()]
    while (last !== next) [last, next] = [next, (await vscode.page.waitForTimeout(300), await now())]
    return next
  }
  await vscode.goTo(2, 1)
  const dark = await picture()
  await vscode.goTo(11, 6)
  await expect.poll(picture).not.toBe(dark)
  await vscode.goTo(2, 1)
  await expect.poll(picture).toBe(dark)
})

test('numbers stand at the ends of lines when the setting is on', async () => {
  await vscode.set({ 'backprop.inlineNumbers': true })
  const line = vscode.editor.locator('.view-line', { hasText: /^n\s=/ })
  await expect.poll(() => line.textContent()).toMatch(/0\.8814\s+∂\s0\.5000$/)
  await vscode.set({})
})

test('a message of the view that does not fit is refused, and logged', async () => {
  const view = await vscode.graph()
  // What VS Code gives the view to speak through lies in the frame around it.
  await view.parentFrame()!.evaluate(() => {
    const post = (window as unknown as Record<string, (channel: string, data: unknown) => void>)[
      '__vscode_post_message__'
    ]!
    post('onmessage', { message: { type: 'event', name: 'save', payload: { name: '../evil', bytes: 1 } } })
    post('onmessage', { message: { type: 'request', id: 1, name: 'run', payload: {} } })
  })
  await select(view, 'b')
  await expect
    .poll(() => vscode.logged('Backprop Lens'))
    .toMatch(/was refused: [\s\S]*was refused: there is no request "run"/)
  await selected(view, 'b').toBe('true')
})

test('a script that was deleted is told by its name, and its graph stays', async () => {
  const view = await vscode.visualize('goes.py')
  rmSync(join(vscode.folder, 'goes.py'))
  await vscode.command('View: Close All Editors in Group')
  await vscode.command('Backprop: Re-run')
  await vscode.told('goes.py is not there any more')
  await row(view, 'a').waitFor({ state: 'attached' })
})

test('a large run: the picture stands two seconds after the script has ended', async () => {
  await vscode.closeAll()
  await vscode.quickOpen('large.py')
  await vscode.command('Visualize Backprop')
  const view = await vscode.view('canvas')
  // By the page's own clock: that everything stands.
  const stood = await view.waitForFunction(
    () => {
      const [, seconds] = /6\d,818 nodes · 1 pass · ([\d.]+) s$/.exec(document.querySelector('header')!.innerText) ?? []
      const loss = document.querySelector('[role=treeitem][aria-label^="loss, "]')?.getAttribute('aria-label')
      return seconds && loss?.includes('gradient 1.0000') ? { at: Date.now(), seconds: Number(seconds) } : null
    },
    { timeout: 100_000, polling: 'raf' },
  )
  const { at: shown, seconds } = (await stood.jsonValue())!
  await vscode.command('Backprop: Show Output')
  const said = vscode.page.locator('.part.panel .view-line', { hasText: 'ended' })
  const ended = Number(/ended.(\d+)/.exec((await said.first().textContent())!)![1])
  console.log(`the picture stood ${shown - ended} ms after the end of a script of ${seconds} s`)
  // Where other programs slow the script down, they slow the picture down too.
  expect(shown - ended).toBeLessThan(Math.max(2000, seconds * 500))
  await vscode.command('View: Hide Panel')
})

test('a second window on the same folder shows its own run, and the first keeps its', async () => {
  const second = await vscode.another()
  await second.locator('.tab', { hasText: 'Backprop: large.py' }).waitFor()
  await second.close()
  expect(await row(await vscode.graph(), 'loss').count()).toBe(1)
})

test('npm run code says where VS Code is', async () => {
  const code = spawn(process.execPath, ['test/e2e/code.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  code.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await expect.poll(() => said, { timeout: 100_000 }).toMatch(/Open (http\S+)/)
  const page = await fetch(/Open (http\S+)/.exec(said)![1]!)
  expect(page.status).toBe(200)
  const ended = new Promise((done) => code.once('exit', done))
  code.kill('SIGTERM')
  expect(await ended).toBe(0)
})
