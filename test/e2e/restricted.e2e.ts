/** In a workspace that is not trusted, for somebody who reads Chinese. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { labelOf, row } from '../support/graphRows.ts'
import { Vscode } from '../support/vscode.ts'

let vscode: Vscode

beforeAll(async () => {
  const value = 'from micrograd.engine import Value\n'
  vscode = await Vscode.start(
    { 'reads.py': `${value}a = Value(float(open('../secret.txt').read()))\n`, '../secret.txt': '1' },
    { trust: false, language: 'zh-CN', settings: { 'security.workspace.trust.startupPrompt': 'never' } },
  )
  await vscode.open('neuron.py')
})
afterAll(() => vscode?.close())
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await vscode.page.screenshot({ path: `.vscode-test/${task.name.slice(0, 30)}.png` })
})

test.each(['自动微分', '自动求导', 'Visualize Backprop'])('%s finds the command', async (words) => {
  await vscode.search(words, '可视化反向传播')
  await vscode.page.keyboard.press('Escape')
})

test('a script runs in Restricted Mode, and the panel says so in Chinese', async () => {
  await vscode.command('可视化反向传播')
  const view = await vscode.graph()
  expect(await view.evaluate(() => document.documentElement.lang)).toMatch(/^zh/i)
  await view.getByText('受限模式 (Restricted Mode)').waitFor()
  expect(await labelOf(view, 'w1')).toBe('w1, leaf, 值 (value) -3.0000, 梯度 (gradient) 1.0000, 流入 (feeds) x1 * w1')
  await vscode.editor.locator('.codelens-decoration', { hasText: '可视化反向传播' }).waitFor()
})

test('no folder is allowed there', async () => {
  await vscode.closeAll()
  await vscode.quickOpen('reads.py')
  await vscode.command('可视化反向传播')
  const view = await vscode.view('.banner.error')
  await view.getByRole('button', { name: '允许读取文件夹' }).click()
  await vscode.told('只有受信任工作区中')
  expect(await row(view, 'a').count()).toBe(0)
})
