import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Frame, Scene } from '../../src/protocol/view.ts'
import type { GraphCanvas } from '../../webview/canvas/graphCanvas.ts'
import type { Minimap } from '../../webview/canvas/minimap.ts'
import { type CanvasPage, openCanvasPage } from '../support/canvasPage.ts'
import type * as scenesModule from '../support/scenes.ts'

/** What the page of `openCanvasPage` offers. */
interface Kit {
  kit: { scenes: typeof scenesModule; Minimap: typeof Minimap; GraphCanvas: typeof GraphCanvas }
  graph: GraphCanvas
  calls: [string, ...unknown[]][]
  still(): Promise<void>
}

type SceneName = 'neuron' | 'mixed' | number

let canvas: CanvasPage
let page: Page
const errors: string[] = []

beforeAll(async () => {
  canvas = await openCanvasPage()
  page = canvas.page
  page.on('pageerror', (error) => errors.push(error.message))
})
afterAll(() => canvas.close())

/** Shows a scene whole, with numbers, and waits until it is drawn. */
const show = (name: SceneName) =>
  page.evaluate(async (name) => {
    const { kit, graph, still } = window as never as Kit
    const { scenes } = kit
    const scene =
      name === 'neuron' ? scenes.neuronScene() : name === 'mixed' ? scenes.mixedScene() : scenes.fieldScene(name)
    graph.setScene(scene)
    graph.setFrame(scenes.frameOf(scene))
    graph.setHighlight({ hovered: null, selected: null, lit: new Set(), path: null })
    graph.zoomToFit()
    await still()
  }, name)

/** The middle of a card on the screen. */
const middle = (element: number) =>
  page.evaluate((element) => {
    const box = (window as never as Kit).graph.boxOf(element)!
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  }, element)

const calls = () => page.evaluate(() => (window as never as Kit).calls.splice(0))
const camera = () => page.evaluate(() => (window as never as Kit).graph.camera)
const still = () => page.evaluate(() => (window as never as Kit).still())

/** How many pixels of each colour (`r,g,b`) the lower canvas, or the upper one, has within a part of the screen. */
const colours = (layer: 0 | 1, part: { x: number; y: number; width: number; height: number }) =>
  page.evaluate(
    ({ layer, part }) => {
      const element = document.querySelectorAll<HTMLCanvasElement>('#graph canvas')[layer]!
      const { data } = element.getContext('2d')!.getImageData(part.x, part.y, part.width, part.height)
      const counts: Record<string, number> = {}
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 0) continue
        const colour = `${data[i]},${data[i + 1]},${data[i + 2]}`
        counts[colour] = (counts[colour] ?? 0) + 1
      }
      return counts
    },
    { layer, part },
  )
const everything = { x: 0, y: 0, width: 1000, height: 700 }
const boxOf = (element: number) => page.evaluate((element) => (window as never as Kit).graph.boxOf(element)!, element)

describe.each<[SceneName, number]>([
  ['neuron', 5],
  ['mixed', 40],
  [1000, 1000],
  [20_000, 20_000],
])('a scene like %s', (name, count) => {
  beforeEach(async () => {
    await show(name)
    await calls()
  })

  it('is shown whole and drawn', async () => {
    const boxes = await page.evaluate((count) => {
      const { graph } = window as never as Kit
      return [...Array(count).keys()].map((element) => graph.boxOf(element)).filter((box) => box !== null)
    }, count)
    expect(boxes.length).toBeGreaterThan(count / 2)
    for (const box of [boxes[0]!, boxes.at(-1)!]) {
      expect(box.x).toBeGreaterThan(0)
      expect(box.y).toBeGreaterThan(0)
      expect(box.x + box.width).toBeLessThan(1000)
      expect(box.y + box.height).toBeLessThan(700)
    }
    expect(Object.keys(await colours(0, everything)).length).toBeGreaterThan(5)
    expect(errors).toEqual([])
  })

  it('hovers and selects what is under the pointer, and tells only changes', async () => {
    const at = await middle(1)
    await page.mouse.move(at.x, at.y)
    await page.mouse.move(at.x + 1, at.y)
    await page.mouse.click(at.x + 1, at.y)
    expect(await calls()).toEqual([
      ['hover', 1, null],
      ['select', 1],
    ])
    await page.mouse.move(2, 2)
    await page.mouse.click(2, 2)
    expect(await calls()).toEqual([
      ['hover', null, null],
      ['select', null],
    ])
  })

  it('keeps the point under the pointer while the wheel zooms', async () => {
    const before = await middle(1)
    await page.mouse.move(before.x, before.y)
    await page.mouse.wheel(0, -200)
    await still()
    const after = await middle(1)
    expect(after.x).toBeCloseTo(before.x, 0)
    expect(after.y).toBeCloseTo(before.y, 0)
  })
})

