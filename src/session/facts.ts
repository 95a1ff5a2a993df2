/** What only the session knows of a run, kept on the tape as JSON under the meta key `run`. */
import * as v from 'valibot'

const site = v.object({
  file: v.string(),
  startLine: v.number(),
  startColumn: v.number(),
  endLine: v.number(),
  endColumn: v.number(),
})

const runFacts = v.object({
  script: v.string(),
  info: v.nullable(v.object({ runtime: v.string(), interpreter: v.string(), heldBy: v.array(v.string()) })),
  end: v.variant('kind', [
    v.object({ kind: v.literal('done'), exitCode: v.number() }),
    v.object({
      kind: v.literal('raised'),
      error: v.object({
        type: v.string(),
        message: v.string(),
        traceback: v.string(),
        site: v.nullable(site),
        hint: v.nullable(v.string()),
        folder: v.optional(v.string()),
      }),
    }),
    v.object({
      kind: v.literal('limit'),
      limit: v.picklist(['time', 'memory', 'nodes', 'output']),
      message: v.string(),
    }),
    v.object({ kind: v.literal('stopped') }),
    v.object({ kind: v.literal('crashed'), message: v.string() }),
  ]),
  seconds: v.number(),
  notices: v.array(v.string()),
})

export type RunFacts = v.InferOutput<typeof runFacts>

/** Throws an `Error` when the text is not what `JSON.stringify` made of such facts: a recording may come from anywhere. */
export function parseFacts(text: string): RunFacts {
  try {
    return v.parse(runFacts, JSON.parse(text))
  } catch {
    throw new Error('the recording is damaged: what it says about its run cannot be read')
  }
}
