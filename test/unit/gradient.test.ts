/** What a gradient is at a tick: "–" while waiting, and what the engine held afterwards. */
import { describe, expect, it } from 'vitest'
import { GradientStatus } from '../../src/protocol/view.ts'
import { Cell, Mode, WriteKind } from '../../src/protocol/wire.ts'
import { concat, Encoder, preamble } from '../../src/tape/encode.ts'
import { bookkeeping, gradientAt } from '../../src/tape/gradient.ts'
import { Tape } from '../../src/tape/tape.ts'

/** A tape told as a story: leaf `w` (value 0), and per pass one op that uses it. */
class Story {
  private readonly e = new Encoder()
  private tick = 0
  private pass = -1
  constructor() {
    this.op([])
  }
  op(operands: number[]): number {
    const op = this.e.add('op', {
      name: operands.length ? 'mul' : 'leaf',
      site: -1,
      call: -1,
      kind: operands.length ? 0 : 1,
      thread: 0,
    })
    for (const value of operands) this.e.add('operand', { op, value, flags: 3 })
    return this.e.add('value', { op, output: 0, tick: ++this.tick, kind: 0, data: 1, tensor: -1 })
  }
  begin(root: number, seed = 1): this {
    this.pass = this.e.add('pass', { parent: -1, kind: 0, site: -1, tick: ++this.tick })
    this.e.add('root', { pass: this.pass, value: root, tick: ++this.tick, seed, tensor: -1 })
    return this
  }
  step(op: number, upstream: number, given: [target: number, data: number, mode?: number][]): this {
    const step = this.e.add('step', { pass: this.pass, op, tick: ++this.tick })
    this.e.add('upstream', { step, output: 0, data: upstream, tensor: -1 })
    for (const [target, data, mode = Mode.add] of given) {
      this.e.add('contribution', { step, slot: 0, target, tick: ++this.tick, data, tensor: -1, how: 0, mode, site: -1 })
    }
    return this
  }
  end(...held: [value: number, before: number, after: number][]): this {
    this.e.add('passEnd', { pass: this.pass, tick: ++this.tick })
    for (const [value, before, after] of held) this.e.add('held', { pass: this.pass, value, before, after, tensor: -1 })
    return this
  }
  write(target: number, kind: number, after: number): this {
    this.e.add('write', {
      tick: ++this.tick,
      target,
      cell: Cell.gradient,
      kind,
      before: 0,
      after,
      tensor: -1,
      site: -1,
    })
    return this
  }
  tape(): Tape {
    const tape = new Tape()
    tape.push(concat([preamble(), this.e.flush()]))
    tape.finish()
    return tape
  }
}

const { waiting, arrived, unreached, released, carried } = GradientStatus

describe('gradientAt', () => {
  it('is waiting before the pass, arrived with every contribution, zero included', () => {
    const story = new Story()
    const y = story.op([0, 0])
    const tape = story
      .begin(y)
      .step(y, 1, [
        [0, 3],
        [0, -3],
      ])
      .end([0, 0, 0])
      .tape()
    const at = (tick: number) => gradientAt(tape, 0, tick)
    expect(at(2)).toMatchObject({ status: waiting, held: null })
    expect(at(6)).toMatchObject({ status: arrived, held: 3 })
    expect(at(7)).toMatchObject({ status: arrived, held: 0 })
    expect(at(Infinity)).toMatchObject({ status: arrived, held: 0 })
  })

  it('is unreached when the pass ended without it', () => {
    const story = new Story()
    const unused = story.op([])
    const y = story.op([0])
    const tape = story
      .begin(y)
      .step(y, 1, [[0, 2]])
      .end()
      .tape()
    expect(gradientAt(tape, unused, 5)).toMatchObject({ status: waiting, held: null })
    expect(gradientAt(tape, unused, Infinity)).toMatchObject({ status: unreached, held: null })
  })

  it('adds to what an earlier pass left, and calls that carried until the new one arrives', () => {
    const story = new Story()
    const y = story.op([0])
    story
      .begin(y)
      .step(y, 1, [[0, 2]])
      .end([0, 0, 2])
    const z = story.op([0])
    const tape = story
      .begin(z)
      .step(z, 1, [[0, 5]])
      .end([0, 2, 7])
      .tape()
    const start = tape.passStart(1)
    expect(gradientAt(tape, 0, start)).toMatchObject({ status: carried, held: 2, pass: 0 })
    expect(gradientAt(tape, 0, Infinity)).toMatchObject({ status: arrived, held: 7, pass: 1 })
    expect(gradientAt(tape, y, Infinity)).toMatchObject({ status: arrived, held: 1, pass: 0 })
  })

  it('is waiting again after zero_grad, and released when the engine let go of it', () => {
    const zeroedStory = () => {
      const story = new Story()
      const y = story.op([0])
      return story
        .begin(y)
        .step(y, 1, [[0, 2]])
        .end()
        .write(0, WriteKind.zero, 0)
    }
    expect(gradientAt(zeroedStory().tape(), 0, Infinity)).toMatchObject({ status: waiting, held: null })
    // The next pass does not come by.
    const passedBy = zeroedStory()
    passedBy.begin(passedBy.op([passedBy.op([])])).end()
    expect(gradientAt(passedBy.tape(), 0, Infinity)).toMatchObject({ status: unreached, held: null })
    const freed = new Story()
    const z = freed.op([0])
    freed
      .begin(z)
      .step(z, 1, [[0, 2]])
      .write(0, WriteKind.release, NaN)
      .end()
    expect(gradientAt(freed.tape(), 0, Infinity)).toMatchObject({ status: released, held: 2 })
  })

  it('stays released when the cell is read at the end of the pass and holds no number', () => {
    const story = new Story()
    const y = story.op([0])
    const tape = story
      .begin(y)
      .step(y, 1, [[0, 2]])
      .write(0, WriteKind.release, NaN)
      .end([0, 0, NaN])
      .tape()
    expect(gradientAt(tape, 0, Infinity)).toMatchObject({ status: released, held: 2 })
    expect(bookkeeping(tape, 0, 0)).toMatchObject({ received: 2, held: null, contributions: 1 })
    const broken = new Story()
    const z = broken.op([0])
    broken
      .begin(z)
      .step(z, 1, [[0, 2]])
      .end([0, 0, NaN])
    expect(gradientAt(broken.tape(), 0, Infinity)).toMatchObject({ status: arrived, held: NaN })
  })

  it('follows what the engine does when it overwrites, and believes its cell at the end of the pass', () => {
    const story = new Story()
    const y = story.op([0, 0])
    const tape = story
      .begin(y)
      .step(y, 1, [
        [0, 1, Mode.set],
        [0, 1, Mode.set],
      ])
      .end([0, 0, 1])
      .tape()
    expect(gradientAt(tape, 0, Infinity).held).toBe(1)
    const { received, held, tolerance } = bookkeeping(tape, 0, 0)
    expect(received).toBe(2)
    expect(held).toBe(1)
    expect(tolerance).toBeLessThan(1e-12)
  })

  it('keeps passed apart from received', () => {
    const story = new Story()
    const c = story.op([0])
    const d = story.op([c, c])
    const tape = story
      .begin(d)
      .step(d, 1, [
        [c, 1],
        [c, 1],
      ])
      .step(c, 1, [[0, 1]])
      .step(c, 2, [[0, 2]])
      .end([c, 0, 2])
      .tape()
    expect(bookkeeping(tape, c, 0)).toMatchObject({ received: 2, held: 2, passed: 3, runs: 2 })
  })
})