describe('groups', () => {
  beforeEach(async () => {
    await show('mixed')
    await page.evaluate(() => (window as never as Kit).graph.setCamera({ x: 1300, y: 250, zoom: 0.8 }))
    await still()
    await calls()
  })
  const groupNamed = (title: string) =>
    page.evaluate((title) => {
      const scene = (window as never as Kit).kit.scenes.mixedScene()
      return scene.element[scene.title.indexOf(title)]!
    }, title)

  it('open by a double click anywhere and by one click on the badge', async () => {
    const group = await groupNamed('layers[1]')
    const at = await middle(group)
    await page.mouse.dblclick(at.x, at.y)
    expect((await calls()).filter(([name]) => name === 'open')).toEqual([['open', group]])
    const box = await boxOf(group)
    await page.mouse.click(box.x + box.width - 16 * 0.8, box.y + 16 * 0.8)
    expect((await calls()).filter(([name]) => name !== 'hover')).toEqual([['open', group]])
  })

  it('close by the badge in their header', async () => {
    const group = await groupNamed('neurons[0]')
    const box = await boxOf(group)
    await page.mouse.click(box.x + box.width - 16 * 0.8, box.y + 13 * 0.8)
    expect((await calls()).filter(([name]) => name !== 'hover')).toEqual([['close', group]])
  })

  it('count the space between their cards as empty', async () => {
    await page.evaluate(() => (window as never as Kit).graph.setCamera({ x: 700, y: 250, zoom: 0.8 }))
    const group = await groupNamed('neurons[0]')
    const box = await boxOf(group)
    await page.mouse.click(box.x + 6, box.y + box.height - 6)
    expect((await calls()).filter(([name]) => name !== 'hover')).toEqual([['select', null]])
  })
})

describe('the pointer', () => {
  beforeEach(async () => {
    await show('neuron')
    await calls()
  })

  it('drags the picture and selects nothing', async () => {
    const before = await middle(2)
    await page.mouse.move(before.x, before.y)
    await calls()
    await page.mouse.down()
    await page.mouse.move(before.x + 60, before.y + 20, { steps: 4 })
    await page.mouse.up()
    const after = await middle(2)
    expect([after.x - before.x, after.y - before.y]).toEqual([60, 20])
    expect((await calls()).filter(([name]) => name === 'select')).toEqual([])
  })

  it('finds edges, and says which', async () => {
    const from = await boxOf(3)
    await page.mouse.move(from.x + from.width + 20, from.y + from.height / 2 + 3)
    expect(await calls()).toEqual([['hover', null, 3]])
    const pill = { x: 0, y: 0, width: 1000, height: 700 }
    await still()
    expect(Object.keys(await colours(1, pill)).length).toBeGreaterThan(2)
  })

  it('pans sideways with shift and the wheel', async () => {
    const before = await camera()
    await page.mouse.move(500, 300)
    await page.keyboard.down('Shift')
    await page.mouse.wheel(0, 80)
    await page.keyboard.up('Shift')
    await still()
    const after = await camera()
    expect(after).toEqual({ ...before, x: before.x + 80 / before.zoom })
  })

  it('reports the context menu with its element', async () => {
    const at = await middle(4)
    await page.mouse.click(at.x, at.y, { button: 'right' })
    expect((await calls()).filter(([name]) => name === 'contextMenu')).toEqual([['contextMenu', 4, at.x, at.y]])
  })

  it('pinches with two fingers', async () => {
    const before = await camera()
    await page.evaluate(() => {
      const target = document.querySelectorAll('#graph canvas')[1] as HTMLCanvasElement
      // Synthetic pointers cannot be captured.
      target.setPointerCapture = () => undefined
      const send = (type: string, pointerId: number, clientX: number) =>
        target.dispatchEvent(
          new PointerEvent(type, { pointerId, clientX, clientY: 300, pointerType: 'touch', bubbles: true }),
        )
      send('pointerdown', 11, 450)
      send('pointerdown', 12, 550)
      send('pointermove', 12, 650)
      send('pointerup', 11, 450)
      send('pointerup', 12, 650)
    })
    expect((await camera()).zoom).toBeCloseTo(before.zoom * 2)
  })
})

