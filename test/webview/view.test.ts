import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SiteRange } from '../../src/protocol/view.ts'
import { openViewPage, settle, type ViewPage, type ViewWindow } from '../support/viewPage.ts'

let view: ViewPage
beforeAll(async () => {
  view = await openViewPage()
})
afterAll(() => view.close())

const text = (selector: string) => view.page.locator(selector).innerText()
const side = () => text('.side-panel')
const press = async (...keys: string[]) => {
  for (const key of keys) {
    await view.page.keyboard.press(key)
    await settle(view.page)
  }
}
const inPage = <T>(run: (window: ViewWindow) => T) =>
  view.page.evaluate(`(${run.toString()})(window)`) as Promise<Awaited<T>>
/** Selects by what the user would type. */
const search = async (what: string) => {
  await press('/')
  await view.page.keyboard.type(what)
  await settle(view.page)
  await press('Enter')
}
const slider = () => view.page.getByRole('slider')

describe('header', () => {
  test('names the run, what holds it, and its size', async () => {
    await view.open()
    expect(await text('.header')).toContain('neuron.py')
    expect(await text('.header-counts')).toBe('10 nodes · 1 pass · 0.41 s')
    expect(await view.page.locator('.pill').getAttribute('title')).toContain('a process of its own')
    expect(view.complaints).toEqual([])
  })

  test('saves the graph as SVG and as PNG', async () => {
    await view.open()
    await view.page.getByRole('button', { name: 'Export' }).click()
    await view.page.getByRole('menuitem', { name: 'SVG' }).click()
    await view.page.getByRole('button', { name: 'Export' }).click()
    await view.page.getByRole('menuitem', { name: 'PNG' }).click()
    await view.page.waitForFunction(() => (window as unknown as ViewWindow).host.files.length === 2)
    const files = await inPage((window) => window.host.files)
    expect(files.map(({ name, type }) => [name, type])).toEqual([
      ['neuron.svg', 'image/svg+xml'],
      ['neuron.png', 'image/png'],
    ])
    expect(files[1]!.size).toBeGreaterThan(1000)
  })

  test('lays out downwards and back', async () => {
    await view.open()
    await view.page.getByRole('button', { name: 'top to bottom' }).click()
    await settle(view.page)
    expect(await inPage((window) => window.host.asked.filter(({ name }) => name === 'scene').at(-1)!.payload)).toEqual({
      direction: 'down',
    })
    await expect(view.page.getByRole('button', { name: 'left to right' }).isVisible()).resolves.toBe(true)
  })

  test('runs again where the host can', async () => {
    await view.open({ kind: 'vscode', rerun: true })
    await view.page.getByRole('button', { name: 'Run again' }).click()
    expect(await inPage((window) => window.host.reruns)).toBe(1)
  })
})

describe('side panel', () => {
  test('works the chain rule out with numbers', async () => {
    await view.open()
    await search('n')
    expect(await text('.side-title h2')).toBe('n = x1 * w1 + x2 * w2 + b')
    expect(await text('.facts')).toContain('0.8814')
    const rows = await view.page.locator('.chain mtr').allTextContents()
    expect(rows).toEqual(['∂o∂n=∂o∂o·∂o∂n', '=1.0000×(1−0.70712)', '=0.5000'])
    expect(await view.page.locator('.chain msup').textContent()).toBe('0.70712')
  })

  test('a row goes to its node, by click and by Enter', async () => {
    await view.open()
    await search('n')
    await view.page.locator('.flows tr', { hasText: 'leaf' }).click()
    await settle(view.page)
    expect(await text('.side-title h2')).toContain('b')
    await view.page.getByRole('button', { name: 'n add' }).press('Enter')
    await settle(view.page)
    expect(await text('.side-title h2')).toContain('n =')
  })

  test('shows "–" for what has not arrived, never 0', async () => {
    await view.open()
    await search('w1')
    await slider().press('Home')
    await settle(view.page)
    expect(await text('.facts')).toMatch(/–/)
    expect(await side()).toContain('waiting')
    expect(await text('.chain')).toContain('–')
  })

  test('tells the passes, and goes to one', async () => {
    await view.open({ passes: 3 })
    await search('n')
    expect(await view.page.locator('.chart').count()).toBe(2)
    await view.page.getByRole('button', { name: 'Go to the end of pass 2' }).click()
    await settle(view.page)
    expect(await text('.timeline-position')).toBe('pass 2 of 3 · step 10 of 10')
  })

  test('copies all digits of a number', async () => {
    await view.open()
    await search('n')
    const copied = await view.page.evaluate(() => {
      const number = document.querySelector('.facts .number')!
      getSelection()!.selectAllChildren(number)
      const event = new ClipboardEvent('copy', { clipboardData: new DataTransfer(), bubbles: true, cancelable: true })
      number.dispatchEvent(event)
      return event.clipboardData!.getData('text/plain')
    })
    expect(copied).toBe('0.8813735870195432')
  })

  test('keeps its focus when the numbers change', async () => {
    await view.open()
    await search('n')
    const row = view.page.getByRole('button', { name: 'b leaf' })
    await row.focus()
    await press('[')
    expect(await view.page.evaluate(() => document.activeElement?.textContent)).toBe('b leaf')
  })
})

