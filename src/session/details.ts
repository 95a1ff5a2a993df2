/** The worked exercise for one op: its numbers, where its gradient came from, where it flows on to, how it went over the passes. */
import type { Details, Flow, Mismatch } from '../protocol/view.ts'
import { Mode, OpKind, ValueKind } from '../protocol/wire.ts'
import { callPath } from '../tape/calls.ts'
import { datum, gradientDatum, none, valueDatum } from '../tape/datum.ts'
import { bookkeeping, gradientAt } from '../tape/gradient.ts'
import type { Tape } from '../tape/tape.ts'
import { constantText, titleOf } from '../tape/titles.ts'
import { differential, isForward, tangentsFrom, tangentsOf } from './forward.ts'
import { operandValues } from './operands.ts'
import { slopeFormula } from './slopes.ts'
import { vjp, type Named } from './vjp.ts'

/** Rows of a table in the side panel; a bias of a big layer has thousands of consumers. */
const MAX_FLOWS = 200
const MAX_HISTORY = 500

export function details(tape: Tape, op: number, tick: number): Details {
  const table = tape.table('op')
  const value = tape.valueOfOp(op)
  const site = tape.site(table.site.at(op))
  const gradient = gradientAt(tape, value, tick)
  const pass = gradient.pass >= 0 ? gradient.pass : tape.passAt(tick)
  const forward = isForward(tape, pass)
  // What arrived before the gradient was cleared is not where the present one comes from.
  const arrived = () => (gradient.pass < 0 ? [] : contributionsTo(tape, value, pass, tick))
  const cameFrom = forward ? tangentsOf(tape, op, tick) : arrived()
  if (!forward)
    for (const consumer of awaited(tape, value, pass, tick, new Set(cameFrom.map((flow) => flow.element))))
      cameFrom.push(emptyFlow(tape, consumer, tape.valueOfOp(consumer), tape.operands(consumer).indexOf(value)))
  const flowsTo = forward ? tangentsFrom(tape, value, tick) : contributionsOf(tape, op, pass, tick)
  return {
    element: op,
    title: titleOf(tape, op),
    expression: site?.text ?? '',
    op: tape.opName(op),
    kind: kindOf(table.kind.at(op)),
    path: callPath(tape, table.call.at(op)),
    site,
    value: valueDatum(tape, value, tick),
    gradient: gradientDatum(tape, gradient),
    status: gradient.status,
    gradientName: forward ? differential(titleOf(tape, op)) : `∂${rootTitle(tape, pass)}/∂${titleOf(tape, op)}`,
    forward,
    cameFrom: cameFrom.slice(0, MAX_FLOWS),
    flowsTo: flowsTo.slice(0, MAX_FLOWS),
    moreCameFrom: Math.max(0, cameFrom.length - MAX_FLOWS),
    moreFlowsTo: Math.max(0, flowsTo.length - MAX_FLOWS),
    bookkeeping: pass >= 0 && tape.passEnd(pass) <= tick ? mismatch(tape, value, pass) : null,
    history: history(tape, op, value),
    members: 1,
  }
}

function rootTitle(tape: Tape, pass: number): string {
  const root = pass < 0 ? undefined : tape.roots(pass)[0]
  return root === undefined ? 'L' : titleOf(tape, tape.table('value').op.at(root))
}

function kindOf(kind: number): Details['kind'] {
  return kind === OpKind.leaf ? 'leaf' : kind === OpKind.constant ? 'constant' : 'op'
}

/** Contributions to a value in one pass up to a tick, in the order they came. */
function contributionsTo(tape: Tape, value: number, pass: number, tick: number): Flow[] {
  const contribution = tape.table('contribution')
  const step = tape.table('step')
  return Array.from(tape.rows('contributionsTo', value))
    .filter((row) => step.pass.at(contribution.step.at(row)) === pass && contribution.tick.at(row) <= tick)
    .map((row) => flow(tape, row, step.op.at(contribution.step.at(row))))
}

/** Consumers that the pass under way may still reach, so that a waiting gradient shows what it waits for. */
export function awaited(tape: Tape, value: number, pass: number, tick: number, arrived: ReadonlySet<number>): number[] {
  if (pass >= 0 && tape.passEnd(pass) <= tick) return []
  const made = tape.table('value').tick
  const after = pass > 0 ? tape.passEnd(pass - 1) : -1
  return [...new Set(tape.consumers(value))].filter((op) => {
    const born = made.at(tape.valueOfOp(op))
    return !arrived.has(op) && born > after && born <= tick
  })
}

/** Per operand what the op's steps gave it; operands that got nothing (yet) are listed with "–". */
export function contributionsOf(tape: Tape, op: number, pass: number, tick: number): Flow[] {
  const contribution = tape.table('contribution')
  const step = tape.table('step')
  const given: { row: number; slot: number; target: number }[] = []
  for (const s of tape.rows('stepsOfOp', op)) {
    if (step.pass.at(s) !== pass) continue
    for (const row of tape.rows('contributionsOfStep', s)) {
      if (contribution.tick.at(row) <= tick)
        given.push({ row, slot: contribution.slot.at(row), target: contribution.target.at(row) })
    }
  }
  const { op: opOf } = tape.table('value')
  const flows: Flow[] = []
  tape.operands(op).forEach((operand, slot) => {
    const rows = given.filter((g) => g.slot === slot)
    if (rows.length === 0) flows.push(emptyFlow(tape, op, operand, slot))
    for (const g of rows) flows.push(flow(tape, g.row, opOf.at(g.target)))
  })
  for (const g of given) if (g.slot < 0) flows.push(flow(tape, g.row, opOf.at(g.target)))
  return flows
}

