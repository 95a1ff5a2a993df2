/** What recording costs: the same script with and without the tracer, in this machine's Python and in the embedded one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { median, printTable } from '../support/table.ts'

const RUNS = 5
const script = resolve('test/fixtures/bench/mlp.py')
const library = resolve('dist/embeddedPython/library')

function native(mode: 'capture' | 'plain', ...args: string[]): number {
  const argv = ['test/fixtures/bench/capture.py', resolve('dist/embeddedPython/tracer'), script, mode, library, ...args]
  return Number(spawnSync('python3', argv, { encoding: 'utf8' }).stderr.trim().split('\n').at(-1)!.split(' ')[0])
}

/** Seconds as the headline gives them: from the first statement to the last byte. */
function embedded(...args: string[]): number {
  const out = execFileSync(
    process.execPath,
    ['dist/cli.js', script, '--tape', 'dist/bench/mlp.tape', '--html', 'dist/bench/mlp.html', ...args],
    { encoding: 'utf8' },
  )
  return Number(/ · ([\d.]+) s · /.exec(out)![1])
}

/** `--plain` prints no headline, so its process is timed, less the one of an empty script. */
function embeddedPlain(...args: string[]): number {
  const time = (argv: string[]) => {
    const start = performance.now()
    execFileSync(process.execPath, ['dist/cli.js', ...argv], { encoding: 'utf8' })
    return (performance.now() - start) / 1000
  }
  return time([script, '--plain', ...args]) - time(['test/fixtures/bench/empty.py', '--plain'])
}

/** Interleaved, so that a slow minute of the machine meets all of them. */
const times = {
  plainGcOff: [] as number[],
  plain: [] as number[],
  traced: [] as number[],
  plainWasm: [] as number[],
  tracedWasm: [] as number[],
}
for (let run = 0; run < RUNS; run++) {
  times.plainGcOff.push(native('plain', 'gc-off'))
  times.plain.push(native('plain'))
  times.traced.push(native('capture'))
  times.plainWasm.push(embeddedPlain('--', 'gc-off'))
  times.tracedWasm.push(embedded())
}
const of = (name: keyof typeof times) => median(times[name])
printTable([
  { what: 'plain, collector off', measured: of('plainGcOff'), unit: 's' },
  { what: 'plain, as the user runs it', measured: of('plain'), unit: 's' },
  { what: 'recorded', measured: of('traced'), unit: 's' },
  { what: 'recorded ÷ plain, collector off', measured: of('traced') / of('plainGcOff'), unit: '×', budget: 2.5 },
  { what: 'recorded ÷ plain, as the user runs it', measured: of('traced') / of('plain'), unit: '×', budget: 0.5 },
  { what: 'embedded: plain, collector off', measured: of('plainWasm'), unit: 's' },
  { what: 'embedded: recorded', measured: of('tracedWasm'), unit: 's' },
  {
    what: 'embedded: recorded ÷ plain, collector off',
    measured: of('tracedWasm') / of('plainWasm'),
    unit: '×',
    budget: 3.5,
  },
])
