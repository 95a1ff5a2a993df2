/** Entry of the exported page: the recording and the worker lie in the page as inert scripts. */
import { el } from './dom.ts'
import { mount } from './main.ts'
import { pageHost } from './pageHost.ts'
import { stringsFor } from './strings.ts'

const textOf = (id: string) => document.getElementById(id)?.textContent ?? ''

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

async function start(root: HTMLElement): Promise<void> {
  const strings = stringsFor(navigator.language)
  root.replaceChildren(el('p', { class: 'page-message', role: 'status', text: strings.loading }))
  try {
    mount(root, await pageHost(textOf('worker'), decodeBase64(textOf('tape'))))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    root.replaceChildren(el('p', { class: 'page-message', role: 'alert', text: strings.cannotOpen(reason) }))
  }
}

void start(document.getElementById('root')!)
