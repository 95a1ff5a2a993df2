/** The places in a recording where the timeline can stand. */
import type { Overview } from '../src/protocol/view.ts'

export interface Stop {
  tick: number
  pass: number
  /** Steps of the pass that are complete here. */
  done: number
}

/** More would not fit on any screen; single steps between them are looked up when they are taken. */
const MAX_STOPS = 50_000

/** Every pass before its first step and after each one, and the end; long passes and long recordings are sampled. */
export function timelineStops({ passes, lastTick }: Pick<Overview, 'passes' | 'lastTick'>): Stop[] {
  const stops: Stop[] = []
  const thinning = Math.ceil(passes.reduce((sum, { stepTicks }) => sum + stepTicks.length, 1) / MAX_STOPS)
  passes.forEach(({ startTick, stepTicks, steps }, pass) => {
    stops.push({ tick: startTick, pass, done: 0 })
    const stride = Math.max(1, Math.ceil(steps / Math.max(1, stepTicks.length)))
    for (let i = thinning - 1; i < stepTicks.length + thinning - 1; i += thinning) {
      const at = Math.min(i, stepTicks.length - 1)
      stops.push({ tick: stepTicks[at]!, pass, done: Math.min(steps, (at + 1) * stride) })
    }
  })
  const last = stops.at(-1)
  if (!last) return [{ tick: lastTick, pass: -1, done: 0 }]
  // The end shows what the last step does not: gradients that never arrived, and updates after the pass.
  if (last.tick < lastTick) stops.push({ ...last, tick: lastTick })
  return stops
}

/** The last stop at or before a tick; the first one before that. */
export function stopAt(stops: readonly Stop[], tick: number): number {
  let low = 0
  let high = stops.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (stops[middle]!.tick <= tick) low = middle
    else high = middle - 1
  }
  return low
}

/** The first stop of the pass after, or of this pass or the one before. */
export function passStop(stops: readonly Stop[], from: number, direction: 1 | -1): number {
  const here = stops[from]!.pass
  if (direction === 1) {
    const next = stops.findIndex((stop) => stop.pass > here)
    return next < 0 ? stops.length - 1 : next
  }
  const start = stops.findIndex((stop) => stop.pass === here)
  if (start < from) return start
  const before = stops.findIndex((stop) => stop.pass === here - 1)
  return Math.max(0, before)
}
