/** Value and gradient of elements at the current tick, for the ends of lines. */
import { type Datum, type ElementId, GradientStatus } from '../../src/protocol/view.ts'
import type { Explorer } from '../explorer.ts'
import { none, numberOf } from '../numbers.ts'

export interface Numbers {
  value: Datum
  gradient: Datum
}

/** Milliseconds of rest before the session is asked for what the frame does not have. */
const REST = 120

export class InlineNumbers {
  private readonly explorer: Explorer
  private readonly arrived: () => void
  private known = new Map<ElementId, Numbers>()
  private tick = -1
  private wanted = new Set<ElementId>()
  private timer: ReturnType<typeof setTimeout> | undefined

  /** `arrived`: numbers that were missing are there now. */
  constructor(explorer: Explorer, arrived: () => void) {
    this.explorer = explorer
    this.arrived = arrived
  }

  /** From the frame when the element is in the picture; else null now, and `arrived` is called later. */
  of(element: ElementId): Numbers | null {
    const { frame, scene, tick } = this.explorer.state
    if (this.tick !== tick) {
      this.tick = tick
      this.known.clear()
      this.wanted.clear()
    }
    const item = this.explorer.itemOf(element)
    if (frame && scene && item !== undefined && frame.revision === scene.revision && frame.tick === tick) {
      const status = frame.status[item]
      const there = status !== GradientStatus.waiting && status !== GradientStatus.unreached
      return {
        value: frame.hasValue[item] ? numberOf(frame.value[item]!) : none,
        gradient: there ? numberOf(frame.gradient[item]!) : none,
      }
    }
    const known = this.known.get(element)
    if (known || item !== undefined) return known ?? null
    this.wanted.add(element)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.ask(), REST)
    return null
  }

  dispose(): void {
    clearTimeout(this.timer)
  }

  private async ask(): Promise<void> {
    const { tick } = this
    const elements = [...this.wanted]
    this.wanted.clear()
    await this.explorer.attempt(async () => {
      const all = await Promise.all(elements.map((element) => this.explorer.host.request('details', { element, tick })))
      if (tick !== this.tick) return
      for (const { element, value, gradient } of all) this.known.set(element, { value, gradient })
      this.arrived()
    })
  }
}