describe('what is drawn', () => {
  const positive = '232,137,63'
  const negative = '79,163,227'
  const error = '241,76,76'
  /** Draws the neuron with one gradient for all, and returns the colours within the card of `w`. */
  const cardWith = async (change: Partial<{ gradient: number; status: number }>) => {
    await page.evaluate(async (change) => {
      const { kit, graph, still } = window as never as Kit
      const scene = kit.scenes.neuronScene()
      graph.setScene(scene)
      const frame = kit.scenes.frameOf(scene)
      frame.gradient.fill(change.gradient ?? 1)
      frame.status.fill(change.status ?? 1)
      frame.flowed.fill(0)
      graph.setFrame(frame)
      graph.setHighlight({ hovered: null, selected: null, lit: new Set(), path: null })
      graph.setCamera({ x: 300, y: 120, zoom: 1 })
      await still()
    }, change)
    const box = await boxOf(1)
    return colours(0, { x: Math.round(box.x) - 1, y: Math.round(box.y), width: 170, height: 56 })
  }

  it('has the colour of the sign, and none while waiting', async () => {
    expect((await cardWith({ gradient: 2 }))[positive]).toBeGreaterThan(100)
    expect((await cardWith({ gradient: -2 }))[negative]).toBeGreaterThan(100)
    const waiting = await cardWith({ status: 0 })
    expect([waiting[positive], waiting[negative], waiting[error]]).toEqual([undefined, undefined, undefined])
    const zero = await cardWith({ gradient: 0 })
    expect([zero[positive], zero[negative]]).toEqual([undefined, undefined])
  })

  it('shows non-finite gradients in the error colour', async () => {
    for (const gradient of [NaN, Infinity, -Infinity]) {
      const card = await cardWith({ gradient })
      expect(card[error]).toBeGreaterThan(250)
      expect(card[positive]).toBeUndefined()
    }
  })

  it('shows released and carried gradients with less colour than arrived ones, but shows them', async () => {
    const arrived = (await cardWith({ status: 1 }))[positive]!
    for (const status of [3, 4]) {
      const other = (await cardWith({ status }))[positive]!
      expect(other).toBeLessThan(arrived)
      expect(other).toBeGreaterThan(30)
    }
  })

  it('writes text only where it can be read', async () => {
    const textPixels = async (zoom: number) => {
      await show(1000)
      await page.evaluate(async (zoom) => {
        const { graph, still } = window as never as Kit
        graph.setCamera({ x: 3000, y: 1500, zoom })
        await still()
      }, zoom)
      return (await colours(0, everything))['204,204,204'] ?? 0
    }
    expect(await textPixels(1)).toBeGreaterThan(100)
    expect(await textPixels(0.5)).toBeGreaterThan(100)
    expect(await textPixels(0.3)).toBe(0)
    expect(await textPixels(0.12)).toBe(0)
  })

  it('dims what is not on the path', async () => {
    await show('neuron')
    const before = await colours(0, everything)
    await page.evaluate(async () => {
      const { graph, still } = window as never as Kit
      graph.setHighlight({ hovered: null, selected: null, lit: new Set(), path: new Set([4]) })
      await still()
    })
    const after = await colours(0, everything)
    expect(after['204,204,204']!).toBeLessThan(before['204,204,204']! / 2)
  })

  it('marks the current step differently from the selection', async () => {
    await show('neuron')
    const mark = (current: number, selected: number | null) =>
      page.evaluate(
        async ({ current, selected }) => {
          const { kit, graph, still } = window as never as Kit
          graph.setFrame({ ...kit.scenes.frameOf(kit.scenes.neuronScene()), current })
          graph.setHighlight({ hovered: null, selected, lit: new Set(), path: null })
          await still()
          return document.querySelectorAll<HTMLCanvasElement>('#graph canvas')[1]!.toDataURL()
        },
        { current, selected },
      )
    const nothing = await mark(-1, null)
    const all = [nothing, await mark(2, null), await mark(-1, 2), await mark(2, 2)]
    expect(new Set(all).size).toBe(4)
    expect(await mark(-1, null)).toBe(nothing)
  })

  it('has a dot where a breakpoint is, a ring where one is inside', async () => {
    await show('neuron')
    const dots = (on: number[], inside: number[]) =>
      page.evaluate(
        async ({ on, inside }) => {
          const { graph, still } = window as never as Kit
          graph.setHighlight({ breakpoints: new Set(on), hiddenBreakpoints: new Set(inside) })
          await still()
          return document.querySelectorAll<HTMLCanvasElement>('#graph canvas')[1]!.toDataURL()
        },
        { on, inside },
      )
    const nothing = await dots([], [])
    await dots([4], [])
    const { x, y, height } = await page.evaluate(() => (window as never as Kit).graph.boxOf(4)!)
    const red = await colours(1, { x: x - 5, y: y + height / 2 - 5, width: 12, height: 10 })
    expect(red['229,20,0']!).toBeGreaterThan(40)
    expect(await dots([4], [])).not.toBe(await dots([], [4]))
    expect(await dots([], [])).toBe(nothing)
  })

  it('shows gradients on their way to the operands of a step, and rests again', async () => {
    await show('neuron')
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    const [moving, after] = await page.evaluate(async () => {
      const { kit, graph, still } = window as never as Kit
      const frame = kit.scenes.frameOf(kit.scenes.neuronScene())
      graph.setFrame({ ...frame, current: 2, flowed: frame.flowed.fill(1) })
      await still()
      const picture = () => document.querySelectorAll<HTMLCanvasElement>('#graph canvas')[1]!.toDataURL()
      const pictures = new Set<string>()
      graph.showFlow()
      while (graph.busy) {
        pictures.add(picture())
        await new Promise(requestAnimationFrame)
      }
      const rests = picture()
      graph.setFrame({ ...frame, current: 2, flowed: frame.flowed.fill(1) })
      await still()
      return [pictures.size, rests === picture()]
    })
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(moving).toBeGreaterThan(3)
    expect(after).toBe(true)
  })

  it('does not draw while nothing changes', async () => {
    await show('mixed')
    const asked = await page.evaluate(async () => {
      const original = window.requestAnimationFrame
      let asked = 0
      window.requestAnimationFrame = (callback) => (asked++, original(callback))
      await new Promise((resolve) => setTimeout(resolve, 300))
      window.requestAnimationFrame = original
      return asked
    })
    expect(asked).toBe(0)
  })
})

