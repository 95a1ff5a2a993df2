/** Starts the session's worker thread and speaks to it. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Channel, type Message } from '../protocol/channel.ts'
import type { HostEvents, HostRequests } from '../protocol/host.ts'

export type SessionChannel = Channel<HostRequests, HostEvents>

export interface SessionClient {
  channel: SessionChannel
  /** Ends the worker and whatever runs in it. */
  dispose(): Promise<void>
}

/** A run takes as long as its limits allow, so requests do not time out by themselves (a day). */
const PATIENCE_MS = 86_400_000

/** `dist`: the folder of the built worker and runtimes. `onFailure`: the worker itself died. */
export function startSession(dist: string, onFailure: (error: Error) => void): SessionClient {
  const worker = new Worker(join(dist, 'session.js'), {
    workerData: { dist },
    resourceLimits: { maxOldGenerationSizeMb: 4096 },
  })
  const channel: SessionChannel = new Channel(
    {
      post: (message) => worker.postMessage(message),
      onMessage: (listener) => worker.on('message', (message: Message) => listener(message)),
    },
    PATIENCE_MS,
  )
  worker.on('error', onFailure)
  return {
    channel,
    dispose: async () => {
      channel.dispose()
      await worker.terminate()
    },
  }
}
