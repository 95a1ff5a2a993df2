/**
 * One small request/reply/event channel for every border: host and webview, host and session worker.
 * A request ends in exactly one of: reply, error reply, time-out, abort, or disposal of the channel.
 */

export type RequestMap = Record<string, { request: unknown; reply: unknown }>
export type EventMap = Record<string, unknown>

export type Message =
  | { type: 'request'; id: number; name: string; payload: unknown }
  | { type: 'reply'; id: number; payload: unknown }
  | { type: 'error'; id: number; message: string }
  | { type: 'cancel'; id: number }
  | { type: 'event'; name: string; payload: unknown }

/** What carries messages: a worker, a message port, a webview. */
export interface Port {
  post(message: Message): void
  onMessage(listener: (message: Message) => void): void
}

/** Requests of `Theirs` are sent; requests of `Mine` are served. Likewise for events. */
export class Channel<
  Theirs extends RequestMap,
  TheirEvents extends EventMap,
  Mine extends RequestMap = Record<never, never>,
  MyEvents extends EventMap = Record<never, never>,
> {
  private nextId = 1
  private disposed = false
  private readonly pending = new Map<number, { resolve(v: unknown): void; reject(e: Error): void; done(): void }>()
  private readonly handlers = new Map<string, (payload: never, signal: AbortSignal) => unknown>()
  private readonly serving = new Map<number, AbortController>()
  private readonly listeners = new Map<string, Set<(payload: never) => void>>()

  private readonly port: Port
  private readonly timeoutMs: number

  constructor(port: Port, timeoutMs = 30_000) {
    this.port = port
    this.timeoutMs = timeoutMs
    port.onMessage((message) => this.receive(message))
  }

  request<K extends keyof Theirs & string>(
    name: K,
    payload: Theirs[K]['request'],
    signal?: AbortSignal,
  ): Promise<Theirs[K]['reply']> {
    if (this.disposed) return Promise.reject(new Error(`${name}: the channel is closed`))
    if (signal?.aborted) return Promise.reject(new Error(`${name}: cancelled`))
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.port.post({ type: 'cancel', id })
        this.settle(id)?.reject(new Error(`${name}: cancelled`))
      }
      const timer = setTimeout(() => {
        this.port.post({ type: 'cancel', id })
        this.settle(id)?.reject(new Error(`${name}: no answer after ${this.timeoutMs / 1000} s`))
      }, this.timeoutMs)
      signal?.addEventListener('abort', abort, { once: true })
      this.pending.set(id, {
        resolve: resolve as (v: unknown) => void,
        reject,
        done: () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', abort)
        },
      })
      this.port.post({ type: 'request', id, name, payload })
    })
  }

  /** Serves requests of one name. The signal aborts when the asker gave up. */
  serve<K extends keyof Mine & string>(
    name: K,
    handler: (payload: Mine[K]['request'], signal: AbortSignal) => Mine[K]['reply'] | Promise<Mine[K]['reply']>,
  ): void {
    this.handlers.set(name, handler as (payload: never, signal: AbortSignal) => unknown)
  }

  emit<K extends keyof MyEvents & string>(name: K, payload: MyEvents[K]): void {
    if (!this.disposed) this.port.post({ type: 'event', name, payload })
  }

  /** Returns the function that stops listening. */
  on<K extends keyof TheirEvents & string>(name: K, listener: (payload: TheirEvents[K]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set()
    this.listeners.set(name, set)
    set.add(listener as (payload: never) => void)
    return () => set.delete(listener as (payload: never) => void)
  }

  dispose(): void {
    this.disposed = true
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(new Error('the channel was closed'))
    for (const controller of this.serving.values()) controller.abort()
    this.listeners.clear()
    this.handlers.clear()
  }

  private settle(id: number) {
    const entry = this.pending.get(id)
    this.pending.delete(id)
    entry?.done()
    return entry
  }

  private receive(message: Message): void {
    if (this.disposed) return
    switch (message.type) {
      case 'request':
        void this.answer(message.id, message.name, message.payload)
        return
      case 'reply':
        this.settle(message.id)?.resolve(message.payload)
        return
      case 'error':
        this.settle(message.id)?.reject(new Error(message.message))
        return
      case 'cancel':
        this.serving.get(message.id)?.abort()
        return
      case 'event':
        for (const listener of this.listeners.get(message.name) ?? []) listener(message.payload as never)
        return
      default:
        message satisfies never
    }
  }

  private async answer(id: number, name: string, payload: unknown): Promise<void> {
    const handler = this.handlers.get(name)
    const controller = new AbortController()
    this.serving.set(id, controller)
    try {
      if (!handler) throw new Error(`nothing here answers "${name}"`)
      const reply = await handler(payload as never, controller.signal)
      if (!this.disposed) this.port.post({ type: 'reply', id, payload: reply })
    } catch (error) {
      if (!this.disposed)
        this.port.post({ type: 'error', id, message: error instanceof Error ? error.message : String(error) })
    } finally {
      this.serving.delete(id)
    }
  }
}
