/** The few icons of the bars, on a 16 × 16 grid, drawn in the text's colour. */
import { svg } from './dom.ts'

const paths = {
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.4 10.4 14 14',
  toLoss: 'M2 8h8M7.5 4.5 11 8l-3.5 3.5M13.5 3v10',
  toLeaves: 'M14 8H6M8.5 4.5 5 8l3.5 3.5M2.5 3v10',
  right: 'M2.5 5.5h4v5h-4zM9.5 5.5h4v5h-4zM6.5 8h3',
  down: 'M5.5 2.5h5v4h-5zM5.5 9.5h5v4h-5zM8 6.5v3',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  export: 'M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  theme: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 2.2v11.6M8 5h4.9M8 8h5.8M8 11h4.9',
  help: 'M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.7M8 12v.6M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z',
  code: 'M5.5 4 2 8l3.5 4M10.5 4 14 8l-3.5 4',
  side: 'M2.5 3h11v10h-11zM9.5 3v10',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  close: 'M4 4l8 8M12 4l-8 8',
  rerun: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
  toStart: 'M3.5 3v10M12.5 3.5 6 8l6.5 4.5z',
  stepBack: 'M11 3.5 4.5 8l6.5 4.5z',
  play: 'M5 3l8 5-8 5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  step: 'M5 3.5 11.5 8 5 12.5z',
  toEnd: 'M12.5 3v10M3.5 3.5 10 8l-6.5 4.5z',
  continue: 'M3.5 3v10M6.5 3l7 5-7 5z',
  reverse: 'M12.5 3v10M9.5 3l-7 5 7 5z',
  over: 'M2.5 8.5a5.5 5.5 0 0 1 10.7-1.6M13.5 3.5v3.6H9.9M8 11.4a1.2 1.2 0 1 0 0 2.4 1.2 1.2 0 0 0 0-2.4Z',
  into: 'M8 1.8v7M4.9 5.9 8 9l3.1-3.1M8 11.4a1.2 1.2 0 1 0 0 2.4 1.2 1.2 0 0 0 0-2.4Z',
  out: 'M8 9.2v-7M4.9 5.1 8 2l3.1 3.1M8 11.4a1.2 1.2 0 1 0 0 2.4 1.2 1.2 0 0 0 0-2.4Z',
  stop: 'M4 4h8v8H4z',
  bug: 'M5.5 5a2.5 2.5 0 0 1 5 0M4.5 7.5a2.5 2.5 0 0 1 2.5-2.5h2a2.5 2.5 0 0 1 2.5 2.5v3a3.5 3.5 0 0 1-7 0zM1.8 4.5l2.9 1.8M14.2 4.5l-2.9 1.8M1.5 9h3M14.5 9h-3M2.2 13.5l2.6-1.7M13.8 13.5l-2.6-1.7M8 7.5v6',
  breakpoint: 'M8 4.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6Z',
  runTo: 'M2.5 3l6 5-6 5zM13 3v10M11 8h.1',
  warning: 'M8 2.5 14.2 13.5H1.8zM8 6.5v3.2M8 11.6v.4',
} as const

export type IconName = keyof typeof paths

export function icon(name: IconName): SVGSVGElement {
  return svg('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { d: paths[name] }))
}
