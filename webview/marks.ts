/** What is marked in the picture: the selection, a path, what the code under the pointer made, breakpoints; each where it is visible. */
import type { ElementId } from '../src/protocol/view.ts'
import type { Host } from './host.ts'
import type { ViewState } from './state.ts'
import type { Store } from './store.ts'

/** Elements of one mark that are looked for when they are hidden in closed groups. */
const MAX_LOCATED = 200

export class Marks {
  private readonly host: Host
  private readonly store: Store<ViewState>
  private readonly shown: (element: ElementId) => boolean
  private readonly visible = new Map<ElementId, ElementId>()
  private lit: readonly ElementId[] = []
  private breakpoints: ArrayLike<ElementId> = []

  /** `shown`: whether an element is in the scene. */
  constructor(host: Host, store: Store<ViewState>, shown: (element: ElementId) => boolean) {
    this.host = host
    this.store = store
    this.shown = shown
  }

  /** Another scene shows other elements. */
  async sceneChanged(): Promise<void> {
    this.visible.clear()
    await Promise.all([this.refreshSelection(), this.refreshLit(), this.refreshBreakpoints()])
  }

  async refreshSelection(): Promise<void> {
    const { selected } = this.store.state
    const visible = selected === null ? null : await this.visibleOf(selected)
    if (selected === this.store.state.selected) this.store.set({ selectedVisible: visible })
    await this.refreshPath()
  }

  async refreshPath(): Promise<void> {
    const { pathTo, selected } = this.store.state
    if (pathTo === null || selected === null) return this.store.set({ path: null })
    const { elements } = await this.host.request('path', { element: selected, to: pathTo })
    const { state } = this.store
    if (state.pathTo === pathTo && state.selected === selected) this.store.set({ path: new Set(elements) })
  }

  /** Lights elements; an empty list puts them out. */
  light(elements: readonly ElementId[]): Promise<void> {
    this.lit = elements
    return this.refreshLit()
  }

  async setBreakpoints(elements: ArrayLike<ElementId>): Promise<void> {
    const before = this.breakpoints
    if (elements.length === before.length && Array.from(elements).every((element, i) => element === before[i])) return
    this.breakpoints = elements
    await this.refreshBreakpoints()
  }

  private async refreshLit(): Promise<void> {
    const source = this.lit
    const lit = await this.visibleOnes(source)
    if (source === this.lit && (lit.size > 0 || this.store.state.lit.size > 0)) this.store.set({ lit })
  }

  private async refreshBreakpoints(): Promise<void> {
    const source = this.breakpoints
    const all = await this.visibleOnes(Array.from(source))
    const own = new Set(Array.from(source))
    if (source !== this.breakpoints) return
    const breakpoints = new Set([...all].filter((element) => own.has(element)))
    const hiddenBreakpoints = new Set([...all].filter((element) => !own.has(element)))
    this.store.set({ breakpoints, hiddenBreakpoints })
  }

  private async visibleOnes(elements: readonly ElementId[]): Promise<Set<ElementId>> {
    const stride = Math.max(1, Math.ceil(elements.length / MAX_LOCATED))
    const looked = elements.filter((element, i) => i % stride === 0 || this.shown(element))
    return new Set(await Promise.all(looked.map((element) => this.visibleOf(element))))
  }

  /** The element itself when it is in the scene, else the closed group that hides it. */
  private async visibleOf(element: ElementId): Promise<ElementId> {
    if (this.shown(element)) return element
    const known = this.visible.get(element)
    if (known !== undefined) return known
    const { visible } = await this.host.request('locate', { element })
    this.visible.set(element, visible)
    return visible
  }
}
