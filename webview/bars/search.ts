/** Search by name, op or line: a field with a list of hits below. */
import type { SearchHit, SessionRequests } from '../../src/protocol/view.ts'
import { Disposables, el, setAria } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import { newest } from '../store.ts'
import type { Strings } from '../strings.ts'

const MAX_HITS = 50

export class Search {
  readonly element: HTMLElement
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly input: HTMLInputElement
  private readonly list: HTMLElement
  private readonly message = el('p', { class: 'search-message', role: 'status' })
  private readonly ask: (text: string) => void
  private hits: readonly SearchHit[] = []
  private active = 0
  private before: Element | null = null

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    this.list = el('div', { class: 'search-list', id: 'search-list', role: 'listbox', 'aria-label': strings.search })
    this.input = el('input', {
      class: 'search-input',
      type: 'text',
      role: 'combobox',
      placeholder: strings.searchHint,
      'aria-label': strings.search,
      'aria-controls': 'search-list',
      'aria-expanded': 'false',
      'aria-autocomplete': 'list',
      autocomplete: 'off',
      spellcheck: 'false',
    })
    this.element = el('div', { class: 'search', role: 'search', hidden: true }, this.input, this.list, this.message)
    this.ask = newest(
      (text: string) => explorer.host.request('search', { text, limit: MAX_HITS }),
      (reply, text) => this.show(reply, text),
      (error) => explorer.failed(error),
    )
    this.owned.listen(this.input, 'input', () => this.ask(this.input.value.trim()))
    this.owned.listen<KeyboardEvent>(this.input, 'keydown', (event) => this.key(event))
    this.owned.listen<FocusEvent>(this.element, 'focusout', (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.close(false)
    })
  }

  dispose(): void {
    this.owned.dispose()
  }

  get isOpen(): boolean {
    return !this.element.hidden
  }

  open(): void {
    if (!this.isOpen) this.before = document.activeElement
    this.element.hidden = false
    this.input.select()
    this.input.focus()
    this.ask(this.input.value.trim())
  }

  /** `back`: the focus returns to where it was. */
  close(back = true): void {
    this.element.hidden = true
    if (back && this.before instanceof HTMLElement) this.before.focus()
  }

  private show({ hits, total }: SessionRequests['search']['reply'], text: string): void {
    if (text !== this.input.value.trim()) return
    this.hits = text === '' ? [] : hits
    this.active = 0
    this.list.replaceChildren(...this.hits.map((hit, i) => this.row(hit, i)))
    const more = total - this.hits.length
    this.message.textContent =
      text === '' ? '' : hits.length === 0 ? this.strings.searchNone : more > 0 ? this.strings.searchMore(more) : ''
    setAria(this.input, 'expanded', this.hits.length > 0)
    this.mark()
  }

  private row(hit: SearchHit, i: number): HTMLElement {
    const row = el(
      'div',
      { class: 'search-hit', role: 'option', id: `search-hit-${i}` },
      el('span', { class: 'search-title', text: hit.title }),
      el('span', { class: 'dim', text: hit.op }),
      el('span', { class: 'dim search-path', text: hit.path, title: hit.path }),
      el('span', { class: 'dim search-line', text: hit.site ? `:${hit.site.startLine}` : '' }),
    )
    // Not `click`: by then the field has lost the focus and the list is gone.
    row.addEventListener('pointerdown', (event) => {
      event.preventDefault()
      this.go(hit)
    })
    return row
  }

  private mark(): void {
    for (const [i, row] of [...this.list.children].entries()) setAria(row, 'selected', i === this.active)
    const row = this.list.children[this.active]
    if (row) {
      setAria(this.input, 'activedescendant', row.id)
      row.scrollIntoView({ block: 'nearest' })
    } else this.input.removeAttribute('aria-activedescendant')
  }

  private key(event: KeyboardEvent): void {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (by !== 0 && this.hits.length > 0) {
      this.active = (this.active + by + this.hits.length) % this.hits.length
      this.mark()
    } else if (event.key === 'Enter') {
      const hit = this.hits[this.active]
      if (hit) this.go(hit)
    } else if (event.key === 'Escape') this.close()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  private go(hit: SearchHit): void {
    this.close()
    void this.explorer.goTo(hit.element)
  }
}