describe('timeline', () => {
  test('stands at the end, and steps back and forth', async () => {
    await view.open({ passes: 2 })
    expect(await text('.timeline-position')).toBe('pass 2 of 2 · end')
    await slider().focus()
    await press('Home', 'ArrowRight', 'ArrowRight', 'ArrowRight')
    expect(await slider().getAttribute('aria-valuetext')).toBe('pass 1 of 2 · step 3 of 10')
    await press('PageUp')
    expect(await text('.timeline-position')).toBe('pass 2 of 2 · step 0 of 10')
    await press('ArrowLeft')
    expect(await text('.timeline-position')).toBe('pass 1 of 2 · step 10 of 10')
    await press('PageDown', '[')
    expect(await text('.timeline-position')).toBe('pass 1 of 2 · step 0 of 10')
    await press('End')
    expect(await slider().getAttribute('aria-valuenow')).toBe(await slider().getAttribute('aria-valuemax'))
  })

  test('steps one by one where the stops of a long pass are further apart', async () => {
    await view.open({ stride: 4 })
    expect(await slider().getAttribute('aria-valuemax')).toBe('4')
    const back: string[] = []
    for (let i = 0; i < 7; i++) {
      await press('[')
      back.push((await text('.timeline-position')).replace(/.*step (\d+) .*/, '$1'))
    }
    expect(back).toEqual(['10', '9', '8', '7', '6', '5', '4'])
    await press(']', ']', ']')
    expect(await text('.timeline-position')).toBe('pass 1 of 1 · step 7 of 10')
  })

  test('shows the gradients as they were', async () => {
    await view.open()
    await search('w1')
    await slider().press('Home')
    for (let i = 0; i < 7; i++) await press(']')
    expect(await text('.facts')).toContain('–')
    await press(']')
    expect(await text('.facts')).toContain('1.0000')
  })

  test('dragging asks only for the newest frame while one is on its way', async () => {
    await view.open({ passes: 3, frameDelay: 60 })
    const box = (await slider().boundingBox())!
    await view.page.mouse.move(box.x + 20, box.y + 20)
    await view.page.mouse.down()
    await view.page.mouse.move(box.x + box.width - 40, box.y + 20, { steps: 40 })
    await view.page.mouse.move(box.x + box.width * 0.75, box.y + 20)
    await view.page.mouse.up()
    await view.page.waitForTimeout(250)
    expect(await inPage((window) => window.host.framesAtOnce)).toBe(1)
    expect(await slider().getAttribute('aria-valuenow')).toBe('25')
    expect(await text('.timeline-position')).toBe('pass 3 of 3 · step 3 of 10')
  })

  test('plays from the start, pauses, and stops at the end', async () => {
    await view.open()
    await press(' ')
    await expect(view.page.getByRole('button', { name: 'Pause' }).isVisible()).resolves.toBe(true)
    await view.page.waitForFunction(() =>
      document.querySelector('.timeline-position')!.textContent!.includes('step 1 '),
    )
    await press(' ')
    const at = await text('.timeline-position')
    await view.page.waitForTimeout(700)
    expect(await text('.timeline-position')).toBe(at)
  })

  test('says so when there was no backward pass', async () => {
    await view.open({ overview: { passes: [] } })
    expect(await text('.timeline-position')).toBe('no backward pass')
    expect(await slider().getAttribute('aria-disabled')).toBe('true')
  })
})

