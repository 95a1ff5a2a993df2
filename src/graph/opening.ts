/** Which groups are open before the user said anything: the first picture is to be read, not to be scrolled. */
import { groupOfRef, isGroupRef, type Groups } from './groups.ts'

/** A small graph is shown whole, where that can be read. */
const SMALL_OPS = 60
/** Groups are opened for the first picture as long as it has no more cards than this. */
const FIRST_CARDS = 24
/** … and until it has so many. */
const MIN_FIRST_CARDS = 12
/** Groups with fewer ops, and less than a tenth of all, do not open by themselves … */
const MIN_FIRST_OPS = 100
/** … unless there is hardly anything to see; then short folds open too. */
const BARE_CARDS = 4
const SHORT_FOLD = 12

/** Says whether the picture with these groups open can be read on a screen. */
export type Fits = (open: ReadonlySet<number>) => boolean

/** Small graphs whole; of others the largest groups, as long as the picture stays small. */
export function firstOpening(groups: Groups, fits: Fits): ReadonlySet<number> {
  if (groups.tape.ops <= SMALL_OPS) {
    const all = new Set(groups.all())
    if (all.size === 0 || fits(all)) return all
  }
  const open = new Set<number>()
  const refused = new Set<number>()
  let closed = groupsIn(groups, 0)
  // A large enough picture is not opened further: its parts are what it shows.
  for (let cards = groups.children(0).length; cards < MIN_FIRST_CARDS;) {
    const alone = cards === 1
    const candidates = closed.filter((g) => !refused.has(g) && (alone || isWorthOpening(groups, open, g, cards)))
    if (candidates.length === 0) break
    const largest = candidates.reduce((a, b) => (groups.count[b]! > groups.count[a]! ? b : a))
    open.add(largest)
    if (cards >= BARE_CARDS && !fits(open)) {
      open.delete(largest)
      refused.add(largest)
      continue
    }
    closed = [...closed.filter((group) => group !== largest), ...groupsIn(groups, largest)]
    cards += groups.children(largest).length - 1
  }
  return open
}

const groupsIn = (groups: Groups, group: number) =>
  Array.from(groups.children(group)).filter(isGroupRef).map(groupOfRef)

function isWorthOpening(groups: Groups, open: ReadonlySet<number>, group: number, cards: number): boolean {
  const parent = groups.parent[group]!
  // One instance shows what a fold repeats.
  if (groups.isFold(parent) && groupsIn(groups, parent).some((sibling) => open.has(sibling))) return false
  const children = groups.children(group).length
  if (cards - 1 + children > FIRST_CARDS) return false
  if (cards < BARE_CARDS) return !groups.isFold(group) || children <= SHORT_FOLD
  return !groups.isFold(group) && groups.count[group]! >= Math.min(MIN_FIRST_OPS, groups.tape.ops / 10)
}
