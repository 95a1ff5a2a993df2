/** Requests about where the backward pass stands. */
import type { Handler } from './answering.ts'
import { sourceOf } from './breakpoints/requests.ts'
import type { Debugger } from './debugger.ts'
import { completions, evaluate } from './evaluation.ts'
import { Given, Refusal } from './given.ts'

export function inspectionHandlers(session: Debugger): Record<string, Handler> {
  const given = (value: unknown) => new Given(value, session.s)
  const refuseSet: Handler = () => {
    throw new Refusal(session.s.setRefused)
  }
  return {
    stackTrace: (value) => {
      const wanted = given(value)
      const body = session
        .standing()
        .stack(wanted.optionalNumber('startFrame') ?? 0, wanted.optionalNumber('levels') ?? 0)
      return { body }
    },
    scopes: (value) => ({ body: { scopes: session.standing().scopesOf(given(value).number('frameId')) } }),
    variables: (value) => {
      const wanted = given(value)
      const { view } = session
      const variables =
        view && wanted.optionalText('filter') === 'named' && view.isPaged(wanted.number('variablesReference'))
          ? []
          : view?.variables(
              wanted.number('variablesReference'),
              wanted.optionalNumber('start'),
              wanted.optionalNumber('count'),
            )
      if (!variables) throw new Refusal(session.s.noSuchReference)
      return { body: { variables } }
    },
    evaluate: (value) => {
      const wanted = given(value)
      const expression = wanted.text('expression')
      const view = session.standing()
      const at = view.situation(wanted.optionalNumber('frameId'))
      if (!at) throw new Refusal(session.s.noSuchReference)
      const { scopes } = session.recorded()
      const found = evaluate(
        session.host.tape,
        scopes,
        at,
        expression,
        wanted.optionalText('context') ?? 'watch',
        session.s,
      )
      const { value: result, type, variablesReference, indexedVariables } = view.variable(found)
      const paged = indexedVariables === undefined ? {} : { indexedVariables }
      return { body: { result, ...(type === undefined ? {} : { type }), variablesReference, ...paged } }
    },
    completions: (value) => {
      const wanted = given(value)
      const column = wanted.number('column') - session.counting.column
      const targets = completions(wanted.text('text'), column).map(({ label, text, start }) => ({
        label,
        text,
        start,
        length: Math.max(0, column - start),
      }))
      return { body: { targets } }
    },
    exceptionInfo: () => {
      session.standing()
      const description = session.exceptionText()
      const target = session.stop?.hits.find((hit) => hit.target.at === 'filter')?.target
      if (description === null || target?.at !== 'filter') throw new Refusal(session.s.notAnException)
      const label = target.filter.label(session.s)
      return {
        body: {
          exceptionId: label,
          description,
          breakMode: 'always',
          details: { message: description, typeName: target.filter.id, ...session.traceback() },
        },
      }
    },
    source: (value) => {
      const wanted = given(value)
      session.recorded()
      const reference = wanted.optionalNumber('sourceReference') ?? 0
      const source = reference > 0 ? { path: '', reference } : sourceOf(wanted.record('source'))
      const content = session.sources.text(source)
      if (content === null) throw new Refusal(session.s.noSuchSource)
      return { body: { content, mimeType: 'text/x-python' } }
    },
    loadedSources: () => ({
      body: { sources: Array.from({ length: session.sources.count }, (_, row) => session.sources.row(row)) },
    }),
    setVariable: refuseSet,
    setExpression: refuseSet,
  }
}
