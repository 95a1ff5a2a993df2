/**
 * What a frame of the graph canvas costs with 20,000 cards, in the system's Chromium: pan, zoom and hover.
 * A frame's processor time, of all the browser's processes together, is the most that it can take on a machine that
 * does nothing else; the times between frames are given beside it. The unit of the ratios is the least that any moving
 * picture costs here: one bitmap of the canvas's size, copied in every frame.
 */
import type { GraphCanvas } from '../../webview/canvas/graphCanvas.ts'
import { openCanvasPage } from '../support/canvasPage.ts'
import { childrenTime } from '../support/processTime.ts'
import type * as scenesModule from '../support/scenes.ts'
import { printTable, type Measured } from '../support/table.ts'

const CARDS = 20_000
const FRAMES = 150
const ROUNDS = 3
/** The budgets of 16 and 8 ms a frame, in copies of a bitmap: one takes about 4.5 ms where two quiet cores draw in software. */
const BUDGET = { whole: 3.5, culled: 1.8 }

interface Kit {
  kit: { scenes: typeof scenesModule }
  graph: GraphCanvas
  still(): Promise<void>
  begin(name: string): Promise<void>
  run(name: string, frames: number): Promise<number[]>
}

const { page, close } = await openCanvasPage({
  width: 1400,
  height: 900,
  args: ['--disable-frame-rate-limit', '--disable-gpu-vsync'],
})

await page.evaluate((cards) => {
  const view = window as never as Kit
  const { graph, kit } = view
  const scene = kit.scenes.fieldScene(cards)
  graph.setScene(scene)
  graph.setFrame(kit.scenes.frameOf(scene))
  const marks = { selected: null, lit: new Set<number>(), path: null }
  const whole = () => graph.zoomToFit()
  const inside = (zoom: number) => () => graph.setCamera({ x: scene.width / 2, y: scene.height / 2, zoom })
  const pan = (i: number) => graph.panBy(i % 40 < 20 ? 9 : -9, 3)
  const hover = (i: number) => graph.setHighlight({ ...marks, hovered: (i * 37) % cards })

  const copy = document.createElement('canvas')
  copy.style.cssText = 'position:absolute;inset:0;z-index:9'
  Object.assign(copy, { width: innerWidth, height: innerHeight })
  const bitmap = new OffscreenCanvas(innerWidth, innerHeight)
  bitmap.getContext('2d', { alpha: false })!.fillRect(0, 0, 10, 10)
  const onto = copy.getContext('2d', { alpha: false })!

  const cases: Record<string, { begin: () => void; move: (i: number) => void }> = {
    'a bitmap is copied': {
      begin: () => document.body.append(copy),
      move: (i) => onto.drawImage(bitmap, i % 9, 0),
    },
    'none culled: pan': { begin: whole, move: (i) => graph.panBy(i % 40 < 20 ? 3 : -3, 1) },
    'none culled: zoom': { begin: whole, move: (i) => graph.zoomBy(i % 60 < 30 ? 1.004 : 1 / 1.004) },
    'none culled: hover': { begin: whole, move: hover },
    'culled, zoom 1: pan': { begin: inside(1), move: pan },
    'culled, zoom 0.5: pan': { begin: inside(0.5), move: pan },
    'culled, zoom 0.2: pan': { begin: inside(0.2), move: pan },
    'culled: hover': { begin: inside(1), move: hover },
  }
  view.begin = (name) => {
    copy.remove()
    cases[name]!.begin()
    return view.still()
  }
  view.run = (name, frames) =>
    new Promise((done) => {
      const times: number[] = []
      let last = 0
      let i = 0
      const step = (now: number) => {
        if (last > 0) times.push(now - last)
        last = now
        if (i === frames) return done(times)
        cases[name]!.move(i++)
        requestAnimationFrame(step)
      }
      requestAnimationFrame(step)
    })
}, CARDS)

const names = [
  'a bitmap is copied',
  'none culled: pan',
  'none culled: zoom',
  'none culled: hover',
  'culled, zoom 1: pan',
  'culled, zoom 0.5: pan',
  'culled, zoom 0.2: pan',
  'culled: hover',
]
const least = new Map<string, { cost: number; p95: number }>()
// Interleaved, and the best round counts: what else the machine does only adds.
for (let round = 0; round < ROUNDS; round++) {
  for (const name of names) {
    await page.evaluate((n) => (window as never as Kit).begin(n), name)
    const before = childrenTime()
    const times = await page.evaluate(([n, f]) => (window as never as Kit).run(n, f), [name, FRAMES] as const)
    const after = childrenTime()
    times.sort((a, b) => a - b)
    const p95 = times[Math.floor(times.length * 0.95)]!
    const cost = before === null || after === null ? p95 : (after - before) / FRAMES
    const known = least.get(name) ?? { cost: Infinity, p95: Infinity }
    least.set(name, { cost: Math.min(cost, known.cost), p95: Math.min(p95, known.p95) })
  }
}
await close()

const unit = least.get(names[0]!)!
const rows = names.flatMap((name): Measured[] => {
  const { cost, p95 } = least.get(name)!
  const budget = name.startsWith('culled') ? BUDGET.culled : BUDGET.whole
  const isUnit = name === names[0]
  return [
    { what: `${name}, processor time`, measured: cost, unit: 'ms a frame' },
    { what: `${name}, between frames, p95`, measured: p95, unit: 'ms' },
    ...(isUnit ? [] : [{ what: `${name} ÷ a bitmap is copied`, measured: cost / unit.cost, unit: '×', budget }]),
  ]
})
console.log(`canvas, ${CARDS} cards`)
printTable(rows)
