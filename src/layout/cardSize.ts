/** How large a card is, from what is written on it: as wide as its title, within bounds that keep a picture even. */
import { ItemFlag, ItemKind } from '../protocol/view.ts'
import type { Structure } from '../graph/structure.ts'

interface Size {
  w: number
  h: number
}

/** Pixels at zoom 1; widths from the least, which holds two numbers, to the most. */
const CARD = { least: 168, most: 232, h: 56 }
const TENSOR = { least: 176, most: 256, h: 56 }
const CLOSED_GROUP = { least: 192, most: 320, h: 64 }
const CONSTANT = { least: 72, most: 96, h: 36 }

/** Of a character of the title and of what stands at its right; layouts do not know the font, which has fixed width. */
const TITLE_CHARACTER = 7.6
const SUBTITLE_CHARACTER = 7
/** The stripe and the margins; between the texts; the badge of a group; the dot of a parameter. */
const SIDES = 26
const GAP = 10
const BADGE = 20
const DOT = 14
/** Widths are multiples of this: groups that differ in a letter have the same layout. */
const GRID = 8

export function cardSize(s: Structure, item: number): Size {
  const kind = s.kind[item]
  const group = kind === ItemKind.group || kind === ItemKind.fold
  const tensor = (s.flags[item]! & ItemFlag.tensor) !== 0
  const { least, most, h } = group ? CLOSED_GROUP : kind === ItemKind.constant ? CONSTANT : tensor ? TENSOR : CARD
  const mark = group ? BADGE : (s.flags[item]! & ItemFlag.parameter) !== 0 ? DOT : 0
  const subtitle = columns(s.subtitle[item]!)
  const text = columns(s.title[item]!) * TITLE_CHARACTER + (subtitle > 0 ? subtitle * SUBTITLE_CHARACTER + GAP : 0)
  const wanted = Math.ceil((SIDES + text + mark) / GRID) * GRID
  return { w: Math.min(most, Math.max(least, wanted)), h }
}

/** Chinese, Japanese and Korean characters are two columns wide. */
function columns(text: string): number {
  let count = 0
  for (const character of text) count += character >= '\u1100' ? 2 : 1
  return count
}
