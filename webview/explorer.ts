/**
 * What the user can do with a recording: open and close groups, select, go to an element, move through time. It asks
 * the session and keeps the answers in the store; the parts of the view only read the store and call these methods.
 */
import type { Details, ElementId, Overview, Scene, SessionRequests, SiteRange } from '../src/protocol/view.ts'
import { ItemFlag, ItemKind } from '../src/protocol/view.ts'
import { Disposables } from './dom.ts'
import type { Host } from './host.ts'
import { Marks } from './marks.ts'
import { type Direction, initialState, type PathEnd, readSaved, toSaved, type ViewState } from './state.ts'
import { newest, Store } from './store.ts'
import { passStop, type Stop, stopAt, timelineStops } from './timelineStops.ts'

const SAVE_MS = 300
/** Rows of the introduction's table. */
const SUMMARY_ROWS = 12
/** Milliseconds between two steps while playing, and for the whole recording at most. */
const STEP_MS = 600
const PLAY_MS = 20_000

/** A step wants its op in view; who goes to an element wants to look at it. */
type Reason = 'step' | 'goTo'
/** Elements whose details are shown. */
type Watched = 'selected' | 'hovered' | 'current'
type Revealer = (element: ElementId, why: Reason) => void

export class Explorer {
  readonly store = new Store<ViewState>(initialState)
  readonly host: Host
  private readonly room: () => { width: number; height: number }
  private readonly owned = new Disposables()
  private readonly revealers = new Set<Revealer>()
  private readonly sourceViewers = new Set<(site: SiteRange) => void>()
  private readonly loadFrame: () => void
  private readonly loadDetails: (which: Watched) => void
  private items = new Map<ElementId, number>()
  private readonly marks: Marks
  private stopsOfOverview: { overview: Overview; stops: Stop[] } | null = null
  private saving: ReturnType<typeof setTimeout> | undefined
  private playing: ReturnType<typeof setTimeout> | undefined
  /** Scenes that are asked for and not there yet. */
  private changing = 0
  /** The next frame belongs to a step: its op is brought into view. */
  private following = false
  /** Steps that are asked for one after the other. */
  private stepping = Promise.resolve()

  /** `room`: the pixels that the graph has. */
  constructor(host: Host, room: () => { width: number; height: number }) {
    this.host = host
    this.room = room
    this.marks = new Marks(host, this.store, (element) => this.items.has(element))
    const frames = newest(
      ({ revision, tick }: { revision: number; tick: number }) => host.request('frame', { revision, tick }),
      (frame) => {
        // A newer scene has asked for its own.
        if (frame.revision !== this.state.scene?.revision) return
        this.store.set({ frame })
        const current = frame.current >= 0 ? this.state.scene.element[frame.current]! : null
        this.store.set({ current, ...(current === null ? { currentDetails: null } : {}) })
        if (this.following && current !== null) this.reveal(current, 'step')
        this.following = false
      },
      (error, { revision }) => {
        // The session has gone on to the next scene, whose own frame will be asked for.
        if (revision === this.state.scene?.revision && this.changing === 0) this.failed(error)
      },
    )
    this.loadFrame = () => {
      const { scene, tick } = this.state
      if (scene) frames({ revision: scene.revision, tick })
    }
    const selected = this.detailsLoader('selected', 'selectedDetails')
    const hovered = this.detailsLoader('hovered', 'hoveredDetails')
    const current = this.detailsLoader('current', 'currentDetails')
    this.loadDetails = (which) => ({ selected, hovered, current })[which]()
    this.owned.push(
      host.on('overview', (overview) => void this.grew(overview)),
      host.on('scene', (scene) => this.takeScene(scene, this.state.anchor)),
      host.on('busy', ({ what }) => this.store.set({ layingOut: what === 'layout' })),
      this.store.watch(['tick', 'overview'], () => {
        this.loadFrame()
        this.loadDetails('selected')
        this.loadDetails('hovered')
      }),
      this.store.watch(['selected'], () => {
        this.loadDetails('selected')
        void this.attempt(() => this.marks.refreshSelection())
      }),
      this.store.watch(['hovered'], () => this.loadDetails('hovered')),
      this.store.watch(['current', 'frame'], () => this.loadDetails('current')),
      this.store.watch(
        ['selected', 'scene', 'tick', 'camera', 'codeWidth', 'sideWidth', 'codeShown', 'sideShown', 'theme'],
        () => this.saveSoon(),
      ),
    )
  }

