/** Rows by what they belong to, while both grow. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Index } from '../../src/tape/column.ts'

class Keys {
  readonly keys: number[] = []
  get length(): number {
    return this.keys.length
  }
  at(row: number): number {
    return this.keys[row]!
  }
}

it('an index that grows says what one that is made at once says, and what it gave stays as it was', () => {
  const parts = fc.array(fc.array(fc.integer({ min: -1, max: 12 }), { maxLength: 40 }), { maxLength: 30, size: 'max' })
  fc.assert(
    fc.property(parts, (batches) => {
      const keys = new Keys()
      const growing = new Index(keys)
      const given: [view: Int32Array, copy: number[]][] = []
      for (const batch of batches) {
        keys.keys.push(...batch)
        const whole = new Index({ length: keys.length, at: (row) => keys.at(row) })
        for (let key = -1; key < 15; key++) {
          const view = growing.of(key)
          const rows = keys.keys.flatMap((of, row) => (key >= 0 && of === key ? [row] : []))
          expect([...view]).toEqual(rows)
          expect([...whole.of(key)]).toEqual(rows)
          expect(growing.count(key)).toBe(rows.length)
          given.push([view, rows])
        }
      }
      for (const [view, copy] of given) expect([...view]).toEqual(copy)
    }),
  )
})
