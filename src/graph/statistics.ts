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
  const counts = new Map<string, number>()
  let leaves = 0
  const stack = [group]
  for (let g = stack.pop(); g !== undefined; g = stack.pop()) {
    for (const ref of groups.children(g)) {
      if (ref < 0) stack.push(-1 - ref)
      else if (tape.isLeaf(ref)) leaves++
      else {
        const symbol = opSymbol(tape.tables.string(name.at(ref)))
        counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
      }
    }
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
