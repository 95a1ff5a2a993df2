/** The wire: what is written is read back; what is malformed is refused with its offset and never half-taken. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WIRE_VERSION, tableNames } from '../../src/protocol/wire.ts'
import { concat, Encoder, preamble } from '../../src/tape/encode.ts'
import { WireError } from '../../src/tape/decode.ts'
import { Tape } from '../../src/tape/tape.ts'

/** `loss = a * a`, one pass. */
function square(): Uint8Array {
  const e = new Encoder()
  const source = e.add('source', { path: 'é.py', content: 'a = V(3)\nloss = a * a\n' })
  const siteA = e.add('site', { source, startLine: 1, startColumn: 4, endLine: 1, endColumn: 8 })
  const siteL = e.add('site', { source, startLine: 2, startColumn: 7, endLine: 2, endColumn: 12 })
  for (const [name, site, kind, data] of [
    ['leaf', siteA, 1, 3],
    ['mul', siteL, 0, 9],
  ] as const) {
    const op = e.add('op', { name, site, call: -1, kind, thread: 0 })
    e.add('value', { op, output: 0, tick: op, kind: 0, data, tensor: -1 })
  }
  for (const value of [0, 0]) e.add('operand', { op: 1, value, flags: 3 })
  e.add('name', { tick: 2, value: 0, path: 'a' })
  const pass = e.add('pass', { parent: -1, kind: 0, site: siteL, tick: 3 })
  e.add('root', { pass, value: 1, tick: 4, seed: 1, tensor: -1 })
  const step = e.add('step', { pass, op: 1, tick: 5 })
  e.add('upstream', { step, output: 0, data: 1, tensor: -1 })
  for (const slot of [0, 1])
    e.add('contribution', { step, slot, target: 0, tick: 6 + slot, data: 3, tensor: -1, how: 0, mode: 0, site: siteL })
  e.add('passEnd', { pass, tick: 8 })
  return concat([preamble(), e.flush()])
}

/** The same in short rows. */
function shortSquare(change: (e: Encoder) => void = () => {}): Uint8Array {
  const e = new Encoder()
  const source = e.add('source', { path: 'é.py', content: 'a = V(3)\nloss = a * a\n' })
  const siteA = e.add('site', { source, startLine: 1, startColumn: 4, endLine: 1, endColumn: 8 })
  const siteL = e.add('site', { source, startLine: 2, startColumn: 7, endLine: 2, endColumn: 12 })
  const leaf = e.add('maker', { name: 'leaf', kind: 1, flags: 0 })
  const mul = e.add('maker', { name: 'mul', kind: 0, flags: 0b1111 })
  e.add('node', { maker: leaf, site: siteA, call: -1, tick: 0, kind: 0, data: 3, left: -1, right: -1 })
  e.add('node', { maker: mul, site: siteL, call: -1, tick: 1, kind: 0, data: 9, left: 0, right: 0 })
  e.add('name', { tick: 2, value: 0, path: 'a' })
  const pass = e.add('pass', { parent: -1, kind: 0, site: siteL, tick: 3 })
  const rule = e.add('rule', { firstSlot: 0, firstSite: siteL, secondSlot: 1, secondSite: siteL })
  const forward = e.flush()
  const known: Partial<Record<string, number>> = { op: 2, value: 2, pass: 1 }
  const tail = new Encoder(['é.py', 'a = V(3)\nloss = a * a\n', 'leaf', 'mul', 'a'], (table) => known[table] ?? 0)
  tail.add('root', { pass, value: 1, tick: 4, seed: 1, tensor: -1 })
  tail.add('run', { pass, rule, op: 1, tick: 5, upstream: 1, first: 3, second: 3 })
  tail.add('passEnd', { pass, tick: 8 })
  change(tail)
  return concat([preamble(), forward, tail.flush()])
}

/** The header alone of a block with neither shortened columns nor a payload. */
function headOf(table: (typeof tableNames)[number]): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, tableNames.indexOf(table), true)
  view.setUint32(4, 2, true)
  return bytes
}

const opened = (bytes: Uint8Array) => {
  const tape = new Tape()
  tape.push(bytes)
  tape.finish()
  return tape
}

