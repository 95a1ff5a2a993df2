/**
 * Engines drawn by lot, through the whole pipeline. On right ones every gradient is the true one and received = held = passed;
 * on ones with a planted bookkeeping bug exactly the right one of the three differs, and the numbers are still the engine's own.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bookkeeping, finalGradient, type Bookkeeping } from '../../src/tape/gradient.ts'
import { Tape } from '../../src/tape/tape.ts'
import { engineScripts, type Bug, type EngineScript } from '../support/randomEngine.ts'
import { inFolder, visualize } from '../support/visualize.ts'

interface Recorded {
  tape: Tape
  /** What the script printed: the engine's own gradients of the leaves. */
  printed: number[]
  books: Bookkeeping[]
}

async function record(script: EngineScript): Promise<Recorded> {
  return inFolder({ 's.py': script.text }, async (cwd) => {
    const { stdout, stderr, code } = await visualize(['s.py', '--tape', 's.tape', '--html', 's.html', '--quiet'], {
      cwd,
    })
    expect(code, stderr).toBe(0)
    const tape = new Tape()
    tape.push(await readFile(join(cwd, 's.tape')))
    tape.finish()
    const printed = stdout.split('\n')[0]!.split(' ').map(Number)
    return { tape, printed, books: Array.from({ length: tape.ops }, (_, value) => bookkeeping(tape, value, 0)) }
  })
}

const near = (a: number, b: number, tolerance: number) =>
  Math.abs(a - b) <= Math.max(tolerance, 1e-12 * Math.max(Math.abs(a), Math.abs(b)))
const overwritten = (b: Bookkeeping) => b.held !== null && !near(b.held, b.received, b.tolerance)
const misPassed = (b: Bookkeeping) => b.passed !== null && !near(b.passed, b.received, b.tolerance)

/** Each run starts a fresh sandbox, so a handful per kind; every CI run draws others. */
const drawn = (bug: Bug, check: (script: EngineScript, recorded: Recorded) => void) =>
  fc.assert(
    fc.asyncProperty(engineScripts(bug), async (script) => check(script, await record(script))),
    { numRuns: 5, endOnFailure: true },
  )

/** The leaves are the first nodes made. */
function sameAsPrinted(script: EngineScript, { tape, printed }: Recorded): void {
  for (let leaf = 0; leaf < script.leaves; leaf++) {
    const gradient = finalGradient(tape, leaf).held
    // A leaf that no path reaches keeps the engine's initial 0.0, which is shown as pending.
    expect(gradient ?? 0, script.text).toBe(printed[leaf])
  }
}

describe('engines drawn by lot', () => {
  it('right ones: true gradients, received = held = passed', async () => {
    await drawn('none', (script, recorded) => {
      sameAsPrinted(script, recorded)
      recorded.printed.forEach((gradient, leaf) => expect(near(gradient, script.gradients[leaf]!, 1e-9)).toBe(true))
      expect(recorded.books.filter(overwritten), script.text).toEqual([])
      expect(recorded.books.filter(misPassed), script.text).toEqual([])
      expect(recorded.books.some((book) => book.passed !== null)).toBe(true)
    })
  })

  it('= instead of +=: held differs from received', async () => {
    await drawn('overwrite', (script, recorded) => {
      sameAsPrinted(script, recorded)
      expect(recorded.books.filter(overwritten).length, script.text).toBeGreaterThan(0)
    })
  })

  it('once per path instead of once: passed differs from received, held does not', async () => {
    await drawn('eager', (script, recorded) => {
      sameAsPrinted(script, recorded)
      expect(recorded.books.filter(misPassed).length, script.text).toBeGreaterThan(0)
      expect(recorded.books.filter(overwritten), script.text).toEqual([])
    })
  })

  it('rules that run before their gradient is complete: passed differs from received, held does not', async () => {
    await drawn('early', (script, recorded) => {
      sameAsPrinted(script, recorded)
      expect(recorded.books.filter(misPassed).length, script.text).toBeGreaterThan(0)
      expect(recorded.books.filter(overwritten), script.text).toEqual([])
    })
  })
})