describe('search', () => {
  test('finds by name, op and line, and opens the groups around what it finds', async () => {
    await view.open({ open: false })
    await view.page.keyboard.press('Control+f')
    await view.page.keyboard.type(':9')
    await settle(view.page)
    expect(await view.page.getByRole('option').count()).toBe(4)
    await press('ArrowDown', 'Enter')
    expect(await text('.side-title h2')).toBe('x2 * w2')
    expect(await inPage((window) => Array.from(window.host.scene().element))).toContain(6)
    await search('tanh')
    expect(await text('.side-title h2')).toContain('o')
  })

  test('says how to search when nothing is found, and gives the focus back', async () => {
    await view.open()
    await view.page.locator('.surface').focus()
    await press('/')
    await view.page.keyboard.type('nothing like it')
    await settle(view.page)
    expect(await text('.search-message')).toContain(':12')
    await press('Escape')
    expect(await view.page.evaluate(() => document.activeElement?.className)).toBe('surface')
  })
})

describe('code', () => {
  const litText = (kind: string) =>
    view.page.locator(`.mark-${kind}`).evaluateAll((pieces) => pieces.map((piece) => piece.textContent).join(''))

  test('lights exactly the sub-expression of the selected node', async () => {
    await view.open()
    await search('x2 * w2')
    expect(await litText('selected')).toBe('x2 * w2')
  })

  test('pointing at code lights the innermost range, shows its numbers; a click selects', async () => {
    await view.open()
    const piece = view.page.locator('.code-line[data-line="9"] .code-text')
    const box = (await piece.boundingBox())!
    const column = box.width / 'n = x1 * w1 + x2 * w2 + b'.length
    // The plus between the products belongs to their sum, not to the product before it.
    await view.page.mouse.move(box.x + column * 12.5, box.y + 8)
    await settle(view.page)
    expect(await litText('pointed')).toBe('x1 * w1 + x2 * w2')
    await view.page.mouse.move(box.x + column * 5.5, box.y + 8)
    await settle(view.page)
    expect(await litText('pointed')).toBe('x1 * w1')
    expect(await text('.code-pane .preview')).toContain('-6.0000')
    await view.page.mouse.click(box.x + column * 5.5, box.y + 8)
    await settle(view.page)
    expect(await text('.side-title h2')).toBe('x1 * w1')
  })

  test('shows value and gradient at the end of a line, at the tick of the timeline', async () => {
    await view.open({ open: false })
    await view.page.waitForTimeout(200)
    await settle(view.page)
    const note = (line: number) => text(`.code-line[data-line="${line}"] .code-note`)
    expect(await note(9)).toMatch(/0\.8814\s*∂ 0\.5000/)
    // Inside a closed group: asked for, not read from the frame.
    expect(await note(5)).toMatch(/-3\.0000\s*∂ 1\.0000/)
    await slider().press('Home')
    await settle(view.page)
    expect(await note(9)).toMatch(/0\.8814\s*∂ –/)
  })

  test('draws only the lines in view of a long file, and scrolls to the selected node', async () => {
    await view.open({ longFile: true })
    expect(await view.page.locator('.code-line').count()).toBeLessThan(80)
    await search('o')
    expect(await litText('selected')).toBe('n.tanh()')
    expect(await view.page.locator('.code-line').count()).toBeLessThan(80)
  })

  test('several files are tabs; selecting a node turns to its file', async () => {
    const sources = [
      { id: 0, path: '/home/user/neuron.py' },
      { id: 1, path: '/home/user/layers.py' },
    ]
    await view.open({ overview: { sources } })
    const tab = (name: string) => view.page.getByRole('tab', { name })
    await tab('neuron.py').focus()
    await press('ArrowRight')
    expect(await text('.code-sheet')).toContain('import math')
    expect(await tab('layers.py').getAttribute('aria-selected')).toBe('true')
    await search('n')
    expect(await tab('neuron.py').getAttribute('aria-selected')).toBe('true')
    expect(await litText('selected')).toBe('x1 * w1 + x2 * w2 + b')
  })

  test('in the editor there is no code pane: the editor is asked to show the range', async () => {
    await view.open({ kind: 'vscode' })
    expect(await view.page.locator('.code-pane').count()).toBe(0)
    await search('n')
    await view.page.getByRole('button', { name: 'neuron.py:9' }).click()
    const revealed: SiteRange[] = await inPage((window) => window.host.revealed)
    expect(revealed.map((site) => site.text)).toEqual(['x1 * w1 + x2 * w2 + b'])
  })
})

