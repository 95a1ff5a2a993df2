/** The colours and fonts of the canvas, read from CSS variables; no colour is written anywhere else. */

export interface Theme {
  background: string
  foreground: string
  /** Secondary text. */
  dim: string
  card: string
  /** Borders, and edges that no gradient has reached. */
  line: string
  /** The one accent: selection, hover, the current step. */
  focus: string
  /** Behind elements whose code is hovered. */
  lit: string
  positive: string
  negative: string
  zero: string
  /** Non-finite numbers. */
  error: string
  breakpoint: string
  /** Laid over the inside of open groups, so translucent; darker than the ground, as cards are lighter. */
  shade: string
  mono: string
  sans: string
  dark: boolean
  highContrast: boolean
}

type ColourRole = Exclude<keyof Theme, 'mono' | 'sans' | 'dark' | 'highContrast'>

/**
 * Where each role is looked up, in order: VS Code's variable, then the one that the page sets. The gradient ramps
 * have only ours: VS Code's chart colours are not readable as text on every theme.
 */
export const themeVariables: Record<ColourRole | 'mono' | 'sans', readonly string[]> = {
  background: ['--vscode-editor-background', '--bl-background'],
  foreground: ['--vscode-editor-foreground', '--vscode-foreground', '--bl-foreground'],
  dim: ['--vscode-descriptionForeground', '--bl-dim'],
  card: ['--vscode-editorWidget-background', '--bl-card'],
  line: ['--vscode-contrastBorder', '--vscode-editorWidget-border', '--vscode-widget-border', '--bl-line'],
  focus: ['--vscode-focusBorder', '--bl-focus'],
  lit: ['--vscode-editor-selectionBackground', '--bl-lit'],
  positive: ['--bl-positive'],
  negative: ['--bl-negative'],
  zero: ['--bl-zero'],
  error: ['--vscode-errorForeground', '--vscode-editorError-foreground', '--bl-error'],
  breakpoint: ['--vscode-debugIcon-breakpointForeground', '--bl-breakpoint'],
  shade: ['--bl-shade'],
  mono: ['--vscode-editor-font-family', '--bl-mono'],
  sans: ['--vscode-font-family', '--bl-sans'],
}

const dark: Record<ColourRole, string> = {
  background: '#1f1f1f',
  foreground: '#cccccc',
  dim: '#9d9d9d',
  card: '#252526',
  line: '#454545',
  focus: '#2c90e8',
  lit: '#264f78',
  positive: '#e8893f',
  negative: '#4fa3e3',
  zero: '#7a7a7a',
  error: '#f14c4c',
  breakpoint: '#e51400',
  shade: 'rgb(0 0 0 / 0.1)',
}

const light: Record<ColourRole, string> = {
  background: '#ffffff',
  foreground: '#3b3b3b',
  dim: '#6b6b6b',
  card: '#fbfbfb',
  line: '#cecece',
  focus: '#005fb8',
  lit: '#add6ff',
  positive: '#b8590f',
  negative: '#0b66a8',
  zero: '#949494',
  error: '#c72e0f',
  breakpoint: '#e51400',
  shade: 'rgb(0 0 0 / 0.022)',
}

const monoFallback = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace'
const sansFallback = 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif'

/** The theme as the variables of `element` say it now; roles without a variable get one that fits the background. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element)
  const find = (role: keyof typeof themeVariables) =>
    themeVariables[role].map((name) => style.getPropertyValue(name).trim()).find((value) => value !== '')
  const prefersDark = matchMedia('(prefers-color-scheme: dark)').matches
  const background = find('background') ?? (prefersDark ? dark : light).background
  const theme = defaultTheme(background)
  for (const role of Object.keys(dark) as ColourRole[]) theme[role] = find(role) ?? theme[role]
  theme.mono = joinFonts(find('mono'), monoFallback)
  theme.sans = joinFonts(find('sans'), sansFallback)
  theme.highContrast =
    document.body.classList.contains('vscode-high-contrast') || matchMedia('(forced-colors: active)').matches
  return theme
}

/** A theme that is readable on `background`, without any variable. */
export function defaultTheme(background: string): Theme {
  const isDark = luminance(parseColour(background)) < 0.4
  return {
    ...(isDark ? dark : light),
    background,
    mono: monoFallback,
    sans: sansFallback,
    dark: isDark,
    highContrast: false,
  }
}

const joinFonts = (font: string | undefined, fallback: string) => (font ? `${font}, ${fallback}` : fallback)

export type Rgb = readonly [number, number, number]

let probe: CanvasRenderingContext2D | null = null

/** Any CSS colour, whatever its notation, as sRGB 0 … 255; transparency is dropped. */
export function parseColour(colour: string): Rgb {
  probe ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
    willReadFrequently: true,
  })
  if (!probe) return [127, 127, 127]
  probe.clearRect(0, 0, 1, 1)
  probe.fillStyle = colour
  probe.fillRect(0, 0, 1, 1)
  const [r = 0, g = 0, b = 0] = probe.getImageData(0, 0, 1, 1).data
  return [r, g, b]
}

/** `share` 0: `from`, 1: `to`. */
export function mix(from: Rgb, to: Rgb, share: number): string {
  const channel = (i: 0 | 1 | 2) => Math.round(from[i] + (to[i] - from[i]) * share)
  return `rgb(${channel(0)} ${channel(1)} ${channel(2)})`
}

/** Relative luminance, 0 … 1 (WCAG 2.2). */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
