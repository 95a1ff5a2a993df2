/** One place for the state of the view: whoever changes it says what changed, whoever shows it says what it shows. */
export class Store<S extends object> {
  private current: Readonly<S>
  private readonly watchers = new Set<{ keys: readonly (keyof S)[]; run: () => void }>()

  constructor(initial: S) {
    this.current = initial
  }

  get state(): Readonly<S> {
    return this.current
  }

  set(change: Partial<S>): void {
    const changed = (Object.keys(change) as (keyof S)[]).filter((key) => !Object.is(change[key], this.current[key]))
    if (changed.length === 0) return
    this.current = { ...this.current, ...change }
    for (const watcher of [...this.watchers]) {
      if (this.watchers.has(watcher) && watcher.keys.some((key) => changed.includes(key))) watcher.run()
    }
  }

  /** Runs once for every change that touches one of `keys`. Returns the function that stops it. */
  watch(keys: readonly (keyof S)[], run: () => void): () => void {
    const watcher = { keys, run }
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }
}

/**
 * Asks one question at a time; of those that come meanwhile only the newest is asked. Dragging the timeline asks for
 * hundreds of frames a second, and only the last one counts.
 */
export function newest<Q, A>(
  ask: (question: Q) => Promise<A>,
  done: (answer: A, question: Q) => void,
  failed: (error: unknown, question: Q) => void,
): (question: Q) => void {
  let asking = false
  let next: { question: Q } | null = null
  async function run(question: Q): Promise<void> {
    asking = true
    try {
      done(await ask(question), question)
    } catch (error) {
      failed(error, question)
    }
    asking = false
    const waiting = next
    next = null
    if (waiting) void run(waiting.question)
  }
  return (question) => {
    if (asking) next = { question }
    else void run(question)
  }
}
