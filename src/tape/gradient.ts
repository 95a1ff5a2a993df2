/** The gradient of a value at any tick, as the engine held it; and the three sums that prove the bookkeeping. */
import { GradientStatus } from '../protocol/view.ts'
import { Cell, Mode, WriteKind } from '../protocol/wire.ts'
import type { Tape } from './tape.ts'

export interface Gradient {
  status: GradientStatus
  /** What the cell holds; NaN may be a real NaN, so read it only when the status has a number. Null for waiting and unreached. */
  held: number | null
  /** Row of the tensor table for tensors, else −1. */
  tensor: number
  /** The pass the number came from, −1 when there is none. */
  pass: number
}

interface Change {
  tick: number
  kind: 'seed' | 'add' | 'set' | 'write' | 'held'
  pass: number
  /** What the cell held when the pass began; null while that is only known from what came before. */
  before: number | null
  data: number
  tensor: number
  writeKind: number
}

const nothing = (status: GradientStatus): Gradient => ({ status, held: null, tensor: -1, pass: -1 })

/** The gradient of `value` just after everything at `tick` has happened. */
export function gradientAt(tape: Tape, value: number, tick: number): Gradient {
  let held: number | null = null
  let tensor = -1
  let pass = -1
  let released = false
  let cleared = -1
  for (const change of changesOf(tape, value)) {
    if (change.tick > tick) break
    switch (change.kind) {
      case 'seed':
      case 'set':
        held = change.data
        break
      case 'add':
        held = (change.pass === pass && held !== null ? held : (change.before ?? held ?? 0)) + change.data
        break
      case 'held':
        // What the engine let go of during the pass, its cell has no number of at the end.
        if (released && change.pass === pass && Number.isNaN(change.data)) continue
        if (change.pass === pass) held = change.data
        break
      case 'write':
        held = change.writeKind === WriteKind.zero || change.writeKind === WriteKind.release ? null : change.data
        released = change.writeKind === WriteKind.release && pass >= 0
        if (held === null && !released) {
          pass = -1
          cleared = change.tick
        }
        continue
      default:
        change.kind satisfies never
    }
    tensor = change.tensor
    pass = change.pass
    released = false
  }
  if (released) return { status: GradientStatus.released, held: received(tape, value, pass), tensor, pass }
  if (held === null)
    return nothing(passedBy(tape, value, tick, cleared) ? GradientStatus.unreached : GradientStatus.waiting)
  return {
    status: isCarried(tape, value, pass, tick) ? GradientStatus.carried : GradientStatus.arrived,
    held,
    tensor,
    pass,
  }
}

/** The end state: the last tick of the tape. */
export function finalGradient(tape: Tape, value: number): Gradient {
  return gradientAt(tape, value, Infinity)
}

/** Everything that changed the gradient cell of a value, in the order it happened. */
function changesOf(tape: Tape, value: number): Change[] {
  const changes: Change[] = []
  const contribution = tape.table('contribution')
  const step = tape.table('step')
  for (const row of tape.rows('contributionsTo', value)) {
    const pass = step.pass.at(contribution.step.at(row))
    changes.push({
      tick: contribution.tick.at(row),
      kind: contribution.mode.at(row) === Mode.set ? 'set' : 'add',
      pass,
      before: heldBefore(tape, value, pass),
      data: contribution.data.at(row),
      tensor: contribution.tensor.at(row),
      writeKind: 0,
    })
  }
  const root = tape.table('root')
  for (const row of tape.rows('rootsOfValue', value)) {
    changes.push({
      tick: root.tick.at(row),
      kind: 'seed',
      pass: root.pass.at(row),
      before: 0,
      data: root.seed.at(row),
      tensor: root.tensor.at(row),
      writeKind: 0,
    })
  }
  const write = tape.table('write')
  for (const row of tape.rows('writesTo', value)) {
    if (write.cell.at(row) !== Cell.gradient) continue
    changes.push({
      tick: write.tick.at(row),
      kind: 'write',
      pass: -1,
      before: 0,
      data: write.after.at(row),
      tensor: write.tensor.at(row),
      writeKind: write.kind.at(row),
    })
  }
  const held = tape.table('held')
  for (const row of tape.rows('heldOfValue', value)) {
    const pass = held.pass.at(row)
    changes.push({
      tick: tape.passEnd(pass),
      kind: 'held',
      pass,
      before: 0,
      data: held.after.at(row),
      tensor: held.tensor.at(row),
      writeKind: 0,
    })
  }
  return changes.sort((a, b) => a.tick - b.tick)
}

