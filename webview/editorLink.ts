/** What the view and the editor beside it do for each other: light, reveal, search, save. */
import type { SiteRange } from '../src/protocol/view.ts'
import { Disposables } from './dom.ts'
import type { Explorer } from './explorer.ts'

export interface EditorActions {
  search(): void
  saveSvg(): void
  savePng(): void
}

export function linkEditor(explorer: Explorer, actions: EditorActions): Disposables {
  const owned = new Disposables()
  const { host, store } = explorer
  const { panel } = host
  if (!panel) return owned
  /** A selection that was restored, or that the code asked for, is there already. */
  let quiet: number | null | undefined
  let pointed: SiteRange | null = null

  function point(): void {
    const { hovered, hoveredDetails, selected, selectedDetails } = store.state
    const details = hovered === null ? selectedDetails : hoveredDetails
    if (details && details.element !== (hovered ?? selected)) return
    const site = details?.site ?? null
    if (site === pointed) return
    pointed = site
    panel!.point(site)
  }
  function reveal(): void {
    const { selected, selectedDetails } = store.state
    if (!selectedDetails || selectedDetails.element !== selected) return
    if (selected !== quiet && selectedDetails.site) host.revealSource?.(selectedDetails.site)
    quiet = selected
  }
  const saved = host.loadState() as { selected?: number | null } | null
  quiet = saved?.selected
  owned.push(
    store.watch(['hovered', 'hoveredDetails', 'selected', 'selectedDetails'], point),
    store.watch(['selectedDetails'], reveal),
    panel.onEvent('light', ({ elements }) => explorer.light([...elements])),
    panel.onEvent('goTo', ({ element }) => {
      quiet = element
      void explorer.goTo(element)
    }),
    panel.onStatus(({ debug, breakpoints }) => {
      explorer.debugged(debug)
      explorer.setBreakpoints(breakpoints)
    }),
    panel.onEvent('search', () => actions.search()),
    panel.onEvent('picture', ({ format }) => (format === 'svg' ? actions.saveSvg() : actions.savePng())),
  )
  return owned
}
