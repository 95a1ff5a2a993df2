/**
 * What the user allowed one script beyond the settings: more time, memory, values or output, and folders that it may
 * read. It is given in a dialog and kept in the user's own state, so that a cloned repository cannot allow itself
 * anything.
 */
import * as v from 'valibot'
import type { Memento } from 'vscode'
import { defaultLimits, type Limits } from '../protocol/runtime.ts'

export const limitNames = Object.keys(defaultLimits) as (keyof Limits)[]

const amount = v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(0)))
const grantSchema = v.object({
  limits: v.object({ seconds: amount, megabytes: amount, nodes: amount, outputBytes: amount }),
  folders: v.array(v.string()),
})
export type Grant = v.InferOutput<typeof grantSchema>

const KEY = 'grants'

export class Grants {
  private readonly state: Memento
  /** An untitled script's URI is soon another's: what it was allowed ends with the window. */
  private readonly passing = new Map<string, Grant>()

  constructor(state: Memento) {
    this.state = state
  }

  /** `script`: its URI. */
  of(script: string): Grant {
    const parsed = v.safeParse(grantSchema, this.passing.get(script) ?? this.all()[script])
    return parsed.success ? parsed.output : { limits: {}, folders: [] }
  }

  /** A grant that allows nothing is forgotten. */
  async set(script: string, grant: Grant): Promise<void> {
    if (script.startsWith('untitled:')) return void this.passing.set(script, grant)
    const all = new Map(Object.entries(this.all()))
    if (grant.folders.length === 0 && Object.keys(grant.limits).length === 0) all.delete(script)
    else all.set(script, grant)
    await this.state.update(KEY, Object.fromEntries(all))
  }

  /** The settings' limits, where nothing higher was allowed. */
  limits(script: string, settings: Limits): Limits {
    const allowed = this.of(script).limits
    return Object.fromEntries(
      limitNames.map((name) => [name, Math.max(settings[name], allowed[name] ?? 0)]),
    ) as unknown as Limits
  }

  private all(): Record<string, unknown> {
    return this.state.get<Record<string, unknown>>(KEY) ?? {}
  }
}
