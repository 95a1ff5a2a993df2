/** What clients ask of breakpoints, and how they are told about them. */
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { Given } from '../given.ts'
import type { Counting } from '../views.ts'
import type { Breakpoint, Request } from './breakpoint.ts'

export interface SourceGiven {
  path: string
  /** 0 where the path is what counts. */
  reference: number
  /** The part of the file whose breakpoints come together: a cell of a notebook. */
  part?: string
}

export const sourceOf = (given: Given): SourceGiven => ({
  path: given.optionalText('path') ?? '',
  reference: given.optionalNumber('sourceReference') ?? 0,
  part: given.optionalText('adapterData') ?? '',
})

/** One file has one group, whether it is named by its path or by its number. */
export const groupOf = ({ path, reference, part = '' }: SourceGiven) =>
  `source ${reference > 0 ? reference : path} ${part}`

const extras = (given: Given) => {
  const [condition, hitCondition, logMessage] = ['condition', 'hitCondition', 'logMessage'].map((name) =>
    given.optionalText(name),
  )
  return {
    ...(condition === undefined ? {} : { condition }),
    ...(hitCondition === undefined ? {} : { hitCondition }),
    ...(logMessage === undefined ? {} : { logMessage }),
  }
}

export function sourceRequest(given: Given, source: SourceGiven, counting: Counting): Request {
  const column = given.optionalNumber('column')
  return {
    kind: 'source',
    ...source,
    line: given.number('line') + 1 - counting.line,
    column: column === undefined ? null : column - counting.column,
    ...extras(given),
  }
}

export const functionRequest = (given: Given): Request => ({
  kind: 'function',
  name: given.text('name'),
  ...extras(given),
})

export const dataId = ({ cell, value }: { cell: 'gradient' | 'value'; value: number }) => `${cell}:${value}`

export function dataRequest(given: Given): Request {
  const [, cell, value] = /^(gradient|value):(\d{1,9})$/.exec(given.text('dataId')) ?? given.refuse('dataId')
  return { kind: 'data', cell: cell as 'gradient' | 'value', value: Number(value), ...extras(given) }
}

export const filterRequest = (filter: string, condition: string | undefined): Request => ({
  kind: 'filter',
  filter,
  ...(condition === undefined ? {} : { condition }),
})

export function told(
  breakpoint: Breakpoint,
  counting: Counting,
  source: (given: SourceGiven) => DebugProtocol.Source,
): DebugProtocol.Breakpoint {
  const { id, verified, message, request, target } = breakpoint
  return {
    id,
    verified,
    ...(message === null ? {} : { message }),
    ...(request.kind === 'source' ? { source: source(request) } : {}),
    ...placeOf(request, target, counting),
  }
}

/** Where it really is; a column only where one was asked for, or the client would show the breakpoint inside the line. */
function placeOf(request: Request, target: Breakpoint['target'], counting: Counting) {
  if (request.kind !== 'source') return {}
  const range = target.at === 'nodes' ? target.range : null
  if (!range) return { line: request.line - 1 + counting.line }
  const line = { line: range.startLine - 1 + counting.line }
  if (request.column === null) return line
  return {
    ...line,
    column: request.column + counting.column,
    endLine: range.endLine - 1 + counting.line,
    endColumn: range.endColumn + counting.column,
  }
}

export const reasonOf = (hits: readonly Breakpoint[]): string => {
  const kinds = new Set(hits.map(({ request }) => request.kind))
  if (kinds.has('filter')) return 'exception'
  if (kinds.has('source')) return 'breakpoint'
  return kinds.has('function') ? 'function breakpoint' : 'data breakpoint'
}
