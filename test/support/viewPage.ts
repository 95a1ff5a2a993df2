import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium, type Page } from 'playwright-core'
import type { FakeHost, FakeOptions } from './fakeHost.ts'

const script = `
import { mount } from './webview/main.ts'
import { fakeHost } from './test/support/fakeHost.ts'
window.host = fakeHost(window.options)
window.view = mount(document.getElementById('root'), window.host)
`
/** The policy of the exported page and of the panel, so that nothing passes here that would fail there. */
const policy = `default-src 'none'; script-src 'nonce-n'; style-src 'nonce-n'; worker-src blob:; img-src data: blob:`

export interface ViewOptions extends FakeOptions {
  width?: number
  height?: number
  colorScheme?: 'light' | 'dark'
  /** Classes that an editor would set. */
  bodyClass?: string
}

export interface ViewWindow extends Window {
  host: FakeHost
  view: { dispose(): void }
}

export interface ViewPage {
  page: Page
  /** What broke the policy, or was written to the console as an error. */
  complaints: string[]
  open(options?: ViewOptions): Promise<void>
  close(): Promise<void>
}

/** A browser in which the view is opened over the fake host, as often as wanted. */
export async function openViewPage(): Promise<ViewPage> {
  const bundle = await build({
    stdin: { contents: script, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
    target: 'chrome120',
  })
  const style = await readFile('webview/style.css', 'utf8')
  const profile = await mkdtemp(join(tmpdir(), 'view-page-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--headless=new', '--no-sandbox', '--disable-gpu'],
    reducedMotion: 'reduce',
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.route('http://view.test/', (route) => route.fulfill({ contentType: 'text/html', body: html }))
  let html = ''
  return {
    page,
    complaints,
    open: async (options = {}) => {
      html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>view</title>
<meta http-equiv="Content-Security-Policy" content="${policy}"><style nonce="n">${style}</style></head>
<body class="${options.bodyClass ?? ''}"><main id="root"></main>
<script nonce="n">window.options = ${JSON.stringify(options)}</script>
<script nonce="n">${bundle.outputFiles[0]!.text.replaceAll('</script', '\\x3c/script')}</script></body></html>`
      complaints.length = 0
      await page.setViewportSize({ width: options.width ?? 1600, height: options.height ?? 900 })
      await page.emulateMedia({ colorScheme: options.colorScheme ?? 'dark' })
      await page.goto('http://view.test/')
      await page.waitForFunction(() => document.querySelector('.header-counts')?.textContent !== '')
      await settle(page)
    },
    close: async () => {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}

/** Waits until all that was asked is answered and drawn. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { host } = window as unknown as ViewWindow
    for (let quiet = 0, asked = -1; quiet < 3; quiet++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      await new Promise(requestAnimationFrame)
      if (host.asked.length !== asked) quiet = 0
      asked = host.asked.length
    }
  })
}
