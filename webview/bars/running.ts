/** What goes on around the graph in the editor: a run with its Cancel, and a text that is newer than the picture. */
import type { PanelStatus } from '../../src/protocol/panel.ts'
import { Disposables, el } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import { icon } from '../icons.ts'
import type { Strings } from '../strings.ts'

/** Milliseconds before a run is worth a bar: most are over by then. */
const PATIENCE = 300

export class RunningBar {
  readonly element = el('div', { class: 'running-bar' })
  private readonly owned = new Disposables()
  private readonly explorer: Explorer
  private readonly strings: Strings
  private status: PanelStatus | null = null
  /** When the run began, as far as the view knows. */
  private since = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    const { panel } = explorer.host
    if (panel) this.owned.push(panel.onStatus((status) => this.take(status)))
    this.owned.push(() => clearTimeout(this.timer))
  }

  dispose(): void {
    this.owned.dispose()
  }

  private take(status: PanelStatus): void {
    if (status.running && !this.status?.running) this.since = performance.now() - status.running.seconds * 1000
    this.status = status
    clearTimeout(this.timer)
    const wait = PATIENCE - (performance.now() - this.since)
    if (status.running && wait > 0) this.timer = setTimeout(() => this.show(), wait)
    else this.show()
  }

  private show(): void {
    const { host } = this.explorer
    const { strings, status } = this
    const link = (text: string, click: () => void) => el('button', { class: 'link', text, click })
    if (status?.running && !status.debug) {
      const { nodes, followed } = status.running
      const [progress, count] =
        nodes === 0 && followed > 0 ? [strings.followingFor, followed] : [strings.runningFor, nodes]
      const text = el('span')
      // A script that makes no node for a while goes on, and so does its clock.
      const tick = () => {
        text.textContent = progress(count, Math.floor((performance.now() - this.since) / 1000))
        this.timer = setTimeout(tick, 1000)
      }
      tick()
      const cancel = link(strings.cancel, () => host.panel?.stop())
      this.element.replaceChildren(
        el(
          'div',
          { class: 'banner info', role: 'status' },
          el('span', { class: 'spinner' }),
          el('div', { class: 'banner-text' }, text),
          cancel,
        ),
      )
    } else if (status?.stale && !status.running) {
      const text = el('div', { class: 'banner-text', text: `${strings.stale} ` })
      if (status.canRun) text.append(link(strings.rerun, () => host.rerun?.()))
      this.element.replaceChildren(el('div', { class: 'banner info', role: 'status' }, icon('rerun'), text))
    } else this.element.replaceChildren()
  }
}
