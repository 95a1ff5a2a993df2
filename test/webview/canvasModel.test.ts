import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GradientStatus, ItemFlag, ItemKind } from '../../src/protocol/view.ts'
import { bringIntoView, clampZoom, fit, toScene, toScreen, viewBox, zoomAround } from '../../webview/canvas/camera.ts'
import { LABEL_HEIGHT, LabelPlaces, segmentCrosses } from '../../webview/canvas/labels.ts'
import { carryFrame, FrameNumbers, magnitude, Tone, toneOf } from '../../webview/canvas/numbers.ts'
import { HEADER, overlaps, Picture } from '../../webview/canvas/picture.ts'
import { TextMeasure } from '../../webview/canvas/text.ts'
import { CARD, fieldScene, frameOf, mixedScene, neuronScene, packScene } from '../support/scenes.ts'

const size = { width: 1000, height: 700 }

describe('the camera', () => {
  const cameras = fc.record({
    x: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    y: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    zoom: fc.double({ min: 0.05, max: 4, noNaN: true }),
  })
  const screen = fc.record({ x: fc.integer({ min: 0, max: 1000 }), y: fc.integer({ min: 0, max: 700 }) })

  it('maps the scene to the screen and back', () => {
    fc.assert(
      fc.property(cameras, screen, (camera, p) => {
        const [x, y] = toScreen(camera, size, ...toScene(camera, size, p.x, p.y))
        expect(x).toBeCloseTo(p.x, 5)
        expect(y).toBeCloseTo(p.y, 5)
      }),
    )
  })

  it('keeps the point under the pointer while zooming', () => {
    fc.assert(
      fc.property(cameras, screen, fc.double({ min: 0.2, max: 5, noNaN: true }), (camera, p, factor) => {
        const before = toScene(camera, size, p.x, p.y)
        const after = toScene(zoomAround(camera, size, factor, p.x, p.y, 1), size, p.x, p.y)
        expect(after[0]).toBeCloseTo(before[0], 5)
        expect(after[1]).toBeCloseTo(before[1], 5)
      }),
    )
  })

  it('fits a small scene at zoom 1 and a large one with a margin', () => {
    expect(fit({ x0: 0, y0: 0, x1: 200, y1: 100 }, size)).toEqual({ x: 100, y: 50, zoom: 1 })
    const large = fit({ x0: 0, y0: 0, x1: 50_000, y1: 20_000 }, size)
    const [left, top] = toScreen(large, size, 0, 0)
    expect(left).toBeCloseTo(28)
    expect(top).toBeGreaterThan(28)
  })

  it('can always be zoomed out to the whole scene', () => {
    expect(clampZoom(0.0001, 0.01)).toBeLessThan(0.01)
    expect(clampZoom(0.0001, 1)).toBe(0.1)
    expect(clampZoom(100, 1)).toBe(4)
  })

  it('brings a box into view with the smallest move', () => {
    const camera = { x: 500, y: 350, zoom: 1 }
    expect(bringIntoView(camera, size, { x0: 400, y0: 300, x1: 500, y1: 400 })).toEqual(camera)
    const moved = bringIntoView(camera, size, { x0: 1100, y0: 300, x1: 1200, y1: 400 })
    expect(moved.y).toBe(350)
    expect(viewBox(moved, size).x1).toBe(1228)
  })
})

