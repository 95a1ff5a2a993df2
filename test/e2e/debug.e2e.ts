/** The debugger in a real VS Code: from a breakpoint in the gutter to the end of the backward pass. */
import { mkdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Vscode } from '../support/vscode.ts'

let vscode: Vscode

beforeAll(async () => {
  mkdirSync('.vscode-test', { recursive: true })
  vscode = await Vscode.start({})
})
afterAll(() => vscode?.close())
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await picture(task.name.slice(0, 30))
})

const picture = (name: string) => vscode.page.screenshot({ path: `.vscode-test/debug-${name}.png` })

const callStack = () => vscode.page.locator('.debug-call-stack .stack-frame .label')
const variable = (name: string) =>
  vscode.page.locator('.debug-variables .monaco-list-row', { hasText: new RegExp(`^${name}`) }).first()
/** Buttons of the toolbar: going back has no command in the palette. */
const toolbar = (icon: string) => vscode.page.locator(`.debug-toolbar .codicon-debug-${icon}`).first().click()
const press = (title: string) => vscode.command(`Debug: ${title}`)

/** The first frame, once it is this one. */
const standsAt = (frame: RegExp) =>
  expect.poll(() => callStack().first().textContent(), { timeout: 20_000 }).toMatch(frame)

/** A row of the graph's outline, which selects its node. */
async function choose(name: RegExp): Promise<void> {
  const view = await vscode.view('canvas')
  await view.getByRole('treeitem', { name }).first().press('Enter')
}

test('without a breakpoint, Debug Backprop stops where the gradients begin to flow', async () => {
  await vscode.open('neuron.py')
  await vscode.command('View: Show Run and Debug')
  await vscode.command('Debug Backprop')
  await standsAt(/^o \(tanh\)/)
  await expect.poll(() => variable('grad').textContent()).toMatch(/1\.0000/)
  // The graph stands there too: nothing has arrived before.
  const view = await vscode.view('canvas')
  const row = view.getByRole('treeitem', { name: /^n, / })
  await expect.poll(() => row.first().getAttribute('aria-label')).toMatch(/gradient –|waiting/)
  await view.getByText('Before o passes its gradient on').waitFor()
  await picture('entry')
})

test('steps go on, and back; variables, call stack and graph follow', async () => {
  await press('Step Into')
  await standsAt(/^n \(add\)/)
  await expect.poll(() => variable('grad').textContent()).toMatch(/0\.5000/)
  await expect.poll(() => callStack().nth(1).textContent()).toMatch(/^o \(tanh\) → 0\.5000/)
  const view = await vscode.view('canvas')
  const row = view.getByRole('treeitem', { name: /^n, / })
  await expect.poll(() => row.first().getAttribute('aria-label')).toMatch(/gradient 0\.5000/)
  await toolbar('step-back')
  await standsAt(/^o \(tanh\)/)
  await picture('back')
})

test('the panel steps and runs to a node, too', async () => {
  const view = await vscode.view('canvas')
  const press = (name: string | RegExp) => view.getByRole('button', { name }).click()
  await press(/^Step Into/)
  await standsAt(/^n \(add\)/)
  await choose(/^x1 \* w1, /)
  await vscode.page.keyboard.press('r')
  await standsAt(/^x1 \* w1 \(mul\)/)
  await picture('panel')
  await press(/^Reverse/)
  await standsAt(/^o \(tanh\)/)
})

