/**
 * Frame times of the graph canvas with 20,000 cards, in the system's Chromium.
 * The frame-rate limit is off, so the time between two animation frames is what a frame costs, rastering included.
 */
import type { GraphCanvas } from '../../webview/canvas/graphCanvas.ts'
import { openCanvasPage } from '../support/canvasPage.ts'
import type * as scenesModule from '../support/scenes.ts'

const CARDS = 20_000
const FRAMES = 300

const { page, close } = await openCanvasPage({
  width: 1400,
  height: 900,
  args: ['--disable-frame-rate-limit', '--disable-gpu-vsync'],
})

interface Row {
  what: string
  p50: number
  p95: number
  max: number
}

const rows = await page.evaluate(
  async ({ cards, frames }) => {
    const { kit, graph, still } = window as never as {
      kit: { scenes: typeof scenesModule }
      graph: GraphCanvas
      still(): Promise<void>
    }
    const { scenes } = kit
    const scene = scenes.fieldScene(cards)
    graph.setScene(scene)
    graph.setFrame(scenes.frameOf(scene))
    const measure = async (what: string, move: (i: number) => void): Promise<Row> => {
      await still()
      const times: number[] = []
      let last = 0
      await new Promise<void>((resolve) => {
        let i = 0
        const step = (now: number) => {
          if (last > 0) times.push(now - last)
          last = now
          if (i === frames) return resolve()
          move(i++)
          requestAnimationFrame(step)
        }
        requestAnimationFrame(step)
      })
      times.sort((a, b) => a - b)
      const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
      return { what, p50: at(0.5), p95: at(0.95), max: times.at(-1)! }
    }
    const none = { selected: null, lit: new Set<number>(), path: null }
    const overview = () => {
      graph.zoomToFit()
      return still()
    }
    const rows: Row[] = []
    await overview()
    rows.push(await measure('none culled: pan', (i) => graph.panBy(i % 40 < 20 ? 3 : -3, 1)))
    await overview()
    rows.push(await measure('none culled: zoom', (i) => graph.zoomBy(i % 60 < 30 ? 1.004 : 1 / 1.004)))
    await overview()
    rows.push(await measure('none culled: hover', (i) => graph.setHighlight({ ...none, hovered: (i * 37) % cards })))
    await overview()
    // Marks change in every frame, so that there is a frame to measure; the picture is repainted meanwhile.
    const repaint = (i: number) => {
      if (i % 100 === 0) graph.panBy(2, 0)
      graph.setHighlight({ ...none, hovered: (i * 37) % cards })
    }
    rows.push(await measure('none culled: repaint at rest', repaint))
    const { width, height } = scene
    graph.setCamera({ x: width / 2, y: height / 2, zoom: 1 })
    rows.push(await measure('culled, zoom 1: pan', (i) => graph.panBy(i % 40 < 20 ? 9 : -9, 3)))
    graph.setCamera({ x: width / 2, y: height / 2, zoom: 0.5 })
    rows.push(await measure('culled, zoom 0.5: pan', (i) => graph.panBy(i % 40 < 20 ? 9 : -9, 3)))
    graph.setCamera({ x: width / 2, y: height / 2, zoom: 0.2 })
    rows.push(await measure('culled, zoom 0.2: pan', (i) => graph.panBy(i % 40 < 20 ? 9 : -9, 3)))
    graph.setCamera({ x: width / 2, y: height / 2, zoom: 1 })
    rows.push(await measure('culled: hover', (i) => graph.setHighlight({ ...none, hovered: (i * 37) % cards })))
    return rows
  },
  { cards: CARDS, frames: FRAMES },
)
await close()

console.log(`canvas, ${CARDS} cards, ms a frame`)
for (const { what, p50, p95, max } of rows) {
  console.log(
    `${what.padEnd(32)} p50 ${p50.toFixed(1).padStart(6)}  p95 ${p95.toFixed(1).padStart(6)}  max ${max.toFixed(1).padStart(6)}`,
  )
}
