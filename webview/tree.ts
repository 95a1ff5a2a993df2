/**
 * The graph as a tree for assistive technology and for the keyboard: groups with what they contain, ops with their
 * consumers and operands. Hidden from sight until it has the focus. Filled when opened, page by page.
 */
import { type Datum, type ElementId, GradientStatus, type TreeRow } from '../src/protocol/view.ts'
import { Disposables, el, setAria } from './dom.ts'
import type { Explorer } from './explorer.ts'
import { formatDatum } from './numbers.ts'
import { newest } from './store.ts'
import { menuContext } from './menuContext.ts'
import type { Strings } from './strings.ts'

/** Children of a group that are listed at once. */
const PAGE = 200
/** Milliseconds of rest before rows get new numbers. */
const REST = 150

/** Rows of one group, or of the whole graph. */
interface List {
  into: HTMLElement
  element: ElementId | null
  level: number
}

interface Branch {
  item: HTMLElement
  group: HTMLElement
  filled: boolean
}

export class Tree {
  readonly element: HTMLElement
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly tree: HTMLElement
  private readonly live = el('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
  private readonly items = new Map<ElementId, HTMLElement>()
  private readonly branches = new WeakMap<HTMLElement, Branch>()
  private readonly refresh: (question: null) => void
  private refreshing: ReturnType<typeof setTimeout> | undefined

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    this.tree = el('div', { class: 'tree', role: 'tree', 'aria-label': strings.tree })
    this.element = el('nav', { class: 'outline', 'aria-label': strings.tree }, this.tree, this.live)
    this.owned.listen<KeyboardEvent>(this.tree, 'keydown', (event) => this.key(event))
    this.owned.listen<MouseEvent>(this.tree, 'click', (event) => this.click(event))
    this.owned.push(
      () => clearTimeout(this.refreshing),
      explorer.store.watch(['overview', 'tick', 'breakpoints', 'hiddenBreakpoints'], () => this.refreshSoon()),
      explorer.store.watch(['selected'], () => this.syncSelection()),
      explorer.store.watch(['selectedDetails'], () => this.announce()),
    )
    this.refresh = newest(
      () => {
        this.refreshing = undefined
        setAria(this.tree, 'busy', true)
        return this.refreshNow()
      },
      () => setAria(this.tree, 'busy', this.refreshing !== undefined),
      (error) => explorer.failed(error),
    )
    this.refreshSoon()
  }

  dispose(): void {
    this.owned.dispose()
  }

  focus(): void {
    const { selected } = this.explorer.state
    const item = (selected === null ? null : this.items.get(selected)) ?? this.visibleItems()[0]
    if (item) this.moveTo(item)
  }

  // — Filling —

  private async fillTop(): Promise<void> {
    if ((this.explorer.state.overview?.nodes ?? 0) === 0) return
    await this.fill(this.top)
    this.syncSelection()
  }

  private get top(): List {
    return { into: this.tree, element: null, level: 1 }
  }

  /** The first `count` rows of a list, as they are now: what is there stays, what is no longer there goes. */
  private async fill(list: List, count = PAGE): Promise<void> {
    await this.explorer.attempt(async () => {
      const { tick } = this.explorer.state
      const { into, element, level } = list
      const request = { element, tick, start: 0, limit: count }
      const { rows, total } = await this.explorer.host.request('children', request)
      const listed = new Set(rows.map((row) => String(row.element)))
      // Before the others are put in order: what is moved loses the focus.
      for (const item of [...into.children]) if (!listed.has(item.getAttribute('data-element') ?? '')) item.remove()
      let next = into.firstElementChild
      rows.forEach((row, index) => {
        const known = this.items.get(row.element)
        const item = known?.parentElement === into ? known : this.rowItem(row.element, level)
        this.tell(item, row, index, total)
        if (item === next) next = item.nextElementSibling
        else into.insertBefore(item, next)
      })
      for (const [known, item] of this.items) if (!this.tree.contains(item)) this.items.delete(known)
      if (total > rows.length) into.append(this.moreItem(list, rows.length, total))
      this.keepTabStop()
    })
  }

  private rowItem(element: ElementId, level: number): HTMLElement {
    const item = this.item('', level)
    item.setAttribute('data-element', String(element))
    item.setAttribute('data-vscode-context', menuContext(element))
    setAria(item, 'selected', element === this.explorer.state.selected)
    // An op opens on what it feeds and what it is made from.
    const group = el('div', { role: 'group', hidden: true })
    item.append(group)
    setAria(item, 'expanded', false)
    this.branches.set(item, { item, group, filled: false })
    this.items.set(element, item)
    return item
  }

