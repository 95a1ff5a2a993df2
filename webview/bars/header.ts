/** The bar on top: which run this is, how it is held, and what can be done with the graph. */
import type { RuntimeInfo } from '../../src/protocol/runtime.ts'
import { Disposables, el, setAria } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import { icon, type IconName } from '../icons.ts'
import type { ThemeChoice } from '../state.ts'
import type { Strings } from '../strings.ts'
import { fileName } from '../text.ts'
import { menuButton } from './menu.ts'

export interface HeaderActions {
  search(): void
  fit(): void
  help(): void
  saveSvg(): void
  savePng(): void
  toggleCode(): void
  toggleSide(): void
}

const themes: readonly ThemeChoice[] = ['auto', 'light', 'dark', 'contrast']

export class Header {
  readonly element: HTMLElement
  private readonly owned = new Disposables()
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly script = el('span', { class: 'header-script' })
  private readonly runtime = el('span', { class: 'pill', tabindex: 0 })
  private readonly restricted: HTMLElement
  private readonly counts = el('span', { class: 'header-counts' })
  private readonly codeButton: HTMLButtonElement | null
  private readonly sideButton: HTMLButtonElement
  private readonly lossButton: HTMLButtonElement
  private readonly leavesButton: HTMLButtonElement
  private readonly directionButton: HTMLButtonElement
  private readonly themeButton: HTMLButtonElement | null

  constructor(explorer: Explorer, strings: Strings, actions: HeaderActions) {
    this.explorer = explorer
    this.strings = strings
    const page = explorer.host.kind === 'page'
    this.restricted = el('span', {
      ...{ class: 'pill', tabindex: 0, hidden: true },
      ...{ text: strings.restricted, title: strings.restrictedHint },
    })
    const { rerun, panel } = explorer.host
    const rerunButton = rerun ? button('rerun', strings.rerun, rerun) : null
    const debugButton = panel ? button('bug', strings.debug, () => panel.debug()) : null
    if (rerunButton && debugButton && panel) {
      rerunButton.hidden = true
      this.owned.push(
        panel.onStatus(({ canRun, restricted, debug }) => {
          rerunButton.hidden = !canRun
          debugButton.disabled = debug !== null
          this.restricted.hidden = !restricted
        }),
      )
    }
    this.codeButton = page ? button('code', strings.showCode, actions.toggleCode) : null
    this.sideButton = button('side', strings.showDetails, actions.toggleSide)
    this.lossButton = button('toLoss', strings.pathToLoss, () => explorer.togglePath('root'))
    this.leavesButton = button('toLeaves', strings.pathToLeaves, () => explorer.togglePath('leaves'))
    this.directionButton = button('down', strings.directionDown, () => explorer.turn())
    this.themeButton = page ? button('theme', strings.theme, () => this.nextTheme()) : null
    const exports = menuButton(icon('export'), strings.export, [
      { text: strings.exportSvg, run: actions.saveSvg },
      { text: strings.exportPng, run: actions.savePng },
      ...(panel
        ? [
            { text: strings.exportHtml, run: () => panel.export('html') },
            { text: strings.exportTape, run: () => panel.export('tape') },
            { text: strings.exportJson, run: () => panel.export('json') },
          ]
        : []),
    ])
    this.owned.push(() => exports.dispose())
    this.element = el(
      'header',
      { class: 'header' },
      this.codeButton,
      el('h1', { class: page ? '' : 'unseen', text: strings.product }),
      this.script,
      this.runtime,
      panel && this.restricted,
      this.counts,
      el('span', { class: 'space' }),
      el(
        'div',
        { class: 'tools', role: 'group', 'aria-label': strings.canvas },
        rerunButton,
        debugButton,
        button('search', strings.search, actions.search),
        this.lossButton,
        this.leavesButton,
        this.directionButton,
        button('fit', strings.fit, actions.fit),
        exports.element,
        this.themeButton,
        button('help', strings.help, actions.help),
        this.sideButton,
      ),
    )
    this.owned.push(
      explorer.store.watch(['overview'], () => this.showRun()),
      explorer.store.watch(['pathTo', 'selected', 'scene', 'theme'], () => this.showTools()),
    )
    this.showRun()
    this.showTools()
  }

  dispose(): void {
    this.owned.dispose()
  }

  showPanels(code: boolean, side: boolean): void {
    if (this.codeButton) setAria(this.codeButton, 'pressed', code)
    setAria(this.sideButton, 'pressed', side)
  }

  private showRun(): void {
    const { overview } = this.explorer.state
    const { strings } = this
    this.runtime.hidden = !overview
    if (!overview) return
    this.script.textContent = fileName(overview.script)
    this.script.title = overview.script
    const { info } = overview
    this.runtime.textContent = info ? runtimeText(info, strings) : strings.noRuntime
    this.runtime.title = info
      ? [info.interpreter, strings.heldBy, ...info.heldBy.map((layer) => `· ${layer}`)].join('\n')
      : ''
    this.counts.textContent = [
      strings.nodes(overview.nodes),
      strings.passes(overview.passes.length),
      ...(overview.seconds > 0 ? [strings.seconds(overview.seconds)] : []),
      ...this.stateText(overview),
    ].join(' · ')
  }

  private stateText({ state, end }: NonNullable<Explorer['state']['overview']>): string[] {
    const { strings } = this
    if (state === 'running') return [strings.running]
    switch (end?.kind) {
      case 'raised':
        return [`${strings.raised} ${end.error.type}`]
      case 'limit':
        return [strings.limited]
      case 'stopped':
        return [strings.stopped]
      case 'crashed':
        return [strings.crashed]
      default:
        return []
    }
  }

  private showTools(): void {
    const { pathTo, selected, scene, theme } = this.explorer.state
    const { strings } = this
    for (const [tool, end, text] of [
      [this.lossButton, 'root', strings.pathToLoss],
      [this.leavesButton, 'leaves', strings.pathToLeaves],
    ] as const) {
      setAria(tool, 'pressed', pathTo === end)
      tool.title = pathTo === end && selected === null ? `${text}: ${strings.pathNeedsSelection}` : text
    }
    const turned = scene?.direction === 'down' ? 'right' : 'down'
    relabel(this.directionButton, turned, turned === 'down' ? strings.directionDown : strings.directionRight)
    const themeText = {
      auto: strings.themeAuto,
      light: strings.themeLight,
      dark: strings.themeDark,
      contrast: strings.themeContrast,
    }
    if (this.themeButton) relabel(this.themeButton, 'theme', themeText[theme])
  }

  private nextTheme(): void {
    const { theme } = this.explorer.state
    this.explorer.store.set({ theme: themes[(themes.indexOf(theme) + 1) % themes.length]! })
  }
}

export function button(name: IconName, label: string, run: () => void): HTMLButtonElement {
  return el('button', { class: 'tool', 'aria-label': label, title: label, click: run }, icon(name))
}

export function relabel(tool: HTMLButtonElement, name: IconName, label: string): void {
  tool.replaceChildren(icon(name))
  tool.title = label
  setAria(tool, 'label', label)
}

/** `embedded Python 3.14.2 · sandboxed`; what stands in brackets goes to the tooltip. */
function runtimeText({ runtime, interpreter }: RuntimeInfo, strings: Strings): string {
  const short = interpreter.replace(/\s*\(.*\)$/, '')
  return runtime === 'embeddedPython' ? strings.embedded(short) : short
}
