/** The debugger's own buttons over the graph, and where it stands: what VS Code's toolbar shows, where one looks. */
import type { DebugAction } from '../../src/protocol/panel.ts'
import { Disposables, el } from '../dom.ts'
import type { Explorer } from '../explorer.ts'
import type { IconName } from '../icons.ts'
import type { Strings } from '../strings.ts'
import { button } from './header.ts'

export class DebugBar {
  readonly element = el('div', { class: 'debug-place' })
  private readonly explorer: Explorer
  private readonly strings: Strings
  private readonly owned = new Disposables()
  private readonly position = el('div', { class: 'debug-position', role: 'status' })
  private readonly bar: HTMLElement
  private readonly moves: HTMLButtonElement[]
  private readonly pause: HTMLButtonElement

  constructor(explorer: Explorer, strings: Strings) {
    this.explorer = explorer
    this.strings = strings
    const tool = (icon: IconName, label: string, action: DebugAction) =>
      button(icon, label, () => explorer.host.panel?.act(action))
    this.pause = tool('pause', strings.debugPause, 'pause')
    this.moves = [
      tool('reverse', strings.debugReverse, 'reverseContinue'),
      tool('stepBack', strings.debugBack, 'stepBack'),
      tool('over', strings.debugOver, 'stepOver'),
      tool('into', strings.debugInto, 'stepInto'),
      tool('out', strings.debugOut, 'stepOut'),
      tool('continue', strings.debugContinue, 'continue'),
    ]
    this.bar = el(
      'div',
      { class: 'debug-bar', role: 'toolbar', 'aria-label': strings.debugger },
      ...this.moves,
      this.pause,
      tool('rerun', strings.debugRestart, 'restart'),
      tool('stop', strings.debugStop, 'stop'),
      this.position,
    )
    this.owned.push(explorer.store.watch(['debug'], () => this.show()))
    this.show()
  }

  dispose(): void {
    this.owned.dispose()
  }

  private show(): void {
    const { debug } = this.explorer.state
    this.element.replaceChildren(...(debug ? [this.bar] : []))
    if (!debug) return
    const stands = debug.place !== null
    for (const move of this.moves) move.disabled = !stands
    this.pause.hidden = stands
    const text = debug.place?.text ?? this.strings.debugRunning
    if (this.position.textContent !== text) this.position.textContent = text
  }
}