describe('graph', () => {
  test('a card under the pointer is told in a small card', async () => {
    await view.open()
    await search('n')
    const box = (await view.page.locator('.surface').boundingBox())!
    await press('s')
    await view.page.waitForTimeout(100)
    await press('Escape')
    await view.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await view.page.waitForTimeout(250)
    expect(await text('.graph-pane .preview')).toContain('∂o/∂n = 1.0000 × 0.5000 = 0.5000')
    // With nothing selected the panel shows what is pointed at.
    expect(await text('.side-title h2')).toContain('n =')
  })

  test('arrows follow the edges; Enter opens and closes a group; Escape deselects', async () => {
    await view.open({ open: false })
    await press('ArrowLeft')
    expect(await text('.side-title h2')).toContain('o')
    await press('ArrowLeft', 'ArrowLeft')
    expect(await text('.side-title h2')).toContain('x1 * w1 + x2 * w2')
    await press('ArrowLeft')
    expect(await text('.side-title h2')).toBe('products')
    await press('Enter')
    expect(await inPage((window) => window.host.scene().element.length)).toBe(11)
    await press('Enter')
    expect(await inPage((window) => window.host.scene().element.length)).toBe(5)
    await press('Escape')
    expect(await view.page.locator('.side-title').count()).toBe(0)
  })

  test('the path to the loss is asked for, and again for another node', async () => {
    await view.open()
    await search('w1')
    await press('p')
    await expect(
      view.page.getByRole('button', { name: 'Path to the loss' }).getAttribute('aria-pressed'),
    ).resolves.toBe('true')
    await search('b')
    expect(
      await inPage((window) => window.host.asked.filter(({ name }) => name === 'path').map(({ payload }) => payload)),
    ).toEqual([
      { element: 2, to: 'root' },
      { element: 4, to: 'root' },
    ])
    // Escape leaves the path before it leaves the node.
    await press('Escape')
    await expect(
      view.page.getByRole('button', { name: 'Path to the loss' }).getAttribute('aria-pressed'),
    ).resolves.toBe('false')
    expect(await text('.side-title h2')).toContain('b')
    await press('Escape')
    expect(await view.page.locator('.side-title').count()).toBe(0)
  })

  test('a layout that takes long can be given up', async () => {
    await view.open()
    await inPage((window) => window.host.emit('busy', { what: 'layout' }))
    await view.page.getByRole('button', { name: 'Cancel' }).click()
    expect(await inPage((window) => window.host.cancelled)).toBe(1)
    await inPage((window) => window.host.emit('busy', { what: null }))
    expect(await view.page.locator('.notice button').count()).toBe(0)
  })

  test('the outline takes the focus, and gives it back to the graph', async () => {
    await view.open()
    await press('o')
    expect(await view.page.locator('[role=treeitem]:focus').count()).toBe(1)
    await press('Escape')
    expect(await view.page.evaluate(() => document.activeElement?.className)).toBe('surface')
  })

  test('lists its keys', async () => {
    await view.open()
    await press('?')
    expect(await text('.help')).toContain('Follow the edges')
    await press('Escape')
    expect(await view.page.locator('.help').isVisible()).toBe(false)
  })
})

