/**
 * Where a step ends: a predicate on where it began and where one may stop, without looking ahead. So a step ends at
 * the same place whether the rest has been recorded or is still to come.
 */
import { CallKind, OpKind } from '../protocol/wire.ts'
import type { Tape } from '../tape/tape.ts'
import type { StopOn } from './breakpoints/watch.ts'
import { Kind, type Timeline } from './timeline.ts'

export type Step = 'into' | 'over' | 'out'

/** The moments that steps go through: a node's backward, the making of a node, or both. */
export function isStation(timeline: Timeline, moment: number, stopOn: StopOn): boolean {
  const kind = timeline.kind(moment)
  if (kind === Kind.step) return stopOn !== 'forward'
  if (kind !== Kind.made || stopOn === 'backward') return false
  return timeline.tape.table('op').kind.at(timeline.op(moment)) !== OpKind.constant
}

/** `start` is an op, −1 where there is none; so is what the predicate is asked of. */
export function endOfStep(tape: Tape, step: Exclude<Step, 'into'>, start: number): (op: number) => boolean {
  switch (step) {
    case 'over': {
      const line = lineOf(tape, start)
      const instance = instanceOf(tape, start)
      return (op) => lineOf(tape, op) !== line || instanceOf(tape, op) !== instance
    }
    case 'out': {
      const inside = enclosingCall(tape, start)
      return (op) => !isWithin(tape, op, inside)
    }
    default:
      return step satisfies never
  }
}

/** Source and line, as one number; −1 where it is not known. */
function lineOf(tape: Tape, op: number): number {
  const site = op < 0 ? -1 : tape.table('op').site.at(op)
  if (site < 0) return -1
  const { source, startLine } = tape.table('site')
  return startLine.at(site) * (tape.tables.rowsOf('source') + 1) + source.at(site)
}

/** The call or iteration that ran an op; a loop within the op's own line (a comprehension) is part of the line. */
function instanceOf(tape: Tape, op: number): number {
  if (op < 0) return -1
  const { parent, kind, site } = tape.table('call')
  const line = lineOf(tape, op)
  let call = tape.table('op').call.at(op)
  while (call >= 0 && kind.at(call) === CallKind.loop && headerLine(tape, site.at(call)) === line)
    call = parent.at(call)
  return call
}

function headerLine(tape: Tape, site: number): number {
  if (site < 0) return -2
  const { source, startLine } = tape.table('site')
  return startLine.at(site) * (tape.tables.rowsOf('source') + 1) + source.at(site)
}

/** The innermost call or module instance around an op; −1 at the top of a script. */
function enclosingCall(tape: Tape, op: number): number {
  const { parent, kind } = tape.table('call')
  let call = op < 0 ? -1 : tape.table('op').call.at(op)
  while (call >= 0 && kind.at(call) === CallKind.loop) call = parent.at(call)
  return call
}

/** Everything is within the top of the script. */
function isWithin(tape: Tape, op: number, call: number): boolean {
  if (call < 0) return true
  const { parent } = tape.table('call')
  // Ids grow inwards, so the search ends early.
  for (let at = op < 0 ? -1 : tape.table('op').call.at(op); at >= call; at = parent.at(at)) if (at === call) return true
  return false
}
