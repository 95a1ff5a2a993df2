/**
 * The suite inside the extension host (`host/suite.ts`) in a real VS Code: the server's. On the desktop, where
 * `@vscode/test-electron` can download VS Code, its `runTests` takes the same bundle as `extensionTestsPath` and a
 * workspace like the one below as launch argument, once with the version of `engines.vscode` and once with `stable`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Vscode } from '../support/vscode.ts'
import { columns } from '../support/columns.ts'
import { notebook } from '../support/notebook.ts'
import { checks, type Results } from './host/checks.ts'

const SUITE_MS = 330_000
const place = mkdtempSync(join(tmpdir(), 'host-suite-'))
let vscode: Vscode | undefined
let results: Results = {}

const value = 'from micrograd.engine import Value\n'
const small = `${value}a = Value(2.0)\n(a * a).backward()\n`
const long =
  `${value}a = Value(2.0)\nb = Value(3.0)\n` +
  Array.from({ length: 5000 }, (_, i) => `v${i} = a * b + ${i}\n`).join('') +
  'v1.backward()\n'

beforeAll(async () => {
  await build({
    entryPoints: ['test/e2e/host/suite.ts'],
    outfile: join(place, 'suite.cjs'),
    ...{ bundle: true, platform: 'node', target: 'node24', format: 'cjs', external: ['vscode'], logLevel: 'warning' },
  })
  const files = {
    'columns.py': columns,
    'saved.py': small,
    'moves.py': small,
    'goes.py': small,
    'long.py': long,
    'mlp.py': readFileSync('test/fixtures/bench/mlp.py'),
    'micrograd_copy.py': readFileSync('src/runtimes/embeddedPython/library/micrograd/engine.py'),
    'cells.ipynb': notebook(`${value}a = Value(2.0)`, 'b = a * a\nc = b + a', 'c.backward()'),
  }
  vscode = await Vscode.start(files, { beside: ['test/e2e/standin'] })
  const { nodes } = vscode.report('columns.py')
  await vscode.write('columns.json', JSON.stringify(nodes.flatMap(({ site }) => (site ? [site] : []))))
  vscode.record('neuron.py', '--tape', join(vscode.folder, 'neuron.tape'))
  await vscode.test(join(place, 'suite.cjs'))
  const until = Date.now() + SUITE_MS
  for (let done = false; !done && Date.now() < until; await new Promise((next) => setTimeout(next, 250))) {
    if (!existsSync(join(place, 'results.json'))) continue
    const read = JSON.parse(readFileSync(join(place, 'results.json'), 'utf8')) as { done: boolean; results: Results }
    results = read.results
    done = read.done
  }
}, SUITE_MS + 180_000)

afterAll(async () => {
  await vscode?.close()
  rmSync(place, { recursive: true, force: true })
})

test.each(checks)('%s', (name) => {
  expect(results[name], 'the suite did not get this far').toBeDefined()
  const { error, measured } = results[name]!
  console.log(`${name}: ${measured}`)
  expect(error).toBeNull()
})
