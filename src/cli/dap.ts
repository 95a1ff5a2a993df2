/** A debug adapter on stdin and stdout, for any editor that speaks the protocol. One process debugs one thing, and nothing else, so that its session needs no thread of its own. */
import { join } from 'node:path'
import { framed, Unframer } from '../debug/framing.ts'
import { diskReader } from '../runtimes/diskReader.ts'
import { runtimes } from '../runtimes/runtimes.ts'
import { debugging } from '../session/debugging.node.ts'
import { Session } from '../session/session.ts'

/** Resolves when the client has left, or has closed its end. */
export async function serveDap(dist: string): Promise<number> {
  let failed = false
  let leave = () => {}
  const left = new Promise<void>((resolve) => (leave = resolve))
  const session: Session = new Session({
    output: (stream, chunk) => debug.output(stream, chunk),
    waiting: (frames) => debug.waiting(frames),
  })
  const debug = debugging({
    session,
    run: (id, request) => {
      const runtime = runtimes[id]?.({ dist: join(dist, id) })
      if (!runtime) throw new Error(`there is no runtime "${id}" here`)
      return session.start(runtime, request, diskReader)
    },
    open: (tape) => session.open(tape),
    send: (message) => {
      if (message) process.stdout.write(framed(message))
      else leave()
    },
  })
  const unframer = new Unframer()
  process.stdin.on('data', (chunk: Buffer) => {
    try {
      for (const message of unframer.push(chunk)) debug.receive(message)
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
  session.stop()
  return failed ? 1 : 0
}
