/** A debug adapter on stdin and stdout, for any editor that speaks the protocol. One process debugs one thing. */
import { framed, Unframer } from '../debug/framing.ts'
import { startSession } from '../session/client.node.ts'

/** Resolves when the client has left, or has closed its end. */
export async function serveDap(dist: string): Promise<number> {
  let failed = false
  let gone = false
  let leave = () => {}
  const left = new Promise<void>((resolve) => {
    leave = () => {
      gone = true
      resolve()
    }
  })
  const session = startSession(dist, (error) => {
    failed = true
    process.stderr.write(`backprop-lens: the session failed: ${error.message}\n`)
    leave()
  })
  session.channel.on('debug', ({ message }) => {
    if (message) process.stdout.write(framed(message))
    else leave()
  })
  const unframer = new Unframer()
  process.stdin.on('data', (chunk: Buffer) => {
    try {
      for (const message of unframer.push(chunk))
        session.channel.request('debug', { message }).catch((error: unknown) => {
          // What was asked after leaving has nobody to be answered to.
          if (!gone)
            process.stderr.write(`backprop-lens: ${String(error)}
`)
        })
    } catch (error) {
      failed = true
      process.stderr.write(`backprop-lens: ${error instanceof Error ? error.message : String(error)}\n`)
      leave()
    }
  })
  process.stdin.on('end', leave)
  process.once('SIGINT', leave)
  process.once('SIGTERM', leave)
  await left
  process.stdin.destroy()
  await session.dispose()
  return failed ? 1 : 0
}
