/** The exception filters: what counts as wrong with a gradient or a value, at which moments it shows, and how it is said. */
import { formatNumber } from '../../protocol/number.ts'
import { Cell, OperandFlag, OpKind } from '../../protocol/wire.ts'
import type { Tape } from '../../tape/tape.ts'
import { titleOf } from '../../tape/titles.ts'
import { evaluate, truth, type Names } from '../conditions/evaluate.ts'
import { parseCondition, type Expression } from '../conditions/parse.ts'
import { functions } from '../conditions/functions.ts'
import { between, everything, intersection, regionOf, sized, type Region } from '../conditions/region.ts'
import { isKind, type Value } from '../conditions/values.ts'
import { valueOf } from '../situation.ts'
import { gradientDatum } from '../../tape/datum.ts'
import { gradientAt } from '../../tape/gradient.ts'
import type { Strings } from '../strings.ts'
import { Kind, type Timeline } from '../timeline.ts'

export interface Moment {
  timeline: Timeline
  moment: number
  names: Names
}

export interface Filter {
  id: string
  label(s: Strings): string
  conditionLabel(s: Strings): string
  default: boolean
  kinds: ReadonlySet<Kind>
  /** What a script waits at so that it is found before the script goes on: numbers that are not finite, or nearly so … */
  extremes?: 'gradients' | 'values'
  /** … and steps whose node has one of these gradients. */
  gradients?(threshold: number): Region
  /** Whether it is so at a moment of these kinds. `threshold` is the user's, or the usual one. */
  holds(at: Moment, threshold: number): boolean
  /** A filter with a threshold: a condition replaces what it asks by itself; of the others a condition narrows it. */
  threshold: number | null
  say(s: Strings, at: Moment): string
}

const kinds = (...all: Kind[]) => new Set<Kind>(all)
/** Where a gradient is complete: before the node's own rule uses it, and for a leaf at the end of the pass. */
const complete = kinds(Kind.step, Kind.settled)
const finite = (value: Value) =>
  typeof value === 'number'
    ? Number.isFinite(value)
    : value === null || !isKind(value, 'tensor') || !(value.nans + value.posInf + value.negInf > 0)

const grad = (at: Moment): Value => at.names('grad')
const norm = (at: Moment): number | null => {
  const value = grad(at)
  const size = value === null ? null : functions.get('norm')!.of(value)
  return typeof size === 'number' ? size : null
}
const title = ({ timeline, moment }: Moment) => titleOf(timeline.tape, timeline.op(moment))
const number = (value: Value) =>
  formatNumber(value === null ? null : (functions.get('norm')!.of(value) as number | null))

/** What the engine wrapped of a plain number: nobody reads its gradient. */
const isConstant = ({ timeline, moment }: Moment) =>
  timeline.tape.table('op').kind.at(timeline.op(moment)) === OpKind.constant

/** Before the write that this moment is about. */
function gradientBefore({ timeline, moment }: Moment): Value {
  const { tape } = timeline
  return valueOf(gradientDatum(tape, gradientAt(tape, timeline.value(moment), timeline.shown(moment) - 1)))
}