describe('a huge picture', () => {
  beforeEach(() => show(20_000))

  it('is crisp again when it rests: the same pixels as painted from scratch', async () => {
    const picture = () => page.evaluate(() => document.querySelector<HTMLCanvasElement>('#graph canvas')!.toDataURL())
    const settle = async () => {
      await page.waitForTimeout(200)
      await still()
    }
    await page.evaluate(() => (window as never as Kit).graph.panBy(40, 10))
    await settle()
    const moved = await picture()
    const at = await camera()
    await show(20_000)
    await page.evaluate((at) => (window as never as Kit).graph.setCamera(at), at)
    await settle()
    expect(await picture()).toBe(moved)
  })

  it('shows something in every frame while it moves', async () => {
    for (let i = 0; i < 5; i++) {
      await page.evaluate(
        () =>
          new Promise((resolve) => {
            const { graph } = window as never as Kit
            graph.zoomBy(1.3)
            requestAnimationFrame(() => requestAnimationFrame(resolve))
          }),
      )
      expect(Object.keys(await colours(0, everything)).length).toBeGreaterThan(20)
    }
  })

  it('shows the numbers of the newest frame, even when they come faster than it can be painted', async () => {
    await page.evaluate(async () => {
      const { kit, graph, still } = window as never as Kit
      const scene = kit.scenes.fieldScene(20_000)
      for (let i = 0; i < 5; i++) {
        const frame = kit.scenes.frameOf(scene)
        frame.gradient.fill(i === 4 ? -1 : 1)
        frame.contribution.fill(i === 4 ? -1 : 1)
        graph.setFrame(frame)
        await new Promise(requestAnimationFrame)
      }
      await new Promise((resolve) => setTimeout(resolve, 200))
      await still()
    })
    const found = await colours(0, everything)
    expect(found['79,163,227']).toBeGreaterThan(10_000)
    expect(found['232,137,63']).toBeUndefined()
  })
})

