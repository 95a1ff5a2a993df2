/** Entry of the exported page: the recording and the worker lie in the page as inert scripts. */
import { mount } from './main.ts'
import { pageHost } from './pageHost.ts'

const textOf = (id: string) => document.getElementById(id)?.textContent ?? ''

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

async function start(root: HTMLElement): Promise<void> {
  try {
    mount(root, await pageHost(textOf('worker'), decodeBase64(textOf('tape'))))
  } catch (error) {
    const message = document.createElement('p')
    message.className = 'page-error'
    message.setAttribute('role', 'alert')
    message.textContent = `This recording cannot be shown: ${error instanceof Error ? error.message : String(error)}`
    root.replaceChildren(message)
  }
}

void start(document.getElementById('root')!)
