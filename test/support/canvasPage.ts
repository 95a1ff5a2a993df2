import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

/** The module that runs in the page: the canvas, and a record of what it tells. */
const script = `
import { GraphCanvas } from './webview/canvas/graphCanvas.ts'
import { Minimap } from './webview/canvas/minimap.ts'
import * as scenes from './test/support/scenes.ts'
window.kit = { scenes, Minimap, GraphCanvas }
window.calls = []
const record = (name) => (...args) => window.calls.push([name, ...args])
window.graph = new GraphCanvas(document.getElementById('graph'), {
  hover: record('hover'), select: record('select'), open: record('open'), close: record('close'), contextMenu: record('contextMenu'),
})
window.still = () => new Promise((resolve) => {
  let quiet = 0
  const wait = () => (window.graph.busy ? (quiet = 0) : quiet++, quiet > 2 ? resolve() : requestAnimationFrame(wait))
  wait()
})
`

const html = `<!doctype html><meta charset="utf-8"><style>
html, body { margin: 0; height: 100% }
#graph { position: absolute; inset: 0 }
#map { position: absolute; right: 12px; bottom: 12px; width: 200px; height: 130px }
</style><body><div id="graph"></div><div id="map"></div></body>`

export interface CanvasPage {
  page: Page
  close(): Promise<void>
}

/** Opens the canvas alone in a real browser. */
export async function openCanvasPage(
  options: {
    width?: number
    height?: number
    dark?: boolean
    highContrast?: boolean
    reducedMotion?: boolean
    ratio?: number
    args?: string[]
  } = {},
): Promise<CanvasPage> {
  const bundle = await build({
    stdin: { contents: script, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'iife',
    write: false,
    target: 'chrome120',
  })
  const profile = await mkdtemp(join(tmpdir(), 'canvas-page-'))
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--headless=new', '--no-sandbox', '--disable-gpu', ...(options.args ?? [])],
    viewport: { width: options.width ?? 1000, height: options.height ?? 700 },
    deviceScaleFactor: options.ratio ?? 1,
    colorScheme: options.dark === false ? 'light' : 'dark',
    reducedMotion: options.reducedMotion === false ? 'no-preference' : 'reduce',
  })
  const page = context.pages()[0] ?? (await context.newPage())
  await page.setContent(
    options.highContrast
      ? html.replace(
          '<body>',
          '<body class="vscode-high-contrast" style="--bl-background:#000;--bl-foreground:#fff;--bl-dim:#fff;--bl-card:#000;--bl-line:#6fc3df;--bl-focus:#f38518">',
        )
      : html,
  )
  await page.addScriptTag({ content: bundle.outputFiles[0]!.text })
  return {
    page,
    close: async () => {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}
