/** Requests about breakpoints. */
import type { Handler } from './answering.ts'
import {
  dataId,
  dataRequest,
  filterRequest,
  functionRequest,
  groupOf,
  sourceOf,
  sourceRequest,
} from './breakpoints/requests.ts'
import type { Request } from './breakpoints/breakpoint.ts'
import type { Debugger } from './debugger.ts'
import { valueNamed } from './evaluation.ts'
import { Given } from './given.ts'
import { titleOf } from '../tape/titles.ts'

export function breakpointHandlers(session: Debugger): Record<string, Handler> {
  const given = (value: unknown) => new Given(value, session.s)
  const replace = (group: string, requests: Request[]) => {
    const set = session.store.replace(group, requests)
    session.rewatch()
    return { body: { breakpoints: set.map(session.tell) } }
  }
  return {
    setBreakpoints: (value) => {
      const source = sourceOf(given(value).record('source'))
      const requests = given(value)
        .records('breakpoints')
        .map((one) => sourceRequest(one, source, session.counting))
      return replace(groupOf(source), requests)
    },
    setFunctionBreakpoints: (value) => replace('function', given(value).records('breakpoints').map(functionRequest)),
    setDataBreakpoints: (value) => replace('data', given(value).records('breakpoints').map(dataRequest)),
    setExceptionBreakpoints: (value) => {
      const plain = given(value).texts('filters')
      const options = given(value).records('filterOptions')
      return replace('filter', [
        ...plain.map((filter) => filterRequest(filter, undefined)),
        ...options.map((one) => filterRequest(one.text('filterId'), one.optionalText('condition'))),
      ])
    },
    breakpointLocations: (value) => {
      const wanted = given(value)
      const source = sourceOf(wanted.record('source'))
      const first = wanted.number('line') + 1 - session.counting.line
      const last = (wanted.optionalNumber('endLine') ?? wanted.number('line')) + 1 - session.counting.line
      const { counting } = session
      const places = session.places()
      const row = source.reference > 0 ? source.reference - 1 : places.source(source.path)
      const breakpoints = places.within(row, first, last).map((range) => ({
        line: range.startLine - 1 + counting.line,
        column: range.startColumn + counting.column,
        endLine: range.endLine - 1 + counting.line,
        endColumn: range.endColumn + counting.column,
      }))
      return { body: { breakpoints } }
    },
    dataBreakpointInfo: (value) => {
      const wanted = given(value)
      const name = wanted.text('name')
      const changes = changesOf(
        session,
        wanted.optionalNumber('variablesReference'),
        wanted.optionalNumber('frameId'),
        name,
      )
      if (!changes) return { body: { dataId: null, description: session.s.noSuchData } }
      const { tape } = session.host
      const title = titleOf(tape, tape.table('value').op.at(changes.value))
      const { gradientChanges, valueChanges } = session.s
      const description = (changes.cell === 'gradient' ? gradientChanges : valueChanges)(title)
      return { body: { dataId: dataId(changes), description, accessTypes: ['write'], canPersist: false } }
    },
  }
}

/** Of a variable in view, or of a name that the script gave: its gradient, unless `.data` is asked for. */
function changesOf(session: Debugger, reference: number | undefined, frame: number | undefined, name: string) {
  const view = session.stand.numbers()
  if (reference !== undefined && reference > 0) return view.item(reference, name)?.changes ?? null
  const at = view.situation(frame)
  if (!at) return null
  const [, path, part] = /^(.+?)(?:\.(grad|data))?$/s.exec(name) ?? ['', name, undefined]
  const value = valueNamed(session.host.tape, path!, at.tick)
  return value < 0 ? null : { cell: part === 'data' ? ('value' as const) : ('gradient' as const), value }
}