function heldRow(tape: Tape, value: number, pass: number): number {
  const { pass: passes } = tape.table('held')
  return tape.rows('heldOfValue', value).find((row) => passes.at(row) === pass) ?? -1
}

/** What a cell held when a pass began is recorded when the pass ends. */
function heldBefore(tape: Tape, value: number, pass: number): number | null {
  if (tape.passEnd(pass) === Infinity) return null
  const row = heldRow(tape, value, pass)
  const before = row < 0 ? 0 : tape.table('held').before.at(row)
  return Number.isNaN(before) ? 0 : before
}

/** The last pass that ended could have reached the value, and did not; one before its cell was `cleared` does not count. */
function passedBy(tape: Tape, value: number, tick: number, cleared: number): boolean {
  const born = tape.table('value').tick.at(value)
  const { tick: ticks } = tape.table('pass')
  for (let pass = tape.passAt(tick); pass >= 0 && ticks.at(pass) > born; pass--)
    if (tape.passEnd(pass) <= tick) return tape.passEnd(pass) > cleared
  return false
}

/** The number is from an earlier pass, and a graph built since then uses the value again. */
export function isCarried(tape: Tape, value: number, pass: number, tick: number): boolean {
  const now = tape.passAt(tick)
  if (pass < 0 || pass >= now) return false
  const end = tape.passEnd(pass)
  const made = tape.table('value').tick
  return tape.consumers(value).some((op) => {
    const born = made.at(tape.valueOfOp(op))
    return born > end && born <= tape.passStart(now)
  })
}

/** Seed and contributions of one pass, summed in the order they came. */
export function received(tape: Tape, value: number, pass: number): number {
  const contribution = tape.table('contribution')
  const { pass: passes } = tape.table('step')
  let sum = 0
  for (const row of tape.rows('rootsOfValue', value))
    if (tape.table('root').pass.at(row) === pass) sum += tape.table('root').seed.at(row)
  for (const row of tape.rows('contributionsTo', value))
    if (passes.at(contribution.step.at(row)) === pass) sum += contribution.data.at(row)
  return sum
}

/** Whether the engine let go of a value's gradient while a pass ran. */
function isReleasedIn(tape: Tape, value: number, pass: number): boolean {
  const { tick, cell, kind } = tape.table('write')
  return tape
    .rows('writesTo', value)
    .some(
      (row) =>
        cell.at(row) === Cell.gradient &&
        kind.at(row) === WriteKind.release &&
        tick.at(row) >= tape.passStart(pass) &&
        tick.at(row) <= tape.passEnd(pass),
    )
}

export interface Bookkeeping {
  /** Seed + contributions. */
  received: number
  /** Change of the engine's cell over the pass; null when it was not read, or let go of during the pass. */
  held: number | null
  /** Sum of the upstreams that the op's steps used; null for leaves and ops that never ran. */
  passed: number | null
  /** How many steps the op had in the pass, and how many contributions the value got. */
  runs: number
  contributions: number
  /** The largest difference that rounding explains: a few ulps of Σ|contribution|. */
  tolerance: number
}

/** Received, held and passed for one value and pass. In a right engine they agree within `tolerance`; this proves the bookkeeping, not the slopes. */
export function bookkeeping(tape: Tape, value: number, pass: number): Bookkeeping {
  const contribution = tape.table('contribution')
  const step = tape.table('step')
  let size = 0
  let contributions = 0
  for (const row of tape.rows('contributionsTo', value)) {
    if (step.pass.at(contribution.step.at(row)) !== pass) continue
    size += Math.abs(contribution.data.at(row))
    contributions++
  }
  const row = heldRow(tape, value, pass)
  const { before, after } = tape.table('held')
  const start = row < 0 || Number.isNaN(before.at(row)) ? 0 : before.at(row)
  const op = tape.table('value').op.at(value)
  const upstream = tape.table('upstream')
  const steps = tape.rows('stepsOfOp', op).filter((s) => step.pass.at(s) === pass)
  let passed: number | null = null
  for (const s of steps) for (const u of tape.rows('upstreamsOfStep', s)) passed = (passed ?? 0) + upstream.data.at(u)
  return {
    received: received(tape, value, pass),
    held: row < 0 || (Number.isNaN(after.at(row)) && isReleasedIn(tape, value, pass)) ? null : after.at(row) - start,
    passed: tape.isLeaf(op) ? null : passed,
    runs: steps.length,
    contributions,
    tolerance: Number.EPSILON * 4 * (contributions + 1) * Math.max(size, Math.abs(start), Number.MIN_VALUE),
  }
}
