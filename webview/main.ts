/** Builds the whole view inside an element, over a host. */
import { Banners } from './bars/banners.ts'
import { DebugBar } from './bars/debugBar.ts'
import { Header } from './bars/header.ts'
import { Help } from './bars/help.ts'
import { RunningBar } from './bars/running.ts'
import { Search } from './bars/search.ts'
import { Timeline } from './bars/timeline.ts'
import { CodePane } from './code/codePane.ts'
import { Disposables, el } from './dom.ts'
import { linkEditor } from './editorLink.ts'
import { Explorer } from './explorer.ts'
import { GraphPane } from './graphPane.ts'
import type { Host } from './host.ts'
import { listenToKeys } from './keyboard.ts'
import { SidePanel } from './side/sidePanel.ts'
import { splitter } from './splitter.ts'
import { stringsFor } from './strings.ts'
import { fileName } from './text.ts'
import { wearTheme } from './themes.ts'
import { Tree } from './tree.ts'

/** Pixels of the whole view below which the code waits behind its button, and then the details too. */
const CODE_FITS = 1150
const SIDE_FITS = 680
const MIN_PANEL = 220
/** Where the user has not chosen: the details' tables fit. */
const READABLE_SIDE = 280
/** Pixels that panels always leave to the graph. */
const MIN_GRAPH = 280
/** What code and details may take of the width together. */
const PANELS_SHARE = 0.58

/** `ready`: the recording stands as the user left it. */
export function mount(root: HTMLElement, host: Host): { dispose(): void; ready: Promise<void> } {
  const owned = new Disposables()
  const strings = stringsFor(host.language)
  const explorer: Explorer = new Explorer(host, () => graph.canvas.viewport)
  const { store } = explorer
  document.documentElement.lang = host.language

  const tree = new Tree(explorer, strings)
  const graph: GraphPane = new GraphPane(explorer, strings, tree.element)
  const code = host.kind === 'page' ? new CodePane(explorer, strings) : null
  const side = new SidePanel(explorer, strings)
  const search = new Search(explorer, strings)
  const timeline = new Timeline(explorer, strings)
  const banners = new Banners(explorer, strings)
  const running = new RunningBar(explorer, strings)
  const debugBar = new DebugBar(explorer, strings)
  const help = new Help(strings, host.panel !== undefined)

  const codeShown = () => code !== null && (store.state.codeShown ?? root.clientWidth >= CODE_FITS)
  const sideShown = () => store.state.sideShown ?? root.clientWidth >= SIDE_FITS
  const header = new Header(explorer, strings, {
    search: () => search.open(),
    fit: () => graph.canvas.zoomToFit(),
    help: () => help.toggle(),
    saveSvg: () => void explorer.attempt(saveSvg),
    savePng: () => void explorer.attempt(savePng),
    toggleCode: () => store.set({ codeShown: !codeShown() }),
    toggleSide: () => store.set({ sideShown: !sideShown() }),
  })

  const codeBorder = splitter({
    label: strings.resizeCode,
    side: 'left',
    min: MIN_PANEL,
    max: () => root.clientWidth - MIN_GRAPH - (sideShown() ? sideWidth() : 0),
    get: () => store.state.codeWidth,
    set: (codeWidth) => store.set({ codeWidth }),
  })
  const sideBorder = splitter({
    label: strings.resizeDetails,
    side: 'right',
    min: MIN_PANEL,
    max: () => root.clientWidth - MIN_GRAPH,
    get: () => store.state.sideWidth,
    set: (sideWidth) => store.set({ sideWidth }),
  })
  const sideWidth = () => Math.min(store.state.sideWidth, Math.max(READABLE_SIDE, root.clientWidth * 0.34))

  const app = el(
    'div',
    { class: 'app' },
    code?.element,
    code && codeBorder.element,
    el(
      'div',
      { class: 'panel' },
      header.element,
      debugBar.element,
      running.element,
      banners.element,
      search.element,
      el('div', { class: 'middle' }, graph.element, sideBorder.element, side.element),
      timeline.element,
    ),
    help.element,
  )
  root.replaceChildren(app)

  function arrange(): void {
    const withCode = codeShown()
    const withSide = sideShown()
    const width = root.clientWidth
    app.classList.toggle('without-code', !withCode)
    app.classList.toggle('without-side', !withSide)
    app.classList.toggle('narrow', width < CODE_FITS)
    app.classList.toggle('tiny', width < SIDE_FITS)
    // Where the code lies over the graph, it takes no room from it.
    const room = width < CODE_FITS ? width * 0.8 : width * PANELS_SHARE - (withSide ? sideWidth() : 0)
    app.style.setProperty('--code-width', `${Math.max(MIN_PANEL, Math.min(store.state.codeWidth, room))}px`)
    app.style.setProperty('--side-width', `${sideWidth()}px`)
    codeBorder.update()
    sideBorder.update()
    header.showPanels(withCode, withSide)
  }

  const exportName = (ending: string) =>
    `${fileName(store.state.overview?.script ?? 'graph').replace(/\.[^.]*$/, '')}.${ending}`
  async function saveSvg(): Promise<void> {
    const text = await host.request('svg', { tick: store.state.tick })
    host.saveFile(exportName('svg'), new Blob([text], { type: 'image/svg+xml' }))
  }
  async function savePng(): Promise<void> {
    host.saveFile(exportName('png'), await graph.toPng())
  }

  function closeOverlay(): boolean {
    if (search.isOpen) search.close()
    else if (tree.element.contains(document.activeElement)) graph.surface.focus()
    else if (root.clientWidth < CODE_FITS && code && codeShown()) store.set({ codeShown: false })
    else return false
    return true
  }

  const resize = new ResizeObserver(arrange)
  resize.observe(root)
  const keys = listenToKeys(explorer, graph, {
    search: () => search.open(),
    help: () => help.toggle(),
    outline: () => tree.focus(),
    togglePlay: () => timeline.togglePlay(),
    closeOverlay,
  })
  const editor = linkEditor(explorer, {
    search: () => search.open(),
    saveSvg: () => void explorer.attempt(saveSvg),
    savePng: () => void explorer.attempt(savePng),
  })
  const theme = wearTheme(explorer, () => graph.themeChanged())
  owned.push(
    () => root.replaceChildren(),
    () => resize.disconnect(),
    store.watch(['codeWidth', 'sideWidth', 'codeShown', 'sideShown'], arrange),
    ...[explorer, tree, graph, side, search, timeline, banners, running, debugBar, header, keys, theme, editor].map(
      (part) => () => part.dispose(),
    ),
    () => code?.dispose(),
  )
  arrange()
  return { dispose: () => owned.dispose(), ready: explorer.start() }
}
