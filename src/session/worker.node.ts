/** The session's worker thread in the extension and the CLI. */
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import type { Message } from '../protocol/channel.ts'
import { diskReader } from '../runtimes/diskReader.ts'
import type { Runtime } from '../protocol/runtime.ts'
import { runtimes } from '../runtimes/runtimes.ts'
import { debugging } from './debugging.node.ts'
import { exportedPage } from './exportedPage.node.ts'
import { serveSession } from './serve.ts'

const { dist } = workerData as { dist: string }
const port = parentPort!
const started = new Map<string, Runtime>()

/** One runtime of a kind for the worker's life: the sandbox that it warmed is the one that runs. */
function runtime(id: string): Runtime | undefined {
  const runtime = started.get(id) ?? runtimes[id]?.({ dist: join(dist, id) })
  if (runtime) started.set(id, runtime)
  return runtime
}

serveSession(
  {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => port.on('message', (message: Message) => listener(message)),
  },
  {
    elkWorker: () => new Worker(join(dist, 'elk.js')),
    runtime,
    files: diskReader,
    debug: debugging,
    save: (path, content) => writeFile(path, content),
    page: (script, tape) => exportedPage(dist, basename(script), tape),
  },
)
