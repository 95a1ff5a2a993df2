/** The arguments of a request: whatever a client sends, they are read as what they should be or refused. */
import type { Strings } from './strings.ts'

/** A request that is answered with an error. */
export class Refusal extends Error {}

export class Given {
  private readonly values: Readonly<Record<string, unknown>>
  private readonly s: Strings

  constructor(given: unknown, s: Strings) {
    this.values = isRecord(given) ? given : {}
    this.s = s
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.refuse(name)
  }

  optionalText(name: string): string | undefined {
    const value = this.values[name]
    return value === undefined || value === null ? undefined : typeof value === 'string' ? value : this.refuse(name)
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.refuse(name)
  }

  /** A whole number that an index may be. */
  optionalNumber(name: string): number | undefined {
    const value = this.values[name]
    if (value === undefined || value === null) return undefined
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : this.refuse(name)
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.values[name]
    return value === undefined || value === null ? otherwise : typeof value === 'boolean' ? value : this.refuse(name)
  }

  oneOf<T extends string>(name: string, options: readonly T[], otherwise: T): T {
    const value = this.optionalText(name)
    return value === undefined ? otherwise : (options.find((option) => option === value) ?? this.refuse(name))
  }

  texts(name: string): string[] {
    const value = this.values[name] ?? []
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : this.refuse(name)
  }

  record(name: string): Given {
    const value = this.values[name]
    return isRecord(value) ? new Given(value, this.s) : this.refuse(name)
  }

  /** A list that may be absent. */
  records(name: string): Given[] {
    const value = this.values[name] ?? []
    if (!Array.isArray(value) || !value.every(isRecord)) return this.refuse(name)
    return value.map((item) => new Given(item, this.s))
  }

  refuse(name: string): never {
    throw new Refusal(this.s.badArgument(name))
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
