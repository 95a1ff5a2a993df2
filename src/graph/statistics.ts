/** What a group holds, in numbers. */
import type { Groups } from './groups.ts'
import { opSymbol } from './titles.ts'

export interface Statistics {
  ops: number
  leaves: number
  /** Ops by symbol, most frequent first. */
  kinds: { symbol: string; count: number }[]
}

export function statistics(groups: Groups, group: number): Statistics {
  const { tape } = groups
  const { name } = tape.table('op')
  const named = new Map<number, number>()
  let leaves = 0
  for (const op of groups.ops(group)) {
    if (tape.isLeaf(op)) leaves++
    else named.set(name.at(op), (named.get(name.at(op)) ?? 0) + 1)
  }
  // Several names may have one symbol.
  const counts = new Map<string, number>()
  for (const [text, count] of named) {
    const symbol = opSymbol(tape.tables.string(text))
    counts.set(symbol, (counts.get(symbol) ?? 0) + count)
  }
  const kinds = [...counts].map(([symbol, count]) => ({ symbol, count })).sort((a, b) => b.count - a.count)
  return { ops: groups.count[group]!, leaves, kinds }
}

const thousands = (count: number) => count.toLocaleString('en-US')

/** `16 × · 16 + · 1 tanh · 17 leaves` */
export function statisticsText({ kinds, leaves }: Statistics): string {
  const parts = kinds.slice(0, 6).map(({ symbol, count }) => `${thousands(count)} ${symbol}`)
  if (kinds.length > 6) parts.push(`${kinds.slice(6).reduce((sum, { count }) => sum + count, 0)} others`)
  if (leaves > 0) parts.push(`${thousands(leaves)} ${leaves === 1 ? 'leaf' : 'leaves'}`)
  return parts.join(' · ')
}