describe('wire', () => {
  it('reads back what was written', () => {
    const tape = opened(square())
    expect(tape.ops).toBe(2)
    expect(tape.opName(1)).toBe('mul')
    expect([...tape.operands(1)]).toEqual([0, 0])
    expect(tape.nameOf(0)).toBe('a')
    expect(tape.site(1)?.text).toBe('a * a')
    expect(tape.sourcePath(0)).toBe('é.py')
    expect(tape.lastTick).toBe(8)
  })

  it('reads short rows as the rows that they stand for', () => {
    const [long, short] = [opened(square()), opened(shortSquare())]
    for (const table of ['op', 'value', 'operand', 'step', 'upstream', 'contribution'] as const) {
      const rows = (tape: Tape) =>
        tape.tables
          .columnsOf(table)
          .map(([name, , column]) => [
            name,
            ...Array.from({ length: column.length }, (_, row) =>
              name === 'name' ? tape.tables.string(column.at(row)) : column.at(row),
            ),
          ])
      expect(rows(short), table).toEqual(rows(long))
    }
    expect(short.table('stepEnd').tick.at(0)).toBe(8)
  })

  it('refuses short rows whose operands are not there', () => {
    const node = { maker: 1, site: 0, call: -1, tick: 9, kind: 0, data: 0 }
    const run = { pass: 0, rule: 0, op: 0, tick: 9, upstream: 0, first: 0, second: 0 }
    const damages: ((e: Encoder) => void)[] = [
      (e) => e.add('node', { ...node, left: 2, right: 0 }),
      (e) => e.add('node', { ...node, left: 0, right: -1 }),
      (e) => e.add('node', { ...node, maker: 0, left: 0, right: -1 }),
      (e) => e.add('run', run),
    ]
    for (const damage of damages) expect(() => opened(shortSquare(damage))).toThrow(WireError)
  })

  it('gives the same tape however the bytes are cut', () => {
    const bytes = square()
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const tape = new Tape()
        let at = 0
        for (const end of [...cuts.sort((a, b) => a - b), bytes.length]) {
          tape.push(bytes.slice(at, end))
          at = Math.max(at, end)
        }
        tape.finish()
        expect(tape.ops).toBe(2)
        expect(tape.table('contribution').data.at(1)).toBe(3)
      }),
    )
  })

  it('reads bytes that lie anywhere in a larger buffer, as those of a pipe do', () => {
    const bytes = square()
    for (let shift = 0; shift < 8; shift++) {
      const pool = Buffer.alloc(bytes.length + 8)
      pool.set(bytes, shift)
      const tape = opened(pool.subarray(shift, shift + bytes.length))
      expect(tape.table('contribution').data.at(1)).toBe(3)
    }
  })

  it('writes a column of one value, or of rising ids, as its first cell', () => {
    const e = new Encoder()
    const rows = 1000
    for (let row = 0; row < rows; row++) {
      const op = e.add('op', { name: 'leaf', site: -1, call: -1, kind: 1, thread: 0 })
      e.add('value', { op, output: 0, tick: 7 + row, kind: 0, data: row / 3, tensor: -1 })
    }
    const bytes = concat([preamble(), e.flush()])
    expect(bytes.length).toBeLessThan(rows * 14)
    const value = opened(bytes).table('value')
    expect([value.op.at(999), value.tick.at(999), value.data.at(999), value.tensor.at(999)]).toEqual([
      999, 1006, 333, -1,
    ])
  })

  it('refuses a truncated recording and keeps what came before the cut', () => {
    const bytes = square()
    let refused = 0
    for (let end = 0; end < bytes.length; end += 4) {
      try {
        opened(bytes.slice(0, end))
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(bytes.length / 5) // all but the cuts between two blocks
    const tape = new Tape()
    tape.push(bytes.slice(0, bytes.length - 8))
    expect(() => tape.finish()).toThrow(/ends inside a block/)
    expect(tape.ops).toBe(2)
  })

  it('refuses a newer version by name', () => {
    const bytes = square()
    new DataView(bytes.buffer).setUint32(4, WIRE_VERSION + 1, true)
    expect(() => opened(bytes)).toThrow(/newer version/)
  })

  it('refuses what is no recording at all', () => {
    expect(() => opened(new TextEncoder().encode('import torch\n'))).toThrow(/not a Backprop Lens recording/)
    expect(() => opened(new Uint8Array(0))).toThrow(/empty/)
  })

  it('refuses a row count that its block cannot hold, however large', () => {
    for (const rows of [3, 0x1fffffff, 0x40000000, 0xffffffff]) {
      for (const table of [0, 1, 8]) {
        const block = new Uint8Array(16)
        const view = new DataView(block.buffer)
        view.setUint16(0, table, true)
        view.setUint32(4, rows, true)
        expect(() => opened(concat([preamble(), block]))).toThrow(WireError)
      }
    }
  })

  it('refuses columns that cannot be shortened so', () => {
    const whole = concat([preamble(), headOf('operand')])
    const changed = (at: number, bits: number) => {
      const bytes = whole.slice()
      new DataView(bytes.buffer).setUint16(8 + at, bits, true)
      return bytes
    }
    expect(() => opened(changed(2, 0b1000))).toThrow(/no such columns/)
    expect(() => opened(changed(2, 0b111))).toThrow(/no column is there in full/)
    expect(() => opened(changed(12, 0b100))).toThrow(/cannot rise/)
    expect(() => opened(changed(14, 1))).toThrow(/reserved/)
  })

  it('refuses ids that name no row', () => {
    const e = new Encoder()
    e.add('operand', { op: 7, value: -1, flags: 3 })
    expect(() => opened(concat([preamble(), e.flush()]))).toThrow(/operand.op names row 7 of op, which has 0/)
  })

  it('survives any flipped byte: either refused as a WireError, or all ids still name rows', () => {
    const bytes = square()
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = bytes.slice()
        broken[at]! ^= flip
        const tape = new Tape()
        try {
          tape.push(broken)
          tape.finish()
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
        for (let op = 0; op < tape.ops; op++) {
          tape.operands(op)
          tape.site(tape.table('op').site.at(op))
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('survives random bytes after a valid start', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const tape = new Tape()
        try {
          tape.push(concat([preamble(), noise]))
          tape.finish()
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