function emptyFlow(tape: Tape, op: number, operand: number, slot: number): Flow {
  const element = operand < 0 ? -1 : tape.table('value').op.at(operand)
  const constant = operand < 0 ? tape.constant(op, slot) : null
  return {
    element,
    title: element >= 0 ? titleOf(tape, element) : constant === null ? 'constant' : constantText(constant),
    op: element >= 0 ? tape.opName(element) : '',
    slot,
    upstream: none,
    local: none,
    contribution: none,
    formula: '',
    vjp: null,
    mode: 'added',
    stray: false,
  }
}

/** One contribution; `other` is the op at the far end of it. */
export function flow(tape: Tape, row: number, other: number): Flow {
  const contribution = tape.table('contribution')
  const step = contribution.step.at(row)
  const op = tape.table('step').op.at(step)
  const slot = contribution.slot.at(row)
  const tensor = contribution.tensor.at(row)
  const given = contribution.data.at(row)
  const up = tape.rows('upstreamsOfStep', step)[0]
  const upstreams = tape.table('upstream')
  const upstream = up === undefined ? null : upstreams.data.at(up)
  const scalar = tensor < 0 && upstream !== null && upstream !== 0 && Number.isFinite(upstream)
  const at = tape.table('step').tick.at(step)
  return {
    element: other,
    title: titleOf(tape, other),
    op: tape.opName(other),
    slot,
    upstream: datum(tape, upstream, up === undefined ? -1 : upstreams.tensor.at(up)),
    local: scalar ? { kind: 'number', value: given / upstream } : none,
    contribution: datum(tape, given, tensor),
    formula:
      scalar && slot >= 0
        ? slopeFormula(
            tape.opName(op),
            operandValues(tape, op, at),
            tape.valueAt(tape.valueOfOp(op), at),
            slot,
            upstream,
            given,
          )
        : '',
    vjp: tensor >= 0 && slot >= 0 ? productOf(tape, op, slot, tensor) : null,
    mode: contribution.mode.at(row) === Mode.set ? 'replaced' : 'added',
    stray: slot < 0,
  }
}

function productOf(tape: Tape, op: number, slot: number, given: number): Flow['vjp'] {
  const values = tape.table('value')
  const shapeOf = (tensor: number) => (tensor < 0 ? '' : tape.tables.string(tape.table('tensor').shape.at(tensor)))
  const named = (value: number): Named => ({
    title: titleOf(tape, values.op.at(value)),
    shape: shapeOf(values.tensor.at(value)),
  })
  const operands = Array.from(tape.operands(op), (value, at) => {
    if (value >= 0) return named(value)
    const constant = tape.constant(op, at)
    return { title: constant === null ? 'constant' : constantText(constant), shape: '' }
  })
  return vjp(tape.opName(op), slot, operands, named(tape.valueOfOp(op)), shapeOf(given))
}

function mismatch(tape: Tape, value: number, pass: number): Mismatch | null {
  if (value < 0 || tape.table('value').kind.at(value) === ValueKind.tensor) return null
  const { received, contributions, held, passed, runs, tolerance } = bookkeeping(tape, value, pass)
  const differ = (a: number, b: number) => !(Math.abs(a - b) <= tolerance) && !Object.is(a, b)
  if (held !== null && differ(held, received)) return { kind: 'overwritten', received, contributions, held }
  if (passed === null || !differ(passed, received)) return null
  return runs > 1 ? { kind: 'repeated', received, runs, passed } : { kind: 'early', received, passed }
}

/**
 * A parameter lives through all passes; a value made anew in each iteration is found again by its name and site. Of
 * several that one iteration makes (a function called twice) the one in the same place of their order.
 */
function history(tape: Tape, op: number, value: number): Details['history'] {
  const { site } = tape.table('op')
  const name = tape.nameOf(value)
  const made = tape.table('value').tick
  /** By the first pass that began after they were made. */
  const byPass: number[][] = []
  for (const peer of name === '' ? [value] : samePlace(tape, site.at(op), name))
    (byPass[tape.passAt(made.at(peer)) + 1] ??= []).push(peer)
  const mine = byPass.find((peers) => peers?.includes(value)) ?? [value]
  const place = mine.indexOf(value)
  const entries: Details['history'] = []
  let peers: number[] = []
  for (let pass = 0; pass < tape.passes && entries.length < MAX_HISTORY; pass++) {
    peers = byPass[pass] ?? peers
    const end = tape.passEnd(pass)
    const own = gradientAt(tape, value, end)
    const found = own.pass === pass ? value : peers.length === mine.length ? peers[place]! : undefined
    if (found === undefined) continue
    const gradient = found === value ? own : gradientAt(tape, found, end)
    if (gradient.pass !== pass) continue
    entries.push({
      pass,
      value: valueDatum(tape, found, end),
      gradient: gradientDatum(tape, gradient),
      status: gradient.status,
    })
  }
  return entries
}

function samePlace(tape: Tape, site: number, name: string): number[] {
  const { value: values, path, rows } = tape.table('name')
  const ops = tape.table('op')
  const found = new Set<number>()
  for (let row = 0; row < rows; row++) {
    const value = values.at(row)
    if (tape.tables.string(path.at(row)) === name && ops.site.at(tape.table('value').op.at(value)) === site)
      found.add(value)
  }
  return [...found].sort((a, b) => a - b)
}
