/** From the command to the written page, a new process each time; beside it micrograd's own way, where Graphviz is there. */
import { execFileSync, spawnSync } from 'node:child_process'
import { median, printTable, type Measured } from '../support/table.ts'

const seconds = (run: () => void) => {
  const start = performance.now()
  run()
  return (performance.now() - start) / 1000
}
const quietly = { stdio: 'pipe' } as const
const ours = (script: string) => () =>
  void execFileSync(process.execPath, ['dist/cli.js', script, '--quiet', '--html', 'dist/bench/page.html'], quietly)
const theirs = (script: string) => () =>
  void execFileSync(
    'python3',
    ['test/fixtures/bench/draw_dot.py', 'dist/embeddedPython/library', script, 'dist/bench/dot.svg'],
    quietly,
  )

const neuron = 'media/examples/neuron.py'
const mlp = 'test/fixtures/bench/mlp4.py'
const many = (run: () => void) => median(Array.from({ length: 7 }, () => seconds(run)))

const rows: Measured[] = [
  { what: 'neuron.py, command to written page', measured: many(ours(neuron)), unit: 's', budget: 1.5 },
  { what: 'MLP on 4 samples, command to written page', measured: seconds(ours(mlp)), unit: 's' },
]
if (spawnSync('dot', ['-V']).status === 0) {
  rows.push(
    { what: "neuron.py, micrograd's own way (import, walk, dot)", measured: many(theirs(neuron)), unit: 's' },
    { what: "MLP on 4 samples, micrograd's own way", measured: seconds(theirs(mlp)), unit: 's' },
  )
}
printTable(rows)
