/** From a recording to a picture: groups, first and final layout, frames while the timeline is dragged. */
import { GraphView } from '../../src/graph/graphView.ts'
import { Groups } from '../../src/graph/groups.ts'
import { Layouter } from '../../src/layout/layout.ts'
import { linearLayout } from '../../src/layout/linear.ts'
import { Snapshot } from '../../src/tape/snapshot.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { elkWorker } from '../support/elkWorker.ts'
import { leastTime, printTable, type Measured } from '../support/table.ts'
import { chain, mlp, range, transformer } from '../support/tapes.ts'

const signal = new AbortController().signal
const rows: Measured[] = []

/** The unit of the ratios: a million numbers are sorted, which takes about 0.1 s on a quiet machine. */
const SECONDS_PER_UNIT = 0.1
let seed = 1
const shuffled = Float64Array.from({ length: 1_000_000 }, () => (seed = (seed * 48271) % 2147483647))
const unit = leastTime(5, () => void shuffled.slice().sort()) / 1000
rows.push({ what: 'a million numbers are sorted', measured: unit, unit: 's' })

/** `budget` in seconds of a quiet machine. */
function report(what: string, seconds: number, budget?: number): void {
  rows.push({ what, measured: seconds * 1000, unit: 'ms' })
  if (budget !== undefined)
    rows.push({ what: `${what} ÷ sorting`, measured: seconds / unit, unit: '×', budget: budget / SECONDS_PER_UNIT })
}

async function measure(
  name: string,
  tape: Tape,
  budgets: { first: number; frame?: number; groups?: number },
): Promise<void> {
  const layouter = new Layouter(elkWorker)
  const view = new GraphView(tape, layouter)
  let scene = { revision: 0 }
  let final: Promise<unknown> = Promise.resolve()
  // Cold, as the user meets it.
  const first = leastTime(1, () => {
    const answer = view.scene({}, signal)
    scene = answer.first
    final = answer.final
  })
  report(`${name}: first picture, cold`, first / 1000, budgets.first)
  const start = performance.now()
  await final
  report(`${name}: final picture, by the clock`, (performance.now() - start) / 1000)
  report(`${name}: groups`, leastTime(3, () => void new Groups(tape)) / 1000, budgets.groups)
  const frame = (share: number) =>
    leastTime(1, () => void view.frame(scene.revision, Math.floor(tape.lastTick * share)))
  frame(1)
  const drag = [...range(50).map((i) => 1 - i / 50), ...range(50).map((i) => i / 50)].map(frame).sort((a, b) => a - b)
  report(`${name}: frame while dragging, p95`, drag[94]! / 1000, budgets.frame)
  report(
    `${name}: gradients at the last tick, from nothing`,
    leastTime(1, () => new Snapshot(tape).moveTo(tape.lastTick)) / 1000,
  )
  layouter.dispose()
}

await measure('MLP × 8 samples, 5,514 nodes', mlp({ samples: 8 }), { first: 0.5 })
await measure('MLP × 100 samples, 65,038 nodes', mlp(), { first: 0.5, frame: 0.03, groups: 0.15 })
await measure('transformer, 12 blocks', transformer(), { first: 0.1 })
await measure('chain of 1,000,000', chain(1_000_000), { first: 3, groups: 2 })

const box = { w: 168, h: 56, ins: [19, 37], outs: [28] }
for (const n of [500, 5_000, 20_000]) {
  const boxes = range(n).map(() => box)
  const arcs = range(n - 1).flatMap((i) => [
    { from: i - (i % 3), fromPort: 0, to: i + 1, toPort: 0 },
    { from: Math.floor(i / 2), fromPort: 0, to: i + 1, toPort: 1 },
  ])
  report(
    `linear layout of ${n.toLocaleString('en-US')} boxes`,
    leastTime(1, () => void linearLayout({ boxes, arcs, ins: 0, outs: 0 })) / 1000,
  )
}
printTable(rows)