  private tell(item: HTMLElement, row: TreeRow, index: number, total: number): void {
    const text = this.label(row)
    setAria(item, 'label', text)
    item.firstElementChild!.textContent = text
    setAria(item, 'posinset', index + 1)
    setAria(item, 'setsize', total)
  }

  private moreItem(list: List, shown: number, total: number): HTMLElement {
    const item = this.item(this.strings.treeMore(total - shown), list.level)
    item.addEventListener('more', () => {
      const before = item.previousElementSibling
      void this.fill(list, shown + PAGE).then(() => this.moveTo(before?.nextElementSibling as HTMLElement))
    })
    item.setAttribute('data-more', '')
    return item
  }

  private item(text: string, level: number): HTMLElement {
    const item = el('div', {
      class: 'tree-item',
      role: 'treeitem',
      tabindex: -1,
      'aria-level': level,
      'aria-label': text,
    })
    item.append(el('span', { class: 'tree-text', 'aria-hidden': 'true', text }))
    item.style.setProperty('--level', String(level))
    return item
  }

  private async expand(item: HTMLElement): Promise<void> {
    const branch = this.branches.get(item)
    const element = elementOf(item)
    if (!branch || element === null) return
    if (!branch.filled) {
      branch.filled = true
      const level = Number(item.getAttribute('aria-level')) + 1
      if (element < 0) await this.fill({ into: branch.group, element, level })
      else await this.fillFlows(branch.group, element, level)
    }
    branch.group.hidden = false
    setAria(item, 'expanded', true)
  }

  private collapse(item: HTMLElement): void {
    const branch = this.branches.get(item)
    if (!branch) return
    branch.group.hidden = true
    setAria(item, 'expanded', false)
  }

  private async fillFlows(into: HTMLElement, element: ElementId, level: number): Promise<void> {
    await this.explorer.attempt(async () => {
      const { tick } = this.explorer.state
      const details = await this.explorer.host.request('details', { element, tick })
      const { rowConsumer, rowOperand } = this.strings
      const flows = [
        ...details.cameFrom.map((flow) => ({ flow, text: rowConsumer })),
        ...details.flowsTo.map((flow) => ({ flow, text: rowOperand })),
      ]
      into.replaceChildren(
        ...flows.map(({ flow, text }) => {
          const item = this.item(text(flow.title, formatDatum(flow.contribution)), level)
          if (flow.element !== -1) item.setAttribute('data-target', String(flow.element))
          return item
        }),
      )
    })
  }

  /** New numbers and, in a run that goes on, new rows; what is open stays open. */
  private refreshSoon(): void {
    clearTimeout(this.refreshing)
    setAria(this.tree, 'busy', true)
    // The first filling does not wait; later ones not for every frame of a drag.
    if (this.tree.childElementCount === 0) this.refresh(null)
    else this.refreshing = setTimeout(() => this.refresh(null), REST)
  }

  private async refreshNow(): Promise<void> {
    if (this.tree.childElementCount === 0) return this.fillTop()
    await this.explorer.attempt(async () => {
      for (const list of this.openLists()) {
        const shown = list.into.querySelectorAll(':scope > [data-element]').length
        if (list.into.isConnected) await this.fill(list, Math.max(PAGE, shown))
      }
      for (const item of this.tree.querySelectorAll<HTMLElement>('[role=treeitem][aria-expanded]')) {
        const branch = this.branches.get(item)
        const element = elementOf(item)
        if (!branch?.filled || element === null || element < 0) continue
        if (branch.group.hidden) branch.filled = false
        else await this.fillFlows(branch.group, element, Number(item.getAttribute('aria-level')) + 1)
      }
      this.keepTabStop()
    })
  }

  private label(row: TreeRow): string {
    const { breakpoints, hiddenBreakpoints } = this.explorer.state
    const { rowBreakpoint, rowHidesBreakpoint } = this.strings
    const text = rowText(row, this.strings)
    if (breakpoints.has(row.element)) return `${text}, ${rowBreakpoint}`
    return hiddenBreakpoints.has(row.element) ? `${text}, ${rowHidesBreakpoint}` : text
  }

  private openLists(): List[] {
    const lists = [this.top]
    for (const [element, item] of this.items) {
      const branch = this.branches.get(item)
      if (element < 0 && branch?.filled)
        lists.push({ into: branch.group, element, level: Number(item.getAttribute('aria-level')) + 1 })
    }
    return lists
  }

  // — Selection and keys —

  private syncSelection(): void {
    const { selected } = this.explorer.state
    for (const item of this.tree.querySelectorAll('[aria-selected=true]')) setAria(item, 'selected', false)
    const item = selected === null ? undefined : this.items.get(selected)
    if (item) {
      setAria(item, 'selected', true)
      this.setTabStop(item)
    }
    if (selected === null) this.live.textContent = this.strings.announceNothing
  }

