/** What a client sees of a stop: frames, scopes, variables; and the numbers by which it asks for them. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import { formatNumber } from '../protocol/number.ts'
import type { GateFrame } from '../protocol/gate.ts'
import type { Tape } from '../tape/tape.ts'
import { titleOf } from '../tape/titles.ts'
import { Ascent } from './ascent.ts'
import type { Children, Item } from './items.ts'
import type { Held } from './present.ts'
import type { Situation } from './situation.ts'
import type { Strings } from './strings.ts'
import type { Scopes } from './variables.ts'

/** Lines and columns as the client counts them. */
export interface Counting {
  line: 0 | 1
  column: 0 | 1
}

type Range = Pick<GateFrame, 'startLine' | 'startColumn' | 'endLine' | 'endColumn'>

/** A range (lines from 1, columns from 0) as the place of a frame. */
export const placed = (range: Range, source: DebugProtocol.Source, { line, column }: Counting) => ({
  source,
  line: range.startLine - 1 + line,
  column: range.startColumn + column,
  endLine: range.endLine - 1 + line,
  endColumn: range.endColumn + column,
})

/** More are paged. */
const PAGE = 100
/** Nobody reads more at once, and what a message brings in is not trusted. */
const MOST = 10_000

/** What is known of one stop. The next one has its own, with other numbers: an old number is never taken for a new one. */
export class View {
  private readonly tape: Tape
  private readonly scopes: Scopes
  private readonly s: Strings
  private readonly counting: Counting
  private readonly source: (row: number) => DebugProtocol.Source
  private readonly ascent: Ascent | null
  private readonly first: number
  private readonly frames = new Map<number, Situation>()
  private readonly children = new Map<number, Children>()
  /** Of the script itself: variables, and its frames by their place. */
  private readonly heldBy = new Map<number, Held>()
  private readonly scriptFrames = new Map<number, number>()
  /** Above the node: where the script raised, where the recording ends. */
  private readonly top: Omit<DebugProtocol.StackFrame, 'id'> | null
  /** The first number that the next stop may use. */
  next: number

  constructor(
    tape: Tape,
    scopes: Scopes,
    s: Strings,
    counting: Counting,
    source: (row: number) => DebugProtocol.Source,
    at: Situation | null,
    top: Omit<DebugProtocol.StackFrame, 'id'> | null,
    first: number,
  ) {
    this.tape = tape
    this.scopes = scopes
    this.s = s
    this.counting = counting
    this.source = source
    this.ascent = at === null ? null : new Ascent(tape, at)
    this.top = top
    this.first = first
    this.next = first + 1
    if (at !== null) this.frames.set(first, at)
  }

  /** `levels` 0: all of them. */
  stack(start: number, levels: number): { stackFrames: DebugProtocol.StackFrame[]; totalFrames: number } {
    const above = this.top ? 1 : 0
    const from = Math.max(0, start)
    const end = from + (levels > 0 ? Math.min(levels, MOST) : MOST)
    const stackFrames = this.top && from === 0 ? [{ ...this.top, id: this.first }] : []
    if (this.ascent === null) return { stackFrames, totalFrames: above }
    const begin = Math.max(0, from - above)
    const { rungs, more } = this.ascent.slice(begin, end - above)
    rungs.forEach(({ at, gave }, i) => {
      const name = `${titleOf(this.tape, at.op)} (${this.tape.opName(at.op)})`
      const id = this.frameId(begin + i + above, at)
      stackFrames.push(this.frame(id, begin + i === 0 ? name : `${name} → ${formatNumber(gave)}`, at.op))
    })
    return { stackFrames, totalFrames: above + (more ? end - above + PAGE : this.ascent.length) }
  }

  /** Below the nodes, where all of those are told: the script's own frames, under a label. */
  withScript(
    { stackFrames, totalFrames }: { stackFrames: DebugProtocol.StackFrame[]; totalFrames: number },
    start: number,
    levels: number,
    frames: readonly GateFrame[],
    source: (path: string) => DebugProtocol.Source,
  ): { stackFrames: DebugProtocol.StackFrame[]; totalFrames: number } {
    if (start + stackFrames.length < totalFrames) return { stackFrames, totalFrames }
    const own = frames.map((frame, place): DebugProtocol.StackFrame => {
      const id = this.next++
      this.scriptFrames.set(id, place)
      return {
        id,
        name: frame.name,
        ...placed(frame, source(frame.file), this.counting),
        ...(frame.engine ? { presentationHint: 'subtle' as const } : {}),
      }
    })
    const label = { id: this.next++, name: this.s.scriptFrames, line: 0, column: 0, presentationHint: 'label' as const }
    const from = Math.max(0, start - totalFrames)
    const room = levels > 0 ? levels - stackFrames.length : MOST
    const below = [label, ...own].slice(from, from + Math.max(0, room))
    return { stackFrames: [...stackFrames, ...below], totalFrames: totalFrames + own.length + 1 }
  }

