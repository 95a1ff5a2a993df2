/** Values and gradients at the pointer, and at the ends of lines. */
import * as vscode from 'vscode'
import { formatNumber } from '../protocol/number.ts'
import { type Datum, type Details, GradientStatus, type Mismatch } from '../protocol/view.ts'
import type { Highlight } from './highlight.ts'
import type { Panels } from './panels.ts'
import type { Recording } from './recording.ts'

const MAX_NODES = 4
const MAX_FLOWS = 8
const selector: vscode.DocumentSelector = [{ language: 'python' }]

export function registerHover(panels: Panels, highlight: Highlight): vscode.Disposable {
  return vscode.languages.registerHoverProvider(selector, {
    async provideHover(document, position) {
      const elements = await highlight.lightNodes(document, position)
      const found = panels.recordingOf(document.uri)
      const site = elements && found && (await found.recording.siteAt(document, position))
      if (!site || site.elements.length === 0) return null
      const { recording } = found
      const shown = [...site.elements].slice(-MAX_NODES)
      const all = await Promise.all(
        shown.map((element) => recording.channel.request('details', { element, tick: Infinity })),
      )
      const text = new vscode.MarkdownString(all.map(describe).join('\n\n---\n\n'), true)
      const more = site.elements.length - shown.length
      if (more > 0) text.appendMarkdown(`\n\n${vscode.l10n.t('and {0} earlier values of this code', more)}`)
      text.isTrusted = { enabledCommands: ['backprop-lens.revealInGraph'] }
      return new vscode.Hover(text, (await recording.rangeIn(document, site)) ?? undefined)
    },
  })
}

/** At the end of each line the outermost expression's numbers. */
export function registerInlayHints(panels: Panels): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>()
  const provider = vscode.languages.registerInlayHintsProvider(selector, {
    onDidChangeInlayHints: changed.event,
    async provideInlayHints(document, visible) {
      const found = panels.recordingOf(document.uri)
      if (!found || !vscode.workspace.getConfiguration('backprop').get('inlineNumbers', false)) return []
      return (await numbersOfLines(found.recording, document, visible, Infinity)).map(({ range, text }) => {
        const hint = new vscode.InlayHint(document.lineAt(range.end.line).range.end, text)
        hint.paddingLeft = true
        return hint
      })
    },
  })
  const refresh = panels.onChanged(() => changed.fire())
  const settings = vscode.workspace.onDidChangeConfiguration(
    (event) => event.affectsConfiguration('backprop.inlineNumbers') && changed.fire(),
  )
  return vscode.Disposable.from(provider, changed, refresh, settings)
}

/** The same while a debugger stands somewhere, as the numbers are there. */
export function registerInlineValues(panels: Panels): vscode.Disposable {
  return vscode.languages.registerInlineValuesProvider(selector, {
    async provideInlineValues(document, visible) {
      const found = panels.recordingOf(document.uri)
      const tick = found?.panel.debugging?.place?.tick ?? null
      if (!found || tick === null) return []
      const numbers = await numbersOfLines(found.recording, document, visible, tick)
      return numbers.map(({ range, text }) => new vscode.InlineValueText(range, text))
    },
  })
}

/** `tick`: when. */
async function numbersOfLines(recording: Recording, document: vscode.TextDocument, part: vscode.Range, tick: number) {
  const linked = await recording.linked(document)
  const found: { range: vscode.Range; text: string }[] = []
  for (const { site, range } of linked?.outermostOfLines(part) ?? []) {
    const element = site.elements.at(-1)
    if (element === undefined) continue
    const details = await recording.channel.request('details', { element, tick })
    found.push({ range, text: `${numberOf(details.value)}  ∂ ${gradientOf(details)}` })
  }
  return found
}

function describe(details: Details): string {
  const { t } = vscode.l10n
  const link = `command:backprop-lens.revealInGraph?${encodeURIComponent(JSON.stringify([details.element]))}`
  const head = `**${escape(details.title)}** · \`${details.op.replaceAll('`', "'")}\` · [${t('Show in the graph')}](${link})`
  const lines = [head, `${t('value')} \`${numberOf(details.value)}\` · ${t('gradient')} \`${gradientOf(details)}\``]
  if (details.cameFrom.length > 0) {
    const rows = details.cameFrom
      .slice(0, MAX_FLOWS)
      .map(
        ({ title, upstream, local, contribution }) =>
          `| ${escape(title)} | ${numberOf(upstream)} | ${numberOf(local)} | ${numberOf(contribution)} |`,
      )
    lines.push(
      [`| ${t('from')} | ${t('upstream')} | ${t('local')} | ${t('contribution')} |`, '|:--|--:|--:|--:|', ...rows].join(
        '\n',
      ),
    )
    const more = details.cameFrom.length - rows.length + details.moreCameFrom
    if (more > 0) lines.push(t('and {0} more', more))
  }
  if (details.bookkeeping) lines.push(`$(warning) ${escape(mismatchText(details.bookkeeping))}`)
  return lines.join('\n\n')
}

function mismatchText(mismatch: Mismatch): string {
  const { t } = vscode.l10n
  const received = formatNumber(mismatch.received)
  switch (mismatch.kind) {
    case 'overwritten':
      return t(
        'Received {0}, but the engine holds {1}: replaced instead of added to.',
        received,
        formatNumber(mismatch.held),
      )
    case 'repeated':
      return t(
        'Received {0}, but its rule ran {1} times and passed on {2} in all.',
        received,
        mismatch.runs,
        formatNumber(mismatch.passed),
      )
    case 'early':
      return t(
        'Received {0}, but passed on {1}: its rule ran before everything had arrived.',
        received,
        formatNumber(mismatch.passed),
      )
    default:
      return mismatch satisfies never
  }
}

function numberOf(datum: Datum): string {
  if (datum.kind === 'number') return formatNumber(datum.value)
  return datum.kind === 'tensor' ? `${datum.tensor.shape} ‖·‖ ${formatNumber(datum.tensor.l2)}` : '–'
}

/** Waiting and unreached are not there: never 0. */
function gradientOf({ status, gradient }: Details): string {
  return status === GradientStatus.waiting || status === GradientStatus.unreached ? '–' : numberOf(gradient)
}

const escape = (text: string) => text.replace(/[\\`*_{}[\]()#+\-.!|<>$~]/g, '\\$&').replace(/\s+/g, ' ')
