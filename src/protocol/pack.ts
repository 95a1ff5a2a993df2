/**
 * A panel's messages travel as JSON, which has no NaN, no infinities and no −0; a gradient may be any of them. Typed
 * arrays are carried whole.
 */
const KEY = '#number'
const special = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity, '-0': -0 } as const
type Packed = { [KEY]: keyof typeof special }

export function pack(value: unknown): unknown {
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value
    return { [KEY]: Object.is(value, -0) ? '-0' : String(value) }
  }
  return walk(value, pack)
}

export function unpack(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && KEY in value) return special[(value as Packed)[KEY]]
  return walk(value, unpack)
}

/** Copies only what changes: messages are long, and hardly any number in them is a special one. */
export function walk(value: unknown, change: (value: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return value
  if (Array.isArray(value)) {
    const list = value as unknown[]
    let copy: unknown[] | null = null
    for (let i = 0; i < list.length; i++) {
      const changed = change(list[i])
      if (changed !== list[i]) (copy ??= [...list])[i] = changed
    }
    return copy ?? list
  }
  const parts = value as Record<string, unknown>
  let copy: Record<string, unknown> | null = null
  for (const key of Object.keys(parts)) {
    const changed = change(parts[key])
    if (changed !== parts[key]) (copy ??= { ...parts })[key] = changed
  }
  return copy ?? parts
}
