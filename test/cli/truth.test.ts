/**
 * The traced run gives the same results as the plain run: output, exceptions, every number, to the letter. What the
 * tracer does to a script is compared for every engine in `test/tracer`; here some of them run as a user runs them.
 */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inFolder, visualize } from '../support/visualize.ts'

const folder = 'test/fixtures/engines'
const scripts = readdirSync(folder).filter((name, i) => name.endsWith('.py') && i % 3 === 0)

describe('traced and plain runs agree', () => {
  for (const name of [...scripts.map((script) => `${folder}/${script}`), 'media/examples/training.py']) {
    it(name, async () => {
      await inFolder({}, async (cwd) => {
        const path = `${process.cwd()}/${name}`
        const [plain, traced] = await Promise.all([
          visualize([path, '--plain'], { cwd }),
          visualize([path, '--quiet', '--html', 'x.html'], { cwd }),
        ])
        expect(traced.stdout.replace(/^page: .*\n/m, '')).toBe(plain.stdout)
        expect(traced.code).toBe(plain.code)
        expect(traced.stderr.replace(/^backprop-lens: .*\n/gm, '')).toBe(
          plain.stderr.replace(/^backprop-lens: .*\n/gm, ''),
        )
      })
    })
  }
})
