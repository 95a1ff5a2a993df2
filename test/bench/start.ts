/** From the command to the written page: a new process each time, as a user starts it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { median, printTable } from '../support/table.ts'

const RUNS = 7
const timed = (run: () => void) => {
  const start = performance.now()
  run()
  return (performance.now() - start) / 1000
}
const ours = () =>
  void execFileSync(
    process.execPath,
    ['dist/cli.js', 'media/examples/neuron.py', '--quiet', '--html', 'dist/bench/neuron.html'],
    { stdio: 'pipe' },
  )
/** micrograd's own way: walk the graph, write dot, draw it. */
const theirs = () =>
  void execFileSync(
    'python3',
    ['test/fixtures/bench/draw_dot.py', 'dist/embeddedPython/library', 'dist/bench/neuron.svg'],
    { stdio: 'pipe' },
  )

const rows = [
  {
    what: 'neuron.py, command to written page',
    measured: median(Array.from({ length: RUNS }, () => timed(ours))),
    unit: 's',
    budget: 1.5,
  },
]
if (spawnSync('dot', ['-V']).status === 0) {
  rows.push({
    what: "micrograd's own way (import, walk, dot)",
    measured: median(Array.from({ length: RUNS }, () => timed(theirs))),
    unit: 's',
    budget: Infinity,
  })
}
printTable(rows.map(({ budget, ...row }) => (Number.isFinite(budget) ? { ...row, budget } : row)))
