/** The session's worker thread in the extension and the CLI. */
import { join } from 'node:path'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import type { Message } from '../protocol/channel.ts'
import { diskReader } from '../runtimes/diskReader.ts'
import { runtimes } from '../runtimes/runtimes.ts'
import { serveSession } from './serve.ts'

const { dist } = workerData as { dist: string }
const port = parentPort!

serveSession(
  {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => port.on('message', (message: Message) => listener(message)),
  },
  {
    elkWorker: () => new Worker(join(dist, 'elk.js')),
    runtime: (id) => runtimes[id]?.({ dist: join(dist, id) }),
    files: diskReader,
  },
)
