/** The worked exercise for the selected node; while none is, for the one under the pointer, or of the current step. */
import { formatNumber } from '../../src/protocol/number.ts'
import { type Details, GradientStatus, type Mismatch } from '../../src/protocol/view.ts'
import { Disposables, el } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import { icon, type IconName } from '../icons.ts'
import { copyExactly, numberText } from '../numbers.ts'
import type { Strings } from '../strings.ts'
import { chainRule, gradientSymbol } from './chainRule.ts'
import { flowTable } from './flowTable.ts'
import { history } from './history.ts'
import { introduction, siteLink } from './introduction.ts'
import { tensor } from './tensor.ts'

export class SidePanel {
  readonly element: HTMLElement
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly body = el('div', { class: 'side-body' })
  private shown: Details | null = null

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    this.element = el('aside', { class: 'side-panel', 'aria-label': strings.details, tabindex: 0 }, this.body)
    this.owned.listen<ClipboardEvent>(this.element, 'copy', copyExactly)
    this.owned.push(
      explorer.store.watch(
        [
          'selectedDetails',
          'hoveredDetails',
          'currentDetails',
          'overview',
          'summary',
          'atEnd',
          'scene',
          'debug',
          'breakpoints',
        ],
        () => this.render(),
      ),
    )
    this.render()
  }

  dispose(): void {
    this.owned.dispose()
  }

  private render(): void {
    const { selected, selectedDetails, hoveredDetails, currentDetails } = this.explorer.state
    const details = selected === null ? (hoveredDetails ?? currentDetails) : selectedDetails
    const same = details !== null && details.element === this.shown?.element
    const focused = this.focusedIndex()
    this.shown = details
    this.body.replaceChildren(...(details ? this.exercise(details) : introduction(this.explorer, this.strings)))
    // New numbers of the same node leave the user where they were.
    if (!same) this.element.scrollTop = 0
    else if (focused >= 0) this.buttons()[focused]?.focus({ preventScroll: true })
  }

  private buttons(): HTMLElement[] {
    return [...this.body.querySelectorAll('button')]
  }

  private focusedIndex(): number {
    return this.buttons().indexOf(document.activeElement as HTMLElement)
  }

  private exercise(details: Details): HTMLElement[] {
    const { strings, explorer } = this
    const grouped = details.kind === 'group' || details.kind === 'fold'
    const parts: HTMLElement[] = [this.title(details), ...this.debugging(details), this.facts(details, grouped)]
    if (details.bookkeeping)
      parts.push(
        el(
          'div',
          { class: 'finding error' },
          el('b', { text: `⚠ ${strings.mismatch}` }),
          el('p', { text: mismatchText(details.bookkeeping, strings) }),
        ),
      )
    if (grouped) {
      const open = explorer.isOpen(details.element)
      parts.push(
        el('button', {
          class: 'button',
          text: open ? strings.closeGroup : strings.openGroup,
          click: () => void (open ? explorer.close(details.element) : this.openGroup(details.element)),
        }),
      )
    } else {
      parts.push(heading(strings.chainRule), chainRule(details, this.isRoot(details), strings))
    }
    const goTo = (element: number) => void explorer.goTo(element)
    if (details.cameFrom.length > 0)
      parts.push(
        heading(strings.cameFrom),
        flowTable(details.cameFrom, details.moreCameFrom, details.forward ? 'source' : 'consumer', strings, goTo),
      )
    if (details.flowsTo.length > 0)
      parts.push(
        heading(strings.flowsTo),
        flowTable(details.flowsTo, details.moreFlowsTo, details.forward ? 'sink' : 'operand', strings, goTo),
      )
    if (details.value.kind === 'tensor') parts.push(tensor(strings.tensorValue, details.value.tensor, strings))
    if (details.gradient.kind === 'tensor') parts.push(tensor(strings.tensorGradient, details.gradient.tensor, strings))
    if (details.history.length > 0) {
      const pass = explorer.stops[explorer.stop]!.pass
      parts.push(
        heading(strings.overPasses),
        history(details, pass, strings, (to) => this.goToPass(to)),
      )
    }
    if (details.path.length > 0)
      parts.push(heading(strings.callPath), el('p', { class: 'call-path', text: details.path.join(' › ') }))
    return parts
  }

  private title(details: Details): HTMLElement {
    const { title, expression, op } = details
    const named = expression !== '' && expression !== title
    const where = el('div', { class: 'side-where' })
    if (details.site) where.append(siteLink(details.site, this.explorer), ' · ')
    where.append(el('span', { text: op }))
    return el(
      'header',
      { class: 'side-title' },
      el('h2', { title }, title, named && el('span', { class: 'side-expression', text: ` = ${expression}` })),
      where,
    )
  }

  /** What a debugger can do with the selected element. */
  private debugging({ element, kind }: Details): HTMLElement[] {
    const { strings, explorer } = this
    const { selected, debug, breakpoints } = explorer.state
    const { panel } = explorer.host
    if (!panel || element !== selected || kind === 'constant') return []
    const action = (name: IconName, text: string, title: string, run: () => void) =>
      el('button', { class: 'button small', title, click: run }, icon(name), text)
    const { setBreakpoint, removeBreakpoint, breakpointAlone, breakpointAloneHint, runTo } = strings
    const set = breakpoints.has(element)
    const buttons = [
      action('breakpoint', set ? removeBreakpoint : setBreakpoint, '', () => explorer.toggleBreakpoint(false)),
    ]
    if (!set && element >= 0)
      buttons.push(action('breakpoint', breakpointAlone, breakpointAloneHint, () => explorer.toggleBreakpoint(true)))
    if (debug && element >= 0) {
      const run = action('runTo', runTo, '', () => explorer.runToSelection())
      run.disabled = !explorer.canRunToSelection
      buttons.push(run)
    }
    return [el('div', { class: 'side-actions' }, ...buttons)]
  }

  private facts(details: Details, grouped: boolean): HTMLElement {
    const { strings } = this
    const list = el('dl', { class: 'facts' })
    const fact = (name: (Node | string)[], value: Node | string) =>
      list.append(el('dt', {}, ...name), el('dd', {}, value))
    if (grouped) fact([strings.members], details.members.toLocaleString('en'))
    else fact([strings.value], numberText(details.value, 'value'))
    if (grouped) fact([strings.strongest], numberText(details.gradient, 'gradient'))
    else
      fact(
        [`${details.forward ? strings.tangent : strings.gradient} `, gradientSymbol(details.gradientName)],
        numberText(details.gradient, 'gradient'),
      )
    fact([strings.status], el('span', { class: 'dim', text: this.statusText(details) }))
    return list
  }

  private statusText(details: Details): string {
    const { strings } = this
    switch (details.status) {
      case GradientStatus.waiting:
        return strings.waiting
      case GradientStatus.arrived:
        return strings.arrived
      case GradientStatus.unreached:
        return strings.unreached
      case GradientStatus.released:
        return strings.released
      case GradientStatus.carried: {
        const here = this.explorer.stops[this.explorer.stop]!.pass
        const from = details.history.findLast((entry) => entry.pass < here && entry.gradient.kind !== 'none')
        return from ? strings.carriedFrom(from.pass + 1) : strings.carried
      }
      default:
        return details.status satisfies never
    }
  }

  private isRoot(details: Details): boolean {
    const { overview } = this.explorer.state
    const pass = this.explorer.stops[this.explorer.stop]!.pass
    return details.gradient.kind !== 'none' && (overview?.passes[pass]?.roots.includes(details.element) ?? false)
  }

  private async openGroup(element: number): Promise<void> {
    await this.explorer.goTo(element)
    await this.explorer.open(element)
  }

  private goToPass(pass: number): void {
    const last = this.explorer.stops.findLastIndex((stop) => stop.pass === pass)
    if (last >= 0) this.explorer.goToStop(last)
  }
}

function mismatchText(mismatch: Mismatch, strings: Strings): string {
  const received = formatNumber(mismatch.received)
  switch (mismatch.kind) {
    case 'overwritten':
      return strings.overwritten(received, mismatch.contributions, formatNumber(mismatch.held))
    case 'repeated':
      return strings.repeated(received, mismatch.runs, formatNumber(mismatch.passed))
    case 'early':
      return strings.early(received, formatNumber(mismatch.passed))
    default:
      return mismatch satisfies never
  }
}

const heading = (text: string) => el('h3', { class: 'section', text })
