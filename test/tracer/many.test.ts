/** Every style of engine with a long chain, in whose recording events are taken together, as they are by the thousands. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { gradientAt } from '../../src/tape/gradient.ts'
import { engines, runText } from './run.ts'

const LINKS = 200
const NESTED = 50
/** Whose backward pass is over the four values that the script lists. */
const listed = ['gradient_maps.py', 'map_get.py']
const styles = readdirSync(engines).filter(
  (file) => file.endsWith('.py') && file !== 'micrograd_nn.py' && !listed.includes(file),
)

/** `d = c + a` becomes `d = c`, and several times `d = (… ((d + a) + a) …)`: only a few of the many have names. */
function grown(text: string): string {
  return text.replace(/^( *)d = (.*\bc\b.*)$/m, (_, indent: string, made: string) => {
    let nested = 'd'
    for (let i = 0; i < NESTED; i++) nested = made.replace(/\bc\b/, i === 0 ? nested : `(${nested})`)
    return `${indent}d = c\n${indent}for _ in range(${LINKS / NESTED}):\n${indent}    d = ${nested}`
  })
}

describe.each(styles)('%s', (style) => {
  const text = grown(readFileSync(join(engines, style), 'utf8'))
  const { tape, end, stdout } = runText(text, { chunk: 32 })

  test('runs as without the tracer', () => {
    const plain = runText(text, { capture: false })
    expect(end).toEqual({ kind: 'done', exitCode: 0 })
    expect(stdout).toBe(plain.stdout)
  })

  test('every node, and the gradient that it has', () => {
    expect(tape.ops).toBe(3 + LINKS)
    const gradients = Array.from(
      { length: tape.ops },
      (_, op) => gradientAt(tape, tape.valueOfOp(op), tape.lastTick).held,
    )
    // a is an operand of c and of every link: b, and one from each.
    expect(gradients).toEqual([LINKS - 3, 2, ...Array.from({ length: LINKS + 1 }, () => 1)])
  })

  test('every step and contribution', () => {
    expect(tape.table('step').rows).toBe(1 + LINKS)
    expect(tape.table('contribution').rows).toBe(2 + 2 * LINKS)
  })
})
