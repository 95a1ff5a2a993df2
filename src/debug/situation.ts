/** What the names of conditions mean for one node at one moment. */
import { ValueKind } from '../protocol/wire.ts'
import type { Datum } from '../protocol/view.ts'
import { callPath } from '../tape/calls.ts'
import { gradientDatum, datum, none, valueDatum } from '../tape/datum.ts'
import type { Gradient } from '../tape/gradient.ts'
import type { Tape } from '../tape/tape.ts'
import type { ConditionName } from './conditions/parse.ts'
import type { Value } from './conditions/values.ts'
import type { Lineage } from './lineage.ts'
import type { Timeline } from './timeline.ts'

/** A node, seen at a tick. */
export interface Situation {
  op: number
  /** Everything up to and including this tick has happened. */
  tick: number
  /** −1 before the first. */
  pass: number
  /** The step that runs or is about to, of this node or of another; −1 for none. */
  step: number
}

export const situationAt = (timeline: Timeline, moment: number): Situation | null => {
  const op = timeline.op(moment)
  if (op < 0) return null
  return { op, tick: timeline.shown(moment), pass: timeline.pass(moment), step: timeline.step(moment) }
}

/** How gradients are looked up; going forward over many moments there are quicker ways than `gradientAt`. */
export type Gradients = (value: number, tick: number) => Gradient

export function read(tape: Tape, lineage: Lineage, gradients: Gradients, at: Situation, name: ConditionName): Value {
  const value = tape.valueOfOp(at.op)
  switch (name) {
    case 'grad':
      return value < 0 ? null : valueOf(gradientDatum(tape, gradients(value, at.tick)))
    case 'data':
      return valueOf(dataDatum(tape, value, at.tick))
    case 'op':
      return tape.opName(at.op)
    case 'name':
      return nameAt(tape, value, at.tick) || null
    case 'line': {
      const site = tape.table('op').site.at(at.op)
      return site < 0 ? null : tape.table('site').startLine.at(site)
    }
    case 'module':
      return modulePath(tape, at.op)
    case 'pass':
      return at.pass + 1
    case 'step':
      return stepNumber(tape, at)
    case 'upstream':
      return valueOf(upstreamDatum(tape, at))
    case 'contributions':
      return { kind: 'series', items: contributionRows(tape, value, at).map((row) => sizeOf(tape, row)) }
    case 'previous':
      return isNumber(tape, value) ? lineage.previous(value, at.tick) : null
    case 'change': {
      const previous = isNumber(tape, value) ? lineage.previous(value, at.tick) : null
      return previous === null ? null : tape.valueAt(value, at.tick) - previous
    }
    case 'initial':
      return isNumber(tape, value) ? lineage.initial(value, at.tick) : null
    default:
      return name satisfies never
  }
}

/** A text has no number. */
export function dataDatum(tape: Tape, value: number, tick: number): Datum {
  return value < 0 || tape.table('value').kind.at(value) === ValueKind.text ? none : valueDatum(tape, value, tick)
}

/** What the node's own rule read in this pass, or is about to read; what another's did, where another's runs. */
export function upstreamDatum(tape: Tape, at: Situation): Datum {
  const row = at.step < 0 ? undefined : tape.rows('upstreamsOfStep', at.step)[0]
  if (row === undefined) return none
  const { data, tensor } = tape.table('upstream')
  return datum(tape, data.at(row), tensor.at(row))
}

/** Contributions to a value in the pass, up to the tick, in the order they came. */
export function contributionRows(tape: Tape, value: number, at: Situation): number[] {
  const { step, tick } = tape.table('contribution')
  const { pass } = tape.table('step')
  const rows: number[] = []
  for (const row of tape.rows('contributionsTo', value))
    if (tick.at(row) <= at.tick && pass.at(step.at(row)) === at.pass) rows.push(row)
  return rows
}

/** A contribution's number; a tensor's is its norm. */
export function sizeOf(tape: Tape, contribution: number): number {
  const { data, tensor } = tape.table('contribution')
  const row = tensor.at(contribution)
  return row < 0 ? data.at(contribution) : tape.table('tensor').l2.at(row)
}

/** From 1 within the pass, 0 before the first. */
export function stepNumber(tape: Tape, at: Situation): number {
  if (at.step < 0) return 0
  const steps = tape.rows('stepsOfPass', tape.table('step').pass.at(at.step))
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (steps[middle]! < at.step) low = middle + 1
    else high = middle
  }
  return low + 1
}

/** The first name that a value had got by then; '' for none. */
export function nameAt(tape: Tape, value: number, tick: number): string {
  const row = tape.rows('namesOfValue', value)[0]
  const { tick: ticks, path } = tape.table('name')
  return row === undefined || ticks.at(row) > tick ? '' : tape.tables.string(path.at(row))
}

/** `MLP.__call__/layers[0]/neurons[3]` */
export const modulePath = (tape: Tape, op: number) => callPath(tape, tape.table('op').call.at(op)).join('/')

const isNumber = (tape: Tape, value: number) =>
  value >= 0 && tape.table('value').kind.at(value) !== ValueKind.text && tape.table('value').tensor.at(value) < 0

export function valueOf(given: Datum): Value {
  switch (given.kind) {
    case 'none':
      return null
    case 'number':
      return given.value
    case 'tensor': {
      const { shape, count, min, max, mean, std, l2, zeros, nans, posInf, negInf } = given.tensor
      const axes = shape === '' ? [] : shape.split('×').map(Number)
      return { kind: 'tensor', shape: axes, count, min, max, mean, std, l2, zeros, nans, posInf, negInf }
    }
    default:
      return given satisfies never
  }
}