describe('the numbers of a frame', () => {
  const scene = neuronScene()

  it('measures magnitudes in decades below the largest', () => {
    expect(magnitude(5, 5)).toBe(1)
    expect(magnitude(-5e-3, 5)).toBeCloseTo(0.5)
    expect(magnitude(5e-9, 5)).toBe(0)
    expect(magnitude(0, 5)).toBe(0)
    expect(magnitude(NaN, 5)).toBe(1)
  })

  it('tells sign, zero and non-finite by the tone', () => {
    expect(toneOf(0, 0)).toBe(Tone.zero)
    expect(toneOf(Infinity, 1)).toBe(Tone.bad)
    expect(toneOf(1, 1)).toBe(Tone.negative - 1)
    expect(toneOf(1, 0)).toBe(Tone.positive)
    expect(toneOf(-1, 0)).toBe(Tone.negative)
    expect(toneOf(-1, 1)).toBe(Tone.bad - 1)
  })

  it('scales by the largest finite number', () => {
    const frame = frameOf(scene)
    frame.gradient.set([NaN, 1e3, 1, -Infinity, 0])
    frame.contribution.fill(0.1)
    const numbers = new FrameNumbers(frame, scene)
    expect(numbers.largest).toBe(1e3)
    expect(numbers.itemMagnitude[1]).toBe(1)
    expect(numbers.itemMagnitude[2]).toBeCloseTo(0.5)
    expect(numbers.itemTone[0]).toBe(Tone.bad)
  })

  it('scales by no constant', () => {
    const frame = frameOf(scene)
    frame.gradient.set([1e6, 2, 1, 1, 1])
    const kind = Uint8Array.from(scene.kind, (known, i) => (i === 0 ? ItemKind.constant : known))
    expect(new FrameNumbers(frame, { kind }).largest).toBe(2)
  })

  it('has no colour and "–" for what waits or was not reached, and never hides a released or carried number', () => {
    const frame = frameOf(scene)
    frame.status.set([
      GradientStatus.waiting,
      GradientStatus.unreached,
      GradientStatus.released,
      GradientStatus.carried,
      GradientStatus.arrived,
    ])
    frame.gradient.fill(0.5)
    const numbers = new FrameNumbers(frame, scene)
    expect([0, 1, 2, 3, 4].map((i) => numbers.gradientText(i))).toEqual(['–', '–', '0.5000', '0.5000', '0.5000'])
    expect([0, 1].map((i) => numbers.itemTone[i])).toEqual([Tone.none, Tone.none])
    expect(numbers.itemTone[2]).not.toBe(Tone.none)
  })

  it('shows no number on an edge that nothing flowed along', () => {
    const frame = frameOf(scene)
    frame.flowed[1] = 0
    const numbers = new FrameNumbers(frame, scene)
    expect(numbers.contributionText(1, 1)).toBe('')
    expect(numbers.edgeTone[1]).toBe(Tone.none)
  })

  it('says that the number of a merged edge is the largest of several', () => {
    const frame = frameOf(scene)
    frame.flowed[0] = 1
    frame.contribution[0] = -0.5
    const numbers = new FrameNumbers(frame, scene)
    expect([1, 7].map((count) => numbers.contributionText(0, count))).toEqual(['-0.5000', 'max -0.5000'])
  })

  it('has fewer digits for where there is little room, and the same number', () => {
    const frame = frameOf(scene)
    frame.gradient.set([-12193.2631, 0.012345, -2.974e28, 0, 1.5])
    frame.status.fill(GradientStatus.arrived)
    const numbers = new FrameNumbers(frame, scene)
    expect([0, 1, 2, 3, 4].map((i) => numbers.gradientText(i, true))).toEqual([
      '-12193',
      '0.012',
      '-3.0e28',
      '0.00',
      '1.50',
    ])
    frame.status.fill(GradientStatus.waiting)
    expect(new FrameNumbers(frame, scene).gradientText(0, true)).toBe('–')
  })

  it('are carried over to the next scene by element and by edge', () => {
    const frame = frameOf(scene)
    frame.current = 4
    const next = packScene(
      [
        { element: 9, kind: ItemKind.leaf, x: 0, y: 0, title: 'new' },
        { element: 4, kind: ItemKind.op, x: 300, y: 0, title: 'out' },
        { element: 3, kind: ItemKind.leaf, x: 0, y: 100, title: 'b' },
      ],
      [
        { from: 2, to: 1, slot: 1 },
        { from: 0, to: 1, slot: 0 },
      ],
      2,
    )
    const carried = carryFrame(scene, frame, next)
    expect(carried.revision).toBe(2)
    expect(carried.current).toBe(1)
    expect(carried.gradient[1]).toBe(frame.gradient[4])
    expect(carried.status[0]).toBe(GradientStatus.waiting)
    expect(carried.contribution[0]).toBe(frame.contribution[3])
    expect([...carried.flowed]).toEqual([1, 0])
  })
})