test('a breakpoint on a node of the graph is in the gutter and in the outline, until it is taken away', async () => {
  const view = await vscode.view('canvas')
  const dots = vscode.editor.locator('.codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified')
  await choose(/^n, /)
  await vscode.page.keyboard.press('b')
  await dots.first().waitFor()
  await view
    .getByRole('treeitem', { name: /^n, .*, breakpoint$/ })
    .first()
    .waitFor({ state: 'attached' })
  await picture('dot')
  await vscode.page.keyboard.press('b')
  await dots.first().waitFor({ state: 'detached' })

  // Code that has moved since the run has its breakpoints where it is now.
  await vscode.editor.locator('.view-line').first().click()
  await vscode.page.keyboard.press('Control+Home')
  await vscode.page.keyboard.press('Enter')
  await choose(/^n, /)
  await vscode.page.keyboard.press('b')
  const line = await vscode.editor.locator('.view-line', { hasText: 'n = x1' }).boundingBox()
  await expect.poll(async () => (await dots.first().boundingBox())?.y).toBeCloseTo(line!.y, -1)
  await view
    .getByRole('treeitem', { name: /^n, .*, breakpoint$/ })
    .first()
    .waitFor({ state: 'attached' })
  await vscode.page.keyboard.press('b')
  await dots.first().waitFor({ state: 'detached' })
  await vscode.editor.locator('.view-line').first().click()
  await vscode.page.keyboard.press('Control+z')
})

test('a breakpoint in the gutter stops before the rule of each node of its line; then it ends', async () => {
  // The session goes on while breakpoints are set.
  const line = vscode.editor.locator('.view-line', { hasText: 'n = x1' })
  await line.click()
  await vscode.page.keyboard.press('F9')
  await vscode.editor.locator('.codicon-debug-breakpoint').first().waitFor()
  for (const frame of [/^n \(add\)/, /^x1 \* w1 \+ x2 \* w2 \(add\)/]) {
    await press('Continue')
    await standsAt(frame)
  }
  await picture('breakpoint')
  await toolbar('reverse-continue')
  await standsAt(/^n \(add\)/)
  await toolbar('stop')
  await vscode.page.locator('.debug-toolbar').waitFor({ state: 'hidden' })
})

test('with a breakpoint set before, the run goes to it', async () => {
  await vscode.command('Debug Backprop')
  await standsAt(/^n \(add\)/)
  await vscode.page.locator('.debug-breakpoints', { hasText: 'Gradient becomes NaN or infinite' }).waitFor()
})

test('the change of a gradient is waited for; then the pass goes on to its end', async () => {
  await expect.poll(() => variable('grad').textContent()).toMatch(/0\.5000/)
  await toolbar('step-back')
  await standsAt(/^o \(tanh\)/)
  await press('Step Into')
  await standsAt(/^n \(add\)/)
  await expect.poll(() => variable('grad').textContent()).toMatch(/0\.5000/)
  // Further down in the list, by keyboard, which no scrolling puts off its row: the first operand, where nothing
  // has arrived yet.
  await variable('grad').click()
  const focused = vscode.page.locator('.debug-variables .monaco-list-row.focused')
  const down = async () => {
    await vscode.page.keyboard.press('ArrowDown')
    return focused.textContent()
  }
  await expect.poll(down).toMatch(/^operand 0.*grad –/)
  await vscode.page.keyboard.press('Shift+F10')
  // A menu that has just opened takes no click.
  const item = vscode.page.locator('.monaco-menu .action-label', { hasText: 'Break on Value Change' })
  await item.waitFor()
  for (; await item.isVisible(); await vscode.page.waitForTimeout(300))
    await item.click({ timeout: 1000 }).catch(() => undefined)
  await vscode.page.locator('.debug-breakpoints', { hasText: 'gradient of x1 * w1' }).waitFor()
  await press('Continue')
  const view = await vscode.view('canvas')
  await view.getByText('A gradient came to x1 * w1 + x2 * w2').waitFor()
  await standsAt(/^x1 \* w1 \+ x2 \* w2 \(add\)/)
  await picture('data')
  await press('Continue')
  await view.getByText('Before x1 * w1 + x2 * w2 passes its gradient on').waitFor()
  // The last two of the line, in the order of the engine's set; then there is nothing to stop at.
  const [either, other] = [/^Before x([12]) \* w\1 passes/, (n: string) => RegExp(`^Before x${n} \\* w${n} passes`)]
  await press('Continue')
  const first = either.exec((await view.getByText(either).textContent())!)![1]!
  await press('Continue')
  await view.getByText(other(first === '1' ? '2' : '1')).waitFor()
  await press('Continue')
  await vscode.page.locator('.debug-toolbar').waitFor({ state: 'hidden' })
})
