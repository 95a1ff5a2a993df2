/**
 * The same value or parameter in earlier passes. Of a value made anew in each iteration it is known when its own pass
 * has begun, by what it was called until then: so that a script that runs gives the same answers as its recording.
 */
import { lastAtOrBefore, type Tape } from '../tape/tape.ts'

export class Lineage {
  private readonly tape: Tape
  /** By name and site of values, and the pass that they were made for: values in the order of making. */
  private readonly peers = new Map<number, Map<number, number[]>>()
  /** Rows that were looked at. */
  private values = 0
  private names = 0

  constructor(tape: Tape) {
    this.tape = tape
  }

  /** What it was in the last pass that ended before a tick; null when there was none. */
  previous(value: number, tick: number): number | null {
    const last = lastAtOrBefore(this.tape.passes, (pass) => this.tape.passEnd(pass), tick - 1)
    if (last < 0) return null
    const born = this.tape.table('value').tick.at(value)
    if (born < this.tape.passStart(last)) return this.tape.valueAt(value, this.tape.passEnd(last))
    const peer = this.peer(value, this.madeFor(value) - 1, tick)
    return peer === null ? null : this.tape.valueAt(peer, this.tape.passEnd(last))
  }

  /** What it was at the start: when it was made, or when its first like was. */
  initial(value: number, tick: number): number | null {
    const peer = this.peer(value, Math.min(...this.peersOf(value).keys()), tick)
    return this.tape.table('value').data.at(peer ?? value)
  }

  /** A value made anew in each iteration is found again by its name and site; of several, by its place among them. */
  private peer(value: number, pass: number, tick: number): number | null {
    if (tick < this.complete(value)) return null
    const all = this.peersOf(value)
    const mine = all.get(this.madeFor(value))!
    const theirs = all.get(pass)
    if (theirs?.length !== mine.length) return null
    return theirs[lastAtOrBefore(mine.length, (i) => mine[i]!, value)]!
  }

  private peersOf(value: number): Map<number, number[]> {
    this.grow()
    return this.peers.get(this.key(value, this.nameOf(value)))!
  }

  /** Takes what the tape has got since. What is named later moves from those without a name to those of its name. */
  private grow(): void {
    const { tape } = this
    const known = this.values
    for (; this.values < tape.tables.rowsOf('value'); this.values++) this.add(this.values, this.nameOf(this.values))
    const { value, rows } = tape.table('name')
    for (; this.names < rows; this.names++) {
      const named = value.at(this.names)
      if (named >= known || tape.rows('namesOfValue', named)[0] !== this.names) continue
      const name = this.nameOf(named)
      if (name < 0) continue
      this.remove(named)
      this.add(named, name)
    }
  }

  private add(value: number, name: number): void {
    const key = this.key(value, name)
    const passes = this.peers.get(key) ?? new Map<number, number[]>()
    this.peers.set(key, passes)
    const pass = this.madeFor(value)
    const list = passes.get(pass)
    if (list) list.splice(lastAtOrBefore(list.length, (i) => list[i]!, value) + 1, 0, value)
    else passes.set(pass, [value])
  }

  private remove(nameless: number): void {
    const passes = this.peers.get(this.key(nameless, -1))!
    const pass = this.madeFor(nameless)
    const list = passes.get(pass)!
    list.splice(
      lastAtOrBefore(list.length, (i) => list[i]!, nameless),
      1,
    )
    if (list.length === 0) passes.delete(pass)
  }

  /** The first pass that began after a value was made. */
  private madeFor(value: number): number {
    return this.tape.passAt(this.tape.table('value').tick.at(value)) + 1
  }

  /** The tick from which all that was made for a value's pass is there. */
  private complete(value: number): number {
    const pass = this.madeFor(value)
    return pass < this.tape.passes ? this.tape.passStart(pass) : Infinity
  }

  /** Of its first name, −1 where it has none, or got one later. */
  private nameOf(value: number): number {
    const row = this.tape.rows('namesOfValue', value)[0]
    const { path, tick } = this.tape.table('name')
    return row === undefined || tick.at(row) > this.complete(value) ? -1 : path.at(row)
  }

  /** Its site and its name as one number. */
  private key(value: number, name: number): number {
    return this.tape.table('op').site.at(this.tape.table('value').op.at(value)) * TEXTS + name
  }
}

/** There are never as many. */
const TEXTS = 2 ** 31
