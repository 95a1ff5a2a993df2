/** The host of the exported page: the session runs in a worker made from the page itself. */
import { Channel, type Message } from '../src/protocol/channel.ts'
import type { HostEvents, HostRequests } from '../src/protocol/host.ts'
import type { Host } from './host.ts'

/** Milliseconds until a question counts as lost; opening a million nodes takes its time on an old machine. */
const TIMEOUT = 120_000

/** Starts the worker and opens the recording in it; rejects with the reason why it cannot be opened. */
export async function pageHost(workerSource: string, tape: Uint8Array): Promise<Host> {
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }))
  const worker = new Worker(url)
  const channel = new Channel<HostRequests, HostEvents>(
    {
      post: (message) => worker.postMessage(message),
      onMessage: (listener) =>
        worker.addEventListener('message', (event: MessageEvent<Message>) => listener(event.data)),
    },
    TIMEOUT,
  )
  const key = `backprop-lens:${location.pathname}:${tape.length}`
  const broken = new Promise<never>((_, reject) =>
    worker.addEventListener('error', (event) => reject(new Error(event.message || 'the worker did not start'))),
  )
  await Promise.race([channel.request('open', { tape }), broken])
  return {
    kind: 'page',
    language: navigator.language,
    request: (name, payload, signal) => channel.request(name, payload, signal) as never,
    on: (event, listener) => channel.on(event, listener),
    saveState: (state) => storage()?.setItem(key, JSON.stringify(state)),
    loadState: () => parse(storage()?.getItem(key)),
    saveFile,
    cancelLayout: () => void channel.request('cancelLayout', {}),
  }
}

/** Some browsers refuse storage to pages from files: then nothing is kept. */
function storage(): Storage | null {
  try {
    return sessionStorage
  } catch {
    return null
  }
}

function parse(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // The download has its own reference by the next turn of the loop, not before.
  setTimeout(() => URL.revokeObjectURL(link.href))
}
