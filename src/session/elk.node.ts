/** ELK in a thread of Node. The library takes itself for a plain module there, so its worker is driven by hand. */
import { createRequire } from 'node:module'
import { parentPort } from 'node:worker_threads'

interface Elk {
  onmessage: ((event: { data: unknown }) => void) | null
  postMessage(message: unknown): void
}

const { Worker } = createRequire(import.meta.url)('./elk-worker.cjs') as { Worker: new () => Elk }
const elk = new Worker()
elk.onmessage = (event) => parentPort!.postMessage(event.data)
parentPort!.on('message', (message: unknown) => elk.postMessage(message))