describe('what the run did', () => {
  test('an exception is told with its line, and the graph stays', async () => {
    const error = {
      type: 'ZeroDivisionError',
      message: 'division by zero',
      traceback: 'Traceback (most recent call last):\n  …',
      site: { file: '/home/user/neuron.py', startLine: 10, startColumn: 4, endLine: 10, endColumn: 12 },
      hint: null,
    }
    await view.open({ overview: { end: { kind: 'raised', error } } })
    expect(await text('.banner')).toContain('ZeroDivisionError: division by zero')
    expect(await text('.header-counts')).toContain('raised ZeroDivisionError')
    await view.page.getByRole('button', { name: 'neuron.py:10' }).click()
    expect(await inPage((window) => window.host.scene().element.length)).toBeGreaterThan(0)
    await view.page.getByRole('button', { name: 'Dismiss' }).click()
    expect(await view.page.locator('.banner').count()).toBe(0)
  })

  test('a limit is told', async () => {
    await view.open({ overview: { end: { kind: 'limit', limit: 'nodes', message: '2,000,000 values were recorded' } } })
    expect(await text('.banner')).toBe('A limit was reached: 2,000,000 values were recorded')
  })

  test('an empty recording says why, and what to do', async () => {
    await view.open({ empty: true, overview: { notices: ['no autograd engine was used'] } })
    expect(await text('.empty')).toContain('no autograd engine was used')
    expect(await text('.empty')).toContain('media/examples/neuron.py')
  })

  test('a run that goes on fills the view as it grows', async () => {
    await view.open({ overview: { nodes: 0, passes: [], state: 'running', end: null } })
    expect(await text('.empty')).toContain('The script is running')
    await inPage(async (window) => {
      const overview = await window.host.request('overview', {})
      for (const nodes of [3, 6]) window.host.emit('overview', { ...overview, nodes, revision: nodes })
      window.host.emit('overview', { ...overview, nodes: 10, state: 'ended', end: { kind: 'done', exitCode: 0 } })
    })
    await settle(view.page)
    expect(await view.page.locator('.empty').isVisible()).toBe(false)
    expect(await text('.header-counts')).toBe('10 nodes · 0 passes · 0.41 s')
    expect(await view.page.getByRole('treeitem').count()).toBe(5)
  })

  test('rows of the outline that are no longer there go, and the others stay', async () => {
    await view.open({ overview: { state: 'running', end: null } })
    const labels = () =>
      view.page.getByRole('treeitem').evaluateAll((items) => items.map((item) => item.getAttribute('aria-label')!))
    const before = await labels()
    const focused = view.page.getByRole('treeitem').nth(2)
    await focused.focus()
    await inPage(async (window) => {
      const { host } = window
      const ask = host.request.bind(host)
      host.request = (async (name: 'children', payload: { element: number | null }) => {
        const answer = await ask(name, payload as never)
        // The list as if the second row had never been, and the last one were the first.
        if (name !== 'children' || payload.element !== null) return answer
        const [first, , ...rest] = answer.rows
        return { rows: [rest.pop()!, first!, ...rest], total: answer.total - 1 }
      }) as typeof host.request
      const overview = await ask('overview', {})
      host.emit('overview', { ...overview, revision: overview.revision + 1 })
    })
    const [first, , ...rest] = before
    await expect.poll(labels).toEqual([rest.pop()!, first!, ...rest])
    expect(await view.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(before[2])
    expect(await view.page.locator('[role=treeitem][tabindex="0"]').count()).toBe(1)
    const places = view.page.getByRole('treeitem').evaluateAll((items) => items.map((item) => item.ariaPosInSet))
    expect(await places).toEqual(before.slice(1).map((_, i) => String(i + 1)))
  })

  test('keys in any order do no harm', async () => {
    await view.open({ passes: 3 })
    const keys = '] [ ArrowLeft Enter ArrowRight f s + p P o Escape ? Escape / Escape ArrowUp Enter - 0'.split(' ')
    for (const key of [...keys, ...keys.toReversed(), ...keys]) await view.page.keyboard.press(key)
    await settle(view.page)
    expect(await text('.banners')).toBe('')
    expect(view.complaints).toEqual([])
  })

  test('a frame of a scene that is gone is not a failure', async () => {
    await view.open()
    await inPage((window) => {
      const { request } = window.host
      window.host.request = async (name, payload) => {
        // A slow answer to `scene`, after the session has already moved on.
        if (name !== 'scene') return request(name, payload)
        const scene = await request(name, payload)
        await new Promise((resolve) => setTimeout(resolve, 100))
        return scene
      }
    })
    await view.page.getByRole('button', { name: 'top to bottom' }).click()
    await view.page.waitForTimeout(30)
    await press('[')
    await view.page.waitForTimeout(150)
    expect(await text('.banners')).toBe('')
  })

  test('a question that fails is told, and can be dismissed', async () => {
    await view.open({ saved: null })
    await inPage((window) => {
      const { request } = window.host
      window.host.request = (name, payload) =>
        name === 'search' ? Promise.reject(new Error('the index is broken')) : request(name, payload)
    })
    await press('/')
    await settle(view.page)
    expect(await text('.banners')).toContain('the index is broken')
  })
})

describe('state', () => {
  test('comes back after a reload', async () => {
    await view.open({ passes: 2 })
    await search('w1')
    await press('[', '-', '-')
    await view.page.waitForTimeout(400)
    const saved = await inPage((window) => window.host.saved)
    const position = await text('.timeline-position')
    expect(saved).toMatchObject({ version: 1, selected: 2, open: [-1] })
    await view.open({ passes: 2, open: false, saved })
    expect(await text('.side-title h2')).toContain('w1')
    expect(await text('.timeline-position')).toBe(position)
    expect(await inPage((window) => window.host.scene().element.length)).toBe(11)
    await view.page.waitForTimeout(400)
    expect(await inPage((window) => window.host.saved)).toEqual(saved)
  })

  test('of an unknown kind is ignored', async () => {
    await view.open({ saved: { version: 99, selected: 'x' } })
    expect(await text('.header-counts')).toContain('10 nodes')
    expect(view.complaints).toEqual([])
  })

  test('the view can be taken down, and leaves nothing behind', async () => {
    await view.open()
    await inPage((window) => window.view.dispose())
    expect(await view.page.locator('#root > *').count()).toBe(0)
    const asked = await inPage((window) => window.host.asked.length)
    await press('[', '/')
    await inPage((window) => window.host.emit('busy', { what: 'layout' }))
    expect(await inPage((window) => window.host.asked.length)).toBe(asked)
  })
})

describe('room', () => {
  test('three columns when it is wide', async () => {
    await view.open({ width: 1900 })
    for (const part of ['.code-pane', '.graph-pane', '.side-panel'])
      expect((await view.page.locator(part).boundingBox())!.width).toBeGreaterThan(300)
  })

  test('at 900 pixels the code is behind its button, and lies over the graph', async () => {
    await view.open({ width: 900, height: 700 })
    expect(await view.page.locator('.code-pane').isVisible()).toBe(false)
    expect((await view.page.locator('.graph-pane').boundingBox())!.width).toBeGreaterThan(500)
    expect(await view.page.evaluate(() => document.documentElement.scrollWidth)).toBe(900)
    await view.page.getByRole('button', { name: 'Code', exact: true }).click()
    expect(await view.page.locator('.code-pane').isVisible()).toBe(true)
    await press('Escape')
    expect(await view.page.locator('.code-pane').isVisible()).toBe(false)
  })

  test('borders move by pointer and by key', async () => {
    await view.open()
    const width = async () => (await view.page.locator('.side-panel').boundingBox())!.width
    const before = await width()
    const border = view.page.getByRole('separator', { name: 'Width of the details' })
    const box = (await border.boundingBox())!
    await view.page.mouse.move(box.x, 300)
    await view.page.mouse.down()
    await view.page.mouse.move(box.x - 60, 300)
    await view.page.mouse.up()
    expect(await width()).toBe(before + 60)
    await border.press('ArrowRight')
    expect(await width()).toBe(before + 36)
  })

  test('speaks Chinese where the user does, with the English terms beside', async () => {
    await view.open({ language: 'zh-CN' })
    await search('n')
    expect(await text('.side-panel')).toContain('梯度 (gradient)')
    expect(await view.page.getAttribute('html', 'lang')).toBe('zh-CN')
  })
})
