/** The same value or parameter in earlier passes. */
import { lastAtOrBefore, type Tape } from '../tape/tape.ts'

export class Lineage {
  private readonly tape: Tape
  /** By name and site of values, and the pass that they were made for: values in the order of making. */
  private peers: Map<number, Map<number, number[]>> | null = null
  private ends: number[] = []

  constructor(tape: Tape) {
    this.tape = tape
    this.grow()
  }

  /** The tape has grown. */
  grow(): void {
    this.ends = Array.from({ length: this.tape.passes }, (_, pass) => this.tape.passEnd(pass))
    this.peers = null
  }

  /** What it was in the last pass that ended before a tick; null when there was none. */
  previous(value: number, tick: number): number | null {
    const last = lastAtOrBefore(this.ends.length, (pass) => this.ends[pass]!, tick - 1)
    if (last < 0) return null
    const born = this.tape.table('value').tick.at(value)
    if (born < this.tape.passStart(last)) return this.tape.valueAt(value, this.ends[last]!)
    const peer = this.peer(value, this.madeFor(value) - 1)
    return peer === null ? null : this.tape.valueAt(peer, this.ends[last]!)
  }

  /** What it was at the start: when it was made, or when its first like was. */
  initial(value: number): number | null {
    const first = this.peersOf(value).keys().next().value
    const peer = first === undefined ? null : this.peer(value, first)
    return this.tape.table('value').data.at(peer ?? value)
  }

  /** A value made anew in each iteration is found again by its name and site; of several, by its place among them. */
  private peer(value: number, pass: number): number | null {
    const all = this.peersOf(value)
    const mine = all.get(this.madeFor(value))!
    const theirs = all.get(pass)
    if (theirs?.length !== mine.length) return null
    return theirs[lastAtOrBefore(mine.length, (i) => mine[i]!, value)]!
  }

  private peersOf(value: number): Map<number, number[]> {
    this.peers ??= this.group()
    return this.peers.get(this.key(value))!
  }

  private group(): Map<number, Map<number, number[]>> {
    const peers = new Map<number, Map<number, number[]>>()
    for (let value = 0; value < this.tape.tables.rowsOf('value'); value++) {
      const key = this.key(value)
      const passes = peers.get(key) ?? new Map<number, number[]>()
      peers.set(key, passes)
      const pass = this.madeFor(value)
      const list = passes.get(pass)
      if (list) list.push(value)
      else passes.set(pass, [value])
    }
    return peers
  }

  /** The first pass that began after a value was made. */
  private madeFor(value: number): number {
    return this.tape.passAt(this.tape.table('value').tick.at(value)) + 1
  }

  /** Its site and its name as one number. */
  private key(value: number): number {
    const { tape } = this
    const site = tape.table('op').site.at(tape.table('value').op.at(value))
    const name = tape.rows('namesOfValue', value)[0]
    const text = name === undefined ? -1 : tape.table('name').path.at(name)
    return (site + 1) * (tape.tables.text.length + 1) + text + 1
  }
}
