/** The embedded runtime's parts that need no interpreter: paths, frames, the ring, hints. */
import { posix, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultLimits, type ScriptError } from '../../src/protocol/runtime.ts'
import { folderOf, gather, hostPath, insideName, insidePath } from '../../src/runtimes/embeddedPython/files.ts'
import { Drafts } from '../../src/runtimes/embeddedPython/draft.ts'
import { Frame, framed, FrameReader } from '../../src/runtimes/embeddedPython/frames.ts'
import { hintFor } from '../../src/runtimes/embeddedPython/hints.ts'
import { makeRing, RING_BYTES, RingReader, RingWriter } from '../../src/runtimes/embeddedPython/ring.ts'

describe('paths', () => {
  test.each([
    ['C:\\Users\\José B\\脚本 😀\\main.py', '/c/Users/José B/脚本 😀/main.py'],
    ['d:\\x.py', '/d/x.py'],
    ['\\\\server\\share\\a b\\main.py', '/unc/server/share/a b/main.py'],
  ])('%s of Windows, and back', (host, inside) => {
    expect(insidePath(host)).toBe(inside)
    expect(hostPath(inside, host)).toBe(host)
    expect(folderOf(insidePath(host))).toBe(insidePath(win32.join(host, '..')).replace(/\/$/, ''))
  })

  test('of Windows, with any names, there and back', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !/[\\/:*?"<>|\0]/.test(s))
    fc.assert(
      fc.property(fc.constantFrom('C', 'z'), fc.array(name, { minLength: 1, maxLength: 5 }), (drive, names) => {
        const host = `${drive}:\\${names.join('\\')}`
        expect(hostPath(insidePath(host), host)).toBe(host)
        expect(posix.isAbsolute(insidePath(host))).toBe(true)
      }),
    )
  })

  test('of Windows: another drive, the runtime’s own folders, forward slashes, names as typed', () => {
    expect(hostPath('/d/data/x.csv', 'c:\\proj\\main.py')).toBe('D:\\data\\x.csv')
    expect(hostPath('/backprop/library/micrograd/engine.py', 'C:\\main.py')).toBe(
      '/backprop/library/micrograd/engine.py',
    )
    expect(insidePath('C:/proj/main.py')).toBe('/c/proj/main.py')
    expect(insideName('examples\\main.py', 'C:\\proj\\examples\\main.py')).toBe('examples/main.py')
    expect(insideName('C:\\main.py', 'C:\\main.py')).toBe('/c/main.py')
  })

  test('of other hosts stay as they are, backslashes and single letters included', () => {
    for (const path of ['/home/u/a\\b.py', '/c/main.py', '/unc/x/main.py']) {
      expect(insidePath(path)).toBe(path)
      expect(hostPath(path, path)).toBe(path)
      expect(insideName(path, path)).toBe(path)
    }
    expect(folderOf('/home/u/a\\b.py')).toBe('/home/u')
  })
})

describe('what a script is given', () => {
  const reader = (files: Record<string, number>) => ({
    read: async (path: string) => {
      if (!(path in files)) throw new Error(`${path} cannot be read`)
      return new Uint8Array(files[path]!)
    },
    list: async (folder: string) =>
      Object.entries(files)
        .filter(([path]) => path.startsWith(folder))
        .map(([path, size]) => ({ path, size })),
    real: async (path: string) => path,
  })

  test('modules first, within 64 MiB; what is left out is said', async () => {
    const big = 40 * 1024 * 1024
    const given = await gather(
      '/p/main.py',
      reader({ '/p/main.py': 1, '/p/a.bin': big, '/p/b.bin': big, '/p/z.py': 1 }),
    )
    expect(given.files.map(({ path }) => path)).toEqual(['/p/main.py', '/p/z.py', '/p/a.bin'])
    expect(given.notices).toEqual([expect.stringContaining('1 files')])
  })

  test('folders that were allowed are given too, each file once; one that is gone is said', async () => {
    const disk = reader({ '/p/main.py': 1, '/data/numbers.txt': 1, '/p/engine.py': 1, '/data/venv/x.py': 1 })
    const list = (folder: string) =>
      folder === '/gone' ? Promise.reject(new Error('there is nothing')) : disk.list(folder)
    const given = await gather('/p/main.py', { ...disk, list }, ['/data', '/p', '/gone'])
    expect(given.files.map(({ path }) => path)).toEqual(['/p/main.py', '/p/engine.py', '/data/numbers.txt'])
    expect(given.notices).toEqual(['/gone was allowed, and is not there any more'])
  })

  test('no virtual environments; a script that cannot be read is an error that names it', async () => {
    const given = await gather('/p/main.py', reader({ '/p/main.py': 1, '/p/venv/x.py': 1 }))
    expect(given.files.map(({ path }) => path)).toEqual(['/p/main.py'])
    await expect(gather('/p/none.py', reader({}))).rejects.toThrow('/p/none.py')
  })
})

