/** From a recording to a picture: groups, first and final layout, frames while the timeline is dragged. */
import { GraphView } from '../../src/graph/graphView.ts'
import { Groups } from '../../src/graph/groups.ts'
import { Layouter } from '../../src/layout/layout.ts'
import { linearLayout } from '../../src/layout/linear.ts'
import { Snapshot } from '../../src/tape/snapshot.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { elkWorker } from '../support/elkWorker.ts'
import { median, printTable, type Measured } from '../support/table.ts'
import { chain, mlp, range, transformer } from '../support/tapes.ts'

const signal = new AbortController().signal
const rows: Measured[] = []

function time<T>(work: () => T): { ms: number; result: T } {
  const start = performance.now()
  const result = work()
  return { ms: performance.now() - start, result }
}

async function measure(
  name: string,
  tape: Tape,
  budgets: { first: number; frame?: number; groups?: number },
): Promise<void> {
  const layouter = new Layouter(elkWorker)
  const view = new GraphView(tape, layouter)
  const first = time(() => view.scene({}, signal))
  rows.push({ what: `${name}: first picture, cold`, measured: first.ms / 1000, unit: 's', budget: budgets.first })
  const start = performance.now()
  await first.result.final
  rows.push({ what: `${name}: final picture`, measured: (performance.now() - start) / 1000, unit: 's' })
  const groups = [1, 2, 3].map(() => time(() => new Groups(tape)).ms)
  rows.push({
    what: `${name}: groups`,
    measured: median(groups),
    unit: 'ms',
    ...(budgets.groups ? { budget: budgets.groups } : {}),
  })
  const { revision } = first.result.first
  const frame = (share: number) => time(() => view.frame(revision, Math.floor(tape.lastTick * share))).ms
  frame(1)
  const drag = [...range(50).map((i) => 1 - i / 50), ...range(50).map((i) => i / 50)].map(frame).sort((a, b) => a - b)
  rows.push({
    what: `${name}: frame while dragging, p95`,
    measured: drag[94]!,
    unit: 'ms',
    ...(budgets.frame ? { budget: budgets.frame } : {}),
  })
  rows.push({
    what: `${name}: gradients at the last tick, from nothing`,
    measured: time(() => new Snapshot(tape).moveTo(tape.lastTick)).ms,
    unit: 'ms',
  })
  layouter.dispose()
}

await measure('MLP × 8 samples, 5,514 nodes', mlp({ samples: 8 }), { first: 0.5 })
await measure('MLP × 100 samples, 65,038 nodes', mlp(), { first: 0.5, frame: 30, groups: 150 })
await measure('transformer, 12 blocks', transformer(), { first: 0.1 })
await measure('chain of 1,000,000', chain(1_000_000), { first: 3, groups: 2000 })

const box = { w: 168, h: 56, ins: [19, 37], outs: [28] }
for (const n of [500, 5_000, 20_000]) {
  const boxes = range(n).map(() => box)
  const arcs = range(n - 1).flatMap((i) => [
    { from: i - (i % 3), fromPort: 0, to: i + 1, toPort: 0 },
    { from: Math.floor(i / 2), fromPort: 0, to: i + 1, toPort: 1 },
  ])
  rows.push({
    what: `linear layout of ${n.toLocaleString('en-US')} boxes`,
    measured: time(() => linearLayout({ boxes, arcs, ins: 0, outs: 0 })).ms,
    unit: 'ms',
  })
}
printTable(rows)
