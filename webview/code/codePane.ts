/** The source beside the graph: what made a node is lit, and pointing at code lights what it made. */
import type { SiteRange, SourceView } from '../../src/protocol/view.ts'
import { Disposables, el, setAria } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import { formatDatum, signOf } from '../numbers.ts'
import { Preview } from '../preview.ts'
import type { Strings } from '../strings.ts'
import { newest } from '../store.ts'
import { fileName } from '../text.ts'
import { InlineNumbers } from './inlineNumbers.ts'
import { columnAt, lineView, type Mark } from './lineView.ts'
import { pythonTokens, type Token } from './pythonTokens.ts'
import { type Site, SiteIndex } from '../../src/protocol/siteIndex.ts'

/** Pixels; `style.css` says the same. */
const LINE_HEIGHT = 20
/** Lines drawn above and below what is visible. */
const MARGIN = 8
/** Milliseconds that the pointer rests on a card before its code is scrolled into view. */
const DWELL = 180

interface File {
  view: SourceView
  lines: string[]
  tokens: Token[][]
  sites: SiteIndex
}

export class CodePane {
  readonly element: HTMLElement
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly tabs: HTMLElement
  private readonly scroller: HTMLElement
  private readonly sheet = el('div', { class: 'code-sheet' })
  private readonly preview = new Preview()
  private readonly numbers: InlineNumbers
  private readonly files = new Map<number, File>()
  private readonly rows = new Map<number, { key: string; row: HTMLElement }>()
  private readonly loadFile: (id: number) => void
  private shown: File | null = null
  private wanted: SiteRange | null = null
  private pointed: Site | null = null
  private dwell: ReturnType<typeof setTimeout> | undefined

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    this.tabs = el('div', { class: 'code-tabs', role: 'tablist', 'aria-label': strings.codeFiles })
    this.scroller = el(
      'div',
      { class: 'code-scroller', tabindex: 0, role: 'tabpanel', 'aria-label': strings.code },
      this.sheet,
    )
    this.element = el(
      'section',
      { class: 'code-pane', 'aria-label': strings.code },
      this.tabs,
      this.scroller,
      this.preview.element,
    )
    this.numbers = new InlineNumbers(explorer, () => this.render())
    this.loadFile = newest(
      (id: number) => explorer.host.request('source', { id }),
      (view) => this.takeFile(view),
      (error) => explorer.failed(error),
    )
    const resize = new ResizeObserver(() => this.render())
    resize.observe(this.scroller)
    this.owned.listen(this.scroller, 'scroll', () => this.render(), true)
    this.owned.listen<PointerEvent>(this.sheet, 'pointermove', (event) => this.point(event))
    this.owned.listen(this.sheet, 'pointerleave', () => this.leave())
    this.owned.listen<MouseEvent>(this.sheet, 'click', () => this.click())
    this.owned.push(
      () => resize.disconnect(),
      () => this.numbers.dispose(),
      explorer.onShowSource((site) => this.show(site)),
      explorer.store.watch(['overview'], () => this.listFiles()),
      explorer.store.watch(['frame', 'tick', 'scene'], () => this.render()),
      explorer.store.watch(['hoveredDetails', 'hovered'], () => this.hoverChanged()),
      explorer.store.watch(['selectedDetails', 'currentDetails'], () => this.selectionChanged()),
    )
    this.listFiles()
  }

  dispose(): void {
    clearTimeout(this.dwell)
    this.owned.dispose()
  }

  /** Scrolls a range into view, in its file. */
  show(site: SiteRange): void {
    this.wanted = site
    const file = this.files.get(site.source)
    if (!file) return this.loadFile(site.source)
    this.wanted = null
    this.turnTo(file)
    const top = (site.startLine - 1) * LINE_HEIGHT
    const bottom = site.endLine * LINE_HEIGHT
    const { scrollTop, clientHeight } = this.scroller
    if (top < scrollTop || bottom > scrollTop + clientHeight)
      this.scroller.scrollTop = Math.max(0, (top + bottom) / 2 - clientHeight / 2)
    this.render()
  }

  private listFiles(): void {
    const sources = this.explorer.state.overview?.sources ?? []
    if (this.tabs.childElementCount !== sources.length) {
      this.tabs.replaceChildren(
        ...sources.map(({ id, path }) =>
          el('button', {
            class: 'code-tab',
            role: 'tab',
            'data-source': id,
            title: path,
            text: fileName(path),
            click: () => this.showFile(id),
            keydown: (event: KeyboardEvent) => this.moveTab(event),
          }),
        ),
      )
      this.markTabs()
    }
    const error = this.explorer.errorSite()
    if (error && !this.shown) return this.show(error)
    // While a script runs, its ranges grow.
    const first = this.shown?.view.id ?? sources[0]?.id
    if (first !== undefined) this.loadFile(first)
  }

  private showFile(id: number): void {
    const file = this.files.get(id)
    if (file) this.turnTo(file)
    else {
      this.shown = null
      this.loadFile(id)
    }
  }

  private moveTab(event: KeyboardEvent): void {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    event.stopPropagation()
    const tabs = [...this.tabs.children] as HTMLElement[]
    const next = tabs[(tabs.indexOf(event.currentTarget as HTMLElement) + by + tabs.length) % tabs.length]!
    next.focus()
    next.click()
  }

  private takeFile(view: SourceView): void {
    const known = this.files.get(view.id)
    const lines = known?.view.text === view.text ? known.lines : view.text.split(/\r\n|\r|\n/)
    const tokens = known && known.lines === lines ? known.tokens : pythonTokens(lines)
    const file = { view, lines, tokens, sites: new SiteIndex(view.sites) }
    this.files.set(view.id, file)
    if (!this.shown || this.shown.view.id === view.id) this.turnTo(file)
    if (this.wanted?.source === view.id) this.show(this.wanted)
  }

  private turnTo(file: File): void {
    if (this.shown !== file) {
      const other = this.shown?.view.id !== file.view.id
      this.shown = file
      this.clearRows()
      const longest = file.lines.reduce((length, line) => Math.max(length, line.length), 0)
      this.sheet.style.height = `${file.lines.length * LINE_HEIGHT}px`
      this.sheet.style.setProperty('--columns', String(longest + 28))
      this.sheet.style.setProperty('--digits', String(String(file.lines.length).length))
      if (other) this.scroller.scrollTop = 0
      this.markTabs()
    }
    this.render()
  }

  private markTabs(): void {
    for (const tab of this.tabs.children) {
      const active = Number(tab.getAttribute('data-source')) === this.shown?.view.id
      setAria(tab, 'selected', active)
      tab.setAttribute('tabindex', active ? '0' : '-1')
    }
  }

  private clearRows(): void {
    for (const { row } of this.rows.values()) row.remove()
    this.rows.clear()
  }

  /** Draws the lines in view; a line that did not change keeps its DOM, and with it the user's text selection. */
  private render(): void {
    const file = this.shown
    if (!file || this.scroller.clientHeight === 0) return
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / LINE_HEIGHT) - MARGIN)
    const last = Math.min(
      file.lines.length - 1,
      Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / LINE_HEIGHT) + MARGIN,
    )
    for (const [line, { row }] of this.rows) {
      if (line < first || line > last) {
        row.remove()
        this.rows.delete(line)
      }
    }
    const ranges = this.ranges(file)
    for (let line = first; line <= last; line++) this.renderLine(file, line, ranges)
  }

  private renderLine(file: File, line: number, ranges: { site: Range; kind: Mark['kind'] }[]): void {
    const text = file.lines[line]!
    const marks = ranges.flatMap(({ site, kind }) => markOf(site, line + 1, text.length, kind))
    const note = this.note(file, line + 1)
    const key = JSON.stringify([marks, note.map((part) => part.text)])
    const known = this.rows.get(line)
    if (known?.key === key) return
    const row = el(
      'div',
      { class: 'code-line', 'data-line': line + 1 },
      lineView(text, file.tokens[line]!, marks),
      note.length > 0 &&
        el('span', { class: 'code-note' }, ...note.map((part) => el('span', { class: part.sign, text: part.text }))),
    )
    row.style.top = `${line * LINE_HEIGHT}px`
    if (known) known.row.replaceWith(row)
    else this.sheet.append(row)
    this.rows.set(line, { key, row })
  }

  private ranges(file: File): { site: Range; kind: Mark['kind'] }[] {
    const { hovered, hoveredDetails, selectedDetails, currentDetails } = this.explorer.state
    const here = (site: SiteRange | null | undefined) => (site?.source === file.view.id ? site : null)
    const selected = here((selectedDetails ?? currentDetails)?.site)
    const pointed = this.pointed ?? (hovered === hoveredDetails?.element ? here(hoveredDetails?.site) : null)
    const error = here(this.explorer.errorSite())
    return [
      ...(error ? [{ site: error, kind: 'error' as const }] : []),
      ...(selected ? [{ site: selected, kind: 'selected' as const }] : []),
      ...(pointed ? [{ site: pointed, kind: 'pointed' as const }] : []),
    ]
  }

  /** What stands in dim text at the end of a line: value and gradient, or how many values it made. */
  private note(file: File, line: number): { text: string; sign: string }[] {
    const site = file.sites.outermost(line)
    if (!site) return []
    if (site.elements.length > 1) return [{ text: this.strings.values(site.elements.length), sign: '' }]
    const numbers = this.numbers.of(site.elements[0]!)
    if (!numbers) return []
    return [
      { text: formatDatum(numbers.value), sign: '' },
      { text: `∂ ${formatDatum(numbers.gradient)}`, sign: signOf(numbers.gradient) },
    ]
  }

  private hoverChanged(): void {
    clearTimeout(this.dwell)
    const { hovered, hoveredDetails } = this.explorer.state
    const details = hovered !== null && hoveredDetails?.element === hovered ? hoveredDetails : null
    if (this.pointed) {
      if (details) this.preview.fill(details)
    } else if (details?.site) {
      const { site } = details
      this.dwell = setTimeout(() => this.show(site), DWELL)
    }
    this.render()
  }

  private selectionChanged(): void {
    const { selectedDetails, currentDetails } = this.explorer.state
    const site = (selectedDetails ?? currentDetails)?.site
    if (site && !this.pointed) this.show(site)
    else this.render()
  }

  private point(event: PointerEvent): void {
    if (event.buttons !== 0) return
    const row = (event.target as Element).closest<HTMLElement>('.code-line')
    const code = row?.firstElementChild
    const column = code instanceof HTMLElement ? columnAt(code, event.clientX, event.clientY) : null
    const site =
      column === null || !row ? null : (this.shown?.sites.innermost(Number(row.dataset['line']), column) ?? null)
    this.preview.moveTo(event.clientX, event.clientY)
    if (site === this.pointed) return
    this.pointed = site
    this.preview.hide()
    this.sheet.classList.toggle('over-site', site !== null)
    this.explorer.light(site ? Array.from(site.elements) : [])
    // A line in a loop made many values: the last one stands for them.
    this.explorer.hover(site?.elements.at(-1) ?? null)
    this.render()
  }

  private leave(): void {
    this.preview.hide()
    if (!this.pointed) return
    this.pointed = null
    this.sheet.classList.remove('over-site')
    this.explorer.light([])
    this.explorer.hover(null)
    this.render()
  }

  private click(): void {
    const element = this.pointed?.elements.at(-1)
    if (element !== undefined && getSelection()?.isCollapsed !== false) void this.explorer.goTo(element)
  }
}

type Range = Pick<SiteRange, 'startLine' | 'startColumn' | 'endLine' | 'endColumn'>

/** The part of a range that lies on a line; leading spaces of its later lines stay unlit. */
function markOf(site: Range, line: number, length: number, kind: Mark['kind']): Mark[] {
  if (line < site.startLine || line > site.endLine) return []
  const start = line === site.startLine ? site.startColumn : 0
  const end = line === site.endLine ? site.endColumn : length
  return start < end ? [{ start, end, kind }] : []
}