  private announce(): void {
    const details = this.explorer.state.selectedDetails
    if (!details) return
    const { title, op, kind, members, value, gradient, status } = details
    const numbers = numberTexts(value, gradient, status, this.strings)
    const isGroup = kind === 'group' || kind === 'fold'
    const parts = isGroup ? [title, this.strings.rowContains(members), numbers[1]!] : [title, op, ...numbers]
    this.live.textContent = this.strings.announceSelected(parts.filter((part) => part !== '').join(', '))
  }

  private visibleItems(): HTMLElement[] {
    return [...this.tree.querySelectorAll<HTMLElement>('[role=treeitem]')].filter((item) => !item.closest('[hidden]'))
  }

  private keepTabStop(): void {
    if (!this.tree.querySelector('[role=treeitem][tabindex="0"]')) {
      const first = this.visibleItems()[0]
      if (first) this.setTabStop(first)
    }
  }

  private setTabStop(item: HTMLElement): void {
    for (const other of this.tree.querySelectorAll('[tabindex="0"]')) other.setAttribute('tabindex', '-1')
    item.setAttribute('tabindex', '0')
  }

  private moveTo(item: HTMLElement | null | undefined): void {
    if (!item) return
    this.setTabStop(item)
    item.focus()
    const element = elementOf(item)
    if (element !== null) this.explorer.select(element)
  }

  private click(event: MouseEvent): void {
    const item = (event.target as Element).closest<HTMLElement>('[role=treeitem]')
    if (item) void this.activate(item)
  }

  private key(event: KeyboardEvent): void {
    const item = (event.target as Element).closest<HTMLElement>('[role=treeitem]')
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return
    const items = this.visibleItems()
    const at = items.indexOf(item)
    const expanded = item.getAttribute('aria-expanded')
    switch (event.key) {
      case 'ArrowDown':
        this.moveTo(items[at + 1])
        break
      case 'ArrowUp':
        this.moveTo(items[at - 1])
        break
      case 'Home':
        this.moveTo(items[0])
        break
      case 'End':
        this.moveTo(items.at(-1))
        break
      case 'ArrowRight':
        if (expanded === 'false') void this.expand(item)
        else if (expanded === 'true') this.moveTo(items[at + 1])
        break
      case 'ArrowLeft':
        if (expanded === 'true') this.collapse(item)
        else this.moveTo(item.parentElement?.closest<HTMLElement>('[role=treeitem]'))
        break
      case 'Enter':
      case ' ':
        void this.activate(item)
        break
      default:
        return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  /** Goes to the node on the canvas; opens a group on both sides. */
  private async activate(item: HTMLElement): Promise<void> {
    if (item.hasAttribute('data-more')) {
      item.dispatchEvent(new Event('more'))
      return
    }
    const target = item.getAttribute('data-target')
    const element = target === null ? elementOf(item) : Number(target)
    if (element === null) return
    await this.explorer.goTo(element)
    if (target !== null) {
      const there = this.items.get(element)
      if (there && !there.closest('[hidden]')) this.moveTo(there)
    } else if (this.explorer.isGroup(element)) {
      if (!this.explorer.isOpen(element)) await this.explorer.open(element)
      await this.expand(item)
    }
  }
}

function elementOf(item: Element): ElementId | null {
  const text = item.getAttribute('data-element')
  return text === null ? null : Number(text)
}

/** "n, add, value 0.8814, gradient 0.5000, feeds o". */
export function rowText(row: TreeRow, strings: Strings): string {
  const { title, op, element, count, consumers } = row
  const numbers = numberTexts(row.value, row.gradient, row.status, strings)
  if (element < 0) return [title, strings.rowContains(count), ...numbers.slice(1)].join(', ')
  const feeds = consumers.length > 0 ? strings.rowFeeds(consumers.join(', ')) : strings.rowFeedsNothing
  return [title, op, ...numbers, feeds].filter((part) => part !== '').join(', ')
}

function numberTexts(value: Datum, gradient: Datum, status: GradientStatus, strings: Strings): string[] {
  const words: Partial<Record<GradientStatus, string>> = {
    [GradientStatus.waiting]: strings.waiting,
    [GradientStatus.unreached]: strings.unreached,
    [GradientStatus.released]: strings.released,
    [GradientStatus.carried]: strings.carried,
  }
  const word = words[status]
  return [strings.rowValue(formatDatum(value)), strings.rowGradient(formatDatum(gradient)) + (word ? ` (${word})` : '')]
}
