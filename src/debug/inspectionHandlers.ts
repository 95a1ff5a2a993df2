/** Requests about where the backward pass stands. */
import type { Handler } from './answering.ts'
import { sourceOf } from './breakpoints/requests.ts'
import type { Debugger } from './debugger.ts'
import { completions, evaluate } from './evaluation.ts'
import { Given, Refusal } from './given.ts'
import { pathOf, shownVariable, textOf, type Held } from './present.ts'

/** Parts of a value that are asked for at once. */
const MOST_HELD = 1000

export function inspectionHandlers(session: Debugger): Record<string, Handler> {
  const given = (value: unknown) => new Given(value, session.s)
  return {
    stackTrace: async (value) => {
      const wanted = given(value)
      const view = session.stand.numbers()
      const start = Math.max(0, wanted.optionalNumber('startFrame') ?? 0)
      const levels = Math.max(0, wanted.optionalNumber('levels') ?? 0)
      const body = view.stack(start, levels)
      const present = session.stand.present()
      if (!present) return { body }
      const frames = await present.frames()
      return {
        body: view.withScript(body, start, levels, frames, (path) => session.sources.of({ path, reference: 0 })),
      }
    },
    scopes: async (value) => {
      const frame = given(value).number('frameId')
      const view = session.stand.numbers()
      const present = session.stand.present()
      const own = view.scriptFrame(frame)
      const scopes = view.scopesOf(frame)
      if (present && (own !== undefined || scopes.length > 0))
        scopes.push(view.locals(own ?? (await present.userFrame())))
      return { body: { scopes } }
    },
    variables: async (value) => {
      const wanted = given(value)
      const reference = wanted.number('variablesReference')
      const [start, count] = [wanted.optionalNumber('start'), wanted.optionalNumber('count')]
      const { view } = session.stand
      const held = view?.held(reference)
      if (view && held) {
        const present = session.stand.present()
        if (!present) throw new Refusal(session.s.noSuchReference)
        const found = await present.variables(held, Math.max(0, start ?? 0), count && count > 0 ? count : MOST_HELD)
        return { body: { variables: found.map((one) => shownVariable(one, held, (parts) => view.hold(parts))) } }
      }
      const variables =
        view && wanted.optionalText('filter') === 'named' && view.isPaged(reference)
          ? []
          : view?.variables(reference, session.stand.present() !== null, start, count)
      if (!variables) throw new Refusal(session.s.noSuchReference)
      return { body: { variables } }
    },
    evaluate: async (value) => {
      const wanted = given(value)
      const expression = wanted.text('expression')
      const context = wanted.optionalText('context') ?? 'watch'
      const view = session.stand.numbers()
      const frame = wanted.optionalNumber('frameId')
      const own = view.scriptFrame(frame)
      const inScript = async () => {
        const present = session.stand.present()
        if (!present) throw new Refusal(session.s.noSuchReference)
        const place = own ?? (await present.userFrame())
        const found = await present.evaluate(place, expression).finally(() => session.stand.altered())
        const held: Held = { kind: 'locals', frame: place }
        const shown = shownVariable({ ...found, name: expression }, held, (parts) => view.hold(parts))
        return { body: { result: shown.value, type: found.type, variablesReference: shown.variablesReference } }
      }
      const onTape = () => {
        const at = view.situation(own === undefined ? frame : undefined)
        if (!at) throw new Refusal(session.s.noSuchReference)
        const { scopes } = session.recorded()
        const found = evaluate(session.host.tape, scopes, at, expression, context, session.s)
        const { value: result, type, variablesReference, indexedVariables } = view.variable(found)
        const paged = indexedVariables === undefined ? {} : { indexedVariables }
        return { body: { result, ...(type === undefined ? {} : { type }), variablesReference, ...paged } }
      }
      // Only the console speaks the script's language: what is evaluated there is written on the tape.
      if (context !== 'repl' || !session.stand.present()) return onTape()
      return inScript().catch((error: unknown) => {
        try {
          return onTape()
        } catch {
          throw error
        }
      })
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
      session.stand.numbers()
      const description = session.stand.exceptionText()
      const target = session.stand.hits.find((hit) => hit.target.at === 'filter')?.target
      if (description === null || target?.at !== 'filter') throw new Refusal(session.s.notAnException)
      const label = target.filter.label(session.s)
      return {
        body: {
          exceptionId: label,
          description,
          breakMode: 'always',
          details: { message: description, typeName: target.filter.id, ...session.stand.traceback() },
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
    setVariable: async (value) => {
      const wanted = given(value)
      const [name, text] = [wanted.text('name'), wanted.text('value')]
      const view = session.stand.numbers()
      const reference = wanted.number('variablesReference')
      const held = view.held(reference)
      const present = session.stand.present()
      if (present && held) {
        const set = await present.set(held.frame, pathOf(held, name), text)
        await session.stand.altered()
        const shown = shownVariable({ ...set, name }, held, (parts) => view.hold(parts))
        return { body: { value: shown.value, type: set.type, variablesReference: shown.variablesReference } }
      }
      const changes = view.item(reference, name)?.changes
      if (!present || !changes) throw new Refusal(session.s.setRefused)
      await present.alter(changes.value, changes.cell === 'gradient', text)
      await session.stand.altered()
      const { value: now, type } = view.variable(view.item(reference, name)!)
      return { body: { value: now, ...(type === undefined ? {} : { type }), variablesReference: 0 } }
    },
    setExpression: async (value) => {
      const wanted = given(value)
      const [expression, text] = [wanted.text('expression'), wanted.text('value')]
      const own = session.stand.numbers().scriptFrame(wanted.optionalNumber('frameId'))
      const present = session.stand.present()
      if (!present) throw new Refusal(session.s.setRefused)
      const set = await present.set(own ?? (await present.userFrame()), expression, text)
      await session.stand.altered()
      return { body: { value: textOf(set), type: set.type } }
    },
  }
}