  get state(): Readonly<ViewState> {
    return this.store.state
  }

  /** Opens the recording as the user left it. */
  async start(): Promise<void> {
    const saved = readSaved(this.host.loadState())
    if (saved) {
      const { codeWidth, sideWidth, codeShown, sideShown, theme, direction } = saved
      this.store.set({ codeWidth, sideWidth, codeShown, sideShown, theme, direction })
    }
    await this.attempt(async () => {
      const overview = await this.host.request('overview', {})
      const tick = Math.min(this.state.debug?.place?.tick ?? saved?.tick ?? overview.lastTick, overview.lastTick)
      this.store.set({ overview, atEnd: tick === overview.lastTick, tick })
      void this.summarize()
      if (overview.nodes === 0) return
      await this.changeScene({ ...this.wantedDirection(), ...(saved ? { open: saved.open } : {}) }, null)
      const closed = saved ? this.openGroups().filter((element) => !saved.open.includes(element)) : []
      if (closed.length > 0) await this.changeScene({ close: closed }, null)
      if (saved) this.select(saved.selected)
      if (saved?.camera) this.store.set({ camera: saved.camera })
    })
  }

  dispose(): void {
    clearTimeout(this.saving)
    clearTimeout(this.playing)
    this.owned.dispose()
  }

  onReveal(listener: Revealer): () => void {
    this.revealers.add(listener)
    return () => this.revealers.delete(listener)
  }

  onShowSource(listener: (site: SiteRange) => void): () => void {
    this.sourceViewers.add(listener)
    return () => this.sourceViewers.delete(listener)
  }

  /** Shows a range where the code is: in the editor, or beside the graph. */
  showSource(site: SiteRange): void {
    if (this.host.revealSource) this.host.revealSource(site)
    else for (const viewer of this.sourceViewers) viewer(site)
  }

  /** The place of the script's exception, in a file that was recorded. */
  errorSite(): SiteRange | null {
    const { overview } = this.state
    const site = overview?.end?.kind === 'raised' ? overview.end.error.site : null
    const source = site && overview?.sources.find(({ path }) => path === site.file)
    return source ? { ...site, source: source.id, path: site.file, text: '' } : null
  }

  // — Groups and selection —

  isGroup(element: ElementId): boolean {
    const item = this.items.get(element)
    const kind = item === undefined ? undefined : this.state.scene?.kind[item]
    return kind === ItemKind.group || kind === ItemKind.fold
  }

  isOpen(element: ElementId): boolean {
    const item = this.items.get(element)
    return item !== undefined && (this.state.scene!.flags[item]! & ItemFlag.open) !== 0
  }

  /** The item of the scene that shows an element; undefined when it is inside a closed group. */
  itemOf(element: ElementId): number | undefined {
    return this.items.get(element)
  }

  open(element: ElementId): Promise<void> {
    return this.attempt(() => this.changeScene({ open: [element] }, element))
  }

  close(element: ElementId): Promise<void> {
    return this.attempt(() => this.changeScene({ close: [element] }, element))
  }

  toggle(element: ElementId): Promise<void> {
    return this.isOpen(element) ? this.close(element) : this.open(element)
  }

  select(element: ElementId | null): void {
    this.store.set({ selected: element, ...(element === null ? { selectedDetails: null } : {}) })
  }

