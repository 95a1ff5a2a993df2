/** Entry of the editor's panel. Another run is another view over the same place, with the same arrangement. */
import { button } from './bars/header.ts'
import { el } from './dom.ts'
import { mount } from './main.ts'
import { panelHost } from './panelHost.ts'
import { stringsFor } from './strings.ts'

const { host, channel } = panelHost()
const root = document.getElementById('root')!
let view: { dispose(): void } | null = null

function show(): void {
  view?.dispose()
  const mounted = (view = mount(root, host))
  void mounted.ready.then(() => {
    if (view === mounted) channel.emit('ready', {})
  })
}

/** Nothing ran yet: what to do, and a button that does it. */
function invite(): void {
  view?.dispose()
  view = null
  const strings = stringsFor(host.language)
  const example = button('play', strings.openExample, () => host.panel?.openExample())
  example.className = 'invite'
  example.append(strings.openExample)
  root.replaceChildren(
    el('div', { class: 'empty' }, el('h2', { text: strings.product }), el('p', { text: strings.emptyPanel }), example),
  )
}

const renew = ({ empty }: { empty: boolean }) => (empty ? invite() : show())
channel.on('renewed', renew)
void channel.request('status', {}).then(renew, invite)
