/** What a webview may send: everything else is refused and logged. */
import * as v from 'valibot'
import type { Message } from '../protocol/channel.ts'
import { allowances, debugActions, exportFormats } from '../protocol/panel.ts'

const MAX_TEXT = 10_000
const integer = v.pipe(v.number(), v.safeInteger())
const natural = v.pipe(integer, v.minValue(0))
const tick = v.pipe(v.number(), v.minValue(0)) // Infinity: the end
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
const limit = v.pipe(natural, v.maxValue(10_000))
const nothing = v.strictObject({})
const elements = v.array(integer)
const optionalElements = v.exactOptional(elements)

const site = v.object({
  source: integer,
  path: text,
  startLine: natural,
  startColumn: natural,
  endLine: natural,
  endColumn: natural,
  text: v.string(),
})

const requests = {
  overview: nothing,
  scene: v.object({
    open: optionalElements,
    close: optionalElements,
    direction: v.exactOptional(v.picklist(['right', 'down'])),
    room: v.exactOptional(v.object({ width: v.number(), height: v.number() })),
  }),
  frame: v.object({ revision: integer, tick }),
  step: v.object({ tick, by: v.picklist([1, -1]) }),
  summary: v.object({ limit }),
  details: v.object({ element: integer, tick }),
  search: v.object({ text, limit }),
  locate: v.object({ element: integer }),
  path: v.object({ element: integer, to: v.picklist(['root', 'leaves']) }),
  children: v.object({ element: v.nullable(integer), tick, start: natural, limit }),
  source: v.object({ id: natural }),
  svg: v.object({ tick }),
  status: nothing,
} satisfies Record<string, v.GenericSchema>

const events = {
  ready: nothing,
  point: v.object({ site: v.nullable(site) }),
  reveal: v.object({ site }),
  save: v.object({ name: v.pipe(text, v.regex(/^[^/\\]+$/)), bytes: v.instance(Uint8Array) }),
  export: v.object({ format: v.picklist(exportFormats) }),
  cancelLayout: nothing,
  run: nothing,
  stop: nothing,
  debug: nothing,
  act: v.object({ action: v.picklist(debugActions) }),
  runTo: v.object({ element: natural }),
  breakpoint: v.object({ element: integer, alone: v.boolean() }),
  example: nothing,
  allow: v.object({ what: v.picklist(allowances) }),
} satisfies Record<string, v.GenericSchema>

const envelope = v.variant('type', [
  v.object({ type: v.literal('request'), id: natural, name: v.string(), payload: v.unknown() }),
  v.object({ type: v.literal('cancel'), id: natural }),
  v.object({ type: v.literal('event'), name: v.string(), payload: v.unknown() }),
])

/** The names of the session's requests, which go to it as they are. */
export const sessionRequests = Object.keys(requests).filter((name) => name !== 'status')

/** Throws an `Error` that says what does not fit. */
export function parseViewMessage(message: unknown): Message {
  const parsed = v.parse(envelope, message)
  if (parsed.type === 'cancel') return parsed
  const table: Record<string, v.GenericSchema> = parsed.type === 'request' ? requests : events
  const schema = Object.hasOwn(table, parsed.name) ? table[parsed.name] : undefined
  if (!schema) throw new Error(`there is no ${parsed.type} "${parsed.name}"`)
  return { ...parsed, payload: v.parse(schema, parsed.payload) }
}
