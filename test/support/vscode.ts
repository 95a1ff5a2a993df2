/** Drives a real VS Code in Chromium. */
import { cp, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type BrowserContext, chromium, type Frame, type Page } from 'playwright-core'
import { startVscodeServer, type VscodeServer } from './vscodeServer.mjs'

const PATIENCE = 20_000
const SETTINGS = '.vscode/settings.json'

export class Vscode {
  readonly page: Page
  readonly folder: string
  private readonly settings: object
  private readonly context: BrowserContext
  private readonly home: string
  private readonly server: VscodeServer

  private constructor(
    parts: Pick<Vscode, 'page' | 'folder'> & {
      settings: object
      context: BrowserContext
      home: string
      server: VscodeServer
    },
  ) {
    this.page = parts.page
    this.folder = parts.folder
    this.settings = parts.settings
    this.context = parts.context
    this.home = parts.home
    this.server = parts.server
  }

  /** A workspace with the given files, beside the examples. `extension`: an unpacked package. */
  static async start(files: Record<string, string>, settings: object = {}): Promise<Vscode> {
    const home = await mkdtemp(join(tmpdir(), 'vscode-e2e-'))
    const folder = join(home, 'workspace')
    await cp('media/examples', folder, { recursive: true })
    const own = {
      'workbench.startupEditor': 'none',
      'workbench.secondarySideBar.defaultVisibility': 'hidden',
      'workbench.activityBar.location': 'hidden',
      'chat.disableAIFeatures': true,
      'files.simpleDialog.enable': true,
      'editor.minimap.enabled': false,
      'files.autoSave': 'off',
      ...settings,
    }
    for (const [name, text] of Object.entries({ ...files, [SETTINGS]: JSON.stringify(own) })) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
    const server = await startVscodeServer({ extension: process.env['BACKPROP_EXTENSION'] ?? resolve('.') })
    const context = await chromium.launchPersistentContext(join(home, 'profile'), {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      viewport: { width: 1500, height: 900 },
    })
    const page = context.pages()[0] ?? (await context.newPage())
    page.setDefaultTimeout(PATIENCE)
    return new Vscode({ page, folder, settings: own, context, home, server })
  }

  /** The workspace's settings: those of the start, and these. */
  async set(settings: object): Promise<void> {
    await writeFile(join(this.folder, SETTINGS), JSON.stringify({ ...this.settings, ...settings }))
  }

  async close(): Promise<void> {
    await this.context.close()
    await this.server.close()
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 })
  }

  async open(file: string): Promise<void> {
    await this.page.goto(this.server.address({ folder: this.folder, file: join(this.folder, file) }))
    await this.page.locator('.monaco-workbench').waitFor()
    await this.editor.locator('.view-line').first().waitFor()
  }

  /** Opens a file beside those that are open. */
  async quickOpen(file: string): Promise<void> {
    await this.pick(file, file)
    await this.page.locator('.tab.active', { hasText: file }).waitFor()
  }

  /** The window as it was left; what is named in the address would be opened instead. */
  async reopen(): Promise<void> {
    await this.page.goto(this.server.address({ folder: this.folder }))
    await this.page.locator('.monaco-workbench').waitFor()
  }

  get editor() {
    return this.page.locator('.editor-instance .monaco-editor').first()
  }

  /** Runs a command of the palette. */
  command(title: string): Promise<void> {
    return this.pick(`>${title}`, title)
  }

  /** Takes what a query finds; just after the start it may not be there yet. */
  private async pick(query: string, title: string): Promise<void> {
    const { keyboard } = this.page
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first()
    const until = Date.now() + PATIENCE
    for (;;) {
      await keyboard.press('F1')
      const input = this.page.locator('.quick-input-widget input[type=text]')
      // One that is just closing does not take the query.
      const asked = input.fill(query, { timeout: 1500 }).then(() => row.waitFor({ timeout: 1500 }))
      const there = await asked.then(
        () => true,
        () => false,
      )
      if (there) break
      if (Date.now() > until) throw new Error(`nothing found is "${title}"`)
      await keyboard.press('Escape')
    }
    await keyboard.press('Enter')
  }

  /** The frame of the view, once it shows what `selector` finds. */
  async view(selector = '.app'): Promise<Frame> {
    const until = Date.now() + PATIENCE
    while (Date.now() < until) {
      for (const frame of this.page.frames().slice(1)) {
        const found = await frame
          .locator(selector)
          .first()
          .isVisible()
          .catch(() => false)
        if (found) return frame
      }
      await this.page.waitForTimeout(100)
    }
    throw new Error(`no view shows ${selector}`)
  }

  /** The text under the decorations of the lit expression, character by character. */
  decorated(): Promise<string> {
    return this.editor.evaluate((editor) => {
      const boxes = [...editor.querySelectorAll('.view-overlays [class*="ced-"]')].map((box) =>
        box.getBoundingClientRect(),
      )
      const lines = [...editor.querySelectorAll('.view-line')].sort(
        (a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top,
      )
      let text = ''
      for (const line of lines) {
        const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT)
        while (walker.nextNode()) {
          const chars = walker.currentNode.nodeValue!
          for (let at = 0; at < chars.length; at++) {
            const range = document.createRange()
            range.setStart(walker.currentNode, at)
            range.setEnd(walker.currentNode, at + 1)
            const { left, right, top, bottom } = range.getBoundingClientRect()
            const [x, y] = [(left + right) / 2, (top + bottom) / 2]
            const lit = boxes.some((box) => x > box.left && x < box.right && y > box.top && y < box.bottom)
            if (lit) text += chars[at]
          }
        }
      }
      return text.replaceAll('\u00a0', ' ')
    })
  }
}
