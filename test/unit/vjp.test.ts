/** What tensor ops give to their operands, in letters; and what a tape tells of a tensor. */
import { describe, expect, it } from 'vitest'
import { details } from '../../src/session/details.ts'
import { vjp } from '../../src/session/vjp.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { opTitle } from '../../src/graph/titles.ts'
import { transformer } from '../support/tapes.ts'

const x = { title: 'x', shape: '8×4' }
const w = { title: 'w', shape: '4×3' }
const y = { title: 'y', shape: '8×3' }

describe('the product of an op', () => {
  it('of matrices transposes the other operand', () => {
    expect(vjp('matmul', 0, [x, w], y, '8×4')).toEqual({
      rule: 'dA = dC Bᵀ',
      letters: [
        { letter: 'A', title: 'x' },
        { letter: 'B', title: 'w' },
        { letter: 'C', title: 'y' },
      ],
    })
    expect(vjp('__matmul__', 1, [x, w], y, '4×3')?.rule).toBe('dB = Aᵀ dC')
  })

  it('of a result is named by the letter after the operands', () => {
    expect(vjp('tanh', 0, [x], x, '8×4')?.rule).toBe('dA = dB ⊙ (1 − B ⊙ B)')
  })

  it('sums over what was repeated', () => {
    const bias = { title: 'b', shape: '3' }
    expect(vjp('add', 1, [y, bias], y, '3')?.rule).toBe('dB = Σ dC')
    expect(vjp('add', 0, [y, bias], y, '8×3')?.rule).toBe('dA = dC')
    const batch = { title: 'x', shape: '2×8×4' }
    expect(vjp('matmul', 1, [batch, w], { title: 'y', shape: '2×8×3' }, '4×3')?.rule).toBe('dB = Σ Aᵀ dC')
  })

  it('is not told where it is unknown, where the shapes speak against it, and of vectors', () => {
    expect(vjp('my_op', 0, [x], x, '8×4')).toBeNull()
    expect(vjp('matmul', 0, [x, w], y, '4×8')).toBeNull()
    expect(vjp('matmul', 0, [{ title: 'v', shape: '4' }, w], y, '4')).toBeNull()
  })
})

describe('a tensor of a recording', () => {
  const tape = transformer(1)
  const opNamed = (recording: Tape, title: string) =>
    Array.from({ length: recording.ops }, (_, op) => op).find((op) => opTitle(recording, op) === title)!

  it('has a histogram of all its elements and a picture', () => {
    const { value } = details(tape, opNamed(tape, 'scores'), tape.lastTick)
    if (value.kind !== 'tensor') throw new Error('scores is a tensor')
    const { histogram, thumbnail, count } = value.tensor
    const counted = histogram!.reduce((sum, n) => sum + n, 0)
    expect(Math.abs(counted - count) / count).toBeLessThan(0.01)
    expect(thumbnail!.values).toHaveLength(thumbnail!.rows * thumbnail!.columns)
  })

  it('says which product it received', () => {
    const { cameFrom } = details(tape, opNamed(tape, 'scores'), tape.lastTick)
    expect(cameFrom.map((flow) => flow.vjp?.rule)).toEqual(['dA = B ⊙ (dB − Σ dB ⊙ B)'])
  })
})
