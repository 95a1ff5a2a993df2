/** Messages of the debug adapter protocol in a stream of bytes: a header with the length, an empty line, JSON. */

const HEADER_END = [13, 10, 13, 10]
/** A header has one line; more than this is something else. */
const MAX_HEADER = 4096
const MAX_BODY = 64_000_000

export function framed(message: object): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message))
  const head = new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n`)
  const whole = new Uint8Array(head.length + body.length)
  whole.set(head)
  whole.set(body, head.length)
  return whole
}

/** Cuts a stream into messages. What is no JSON is left out; a stream without lengths cannot be read on. */
export class Unframer {
  private rest: Uint8Array = new Uint8Array(0)

  /** Throws when a header makes no sense: where the next message begins is then not known. */
  push(chunk: Uint8Array): unknown[] {
    this.rest = joined(this.rest, chunk)
    const messages: unknown[] = []
    for (;;) {
      const end = headerEnd(this.rest)
      if (end < 0) {
        if (this.rest.length > MAX_HEADER) throw new Error('this is no debug adapter protocol')
        return messages
      }
      const length = Number(
        /^content-length: *(\d+) *$/im.exec(new TextDecoder().decode(this.rest.subarray(0, end)))?.[1] ?? NaN,
      )
      if (!(length <= MAX_BODY)) throw new Error('a message has no length, or one beyond reason')
      const start = end + HEADER_END.length
      if (this.rest.length < start + length) return messages
      const body = new TextDecoder().decode(this.rest.subarray(start, start + length))
      this.rest = this.rest.slice(start + length)
      try {
        messages.push(JSON.parse(body))
      } catch {
        // Without a readable number it cannot be answered either.
      }
    }
  }
}

function headerEnd(bytes: Uint8Array): number {
  const last = Math.min(bytes.length, MAX_HEADER) - HEADER_END.length
  for (let at = 0; at <= last; at++) if (HEADER_END.every((byte, i) => bytes[at + i] === byte)) return at
  return -1
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
