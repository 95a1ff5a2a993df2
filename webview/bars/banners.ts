/** What the user must know about the run, above everything: an error with its line, a limit, a request that failed. */
import { Disposables, el } from '../dom.ts'
import type { Allowance } from '../../src/protocol/panel.ts'
import type { Explorer } from '../explorer.ts'
import { icon } from '../icons.ts'
import type { ScriptError } from '../../src/protocol/runtime.ts'
import type { Strings } from '../strings.ts'
import { fileName } from '../text.ts'
import { button } from './header.ts'

export class Banners {
  readonly element = el('div', { class: 'banners' })
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly run = el('div')
  private readonly fault = el('div', { role: 'alert' })
  private dismissed = false
  /** The script can run again, and so may be allowed more. */
  private canRun = false

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    this.element.append(this.run, this.fault)
    this.owned.push(
      explorer.store.watch(['overview'], () => this.showRun()),
      explorer.store.watch(['fault'], () => this.showFault()),
    )
    const { panel } = explorer.host
    if (panel)
      this.owned.push(
        panel.onStatus(({ canRun }) => {
          if (canRun === this.canRun) return
          this.canRun = canRun
          this.showRun()
        }),
      )
    this.showRun()
  }

  dispose(): void {
    this.owned.dispose()
  }

  private showFault(): void {
    const { fault } = this.explorer.state
    this.fault.replaceChildren(
      ...(fault === null
        ? []
        : [this.banner('warning', `${this.strings.failed}: ${fault}`, () => this.explorer.store.set({ fault: null }))]),
    )
  }

  private showRun(): void {
    const { overview } = this.explorer.state
    const { strings } = this
    const end = overview?.end
    const parts: HTMLElement[] = []
    if (end && !this.dismissed) {
      const dismiss = () => {
        this.dismissed = true
        this.showRun()
      }
      if (end.kind === 'raised') parts.push(this.raised(end.error, (overview?.nodes ?? 0) > 0, dismiss))
      if (end.kind === 'limit') {
        const banner = this.banner('warning', `${strings.limitReached}: ${end.message} `, dismiss)
        this.offer(banner, end.limit, strings.allowMore)
        parts.push(banner)
      }
      if (end.kind === 'stopped') parts.push(this.banner('info', strings.runStopped, dismiss))
      if (end.kind === 'crashed') parts.push(this.banner('error', `${strings.runCrashed} ${end.message}`, dismiss))
    }
    this.run.replaceChildren(...parts)
  }

  private raised(error: ScriptError, graph: boolean, dismiss: () => void): HTMLElement {
    const { strings } = this
    const site = this.explorer.errorSite()
    const banner = this.banner('error', '', dismiss)
    const text = banner.querySelector('.banner-text')!
    text.append(el('b', { text: error.type }), `: ${error.message} `)
    if (site) {
      const label = strings.errorAt(fileName(site.path), site.startLine)
      text.append(el('button', { class: 'link', text: label, click: () => this.explorer.showSource(site) }), ' ')
    }
    if (error.hint) text.append(el('span', { text: `${error.hint} ` }))
    if (error.type === 'MemoryError') this.offer(banner, 'memory', strings.allowMore)
    if (missesFile(error)) this.offer(banner, 'folder', strings.allowFolder)
    if (graph) text.append(el('span', { class: 'dim', text: strings.graphSoFar }))
    if (error.traceback !== '')
      text.append(el('details', {}, el('summary', { text: strings.traceback }), el('pre', { text: error.traceback })))
    return banner
  }

  /** A way on, where the script can run again. */
  private offer(banner: HTMLElement, what: Allowance, text: string): void {
    const { panel } = this.explorer.host
    if (!panel || !this.canRun) return
    banner
      .querySelector('.banner-text')!
      .append(el('button', { class: 'link', text, click: () => panel.allow(what) }), ' ')
  }

  private banner(kind: 'error' | 'warning' | 'info', text: string, dismiss: () => void): HTMLElement {
    return el(
      'div',
      { class: `banner ${kind}`, role: 'status' },
      icon(kind === 'info' ? 'help' : 'warning'),
      el('div', { class: 'banner-text', text }),
      button('close', this.strings.dismiss, dismiss),
    )
  }
}

/** What may lie in a folder that the script was not given. A package that has to be installed comes with a hint. */
const missesFile = ({ type, hint, folder }: ScriptError) =>
  type === 'FileNotFoundError' || (type === 'ModuleNotFoundError' && (hint === null || folder !== undefined))
