/** All keys and colours, over the view. */
import { el } from '../dom.ts'
import type { Strings } from '../strings.ts'
import { button } from './header.ts'

export class Help {
  readonly element: HTMLDialogElement

  /** `debugs`: there is a debugger that keys can ask. */
  constructor(strings: Strings, debugs: boolean) {
    const keys: [string[], string][] = [
      [['←', '→', '↑', '↓'], strings.keyArrows],
      [['Enter'], strings.keyEnter],
      [['Esc'], strings.keyEscape],
      [['+', '−', '0'], strings.keyZoom],
      [['f'], strings.keyFit],
      [['s'], strings.keySelection],
      [['[', ']'], strings.keyStep],
      [['Space'], strings.keyPlay],
      [['/', 'Ctrl F'], strings.keySearch],
      [['p'], strings.keyPath],
      [['o'], strings.keyOutline],
      ...(debugs
        ? ([
            [['b'], strings.keyBreakpoint],
            [['r'], strings.keyRunTo],
          ] satisfies [string[], string][])
        : []),
      [['?'], strings.keyHelp],
    ]
    const colours: [string, string, string][] = [
      ['positive', '0.5000', strings.colourPositive],
      ['negative', '-0.5000', strings.colourNegative],
      ['zero', '0.0000', strings.colourZero],
      ['pending', '–', strings.colourPending],
      ['bad', '⚠ NaN', strings.colourBad],
    ]
    const keyList = el('dl', { class: 'help-keys' })
    for (const [names, text] of keys)
      keyList.append(el('dt', {}, ...names.map((name) => el('kbd', { text: name }))), el('dd', { text }))
    const colourList = el('dl', { class: 'help-keys' })
    for (const [sign, sample, text] of colours)
      colourList.append(el('dt', {}, el('span', { class: `number ${sign}`, text: `∂ ${sample}` })), el('dd', { text }))
    this.element = el(
      'dialog',
      { class: 'help', 'aria-label': strings.help },
      el(
        'div',
        { class: 'help-head' },
        el('h2', { text: strings.keysTitle }),
        button('close', strings.close, () => this.element.close()),
      ),
      keyList,
      el('h2', { text: strings.coloursTitle }),
      colourList,
    )
    // A click on the backdrop hits the dialog itself.
    this.element.addEventListener('click', (event) => event.target === this.element && this.element.close())
  }

  toggle(): void {
    if (this.element.open) this.element.close()
    else this.element.showModal()
  }
}