export const filters: readonly Filter[] = [
  {
    id: 'nonFiniteGradient',
    label: (s) => s.nonFiniteGradient,
    conditionLabel: (s) => s.alsoCondition,
    default: true,
    kinds: kinds(Kind.contribution, Kind.seed, Kind.write),
    extremes: 'gradients',
    threshold: null,
    holds: (at) => !finite(grad(at)) && !isConstant(at) && finite(gradientBefore(at)),
    say: (s, at) => s.becameNonFinite(title(at), number(grad(at))),
  },
  {
    id: 'nonFiniteValue',
    label: (s) => s.nonFiniteValue,
    conditionLabel: (s) => s.alsoCondition,
    default: false,
    kinds: kinds(Kind.made, Kind.write),
    extremes: 'values',
    threshold: null,
    holds: (at) => (at.timeline.kind(at.moment) === Kind.made || writes(at, Cell.value)) && !finite(at.names('data')),
    say: (s, at) => s.valueNonFinite(title(at), number(at.names('data'))),
  },
  {
    id: 'vanishing',
    label: (s) => s.vanishing,
    conditionLabel: (s) => s.vanishingThreshold,
    default: false,
    kinds: complete,
    gradients: (threshold) => sized(between(0, threshold)),
    threshold: 1e-7,
    holds: (at, threshold) => {
      const size = norm(at)
      return size !== null && size > 0 && size < threshold
    },
    say: (s, at) => s.vanished(title(at), number(grad(at))),
  },
  {
    id: 'exploding',
    label: (s) => s.exploding,
    conditionLabel: (s) => s.explodingThreshold,
    default: false,
    kinds: complete,
    gradients: (threshold) => sized(between(threshold, Infinity)),
    threshold: 1e4,
    holds: (at, threshold) => (norm(at) ?? 0) > threshold,
    say: (s, at) => s.exploded(title(at), number(grad(at))),
  },
  {
    id: 'zero',
    label: (s) => s.zero,
    conditionLabel: (s) => s.alsoCondition,
    default: false,
    kinds: complete,
    gradients: () => between(0, 0),
    threshold: null,
    holds: (at) => norm(at) === 0,
    say: (s, at) => s.isZero(title(at)),
  },
  {
    id: 'cut',
    label: (s) => s.cut,
    conditionLabel: (s) => s.alsoCondition,
    default: false,
    kinds: kinds(Kind.step),
    gradients: () => everything,
    threshold: null,
    holds: ({ timeline, moment }) => cutOperand(timeline.tape, timeline.op(moment)) !== null,
    say: (s, { timeline, moment }) => {
      const { tape } = timeline
      const op = timeline.op(moment)
      const { operand, reason } = cutOperand(tape, op)!
      const name = operand < 0 ? '–' : titleOf(tape, tape.table('value').op.at(operand))
      return reason === '' ? s.wasCut(titleOf(tape, op), name) : s.wasCutBecause(titleOf(tape, op), name, reason)
    },
  },
  {
    id: 'raised',
    label: (s) => s.raised,
    conditionLabel: (s) => s.alsoCondition,
    default: true,
    kinds: kinds(Kind.raised),
    threshold: null,
    holds: () => true,
    say: (_, { timeline, moment }) => {
      const { tape } = timeline
      return tape.tables.string(tape.table('event').text.at(timeline.row(moment)))
    },
  },
]

function writes({ timeline, moment }: Moment, cell: number): boolean {
  return timeline.kind(moment) === Kind.write && timeline.tape.table('write').cell.at(timeline.row(moment)) === cell
}

/** The first operand that an op read a value of but keeps no link to, or that a recorded reason cuts off. */
function cutOperand(tape: Tape, op: number): { operand: number; reason: string } | null {
  const { slot, reason } = tape.table('cut')
  const cut = tape.rows('cutsOfOp', op)[0]
  if (cut !== undefined)
    return { operand: tape.operands(op)[slot.at(cut)] ?? -1, reason: tape.tables.string(reason.at(cut)) }
  const { flags, value } = tape.table('operand')
  for (const row of tape.rows('operandsOfOp', op)) {
    const read = flags.at(row)
    if ((read & OperandFlag.used) !== 0 && (read & OperandFlag.linked) === 0 && value.at(row) >= 0)
      return { operand: value.at(row), reason: '' }
  }
  return null
}

/** What a user wrote beside a filter. Throws a `ConditionError`. */
export function parseFilterCondition(
  text: string,
  filter: Filter,
): { threshold: number | null; tree: Expression | null } {
  if (text.trim() === '') return { threshold: filter.threshold, tree: null }
  const tree = parseCondition(text)
  const alone = filter.threshold === null ? null : evaluateAlone(tree)
  return alone === null ? { threshold: filter.threshold, tree } : { threshold: alone, tree: null }
}

/** The number that a text is, if it reads nothing. */
function evaluateAlone(tree: Expression): number | null {
  let reads = false
  const result =
    tree.kind === 'comparison' || tree.kind === 'logic' || tree.kind === 'not'
      ? null
      : evaluate(tree, () => {
          reads = true
          return null
        })
  return typeof result === 'number' && !reads ? result : null
}

export function filterHolds(filter: Filter, threshold: number | null, tree: Expression | null, at: Moment): boolean {
  if (tree !== null && filter.threshold !== null) return truth(tree, at.names) === true
  return filter.holds(at, threshold ?? 0) && (tree === null || truth(tree, at.names) === true)
}

/** The gradients of steps that may be what a filter asks for, as `filterHolds` does; null where it asks for other things. */
export function regionOfFilter(filter: Filter, threshold: number | null, tree: Expression | null): Region | null {
  if (!filter.gradients) return null
  const asked = tree === null ? everything : regionOf(tree, () => undefined)
  return tree !== null && filter.threshold !== null ? asked : intersection(filter.gradients(threshold ?? 0), asked)
}
