/**
 * Everything that happened in a run, one moment after the other: where a debugger can stand. A moment is a number;
 * what comes later has a larger one.
 */
import { OpKind, type TableName } from '../protocol/wire.ts'
import { stream, type Stream } from '../tape/snapshot.ts'
import { lastAtOrBefore, type Tape } from '../tape/tape.ts'

/** In the order in which they count as happening within one tick. */
export const Kind = {
  /** A node was made. */
  made: 0,
  /** The rule of a node is about to run; shown as it is just before. */
  step: 1,
  /** A rule gave something to a gradient. */
  contribution: 2,
  /** A pass was begun with this gradient. */
  seed: 3,
  /** A gradient or a value was changed by something else. */
  write: 4,
  /** A pass ended: no more will come for this leaf. */
  settled: 5,
  /** The script raised. */
  raised: 6,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

export class Timeline {
  readonly tape: Tape
  length = 0
  private kinds = new Uint8Array(0)
  private rows = new Int32Array(0)
  private ticks = new Float64Array(0)
  /** How many rows of each table were taken. */
  private readonly taken = new Map<TableName, number>()

  constructor(tape: Tape) {
    this.tape = tape
    this.grow()
  }

  /** Takes what was recorded since; what is there keeps its number. */
  grow(): void {
    const streams = this.streams()
    const end = streams.reduce((sum, { rows }) => sum + rows, this.length)
    this.makeRoom(end)
    const cursors = streams.map(() => 0)
    const heads = streams.map((s) => (s.rows > 0 ? s.tick(s.row(0)) : Infinity))
    for (let moment = this.length; moment < end; moment++) {
      let kind = -1
      for (let k = 0; k < streams.length; k++)
        if (cursors[k]! < streams[k]!.rows && (kind < 0 || heads[k]! < heads[kind]!)) kind = k
      const from = streams[kind]!
      this.kinds[moment] = kind
      this.rows[moment] = from.row(cursors[kind]!)
      this.ticks[moment] = heads[kind]!
      const next = ++cursors[kind]!
      if (next < from.rows) heads[kind] = from.tick(from.row(next))
    }
    this.length = end
  }

  kind(moment: number): Kind {
    return this.kinds[moment] as Kind
  }

  /** The row of the table that the kind is named after; `value`, `held` and `event` for made, settled and raised. */
  row(moment: number): number {
    return this.rows[moment]!
  }

  /** The tick up to which everything has happened when the debugger stands here. */
  shown(moment: number): number {
    if (moment < 0) return -1
    if (moment >= this.length) return this.tape.lastTick
    return this.kinds[moment] === Kind.step ? this.ticks[moment]! - 1 : this.ticks[moment]!
  }

  /** The tick of the moment itself: before a rule, nothing but its step happens in it. */
  happens(moment: number): number {
    return moment < 0 ? 0 : moment >= this.length ? this.tape.lastTick : this.ticks[moment]!
  }

  /** The value that is made, whose rule runs, or that is written to; −1 when the moment is about none. */
  value(moment: number): number {
    const row = this.rows[moment]!
    const kind = this.kind(moment)
    switch (kind) {
      case Kind.made:
        return row
      case Kind.step:
        return this.tape.valueOfOp(this.tape.table('step').op.at(row))
      case Kind.contribution:
        return this.tape.table('contribution').target.at(row)
      case Kind.seed:
        return this.tape.table('root').value.at(row)
      case Kind.write:
        return this.tape.table('write').target.at(row)
      case Kind.settled:
        return this.tape.table('held').value.at(row)
      case Kind.raised: {
        const open = this.openStep(this.ticks[moment]!)
        return open < 0 ? -1 : this.tape.valueOfOp(this.tape.table('step').op.at(open))
      }
      default:
        return kind satisfies never
    }
  }

  op(moment: number): number {
    if (this.kinds[moment] === Kind.step) return this.tape.table('step').op.at(this.rows[moment]!)
    const value = this.value(moment)
    return value < 0 ? -1 : this.tape.table('value').op.at(value)
  }

  /** −1 before the first. */
  pass(moment: number): number {
    const row = this.rows[moment]!
    const kind = this.kind(moment)
    switch (kind) {
      case Kind.step:
        return this.tape.table('step').pass.at(row)
      case Kind.contribution:
        return this.tape.table('step').pass.at(this.tape.table('contribution').step.at(row))
      case Kind.seed:
        return this.tape.table('root').pass.at(row)
      case Kind.settled:
        return this.tape.table('held').pass.at(row)
      case Kind.made:
      case Kind.write:
      case Kind.raised:
        return this.tape.passAt(this.ticks[moment]!)
      default:
        return kind satisfies never
    }
  }

  /** The step that runs or is about to; −1 when none has begun in this pass. */
  step(moment: number): number {
    const row = this.rows[moment]!
    if (this.kinds[moment] === Kind.step) return row
    if (this.kinds[moment] === Kind.contribution) return this.tape.table('contribution').step.at(row)
    const pass = this.pass(moment)
    const steps = this.tape.rows('stepsOfPass', pass)
    const { tick } = this.tape.table('step')
    return steps[lastAtOrBefore(steps.length, (i) => tick.at(steps[i]!), this.ticks[moment]!)] ?? -1
  }

  /** Something that a debugger's user changed, not the script. */
  isIntervention(moment: number): boolean {
    return this.kinds[moment] === Kind.write && this.tape.table('write').site.at(this.rows[moment]!) < 0
  }

  /** The last moment that is shown as it is at a tick or before; −1 when none is. */
  at(tick: number): number {
    return lastAtOrBefore(this.length, (moment) => this.shown(moment), tick)
  }

  /** The innermost step that has begun and not ended, in a pass that has not ended either. */
  private openStep(tick: number): number {
    const pass = this.tape.passAt(tick)
    if (pass < 0 || this.tape.passEnd(pass) <= tick) return -1
    const steps = this.tape.rows('stepsOfPass', pass)
    for (let i = steps.length - 1; i >= 0; i--)
      if (this.tape.count('endOfStep', steps[i]!) === 0 || this.tape.stepDone(steps[i]!) > tick) return steps[i]!
    return -1
  }

  /** What each table has got since, in the order of `Kind`. */
  private streams(): Stream[] {
    const { tape } = this
    const fresh = (name: TableName, tick: (row: number) => number, wanted?: (row: number) => boolean): Stream => {
      const from = this.taken.get(name) ?? 0
      const rows: number[] = []
      for (let row = from; row < tape.tables.rowsOf(name); row++) if (wanted?.(row) ?? true) rows.push(row)
      this.taken.set(name, tape.tables.rowsOf(name))
      const order = stream(rows.length, (i) => tick(rows[i]!))
      return { rows: rows.length, row: (i) => rows[order.row(i)]!, tick }
    }
    const timed = (name: 'value' | 'step' | 'contribution' | 'root' | 'write') => {
      const { tick } = tape.table(name)
      return fresh(name, (row) => tick.at(row))
    }
    const held = tape.table('held')
    const { op } = tape.table('value')
    const { kind } = tape.table('op')
    const event = tape.table('event')
    const last = tape.lastTick
    return [
      timed('value'),
      timed('step'),
      timed('contribution'),
      timed('root'),
      timed('write'),
      fresh(
        'held',
        (row) => Math.min(tape.passEnd(held.pass.at(row)), last),
        (row) => kind.at(op.at(held.value.at(row))) === OpKind.leaf,
      ),
      fresh(
        'event',
        (row) => event.tick.at(row),
        (row) => tape.tables.string(event.kind.at(row)) === 'exception',
      ),
    ]
  }

  private makeRoom(length: number): void {
    if (length <= this.kinds.length) return
    const room = this.length === 0 ? length : Math.max(length, 2 * this.kinds.length)
    const [kinds, rows, ticks] = [new Uint8Array(room), new Int32Array(room), new Float64Array(room)]
    kinds.set(this.kinds)
    rows.set(this.rows)
    ticks.set(this.ticks)
    this.kinds = kinds
    this.rows = rows
    this.ticks = ticks
  }
}
