/** How the harness says that a run ended. It comes out of the sandbox, so it is checked here and bounded. */

import * as v from 'valibot'

const text = v.pipe(v.string(), v.maxLength(1_000_000))
const position = v.pipe(v.number(), v.integer(), v.minValue(0))

const outcome = v.variant('kind', [
  v.object({ kind: v.literal('done'), exitCode: v.pipe(v.number(), v.integer()), notices: v.array(text) }),
  v.object({
    kind: v.literal('raised'),
    error: v.object({
      type: text,
      message: text,
      traceback: text,
      site: v.nullable(
        v.object({
          file: text,
          startLine: position,
          startColumn: position,
          endLine: position,
          endColumn: position,
        }),
      ),
      hint: v.nullable(text),
    }),
    notices: v.array(text),
  }),
  v.object({ kind: v.literal('limit'), limit: v.literal('nodes'), message: text, notices: v.array(text) }),
  v.object({ kind: v.literal('interrupted'), notices: v.array(text) }),
])

export type Outcome = v.InferOutput<typeof outcome>

/** Throws when the bytes are not an outcome. */
export function parseOutcome(payload: Uint8Array): Outcome {
  return v.parse(outcome, JSON.parse(new TextDecoder().decode(payload)))
}