describe('changing scenes', () => {
  it('keeps the anchor where it is on the screen', async () => {
    await show('neuron')
    await page.evaluate(() => (window as never as Kit).graph.setCamera({ x: 200, y: 100, zoom: 1.3 }))
    const before = await boxOf(2)
    await page.evaluate(() => {
      const { kit, graph } = window as never as Kit
      const scene: Scene = kit.scenes.neuronScene()
      scene.revision = 2
      scene.x[2]! += 333
      scene.y[2]! -= 77
      graph.setScene(scene, { animate: true, anchor: 2 })
    })
    const after = await boxOf(2)
    expect(after.x).toBeCloseTo(before.x, 2)
    expect(after.y).toBeCloseTo(before.y, 2)
  })

  it('ignores a frame of another scene, and carries the numbers over until the right one comes', async () => {
    await show('neuron')
    const result = await page.evaluate(async () => {
      const { kit, graph, still } = window as never as Kit
      const picture = () => document.querySelector<HTMLCanvasElement>('#graph canvas')!.toDataURL()
      const before = picture()
      const scene: Scene = kit.scenes.neuronScene()
      scene.revision = 7
      graph.setScene(scene)
      await still()
      const carried = picture()
      const stale: Frame = kit.scenes.frameOf(kit.scenes.neuronScene(), 5)
      graph.setFrame(stale)
      await still()
      return { same: carried === before, ignored: picture() === carried }
    })
    expect(result).toEqual({ same: true, ignored: true })
  })

  it('shows the whole scene once a hidden container gets its size, unless a camera was set before', async () => {
    const zooms = await page.evaluate(async () => {
      const { kit } = window as never as Kit
      const open = async (prepare: (graph: GraphCanvas) => void) => {
        const container = document.createElement('div')
        document.body.append(container)
        const graph = new kit.GraphCanvas(container, { hover() {}, select() {}, open() {}, close() {} })
        prepare(graph)
        graph.setScene(kit.scenes.mixedScene(), { animate: true })
        Object.assign(container.style, { position: 'absolute', width: '400px', height: '300px' })
        await new Promise((resolve) => setTimeout(resolve, 100))
        const { zoom } = graph.camera
        const box = graph.boxOf(35)!
        graph.dispose()
        container.remove()
        return { zoom, inside: box.x > 0 && box.x + box.width < 400 }
      }
      return [await open(() => undefined), await open((graph) => graph.setCamera({ x: 0, y: 0, zoom: 0.05 }))]
    })
    expect(zooms[0]!.inside).toBe(true)
    expect(zooms[1]!.zoom).toBe(0.05)
  })

  it('shows an empty scene, and a new size', async () => {
    await page.evaluate(async () => {
      const { kit, graph, still } = window as never as Kit
      graph.setScene(kit.scenes.packScene([], []))
      await still()
    })
    await show('mixed')
    await page.setViewportSize({ width: 600, height: 500 })
    await still()
    const width = await page.evaluate(() => document.querySelector<HTMLCanvasElement>('#graph canvas')!.width)
    expect(width).toBe(600)
    const last = await boxOf(35)
    expect(last.x + last.width).toBeLessThan(600)
    await page.setViewportSize({ width: 1000, height: 700 })
    await still()
    expect(errors).toEqual([])
  })
})

