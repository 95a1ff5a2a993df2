/** One breakpoint: where it is, what must hold there, and the moments at which it was hit. */
import type { Expression } from '../conditions/parse.ts'
import { parseCondition } from '../conditions/parse.ts'
import { ConditionError } from '../conditions/tokens.ts'
import type { Strings } from '../strings.ts'
import { filters, parseFilterCondition, type Filter } from './filters.ts'
import { parseHitCount, type HitCount } from './hitCount.ts'
import { parseLogMessage, type LogMessage } from './logMessage.ts'
import type { Nodes, Range } from './places.ts'

/** What is asked for, as the user wrote it. */
export type Request = { condition?: string; hitCondition?: string; logMessage?: string } & (
  | { kind: 'source'; path: string; reference: number; line: number; column: number | null }
  | { kind: 'function'; name: string }
  | { kind: 'data'; cell: 'gradient' | 'value'; value: number }
  | { kind: 'filter'; filter: string }
)

/** Where it is, once there is a tape. */
export type Target =
  | { at: 'nodes'; nodes: Nodes; range: Range | null }
  | { at: 'value'; value: number; cell: 'gradient' | 'value' }
  | { at: 'filter'; filter: Filter }
  /** `awaited`: nodes may still be made there. */
  | { at: 'nowhere'; why: string; awaited: boolean }

export class Breakpoint {
  readonly id: number
  readonly request: Request
  readonly condition: Expression | null = null
  readonly hitCount: HitCount | null = null
  readonly log: LogMessage | null = null
  readonly threshold: number | null = null
  /** What is wrong with the text of it. */
  readonly problem: string | null = null
  target: Target
  /** The moments, ascending, at which it was reached and its condition held; complete up to `seen`. */
  readonly reached: number[] = []
  seen = -1
  /** A condition that cannot be evaluated is told once. */
  failed = false
  /** Where its message was printed already. */
  readonly printed = new Set<number>()

  constructor(id: number, request: Request, s: Strings) {
    this.id = id
    this.request = request
    this.target = { at: 'nowhere', why: s.waitsForRun, awaited: true }
    try {
      if (request.kind === 'filter') {
        const filter = filters.find((known) => known.id === request.filter)
        if (!filter) throw new TypeError(s.badArgument(request.filter))
        const { threshold, tree } = parseFilterCondition(request.condition ?? '', filter)
        this.threshold = threshold
        this.condition = tree
      } else if (isGiven(request.condition)) this.condition = parseCondition(request.condition)
      if (isGiven(request.logMessage)) this.log = parseLogMessage(request.logMessage)
    } catch (error) {
      this.problem = messageOf(error, s)
    }
    if (this.problem === null && isGiven(request.hitCondition)) {
      this.hitCount = parseHitCount(request.hitCondition)
      if (this.hitCount === null) this.problem = s.badHitCount(request.hitCondition)
    }
  }

  get verified(): boolean {
    return this.problem === null && this.target.at !== 'nowhere'
  }

  get awaited(): boolean {
    return this.problem === null && this.target.at === 'nowhere' && this.target.awaited
  }

  get message(): string | null {
    return this.problem ?? (this.target.at === 'nowhere' ? this.target.why : null)
  }

  /** It was set on another tape, or elsewhere on this one. */
  forget(target: Target): void {
    this.target = target
    this.reached.length = 0
    this.seen = -1
  }

  /** Which time it was, from the run's start, counted from 1; 0 when it was not reached at this moment. */
  ordinal(moment: number): number {
    let low = 0
    let high = this.reached.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.reached[middle]! < moment) low = middle + 1
      else high = middle
    }
    return this.reached[low] === moment ? low + 1 : 0
  }

  hitAt(moment: number): boolean {
    const ordinal = this.ordinal(moment)
    return ordinal > 0 && (this.hitCount === null || this.hitCount(ordinal))
  }
}

const isGiven = (text: string | undefined): text is string => text !== undefined && text.trim() !== ''

/** A condition's mistake with its column, from 1 as editors count. */
export function messageOf(error: unknown, s: Strings): string {
  if (error instanceof ConditionError) return s.atColumn(error.say(s), error.column + 1)
  return error instanceof Error ? error.message : String(error)
}
