import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openViewPage, settle, type ViewPage } from '../support/viewPage.ts'

let view: ViewPage
beforeAll(async () => {
  view = await openViewPage()
})
afterAll(() => view.close())

describe.each([
  ['light', 'light', ''],
  ['dark', 'dark', ''],
  ['high contrast', 'dark', 'vscode-high-contrast'],
  ['high contrast light', 'light', 'vscode-high-contrast vscode-high-contrast-light'],
] as const)('axe, %s', (_name, colorScheme, bodyClass) => {
  const violations = async () => {
    const { violations: found } = await new AxeBuilder({ page: view.page }).analyze()
    return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)
  }
  const options = { colorScheme, bodyClass, kind: bodyClass === '' ? ('page' as const) : ('vscode' as const) }

  test('with a node selected, over several passes', async () => {
    await view.open({ ...options, passes: 3 })
    await view.page.keyboard.press('ArrowLeft')
    await settle(view.page)
    expect(await violations()).toEqual([])
    // Its code, which is lit, has a name, a number and brackets.
    await view.page.keyboard.press('/')
    await view.page.keyboard.type('w1')
    await settle(view.page)
    await view.page.keyboard.press('Enter')
    await settle(view.page)
    expect(await violations()).toEqual([])
  })

  test('with the outline in focus and a branch open', async () => {
    await view.open(options)
    await view.page.keyboard.press('o')
    await view.page.keyboard.press('ArrowRight')
    await settle(view.page)
    expect(await violations()).toEqual([])
  })

  test('while searching', async () => {
    await view.open(options)
    await view.page.keyboard.press('/')
    await view.page.keyboard.type('x')
    await settle(view.page)
    expect(await violations()).toEqual([])
  })

  test('with the list of keys open', async () => {
    await view.open(options)
    await view.page.keyboard.press('?')
    expect(await violations()).toEqual([])
  })

  test('with an error', async () => {
    const error = {
      type: 'ValueError',
      message: 'math domain error',
      traceback: 'Traceback …',
      site: null,
      hint: 'log needs a positive number.',
    }
    await view.open({ ...options, overview: { end: { kind: 'raised', error } } })
    expect(await violations()).toEqual([])
  })

  test('with nothing to show', async () => {
    await view.open({ ...options, empty: true })
    expect(await violations()).toEqual([])
  })
})

describe('a reader of the accessibility tree, without a mouse', () => {
  /** Only names and roles, as assistive technology gets them. */
  const snapshot = () => view.page.locator('[role=tree]').ariaSnapshot()

  test('finds the value, the gradient and the consumers of a node', async () => {
    await view.open()
    expect(await snapshot()).toContain('treeitem "n, add, value 0.8814, gradient 0.5000, feeds o"')
  })

  test('opens a group and a node, and goes to a consumer', async () => {
    await view.open({ open: false })
    expect(await snapshot()).toContain('treeitem "products, group of 6 ops, gradient -1.5000"')
    await view.page.keyboard.press('o')
    await view.page.keyboard.press('Enter')
    await settle(view.page)
    expect(await snapshot()).toContain('treeitem "w1, leaf, value -3.0000, gradient 1.0000, feeds x1 * w1"')
    const node = view.page.getByRole('treeitem', { name: /^w1, leaf/ })
    await node.focus()
    await view.page.keyboard.press('ArrowRight')
    await settle(view.page)
    const consumer = view.page.getByRole('treeitem', { name: 'feeds x1 * w1, contribution 1.0000' })
    await consumer.focus()
    await view.page.keyboard.press('Enter')
    await settle(view.page)
    expect(await view.page.locator('[role=treeitem]:focus').getAttribute('aria-label')).toMatch(/^x1 \* w1, mul/)
    expect(await view.page.locator('[aria-live]').textContent()).toBe(
      'Selected x1 * w1, mul, value -6.0000, gradient 0.5000',
    )
  })

  test('hears of a group what it holds, and no value', async () => {
    await view.open({ open: false })
    await view.page.keyboard.press('o')
    await settle(view.page)
    expect(await view.page.locator('[aria-live]').textContent()).toBe(
      'Selected products, group of 6 ops, gradient -1.5000',
    )
  })

  test('hears numbers of the moment, and that they have not arrived', async () => {
    await view.open()
    await view.page.getByRole('slider').press('Home')
    await view.page.waitForTimeout(250)
    await settle(view.page)
    expect(await snapshot()).toContain(
      'treeitem "n, add, value 0.8814, gradient – (waiting: nothing has arrived yet), feeds o"',
    )
  })

  test('what is selected elsewhere is selected in the tree', async () => {
    await view.open()
    await view.page.keyboard.press('ArrowLeft')
    await settle(view.page)
    expect(await view.page.locator('[aria-selected=true][role=treeitem]').getAttribute('aria-label')).toMatch(
      /^o, tanh/,
    )
  })
})
