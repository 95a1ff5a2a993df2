/** Which theme the page wears. In the editor its own variables decide; in a page the system does, or the user. */
import { Disposables } from './dom.ts'
import type { Explorer } from './explorer.ts'

/** Sets the classes that `style.css` and the canvas read; calls `changed` after every change of colours. */
export function wearTheme(explorer: Explorer, changed: () => void): Disposables {
  const owned = new Disposables()
  const { body } = document
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const contrast = matchMedia('(prefers-contrast: more)')
  function wear(): void {
    if (explorer.host.kind === 'page') {
      const { theme } = explorer.state
      const automatic = contrast.matches ? 'contrast' : dark.matches ? 'dark' : 'light'
      const worn = theme === 'auto' ? automatic : theme
      body.classList.toggle('vscode-dark', worn === 'dark')
      body.classList.toggle('vscode-light', worn === 'light')
      body.classList.toggle('vscode-high-contrast', worn === 'contrast')
    }
    changed()
  }
  const observer = new MutationObserver(changed)
  if (explorer.host.kind === 'vscode') {
    for (const element of [document.documentElement, body])
      observer.observe(element, { attributes: true, attributeFilter: ['style', 'class'] })
  }
  owned.push(() => observer.disconnect(), explorer.store.watch(['theme'], wear))
  for (const query of [dark, contrast, matchMedia('(forced-colors: active)')]) owned.listen(query, 'change', wear)
  wear()
  return owned
}
