/** Drives a real VS Code in Chromium. */
import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type BrowserContext, chromium, type Frame, type Locator, type Page } from 'playwright-core'
import type { Report } from '../../src/protocol/report.ts'
import { startVscodeServer, type VscodeServer } from './vscodeServer.mjs'

/** Milliseconds: a machine may have other things to do. */
const PATIENCE = 60_000
/** For one try of what is tried again. */
const TRY = 5000
/** There is also one for a group only, which stands first once it was used. */
const CLOSE_ALL = 'View: Close All Editors'
const SETTINGS = '.vscode/settings.json'

/** The extension under test: an unpacked package, or this folder. */
export const packageFolder = process.env['BACKPROP_EXTENSION'] ?? resolve('.')

interface Options {
  settings?: object
  /** false: Restricted Mode. */
  trust?: boolean
  /** Folders of other extensions. */
  beside?: string[]
  /** BCP 47. */
  language?: string
}

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

  /** A workspace with the given files, beside the examples; the extension is the one of BACKPROP_EXTENSION. */
  static async start(files: Record<string, string | Uint8Array>, options: Options = {}): Promise<Vscode> {
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
      'editor.cursorBlinking': 'solid',
      'workbench.reduceMotion': 'on',
      'files.autoSave': 'off',
      ...options.settings,
    }
    for (const [name, text] of Object.entries({ ...files, [SETTINGS]: JSON.stringify(own) })) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
    const { trust = true, language = null, beside = [] } = options
    const server = await startVscodeServer({ extension: packageFolder, beside, trust, language })
    const context = await chromium.launchPersistentContext(join(home, 'profile'), {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      viewport: { width: 1500, height: 900 },
      ...(language ? { locale: language } : {}),
    })
    const page = context.pages()[0] ?? (await context.newPage())
    page.setDefaultTimeout(PATIENCE)
    return new Vscode({ page, folder, settings: own, context, home, server })
  }

  /** The workspace's settings: those of the start, and these. */
  async set(settings: object): Promise<void> {
    await writeFile(join(this.folder, SETTINGS), JSON.stringify({ ...this.settings, ...settings }))
  }

  /** Runs a file of the workspace on the command line; returns what that prints. */
  record(file: string, ...options: string[]): string {
    const page = join(this.home, 'unused.html')
    const args = [join(packageFolder, 'dist/cli.js'), join(this.folder, file), '--quiet', '--html', page, ...options]
    return execFileSync(process.execPath, args, { stdio: 'pipe' }).toString()
  }

  report(file: string): Report {
    return JSON.parse(this.record(file, '--json', '-')) as Report
  }

  /** Settings that no workspace may change. */
  async setMachine(settings: object): Promise<void> {
    await writeFile(join(this.server.data, 'data/Machine/settings.json'), JSON.stringify(settings))
  }

  /** What an output channel for logs has written. */
  async logged(channel: string): Promise<string> {
    const folder = join(this.server.data, 'data/logs')
    const files = await readdir(folder, { recursive: true })
    const texts = files
      .filter((file) => file.endsWith(`${channel}.log`))
      .map((file) => readFile(join(folder, file), 'utf8'))
    return (await Promise.all(texts)).join('')
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text)
  }

  async close(): Promise<void> {
    await this.context.close()
    await this.server.close()
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Runs a suite inside the extension host (`tests`: its file), which begins as soon as the window is there. */
  async test(tests: string): Promise<void> {
    await this.page.goto(this.server.address({ folder: this.folder, tests }))
    await this.page.locator('.monaco-workbench').waitFor()
  }

  async open(file: string): Promise<void> {
    await this.page.goto(this.server.address({ folder: this.folder, file: join(this.folder, file) }))
    await this.page.locator('.monaco-workbench').waitFor()
    await this.editor.locator('.view-line').first().waitFor()
  }

  /** Opens a file in the first group, beside those that are open there. */
  async quickOpen(file: string): Promise<void> {
    await this.command('View: Focus First Editor Group')
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

  /** A second window on the same folder. */
  async another(): Promise<Page> {
    const page = await this.context.newPage()
    await page.goto(this.server.address({ folder: this.folder }))
    await page.locator('.monaco-workbench').waitFor()
    return page
  }

  /** Runs a command of the palette. */
  command(title: string): Promise<void> {
    return this.pick(`>${title}`, title)
  }

  /** A row of the list that is open. */
  found(title: string) {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first()
  }

  async choose(title: string): Promise<void> {
    await this.found(title).click()
  }

  /** Waits for a message, which may not have popped up. */
  async told(text: string): Promise<void> {
    await this.command('Notifications: Show Notifications')
    await this.page.locator('.notification-list-item-message', { hasText: text }).first().waitFor()
    await this.page.keyboard.press('Escape')
  }

  /** Gives a path to the dialog that is open, once it shows one like `shown`. */
  async answer(shown: RegExp, path: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type=text]')
    await input.waitFor()
    const value = () => input.inputValue({ timeout: TRY })
    for (const until = Date.now() + PATIENCE; Date.now() < until; await this.page.waitForTimeout(100))
      if (shown.test(await value())) break
    const closed = (timeout: number) =>
      input.waitFor({ state: 'hidden', timeout }).then(
        () => true,
        () => false,
      )
    // While the dialog looks at a folder it takes no answer, and may put its own back; once it is closed, a key would
    // go to the editor behind it.
    do {
      if (!(await input.isVisible())) continue
      if ((await value()) !== path) await input.fill(path)
      else await input.press('Enter')
    } while (!(await closed(500)))
  }

  async closeAll(): Promise<void> {
    await this.command(CLOSE_ALL)
    await this.page.locator('.editor-group-container .tab').first().waitFor({ state: 'detached' })
  }

  /** Puts the cursor to a line and a column of the editor, from 1. */
  async goTo(line: number, column: number): Promise<void> {
    await this.page.keyboard.press('Control+1')
    await this.pick(`:${line}:${column}`, `line ${line}`)
    await this.page.locator('[id="status.editor.selection"]', { hasText: `Ln ${line}, Col ${column}` }).waitFor()
  }

  /** Asks the palette, until its answer has a row with this title. */
  search(words: string, title: string): Promise<void> {
    return this.seek(`>${words}`, title, async () => undefined)
  }

  /** Takes what a query finds. */
  private pick(query: string, title: string): Promise<void> {
    // Not by Enter, which takes what happens to stand first.
    return this.seek(query, title, (row) => row.click({ timeout: TRY }))
  }

  /** Asks until the row is there and was taken: just after the start it may not be. */
  private async seek(query: string, title: string, take: (row: Locator) => Promise<void>): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type=text]')
    const whole = title === CLOSE_ALL ? new RegExp(`${title}(?! in)`) : title
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: whole }).first()
    const attempt = async () => {
      // One that is just closing does not take the query.
      await input.fill(query, { timeout: TRY })
      await row.waitFor({ timeout: TRY })
      await take(row)
    }
    for (const until = Date.now() + PATIENCE; Date.now() < until; await this.page.keyboard.press('Escape')) {
      await this.page.keyboard.press('F1')
      const taken = await attempt().then(
        () => true,
        () => false,
      )
      if (taken) return
    }
    throw new Error(`nothing found is "${title}"`)
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

  /** The view of a run that has ended: its graph is there, with all its numbers. */
  async graph(): Promise<Frame> {
    const view = await this.view('canvas')
    await view.locator('[role=treeitem]').first().waitFor({ state: 'attached' })
    await view.getByText(/· (running|运行中) …$/).waitFor({ state: 'detached' })
    await view.locator('[role=tree][aria-busy=true]').waitFor({ state: 'detached' })
    return view
  }

  /** Opens a file alone, and its graph beside it. */
  async visualize(file: string): Promise<Frame> {
    await this.closeAll()
    await this.quickOpen(file)
    await this.command('Visualize Backprop')
    return this.graph()
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
          for (let at = 0, end; at < chars.length; at = end) {
            end = at + (chars.codePointAt(at)! > 0xffff ? 2 : 1)
            const range = document.createRange()
            range.setStart(walker.currentNode, at)
            range.setEnd(walker.currentNode, end)
            const { left, right, top, bottom } = range.getBoundingClientRect()
            const [x, y] = [(left + right) / 2, (top + bottom) / 2]
            const lit = boxes.some((box) => x > box.left && x < box.right && y > box.top && y < box.bottom)
            if (lit) text += chars.slice(at, end)
          }
        }
      }
      return text.replaceAll('\u00a0', ' ')
    })
  }
}