  hover(element: ElementId | null): void {
    this.store.set({ hovered: element, ...(element === null ? { hoveredDetails: null } : {}) })
  }

  /** Selects an element wherever it is, opens the groups around it and brings it into view. */
  async goTo(element: ElementId): Promise<void> {
    await this.attempt(async () => {
      if (!this.items.has(element)) {
        const { ancestors } = await this.host.request('locate', { element })
        const open = ancestors.filter((ancestor) => !this.isOpen(ancestor))
        if (open.length > 0) await this.changeScene({ open }, open[0]!)
        this.store.set({ anchor: element })
      }
      this.select(element)
      this.reveal(element, 'goTo')
    })
  }

  /** The first thing the keyboard goes to: the root of the last pass, or the first card. */
  startingPoint(): ElementId | null {
    const { scene } = this.state
    if (!scene || scene.element.length === 0) return null
    const root = scene.flags.findLastIndex((flags) => (flags & ItemFlag.root) !== 0)
    return scene.element[Math.max(0, root)]!
  }

  turn(): void {
    const direction: Direction = this.state.scene?.direction === 'down' ? 'right' : 'down'
    this.store.set({ direction })
    void this.attempt(() => this.changeScene({ direction }, this.state.selectedVisible))
  }

  // — Marks —

  /** Lights what a range of code made; an empty list puts it out. */
  light(elements: readonly ElementId[]): void {
    void this.attempt(() => this.marks.light(elements))
  }

  /** A path leads from the selection: where nothing is selected, from the root. */
  togglePath(to: PathEnd): void {
    if (this.state.selected === null && this.state.pathTo !== to) this.select(this.startingPoint())
    this.store.set({ pathTo: this.state.pathTo === to ? null : to })
    void this.attempt(() => this.marks.refreshPath())
  }

  // — Time —

  get stops(): readonly Stop[] {
    const { overview } = this.state
    if (!overview) return [{ tick: 0, pass: -1, done: 0 }]
    if (this.stopsOfOverview?.overview !== overview) this.stopsOfOverview = { overview, stops: timelineStops(overview) }
    return this.stopsOfOverview.stops
  }

  /** Index into `stops` of where the timeline stands. */
  get stop(): number {
    return stopAt(this.stops, this.state.tick)
  }

  goToStop(index: number): void {
    const at = Math.max(0, Math.min(this.stops.length - 1, index))
    this.store.set({ tick: this.stops[at]!.tick, atEnd: at === this.stops.length - 1 })
  }

  /** Where a debugger stands; when it has stopped, the node whose rule is about to run is framed. */
  debugged(debug: ViewState['debug']): void {
    const before = this.state.debug
    this.store.set({ debug })
    const tick = debug?.place?.tick
    if (tick === undefined || tick === before?.place?.tick) return
    this.pause()
    this.following = true
    this.store.set({ tick, atEnd: tick === this.state.overview?.lastTick })
  }

  /** On what made the selected element; `alone`: on it and not on its repeats. */
  toggleBreakpoint(alone: boolean): void {
    const { selected } = this.state
    if (selected !== null) this.host.panel?.toggleBreakpoint(selected, alone)
  }

  /** Whether a debugger stands still and can run on to the selected element. */
  get canRunToSelection(): boolean {
    const { debug, selected } = this.state
    return Boolean(debug?.place) && selected !== null && selected >= 0
  }

  runToSelection(): void {
    if (this.canRunToSelection) this.host.panel?.runTo(this.state.selected!)
  }

  /** What has a breakpoint. */
  setBreakpoints(elements: Int32Array): void {
    void this.attempt(() => this.marks.setBreakpoints(elements))
  }

  /** To where the next or the previous step is complete, also where the stops are further apart than that. */
  step(by: 1 | -1): Promise<void> {
    this.stepping = this.stepping.then(() =>
      this.attempt(async () => {
        const from = this.state.tick
        const { tick } = await this.host.request('step', { tick: from, by })
        // The user has gone elsewhere meanwhile.
        if (from !== this.state.tick) return
        this.following = true
        this.store.set({ tick, atEnd: tick === this.state.overview?.lastTick })
      }),
    )
    return this.stepping
  }

