/** What comes from the gate. It comes out of the sandbox, so it is checked here and bounded. */

import * as v from 'valibot'
import type { GateFrame, GateReply } from '../../protocol/gate.ts'

const text = v.pipe(v.string(), v.maxLength(100_000))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const variable = v.object({
  name: text,
  text,
  type: text,
  number: v.nullable(text),
  handle: count,
  named: count,
  indexed: count,
})
const frame = v.object({
  name: text,
  file: text,
  startLine: count,
  startColumn: count,
  endLine: count,
  endColumn: count,
  engine: v.boolean(),
})

const frames = v.pipe(v.array(frame), v.maxLength(100_000))

const message = v.variant('kind', [
  v.object({ kind: v.literal('waiting'), frames: v.nullable(frames) }),
  v.object({ kind: v.literal('frames'), frames }),
  v.object({ kind: v.literal('variables'), variables: v.pipe(v.array(variable), v.maxLength(10_000)) }),
  v.object({ kind: v.literal('value'), variable }),
  v.object({ kind: v.literal('error'), message: text }),
])

export type GateMessage = GateReply | { kind: 'waiting'; frames: GateFrame[] | null }

/** Throws when the bytes are no message of a gate. */
export function parseGateMessage(payload: Uint8Array): GateMessage {
  return v.parse(message, JSON.parse(new TextDecoder().decode(payload)))
}
