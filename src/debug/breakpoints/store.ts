/** The breakpoints that were set, by what set them; set again unchanged they stay the same, with their hits and prints. */
import type { Tape } from '../../tape/tape.ts'
import type { Strings } from '../strings.ts'
import { Breakpoint, type Request, type Target } from './breakpoint.ts'
import { filters } from './filters.ts'
import type { Places } from './places.ts'

export class BreakpointStore {
  private readonly groups = new Map<string, Breakpoint[]>()
  private readonly s: Strings
  private nextId = 1
  private tape: { tape: Tape; places: Places } | null = null

  constructor(s: Strings) {
    this.s = s
  }

  /** `group`: a file, or a kind of which a client always sends all. */
  replace(group: string, requests: readonly Request[]): Breakpoint[] {
    const known = new Map<string, Breakpoint[]>()
    for (const breakpoint of this.groups.get(group) ?? []) {
      const key = JSON.stringify(breakpoint.request)
      known.set(key, [...(known.get(key) ?? []), breakpoint])
    }
    const set = requests.map((request) => known.get(JSON.stringify(request))?.shift() ?? this.made(request))
    this.groups.set(group, set)
    return set
  }

  all(): Breakpoint[] {
    return [...this.groups.values()].flat()
  }

  /** There is a tape now; returns what changed by that. */
  resolve(tape: Tape, places: Places): Breakpoint[] {
    this.tape = { tape, places }
    const all = this.all()
    for (const breakpoint of all) breakpoint.forget(this.targetOf(breakpoint.request))
    return all
  }

  /**
   * The tape has grown: nodes were made where breakpoints are. `since`: how many nodes there were; `moved`: whether
   * there are places that were not there before. Returns the breakpoints that say something else now.
   */
  grow(since: number, moved: boolean): Breakpoint[] {
    return this.all().filter((breakpoint) => {
      const { request, target, message } = breakpoint
      if (request.kind === 'source' ? !moved : target.at !== 'nowhere') return false
      breakpoint.target = this.targetOf(request, since)
      return breakpoint.message !== message
    })
  }

  private made(request: Request): Breakpoint {
    const breakpoint = new Breakpoint(this.nextId++, request, this.s)
    if (this.tape) breakpoint.forget(this.targetOf(request))
    return breakpoint
  }

  /** `since`: nodes before it were looked at already, and none fitted. */
  private targetOf(request: Request, since = 0): Target {
    const { tape, places } = this.tape!
    switch (request.kind) {
      case 'source': {
        const source = request.reference > 0 ? request.reference - 1 : places.source(request.path)
        return nowhereOr(places.onLine(source, request.line, request.column, this.s))
      }
      case 'function':
        return nowhereOr(places.named(request.name, this.s, since))
      case 'data':
        return request.value < tape.tables.rowsOf('value')
          ? { at: 'value', value: request.value, cell: request.cell }
          : { at: 'nowhere', why: this.s.noSuchData, awaited: false }
      case 'filter': {
        const filter = filters.find(({ id }) => id === request.filter)
        return filter
          ? { at: 'filter', filter }
          : { at: 'nowhere', why: this.s.badArgument(request.filter), awaited: false }
      }
      default:
        return request satisfies never
    }
  }
}

const nowhereOr = (place: ReturnType<Places['named']>): Target =>
  'why' in place ? { at: 'nowhere', ...place } : { at: 'nodes', ...place }
