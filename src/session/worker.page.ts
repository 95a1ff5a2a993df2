/** The exported page's session worker: it serves a recording to the view. */
import type { Message } from '../protocol/channel.ts'
import elkSource from 'elkjs/lib/elk-worker.min.js'
import { serveSession } from './serve.ts'

const scope = self as unknown as {
  postMessage(message: unknown): void
  onmessage: ((event: MessageEvent<Message>) => void) | null
}

serveSession(
  {
    post: (message) => scope.postMessage(message),
    onMessage: (listener) => {
      scope.onmessage = (event) => listener(event.data)
    },
  },
  {
    elkWorker: () => new Worker(URL.createObjectURL(new Blob([elkSource], { type: 'text/javascript' }))),
    runtime: () => undefined,
    files: null,
  },
)
