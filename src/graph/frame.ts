/** The numbers of a picture at one tick. */
import { GradientStatus, ItemKind, type Frame, type TimelinePosition } from '../protocol/view.ts'
import { ValueKind } from '../protocol/wire.ts'
import type { Snapshot } from '../tape/snapshot.ts'
import { lastAtOrBefore, type Tape } from '../tape/tape.ts'
import type { Structure } from './structure.ts'

/** Moves the snapshot to the tick. Ops recorded after the structure was made are left out. */
export function frame(snapshot: Snapshot, s: Structure, revision: number, tick: number): Frame {
  snapshot.moveTo(tick)
  const { tape } = snapshot
  const items = s.element.length
  const result: Frame = {
    revision,
    tick,
    value: new Float64Array(items).fill(NaN),
    hasValue: new Uint8Array(items),
    gradient: new Float64Array(items),
    status: new Uint8Array(items),
    contribution: new Float64Array(s.from.length),
    flowed: new Uint8Array(s.from.length),
    current: currentItem(tape, s, tick),
    position: positionAt(tape, tick),
  }
  fillOps(snapshot, s, tick, result)
  fillGroups(snapshot, s, result)
  fillEdges(snapshot, s, result)
  return result
}

function fillOps(snapshot: Snapshot, s: Structure, tick: number, result: Frame): void {
  const { tape } = snapshot
  for (let item = 0; item < s.element.length; item++) {
    const op = s.element[item]!
    const value = op < 0 ? -1 : tape.valueOfOp(op)
    if (value < 0) continue
    const number = valueNumber(tape, value, tick)
    result.value[item] = number ?? NaN
    result.hasValue[item] = number === null ? 0 : 1
    result.status[item] = snapshot.status(value)
    if (snapshot.hasGradient(value)) result.gradient[item] = snapshot.gradient(value)
  }
}

/** A tensor's norm; null for text. */
export function valueNumber(tape: Tape, value: number, tick: number): number | null {
  const { kind, tensor } = tape.table('value')
  if (kind.at(value) === ValueKind.text) return null
  if (kind.at(value) === ValueKind.tensor && tensor.at(value) >= 0) return tape.table('tensor').l2.at(tensor.at(value))
  return tape.valueAt(value, tick)
}

/** Non-finite counts as larger than everything. */
export const sizeOf = (x: number) => (Number.isNaN(x) ? Infinity : Math.abs(x))

/** Groups show the strongest gradient inside and its status; without any, waiting as long as one inside waits. */
function fillGroups(snapshot: Snapshot, s: Structure, result: Frame): void {
  const isGroup = (item: number) => s.kind[item] === ItemKind.group || s.kind[item] === ItemKind.fold
  const strongest = new Int32Array(s.element.length).fill(-1)
  const waits = new Uint8Array(s.element.length)
  const { op: opOf, rows } = snapshot.tape.table('value')
  for (let value = 0; value < rows; value++) {
    const item = s.itemOfOp[opOf.at(value)]
    if (item === undefined) continue
    if (!snapshot.hasGradient(value)) {
      if (waits[item] === 0 && snapshot.status(value) === GradientStatus.waiting) waits[item] = 1
      continue
    }
    const best = strongest[item]!
    if (best === -1 || sizeOf(snapshot.gradient(value)) > sizeOf(snapshot.gradient(best))) strongest[item] = value
  }
  // Children come after their parents, so one pass from the end carries everything outwards.
  for (let item = s.element.length - 1; item >= 0; item--) {
    const best = strongest[item]!
    if (isGroup(item)) {
      if (best >= 0) {
        result.gradient[item] = snapshot.gradient(best)
        result.status[item] = snapshot.status(best)
      } else result.status[item] = waits[item] ? GradientStatus.waiting : GradientStatus.unreached
    }
    const parent = s.parent[item]!
    if (parent < 0) continue
    waits[parent]! |= waits[item]!
    const known = strongest[parent]!
    if (best >= 0 && (known === -1 || sizeOf(snapshot.gradient(best)) > sizeOf(snapshot.gradient(known))))
      strongest[parent] = best
  }
}

/**
 * An edge of a group stands for many contributions: it shows the largest of the latest pass, as the gradients at its
 * ends are of that pass, too.
 */
function fillEdges(snapshot: Snapshot, s: Structure, result: Frame): void {
  const { tape } = snapshot
  const { op } = tape.table('operand')
  const pass = new Int32Array(s.from.length).fill(-1)
  for (let row = 0; row < s.edgeOfOperand.length; row++) {
    const edge = s.edgeOfOperand[row]!
    if (edge < 0 || !snapshot.flowed(row, tape.valueOfOp(op.at(row)))) continue
    const flow = snapshot.flowOf(row)
    const later = snapshot.flowPassOf(row) - pass[edge]!
    if (later < 0 || (later === 0 && sizeOf(flow) <= sizeOf(result.contribution[edge]!))) continue
    pass[edge] = snapshot.flowPassOf(row)
    result.contribution[edge] = flow
    result.flowed[edge] = 1
  }
}

function currentItem(tape: Tape, s: Structure, tick: number): number {
  const step = tape.table('step')
  const at = lastAtOrBefore(step.rows, (row) => step.tick.at(row), tick)
  if (at < 0 || tape.passEnd(step.pass.at(at)) <= tick) return -1
  return s.itemOfOp[step.op.at(at)] ?? -1
}

function positionAt(tape: Tape, tick: number): TimelinePosition {
  const pass = tape.passAt(tick)
  if (pass < 0) return { pass, step: -1 }
  const steps = tape.rows('stepsOfPass', pass)
  const { tick: ticks } = tape.table('step')
  return { pass, step: lastAtOrBefore(steps.length, (i) => ticks.at(steps[i]!), tick) }
}