  stepPass(direction: 1 | -1): void {
    this.goToStop(passStop(this.stops, this.stop, direction))
  }

  play(): void {
    if (this.state.playing || this.stops.length < 2) return
    if (this.stop === this.stops.length - 1) this.goToStop(0)
    this.store.set({ playing: true })
    const pause = Math.min(STEP_MS, PLAY_MS / this.stops.length)
    const stride = Math.max(1, Math.ceil(16 / pause))
    const advance = () => {
      this.following = true
      this.goToStop(this.stop + stride)
      if (this.stop === this.stops.length - 1) this.pause()
      else this.playing = setTimeout(advance, pause * stride)
    }
    this.playing = setTimeout(advance, pause)
  }

  pause(): void {
    clearTimeout(this.playing)
    this.store.set({ playing: false })
  }

  // — Errors —

  /** Runs something the user asked for; what goes wrong is told, not thrown. */
  async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.failed(error)
    }
  }

  failed(error: unknown): void {
    this.store.set({ fault: error instanceof Error ? error.message : String(error) })
  }

  // — Inside —

  private wantedDirection(): Pick<SessionRequests['scene']['request'], 'direction' | 'room'> {
    const { direction } = this.state
    return direction ? { direction } : { room: this.room() }
  }

  private reveal(element: ElementId, why: Reason): void {
    for (const revealer of this.revealers) revealer(element, why)
  }

  private async changeScene(change: SessionRequests['scene']['request'], anchor: ElementId | null): Promise<void> {
    this.changing++
    try {
      this.takeScene(await this.host.request('scene', change), anchor)
    } finally {
      this.changing--
    }
  }

  private takeScene(scene: Scene, anchor: ElementId | null): void {
    if (this.state.scene && scene.revision < this.state.scene.revision) return
    this.items = new Map(Array.from(scene.element, (element, item) => [element, item]))
    this.store.set({ scene, anchor })
    this.loadFrame()
    void this.attempt(() => this.marks.sceneChanged())
  }

  private async grew(overview: Overview): Promise<void> {
    const before = this.state.overview
    this.store.set({ overview, ...(this.state.atEnd ? { tick: overview.lastTick } : {}) })
    // Names, roots and parameters may be known later than the nodes.
    const changed = overview.nodes !== before?.nodes || overview.state !== before.state || !this.state.scene
    if (overview.nodes > 0 && changed)
      await this.attempt(() => this.changeScene(this.wantedDirection(), this.state.selectedVisible))
    // After the picture, which is what one waits for.
    void this.summarize()
  }

  /** What matters most in a run that is over. */
  private async summarize(): Promise<void> {
    if (this.state.overview?.state !== 'ended') return
    await this.attempt(async () => {
      this.store.set({ summary: await this.host.request('summary', { limit: SUMMARY_ROWS }) })
    })
  }

  private openGroups(): ElementId[] {
    const { scene } = this.state
    return scene ? Array.from(scene.element).filter((_, item) => (scene.flags[item]! & ItemFlag.open) !== 0) : []
  }

  private detailsLoader(which: Watched, key: `${Watched}Details`): () => void {
    const load = newest(
      (question: { element: ElementId; tick: number }) => this.host.request('details', question),
      (details: Details) => {
        if (this.state[which] === details.element) this.store.set({ [key]: details })
      },
      (error) => this.failed(error),
    )
    return () => {
      const element = this.state[which]
      if (element !== null) load({ element, tick: this.state.tick })
    }
  }

  private saveSoon(): void {
    clearTimeout(this.saving)
    this.saving = setTimeout(() => this.host.saveState(toSaved(this.state, this.openGroups())), SAVE_MS)
  }
}