describe('pointing at a picture', () => {
  const picture = new Picture(mixedScene())
  const { scene } = picture
  const title = (name: string) => scene.title.indexOf(name)

  it('hits the innermost item', () => {
    const act = title('act')
    expect(picture.hit(scene.x[act]! + 80, scene.y[act]! + 30, 5)).toEqual({ item: act, badge: false })
  })

  it('hits an open group by its header only', () => {
    const group = title('neurons[0]')
    expect(picture.hit(scene.x[group]! + 60, scene.y[group]! + HEADER / 2, 5)).toEqual({ item: group, badge: false })
    expect(picture.hit(scene.x[group]! + 8, scene.y[group]! + 60, 5)).toBeNull()
  })

  it('knows the badges of open and closed groups', () => {
    for (const name of ['neurons[0]', 'layers[1]', 'neurons[0…15]']) {
      const box = picture.badgeBox(title(name))
      expect(picture.hit((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, 5)).toEqual({ item: title(name), badge: true })
    }
  })

  it('hits an edge within the tolerance, but an item first', () => {
    const edge = scene.edges.to.indexOf(title('loss'))
    const start = scene.edges.offset[edge]!
    const x = scene.edges.points[2 * start]! + 30
    const y = scene.edges.points[2 * start + 1]!
    expect(picture.hit(x, y + 4, 5)).toEqual({ edge })
    expect(picture.hit(x, y + 8, 5)).toBeNull()
    expect(picture.hit(x - 40, y, 5)).toEqual({ item: scene.edges.from[edge], badge: false })
  })

  it('finds what is in view, parents before children', () => {
    const group = title('neurons[1]')
    const found = [...picture.itemsIn(picture.itemBox(group))]
    expect(found).toContain(group)
    expect(found).toContain(scene.title.lastIndexOf('act'))
    expect(found).not.toContain(title('loss'))
    expect(found).toEqual([...found].sort((a, b) => a - b))
    expect(new Picture(fieldScene(1000)).itemsIn({ x0: 0, y0: 0, x1: 500, y1: 400 })).toHaveLength(10)
  })

  it('counts what is in view up to a limit', () => {
    const field = new Picture(fieldScene(1000))
    expect(field.countIn({ x0: 0, y0: 0, x1: CARD.w, y1: CARD.h }, 100)).toBeLessThan(6)
    expect(field.countIn({ x0: 0, y0: 0, x1: 1e6, y1: 1e6 }, 100)).toBe(101)
  })
})

describe('edges', () => {
  const boxes = [
    { element: 0, kind: ItemKind.leaf, x: 0, y: 0, title: 'a' },
    { element: 1, kind: ItemKind.op, x: 400, y: 200, title: 'b' },
  ]

  it('are hit where their curve is, not on the straight line between their ends', () => {
    const picture = new Picture(packScene(boxes, [{ from: 0, to: 1, slot: 0, points: [168, 28, 400, 228] }]))
    expect(picture.hit(284, 128, 3)).toEqual({ edge: 0 })
    expect(picture.hit(215, 38, 6)).toEqual({ edge: 0 })
    expect(picture.hit(226, 78, 6)).toBeNull()
  })

  it('without a route are nowhere', () => {
    const picture = new Picture(packScene(boxes, [{ from: 0, to: 1, slot: 0, points: [] }]))
    expect(picture.hit(284, 128, 50)).toBeNull()
    expect(picture.neighbour(1, 'left')).toBe(0)
    expect(new LabelPlaces(picture).place(0)).toBeNull()
  })
})

describe('text that is too long', () => {
  const ten = { font: '', measureText: (text: string) => ({ width: [...text].length * 10 }) } as never
  const fit = (text: string, room: number) => new TextMeasure().fit(ten, '10px mono', text, room)

  it('keeps its beginning', () => {
    expect(fit('a + b', 50)).toBe('a + b')
    expect(fit('abc + def', 60)).toBe('abc +…')
    expect(fit('abc + def', 50)).toBe('abc…')
    expect(fit('neurons[0…15]', 110)).toBe('neurons[0…')
    expect(fit('𝛼𝛽𝛾𝛿', 30)).toBe('𝛼𝛽…')
    expect(fit('abc', 5)).toBe('')
  })

  it('keeps the last whole parts of a path', () => {
    expect(fit('model.head.weight', 120)).toBe('…head.weight')
    expect(fit('model.head.weight', 110)).toBe('…weight')
    expect(fit('model.head.weight', 50)).toBe('…ight')
  })
})

describe('the arrow keys', () => {
  const picture = new Picture(mixedScene())
  const { scene } = picture
  const at = (item: number | null) => (item === null ? null : scene.title[item])
  const from = (name: string, direction: 'left' | 'right' | 'up' | 'down') =>
    at(picture.neighbour(scene.title.indexOf(name), direction))

  it('go left to the first operand and right to the consumer', () => {
    expect(from('loss', 'left')).toBe('log(p)')
    expect(from('log(p)', 'right')).toBe('loss')
    expect(from('layers[1]', 'right')).toBe('h @ W2 + b2')
    expect(from('loss', 'right')).toBeNull()
    expect(from('w[0]', 'left')).toBeNull()
  })

  it('go up and down among the children of one group', () => {
    expect(from('w[1]', 'up')).toBe('w[0]')
    expect(from('w[1]', 'down')).toBe('w[2]')
    expect(from('w[2]', 'down')).toBeNull()
    expect(from('neurons[0]', 'down')).toBe('neurons[1]')
  })

  it('go into an open group, which has no edges of its own', () => {
    expect(from('neurons[0]', 'right')).toBe('w[0]')
    expect(from('neurons[0]', 'left')).toBe('act')
  })
})

describe('the numbers at the edges', () => {
  it('touch no card, no edge and no other number', () => {
    for (const scene of [neuronScene(), mixedScene(), fieldScene(100)]) {
      const picture = new Picture(scene)
      const labels = new LabelPlaces(picture)
      const boxes: { edge: number; x0: number; y0: number; x1: number; y1: number }[] = []
      for (let edge = 0; edge < scene.edges.from.length; edge++) {
        const place = labels.place(edge)
        if (!place) continue
        const x0 = place.x - { left: 0, center: place.width / 2, right: place.width }[place.align]
        boxes.push({ edge, x0, x1: x0 + place.width, y0: place.y - LABEL_HEIGHT / 2, y1: place.y + LABEL_HEIGHT / 2 })
      }
      expect(boxes.length).toBeGreaterThan(0)
      const touched: string[] = []
      for (const box of boxes) {
        for (const other of boxes) if (other !== box && overlaps(box, other)) touched.push(`label of ${other.edge}`)
        for (let i = 0; i < scene.element.length; i++) {
          const open = (scene.flags[i]! & ItemFlag.open) !== 0
          if (!open && overlaps(box, picture.itemBox(i))) touched.push(`card ${scene.title[i]}`)
        }
        const { offset, points } = scene.edges
        for (let edge = 0; edge < scene.edges.from.length; edge++) {
          for (let p = offset[edge]!; p + 1 < offset[edge + 1]!; p++) {
            const [ax, ay, bx, by] = [...points.subarray(2 * p, 2 * p + 4)] as [number, number, number, number]
            if (segmentCrosses(ax, ay, bx, by, box)) touched.push(`edge ${edge}`)
          }
        }
      }
      expect(touched).toEqual([])
    }
  })

  it('keep their places', () => {
    const picture = new Picture(neuronScene())
    const one = new LabelPlaces(picture)
    const first = one.place(2)
    one.place(0)
    expect(one.place(2)).toBe(first)
  })
})