describe('moving the camera', () => {
  beforeEach(() => show('mixed'))

  it('reveals, zooms to elements and back to all', async () => {
    const result = await page.evaluate(() => {
      const { graph } = window as never as Kit
      const heard: number[] = []
      const stop = graph.onCamera((at) => heard.push(at.zoom))
      graph.setCamera({ x: 0, y: 0, zoom: 1 })
      graph.reveal(35)
      const revealed = graph.boxOf(35)!
      graph.zoomTo([34, 35])
      const closer = graph.camera.zoom
      graph.zoomToFit()
      const whole = graph.camera.zoom
      stop()
      graph.zoomBy(1.1)
      return { revealed, closer, whole, heard: heard.length }
    })
    expect(result.revealed.x).toBeGreaterThan(0)
    expect(result.revealed.x + result.revealed.width).toBeLessThanOrEqual(1000)
    expect(result.closer).toBeLessThanOrEqual(1)
    expect(result.whole).toBeLessThan(result.closer)
    expect(result.heard).toBe(4)
  })

  it('exports the whole scene as an image', async () => {
    const result = await page.evaluate(async () => {
      const { kit, graph } = window as never as Kit
      const blob = await graph.toPng(1.5, 'white')
      const image = await createImageBitmap(blob)
      const canvas = new OffscreenCanvas(image.width, image.height)
      const ctx = canvas.getContext('2d')!
      ctx.drawImage(image, 0, 0)
      const { width, height } = kit.scenes.mixedScene()
      return {
        type: blob.type,
        width: image.width - Math.round((width + 48) * 1.5),
        height: image.height - Math.round((height + 48) * 1.5),
        corner: [...ctx.getImageData(0, 0, 1, 1).data],
      }
    })
    expect(result).toEqual({ type: 'image/png', width: 0, height: 0, corner: [255, 255, 255, 255] })
  })

  it('follows the minimap', async () => {
    await page.evaluate(async () => {
      const { kit, graph, still } = window as never as Kit
      graph.setCamera({ x: 0, y: 0, zoom: 1 })
      Object.assign(window, { miniature: new kit.Minimap(document.getElementById('map')!, graph) })
      await still()
    })
    const map = (await page.locator('#map').boundingBox())!
    await page.mouse.click(map.x + map.width / 2, map.y + map.height / 2)
    const { width, height } = await page.evaluate(() => (window as never as Kit).kit.scenes.mixedScene())
    const at = await camera()
    expect(at.zoom).toBe(1)
    expect(at.x).toBeCloseTo(width / 2, -1)
    expect(at.y).toBeCloseTo(height / 2, -1)
    await page.evaluate(() => (window as never as { miniature: Minimap }).miniature.dispose())
    expect(await page.locator('#map canvas').count()).toBe(0)
  })
})

describe('motion', () => {
  it('takes items to their new places in steps, and ends with the picture painted there', async () => {
    const lively = await openCanvasPage({ reducedMotion: false })
    const result = await lively.page.evaluate(async () => {
      const { kit, graph, still } = window as never as Kit
      const picture = () => document.querySelector<HTMLCanvasElement>('#graph canvas')!.toDataURL()
      const scene = kit.scenes.neuronScene()
      const turned = kit.scenes.neuronScene()
      turned.y = turned.y.map((y) => 300 - y)
      const show = async (next: Scene, animate: boolean) => {
        graph.setScene(next, { animate })
        graph.setCamera({ x: 300, y: 100, zoom: 1 })
        const seen = new Set<string>()
        while (graph.busy) {
          await new Promise(requestAnimationFrame)
          seen.add(picture())
        }
        return { frames: seen.size, last: picture() }
      }
      await show(scene, false)
      const moved = await show(turned, true)
      await still()
      const again = await show(turned, false)
      return { frames: moved.frames, same: moved.last === again.last }
    })
    await lively.close()
    expect(result.frames).toBeGreaterThan(2)
    expect(result.same).toBe(true)
  })

  it('moves the camera in steps, unless less motion is wished', async () => {
    const lively = await openCanvasPage({ reducedMotion: false })
    const samples = await lively.page.evaluate(async () => {
      const { kit, graph, still } = window as never as Kit
      graph.setScene(kit.scenes.neuronScene())
      graph.setCamera({ x: 300, y: 100, zoom: 1 })
      await still()
      graph.zoomTo([0])
      const seen = new Set<number>()
      while (graph.busy) {
        seen.add(graph.camera.x)
        await new Promise(requestAnimationFrame)
      }
      return { steps: seen.size, x: graph.camera.x }
    })
    await lively.close()
    expect(samples.steps).toBeGreaterThan(2)
    expect(samples.x).toBe(84)
    await show('neuron')
    expect(
      await page.evaluate(() => {
        const { graph } = window as never as Kit
        graph.zoomTo([0])
        return graph.camera.x
      }),
    ).toBe(84)
  })
})

it('leaves nothing behind when it is disposed', async () => {
  const left = await page.evaluate(() => {
    ;(window as never as Kit).graph.dispose()
    return document.querySelectorAll('#graph canvas').length
  })
  expect(left).toBe(0)
  expect(errors).toEqual([])
})
