/**
 * A ring of bytes in shared memory, from the thread that holds the interpreter to the one that owns the pipe.
 * The interpreter's thread never waits for an event loop and owns no handle; it sleeps while the ring is full,
 * which is the back-pressure on a script that prints without end.
 */

const HEAD = 0
const TAIL = 1
const ASLEEP = 2
const CONTROL_BYTES = 16

export const RING_BYTES = 4 * 1024 * 1024

export function makeRing(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(CONTROL_BYTES + RING_BYTES)
  new Int32Array(buffer)[ASLEEP] = 1
  return buffer
}

/** `wake` is called when bytes wait and the reader said that it sleeps. */
export class RingWriter {
  private readonly control: Int32Array
  private readonly data: Uint8Array
  private readonly wake: () => void

  constructor(buffer: SharedArrayBuffer, wake: () => void) {
    this.control = new Int32Array(buffer, 0, 4)
    this.data = new Uint8Array(buffer, CONTROL_BYTES)
    this.wake = wake
  }

  write(bytes: Uint8Array): void {
    let done = 0
    while (done < bytes.length) {
      const head = Atomics.load(this.control, HEAD)
      const tail = Atomics.load(this.control, TAIL)
      const free = RING_BYTES - ((head - tail) | 0)
      if (free === 0) {
        Atomics.wait(this.control, TAIL, tail)
        continue
      }
      const at = (head >>> 0) % RING_BYTES
      const part = bytes.subarray(done, done + Math.min(free, RING_BYTES - at))
      this.data.set(part, at)
      Atomics.store(this.control, HEAD, (head + part.length) | 0)
      done += part.length
      if (Atomics.exchange(this.control, ASLEEP, 0) === 1) this.wake()
    }
  }
}

export class RingReader {
  private readonly control: Int32Array
  private readonly data: Uint8Array

  constructor(buffer: SharedArrayBuffer) {
    this.control = new Int32Array(buffer, 0, 4)
    this.data = new Uint8Array(buffer, CONTROL_BYTES)
  }

  /** A copy of what waits, or null; after null the writer will call `wake`. */
  read(): Uint8Array | null {
    Atomics.store(this.control, ASLEEP, 0)
    if (this.empty()) {
      Atomics.store(this.control, ASLEEP, 1)
      if (this.empty()) return null
      Atomics.store(this.control, ASLEEP, 0)
    }
    const tail = Atomics.load(this.control, TAIL)
    const waiting = (Atomics.load(this.control, HEAD) - tail) | 0
    const at = (tail >>> 0) % RING_BYTES
    // The writer is not trusted: whatever it stored, stay inside the ring.
    const length = Math.min(Math.max(waiting, 1), RING_BYTES - at)
    const bytes = this.data.slice(at, at + length)
    Atomics.store(this.control, TAIL, (tail + length) | 0)
    Atomics.notify(this.control, TAIL)
    return bytes
  }

  private empty(): boolean {
    return Atomics.load(this.control, HEAD) === Atomics.load(this.control, TAIL)
  }
}
