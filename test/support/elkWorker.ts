/** ELK in a thread, as the shipped worker runs it. */
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { ElkWorkerFactory } from '../../src/layout/layout.ts'

const script = `
  const { parentPort } = require('node:worker_threads')
  globalThis.self = { postMessage: (message) => parentPort.postMessage(message) }
  require(${JSON.stringify(createRequire(import.meta.url).resolve('elkjs/lib/elk-worker.min.js'))})
  parentPort.on('message', (data) => globalThis.self.onmessage({ data }))
`

export const elkWorker: ElkWorkerFactory = () => new Worker(script, { eval: true })
