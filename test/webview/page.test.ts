import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportedPage } from '../../src/session/exportedPage.node.ts'
import { Recorder } from '../support/recorder.ts'

let folder: string
let context: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exported-page-'))
  await mkdir(join(folder, 'page'))
  const common = { bundle: true, platform: 'browser', target: 'es2023', format: 'iife', minify: true } as const
  const outdir = join(folder, 'page')
  await build({ ...common, entryPoints: { page: 'webview/page.ts' }, outdir })
  await build({
    ...common,
    entryPoints: { worker: 'src/session/worker.page.ts' },
    outdir,
    loader: { '.min.js': 'text' },
  })
  await cp('webview/style.css', join(outdir, 'style.css'))
  context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--headless=new', '--no-sandbox', '--disable-gpu'],
    viewport: { width: 1500, height: 850 },
    offline: true,
  })
  page = context.pages()[0] ?? (await context.newPage())
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterAll(async () => {
  await context.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(tape: Uint8Array): Promise<void> {
  const file = join(folder, 'page.html')
  await writeFile(file, await exportedPage(folder, 'neuron.py', tape))
  complaints.length = 0
  await page.goto(pathToFileURL(file).href)
  await page.locator('.app, [role=alert]').first().waitFor()
}

/** A sum of products of one leaf, in a text that the page's own markup could trip over. */
function recording(factors: 2 | 3): Uint8Array {
  const line = factors === 2 ? 's = a * a + a' : 's = a * a * a + a'
  const r = new Recorder('square.py', ['a = Value(3.0)  # </script><!--', line, 's.backward()', ''].join('\n'))
  const a = r.leaf(3, r.site(1, 'Value(3.0)'), 'a')
  let product = r.mul(a, a, r.site(2, 'a * a'))
  if (factors === 3) product = r.mul(product, a, r.site(2, 'a * a * a'))
  const s = r.add(product, a, r.site(2, line.slice(4)), 's')
  r.backward(s, r.site(3, 's.backward()'))
  return r.bytes()
}

async function search(text: string): Promise<void> {
  await page.keyboard.press('/')
  await page.keyboard.type(text)
  await page.getByRole('option').first().waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.side-title h2', { hasText: text }).waitFor()
}

test('one file, offline, from the disk: the graph, its numbers, its code', async () => {
  await open(recording(2))
  await page
    .getByRole('treeitem', { name: /^a, .*value 3\.0000, gradient 7\.0000, feeds/ })
    .waitFor({ state: 'attached' })
  await search('a')
  expect(await page.locator('.mark-selected').allTextContents()).toEqual(['Value', '(', '3.0', ')'])
  expect(complaints).toEqual([])
})

test('the chain rule adds over the consumers, one to a line', async () => {
  await open(recording(2))
  await search('a')
  expect(await page.locator('.chain mtr').allTextContents()).toEqual([
    '∂s∂a=∂s∂s·∂s∂a',
    '+∂s∂(a * a)·∂(a * a)∂a',
    '+∂s∂(a * a)·∂(a * a)∂a',
    '=1.0000×1',
    '+1.0000×3',
    '+1.0000×3',
    '=7.0000',
  ])
})

test('a negative number after a plus stands in parentheses, two contributions add on one line, a path is its last part', async () => {
  const r = new Recorder('signs.py', ['w = Value(2.0)', 's = w * 3 + w * -1', ''].join('\n'))
  const w = r.leaf(2, r.site(1, 'Value(2.0)'), 'model.neurons[0].w[1]')
  const [a, b] = [3, -1].map((slope) => r.op('scale', [w], [slope], 2 * slope, r.site(2, `w * ${slope}`)))
  r.backward(r.op('sub', [a!, b!], [1, -1], 8, r.site(2, 'w * 3 + w * -1'), 's'), -1)
  await open(r.bytes())
  await search('w')
  expect(await page.locator('.chain mtr').allTextContents()).toEqual([
    '∂s∂w[1]=∂s∂(w * -1)·∂(w * -1)∂w[1]',
    '+∂s∂(w * 3)·∂(w * 3)∂w[1]',
    '=−1.0000×(−1.0000)',
    '+1.0000×3.0000',
    '=1.0000+3.0000',
    '=4.0000',
  ])
})

test('over many consumers it is one sum', async () => {
  await open(recording(3))
  await search('a')
  const rows = await page.locator('.chain mtr').allTextContents()
  expect(rows[0]).toBe('∂s∂a=∑c∂s∂c·∂c∂a')
  expect(rows.length).toBe(6)
  expect(rows.at(-1)).toBe('=28.0000')
})

test('a tensor shows its norm and its summary, and multiplies no norms', async () => {
  const r = new Recorder('tensor.py', ['w = parameter(2, 3)', 'y = exp(w)', 'loss = total(y, w)', ''].join('\n'))
  const w = r.tensor('parameter', [], { shape: '2×3', l2: 4 }, r.site(1, 'parameter(2, 3)'), 'w')
  const y = r.tensor('exp', [w], { shape: '2×3', l2: 5 }, r.site(2, 'exp(w)'), 'y')
  const loss = r.tensor('total', [y, w], { shape: '1', l2: 2 }, r.site(3, 'total(y, w)'), 'loss')
  r.backward(loss, r.site(3, 'loss'))
  await open(r.bytes())
  await search('w')
  const rows = await page.locator('.chain mtr').allTextContents()
  expect(rows.slice(0, 2)).toEqual(['∂loss∂w=∂loss∂loss·∂loss∂w', '+∂loss∂y·∂y∂w'])
  expect(rows.length).toBe(3)
  expect(rows[2]).toMatch(/^=‖·‖ \d/)
  expect(await page.locator('.side-panel').innerText()).toContain('2×3')
})

test('columns are right after a tab and an emoji', async () => {
  const r = new Recorder('emoji.py', ['if True:', "\ts = '😀', a * a  # 😀", ''].join('\n'))
  const a = r.leaf(3, r.site(1, 'True'), 'a')
  r.mul(a, a, r.site(2, 'a * a'), 's')
  await open(r.bytes())
  const at = (column: number) =>
    page.locator('.code-line[data-line="2"] .code-text').evaluate((line, from) => {
      const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT)
      for (let seen = 0; walker.nextNode(); seen += walker.currentNode.nodeValue!.length) {
        const { length } = walker.currentNode.nodeValue!
        if (from >= seen + length) continue
        const range = document.createRange()
        range.setStart(walker.currentNode, from - seen)
        range.setEnd(walker.currentNode, from - seen + 1)
        const { left, right, top } = range.getBoundingClientRect()
        return { x: (left + right) / 2, y: top + 6 }
      }
      throw new Error('the line is shorter')
    }, column)
  const text = "\ts = '😀', a * a  # 😀"
  const expectPointed = async (column: number, lit: string) => {
    // While the page starts, a line may be drawn again between the measuring and the move.
    await expect
      .poll(async () => {
        const { x, y } = await at(column)
        await page.mouse.move(x, y)
        return (await page.locator('.mark-pointed').allTextContents()).join('')
      })
      .toBe(lit)
  }
  const first = text.indexOf('a * a')
  await expectPointed(first, 'a * a')
  await expectPointed(first - 1, '')
  await expectPointed(first + 4, 'a * a')
  await expectPointed(first + 5, '')
})

test('a recording that is damaged says so, in words', async () => {
  await open(recording(2).slice(0, 100))
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').innerText()).toMatch(/^This recording cannot be shown: .+/)
})
