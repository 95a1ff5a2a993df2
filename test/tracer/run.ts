/** Runs a script in a real interpreter, recorded and plain, and reads the recording. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunEnd } from '../../src/protocol/runtime.ts'
import { Tape } from '../../src/tape/tape.ts'

const here = dirname(fileURLToPath(import.meta.url))
export const engines = join(here, '..', 'fixtures', 'engines')
export const unknown = join(here, '..', 'fixtures', 'unknown')

export interface Outcome {
  tape: Tape
  end: RunEnd
  stdout: string
  stderr: string
  bytes: Uint8Array
}

interface Options {
  capture?: boolean
  args?: string[]
  nodes?: number
  /** Whether every number is followed; by default the tracer decides. */
  follow?: boolean | undefined
  /** Under a debugger that looks at every event. */
  gated?: boolean | undefined
  /** Events that are taken together, thousands by default. */
  chunk?: number
  python?: string
}

/** The interpreter itself: what finds it (a shim) takes longer than it does. */
const python3 = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim()

/** Runs a script file. */
export function runFile(
  script: string,
  { capture = true, args = [], nodes, follow, gated, chunk, python = python3 }: Options = {},
): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'tracer-'))
  const out = join(folder, 'out')
  try {
    const options = {
      ...(nodes !== undefined && { max_nodes: nodes }),
      ...(follow !== undefined && { follow }),
      ...(gated && { gated }),
      ...(chunk !== undefined && { chunk }),
    }
    const child = spawnSync(python, [join(here, 'drive.py'), capture ? 'capture' : 'plain', out, script, ...args], {
      encoding: 'utf8',
      env: { ...process.env, PYTHONHASHSEED: '0', PYTHONIOENCODING: 'utf-8', TRACER_OPTIONS: JSON.stringify(options) },
    })
    if (child.error) throw child.error
    const bytes = readFileSync(out)
    const tape = new Tape()
    tape.push(bytes)
    tape.finish()
    return {
      tape,
      end: JSON.parse(readFileSync(`${out}.json`, 'utf8')) as RunEnd,
      stdout: child.stdout,
      stderr: child.stderr,
      bytes,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs the given text as a script, with further files beside it. */
export function runText(text: string, options: Options & { files?: Record<string, string> } = {}): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'script-'))
  try {
    for (const [name, content] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), content)
    const script = join(folder, 'script.py')
    writeFileSync(script, text)
    return runFile(script, options)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export interface Step {
  node: string
  upstream: number
  contributions: [slot: number, target: string, amount: number][]
}

/** A recording in names and numbers, for comparison. */
export function readable(tape: Tape) {
  const name = (value: number) => tape.nameOf(value) || `#${value}`
  const op = tape.table('op')
  const value = tape.table('value')
  const text = (id: number) => tape.tables.string(id)
  const nodes = Array.from({ length: op.rows }, (_, id) => ({
    name: name(id),
    op: text(op.name.at(id)),
    kind: op.kind.at(id),
    value: value.data.at(id),
    site: tape.siteText(op.site.at(id)),
    operands: [...tape.operands(id)].map((operand) => (operand < 0 ? 'constant' : name(operand))),
    flags: [...tape.rows('operandsOfOp', id)].map((row) => tape.table('operand').flags.at(row)),
    call: callPath(tape, op.call.at(id)),
  }))
  const { pass, step, upstream, contribution, root, held } = {
    pass: tape.table('pass'),
    step: tape.table('step'),
    upstream: tape.table('upstream'),
    contribution: tape.table('contribution'),
    root: tape.table('root'),
    held: tape.table('held'),
  }
  const range = (rows: number) => Array.from({ length: rows }, (_, row) => row)
  const passes = range(pass.rows).map((id) => ({
    kind: pass.kind.at(id),
    site: tape.siteText(pass.site.at(id)),
    roots: range(root.rows)
      .filter((row) => root.pass.at(row) === id)
      .map((row) => [name(root.value.at(row)), root.seed.at(row)] as const),
    steps: range(step.rows)
      .filter((row) => step.pass.at(row) === id)
      .map((row): Step => ({
        node: name(step.op.at(row)),
        upstream: range(upstream.rows)
          .filter((up) => upstream.step.at(up) === row)
          .map((up) => upstream.data.at(up))[0]!,
        contributions: range(contribution.rows)
          .filter((c) => contribution.step.at(c) === row)
          .map((c) => [contribution.slot.at(c), name(contribution.target.at(c)), contribution.data.at(c)]),
      })),
    held: Object.fromEntries(
      range(held.rows)
        .filter((row) => held.pass.at(row) === id)
        .map((row) => [name(held.value.at(row)), held.after.at(row)]),
    ),
  }))
  const write = tape.table('write')
  const writes = range(write.rows).map((row) => ({
    target: name(write.target.at(row)),
    cell: write.cell.at(row),
    kind: write.kind.at(row),
    before: write.before.at(row),
    after: write.after.at(row),
    site: tape.siteText(write.site.at(row)),
  }))
  return { nodes, passes, writes }
}

/** `MLP.__call__ model › layers[0]`, loops as `for x in xs #0`. */
function callPath(tape: Tape, id: number): string[] {
  const call = tape.table('call')
  const text = (at: number) => tape.tables.string(at)
  const path: string[] = []
  for (let row = id; row >= 0; row = call.parent.at(row)) {
    const iteration = call.iteration.at(row)
    path.unshift(
      iteration >= 0
        ? `${tape.siteText(call.site.at(row))} #${iteration}`
        : [text(call.function.at(row)), text(call.instance.at(row))].filter(Boolean).join(' '),
    )
  }
  return path
}
