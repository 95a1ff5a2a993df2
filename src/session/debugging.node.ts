/** The debugger over a session where there is a disk. */
import { access, constants, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { breakpointOn, elementsWith } from '../debug/breakpoints/onGraph.ts'
import { Places } from '../debug/breakpoints/places.ts'
import { Debugger } from '../debug/debugger.ts'
import type { DebugHost } from '../debug/host.ts'
import { defaultLimits } from '../protocol/runtime.ts'
import type { DebugSeat, Debugging } from './serve.ts'

export function debugging({ session, run, open, send }: DebugSeat): Debugging {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  const host: DebugHost = {
    tape: session.tape,
    send,
    absolute: (path, cwd) => resolve(cwd ?? '.', path),
    readable: (path) => access(path, constants.R_OK),
    run: ({ program, args, cwd, runtime, gated }) =>
      run(runtime, {
        script: program,
        args,
        cwd: resolve(cwd ?? dirname(program)),
        capture: true,
        gated,
        limits: defaultLimits,
      }),
    command: (command) => session.command(command),
    open: async (path) => open(await readFile(path)),
    recorded: () => session.recorded,
    stop: () => session.stop(),
    holds: async (path, text) => (await readFile(path, 'utf8').catch(() => null)) === text,
    left: () => send(null),
  }
  let debug = new Debugger(host)
  const places = new Places(session.tape)
  return {
    receive: (message) => {
      // The session stays when one that debugs it is over: the next one begins like the first.
      if (debug.isOver() && (message as { command?: unknown } | null)?.command === 'initialize')
        debug = new Debugger(host)
      debug.receive(message)
    },
    waiting: (frames) => debug.waiting(frames),
    breakpointOn: (origin, alone) => {
      places.grow()
      return breakpointOn(session.tape, places, origin, alone)
    },
    elementsWith: (breakpoints) => {
      places.grow()
      return elementsWith(session.tape, places, breakpoints)
    },
    output: (stream, chunk) => debug.output(stream, decoders[stream].decode(chunk, { stream: true })),
  }
}