  /** The place of a frame of the script; undefined for others. */
  scriptFrame(frame: number | undefined): number | undefined {
    return frame === undefined ? undefined : this.scriptFrames.get(frame)
  }

  locals(frame: number): DebugProtocol.Scope {
    const variablesReference = this.hold({ kind: 'locals', frame })
    return { name: this.s.scopeLocals, variablesReference, expensive: false }
  }

  hold(held: Held): number {
    const reference = this.next++
    this.heldBy.set(reference, held)
    return reference
  }

  held(reference: number): Held | undefined {
    return this.heldBy.get(reference)
  }

  /** Something was changed where it stands: from now on it shows how things are at a later tick. */
  advance(tick: number): void {
    for (const at of this.frames.values()) at.tick = Math.max(at.tick, tick)
  }

  /** The situation of a frame; the stop's own where none is named. */
  situation(frame: number | undefined): Situation | null {
    return this.frames.get(frame ?? this.first) ?? null
  }

  scopesOf(frame: number): DebugProtocol.Scope[] {
    const at = this.frames.get(frame)
    if (!at) return []
    const { s, scopes } = this
    return [
      { ...this.scope(s.scopeNode, scopes.node(at)), presentationHint: 'locals' },
      this.scope(s.scopeContributions, scopes.contributions(at)),
      { ...this.scope(s.scopeParameters, scopes.parameters(at)), expensive: true },
    ]
  }

  private scope(name: string, children: Children): DebugProtocol.Scope {
    return { name, expensive: false, ...this.reference(children) }
  }

  /** Null when the number is of another stop. Beyond the end there is nothing. */
  variables(reference: number, settable: boolean, start = 0, count = 0): DebugProtocol.Variable[] | null {
    const children = this.children.get(reference)
    if (!children) return null
    const from = Math.max(0, start)
    const end = Math.min(children.count, from + (count > 0 ? Math.min(count, MOST) : MOST))
    return children.slice(from, end).map((item) => this.variable(item, settable))
  }

  /** Whether a reference's children are asked for by their indices. */
  isPaged(reference: number): boolean {
    return (this.children.get(reference)?.count ?? 0) > PAGE
  }

  /** `settable`: what is set can be, because the script waits here. */
  variable(item: Item, settable = false): DebugProtocol.Variable {
    return {
      name: item.name,
      value: item.value,
      ...(item.type === undefined ? {} : { type: item.type }),
      ...(item.evaluateName === undefined ? {} : { evaluateName: item.evaluateName }),
      ...(item.children ? this.reference(item.children) : { variablesReference: 0 }),
      ...(settable && item.changes ? {} : { presentationHint: { attributes: ['readOnly'] } }),
    }
  }

  /** The item of a name among the children of a reference. */
  item(reference: number, name: string): Item | null {
    const children = this.children.get(reference)
    return children?.slice(0, Math.min(children.count, MOST)).find((item) => item.name === name) ?? null
  }

  private reference(children: Children): { variablesReference: number; indexedVariables?: number } {
    const variablesReference = this.next++
    this.children.set(variablesReference, children)
    return { variablesReference, ...(children.count > PAGE ? { indexedVariables: children.count } : {}) }
  }

  /** The first frame's number is known from the start; the others get theirs when they are asked for. */
  private frameId(i: number, at: Situation): number {
    if (i === 0) return this.first
    const id = this.next++
    this.frames.set(id, at)
    return id
  }

  private frame(id: number, name: string, op: number): DebugProtocol.StackFrame {
    const site = this.tape.site(this.tape.table('op').site.at(op))
    if (!site) return { id, name, line: 0, column: 0, presentationHint: 'subtle' }
    return {
      id,
      name,
      ...placed(site, this.source(site.source), this.counting),
    }
  }
}
