/** A button that opens a short menu. */
import { Disposables, el, setAria } from '../dom.ts'

export interface MenuItem {
  text: string
  run(): void
}

export function menuButton(
  face: Element,
  label: string,
  items: readonly MenuItem[],
): { element: HTMLElement; dispose(): void } {
  const owned = new Disposables()
  const opener = el(
    'button',
    { class: 'tool', 'aria-label': label, title: label, 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
    face,
  )
  const entries = items.map(({ text, run }) =>
    el('button', {
      class: 'menu-item',
      role: 'menuitem',
      tabindex: -1,
      text,
      click: () => {
        show(false)
        run()
      },
    }),
  )
  const menu = el('div', { class: 'menu', role: 'menu', 'aria-label': label, hidden: true }, ...entries)
  const element = el('div', { class: 'menu-place' }, opener, menu)

  function show(open: boolean): void {
    if (!open && menu.contains(document.activeElement)) opener.focus()
    menu.hidden = !open
    setAria(opener, 'expanded', open)
    if (open) entries[0]?.focus()
  }

  owned.listen(opener, 'click', () => show(menu.hidden !== false))
  owned.listen<KeyboardEvent>(menu, 'keydown', (event) => {
    const at = entries.indexOf(document.activeElement as HTMLButtonElement)
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (by !== 0) entries[(at + by + entries.length) % entries.length]?.focus()
    else if (event.key === 'Escape') show(false)
    else return
    event.preventDefault()
    event.stopPropagation()
  })
  owned.listen<FocusEvent>(element, 'focusout', (event) => {
    if (!element.contains(event.relatedTarget as Node | null)) show(false)
  })
  return { element, dispose: () => owned.dispose() }
}