describe('drafts', () => {
  const header = (followed: number, after: number, length: number) => {
    const bytes = new Uint8Array(13)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, followed, true)
    view.setUint32(4, after, true)
    view.setUint8(8, length > 0 ? 1 : 0)
    view.setUint32(9, length, true)
    return bytes
  }
  const text = (parts: Uint8Array[]) => Buffer.concat(parts).toString()

  test('the last whole one is kept, for exactly what was sent before it', () => {
    const drafts = new Drafts()
    expect(drafts.take(header(64, 10, 4))).toBe(64)
    expect(drafts.take(Buffer.from('ab'))).toBeNull()
    expect(text(drafts.fitting(10))).toBe('')
    drafts.take(Buffer.from('cd'))
    expect(drafts.take(header(90, 10, 0))).toBe(90)
    drafts.take(header(128, 10, 4))
    drafts.take(Buffer.from('ef'))
    expect([text(drafts.fitting(10)), text(drafts.fitting(11))]).toEqual(['abcd', ''])
  })

  test('a length that nobody could mean is passed over, and so is what is too short', () => {
    const drafts = new Drafts()
    expect(drafts.take(header(1, 0, 0xffff_ffff))).toBe(1)
    expect(drafts.take(Buffer.from('x'))).toBeNull()
    expect(drafts.fitting(0)).toEqual([])
  })
})

describe('frames', () => {
  const payloads = ['', 'a', 'x'.repeat(300)].map((text) => new TextEncoder().encode(text))
  const stream = Buffer.concat(payloads.map((payload) => framed(Frame.wire, payload)))

  test('arrive whole however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const got: string[] = []
        const reader = new FrameReader((kind, payload) => got.push(`${kind}:${Buffer.from(payload).toString()}`))
        const ends = [0, ...cuts.sort((a, b) => a - b), stream.length]
        for (let i = 1; i < ends.length; i++) reader.push(stream.subarray(ends[i - 1], ends[i]))
        expect(got).toEqual(payloads.map((payload) => `3:${Buffer.from(payload).toString()}`))
      }),
    )
  })

  test('a length that no honest sender writes is refused before anything is kept', () => {
    const reader = new FrameReader(() => {})
    expect(() => reader.push(Uint8Array.of(Frame.wire, 0xff, 0xff, 0xff, 0xff))).toThrow(RangeError)
  })
})

describe('the ring', () => {
  test('keeps the order of bytes past its own size, and wakes a reader that sleeps once', () => {
    const ring = makeRing()
    let woken = 0
    const writer = new RingWriter(ring, () => woken++)
    const reader = new RingReader(ring)
    let sent = 0
    let read = 0
    for (let round = 0; round < 12; round++) {
      const part = new Uint8Array(RING_BYTES - round * 1000 - 1).map((_, i) => (sent + i) & 0xff)
      writer.write(part)
      sent += part.length
      for (let bytes = reader.read(); bytes; bytes = reader.read()) {
        for (let i = 0; i < bytes.length; i += 997)
          if (bytes[i] !== ((read + i) & 0xff)) throw new Error(`at ${read + i}`)
        read += bytes.length
      }
    }
    expect(read).toBe(sent)
    expect(woken).toBe(12)
  })

  test('a writer that lies about its head makes no read leave the ring', () => {
    const ring = makeRing()
    const reader = new RingReader(ring)
    for (const head of [-1, 2 ** 31 - 1, -(2 ** 31), RING_BYTES * 2 + 3]) {
      new Int32Array(ring)[0] = head
      const bytes = reader.read()
      expect(bytes!.length).toBeLessThanOrEqual(RING_BYTES)
      expect(bytes!.length).toBeGreaterThan(0)
    }
  })
})

describe('hints', () => {
  const error = (type: string, message: string, startLine: number | null = 7): ScriptError => ({
    type,
    message,
    traceback: '',
    site: startLine === null ? null : { file: '/m.py', startLine, startColumn: 0, endLine: 7, endColumn: 1 },
    hint: null,
  })
  const hint = (type: string, message: string, exists = false) =>
    hintFor(
      error(type, message),
      { ...defaultLimits, megabytes: 99 },
      async () => exists,
      async (module) => (module === 'above' ? '/project' : null),
    )

  test.each([
    [
      'ModuleNotFoundError',
      "No module named 'numpy'",
      /^numpy \(line 7\).*local Python runtime, which is not built yet/,
    ],
    ['ModuleNotFoundError', "No module named 'above.part'", /^above\.part lies in \/project, where/],
    ['ModuleNotFoundError', "No module named '_tkinter'", /^tkinter \(line 7\) needs an operating system/],
    ['MemoryError', '', /99 MiB/],
    ['EOFError', 'EOF when reading a line', /standard input/],
    ['PermissionError', "[Errno 2] Permission denied: 'engine.py'", /modules are read-only/],
    ['RuntimeError', "can't start new thread", /line 7/],
    ['URLError', '<urlopen error [Errno 23] Host is unreachable>', /line 7/],
  ])('%s: %s', async (type, message, expected) => {
    expect(await hint(type, message)).toMatch(expected)
  })

  test.each([
    ['ModuleNotFoundError', "No module named 'nunpy'"],
    ['ModuleNotFoundError', "No module named 'numpy.linalgg'; 'numpy' is not a package"],
    ['ValueError', "No module named 'numpy'"],
    ['ZeroDivisionError', 'division by zero'],
    ['FileNotFoundError', "[Errno 44] No such file or directory: 'x'"],
  ])('none for %s: %s', async (type, message) => {
    expect(await hint(type, message)).toBe(null)
  })

  test('a file that is there, but was not given', async () => {
    expect(await hint('FileNotFoundError', "[Errno 44] No such file or directory: '../x'", true)).toMatch(
      /^\.\.\/x exists/,
    )
  })
})
