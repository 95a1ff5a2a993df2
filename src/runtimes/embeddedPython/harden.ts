/** Takes away what the interpreter does not need, and tries the doors of the JavaScript side afterwards. */

import type { Pyodide } from './load.ts'

/** All that stays on the global object: the language itself, WebAssembly, text coding, time and randomness. */
const kept = new Set(
  `Object Array Function Error TypeError RangeError SyntaxError ReferenceError EvalError URIError AggregateError
   SuppressedError Promise Map Set WeakMap WeakSet WeakRef FinalizationRegistry Symbol Number BigInt Boolean String
   Math JSON Reflect Proxy Date RegExp Iterator Intl ArrayBuffer SharedArrayBuffer Atomics DataView Int8Array
   Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array
   BigInt64Array BigUint64Array WebAssembly TextEncoder TextDecoder performance crypto globalThis Infinity NaN
   undefined parseInt parseFloat isNaN isFinite decodeURI decodeURIComponent encodeURI encodeURIComponent escape
   unescape eval setTimeout clearTimeout queueMicrotask DisposableStack AsyncDisposableStack`.split(/\s+/),
)

export function harden(pyodide: Pyodide): void {
  const filesystems = pyodide.FS.filesystems
  for (const name of Object.keys(filesystems)) if (name !== 'MEMFS') Reflect.deleteProperty(filesystems, name)
  pyodide.runPython(`
import sys
for _name in ('js', 'pyodide_js'):
    sys.modules.pop(_name, None)
for _finder in sys.meta_path:
    if hasattr(_finder, 'jsproxies'):
        _finder.jsproxies.clear()
sys.meta_path[:] = [_finder for _finder in sys.meta_path if not hasattr(_finder, 'jsproxies')]
del _name, _finder
`)
  const scope = globalThis as unknown as Record<string, unknown>
  for (const name of Object.getOwnPropertyNames(globalThis)) if (!kept.has(name)) Reflect.deleteProperty(scope, name)
  replaceHostObjects(scope)
}

/** What the interpreter needs of the host, as plain functions that lead to no object of Node's. */
function replaceHostObjects(scope: Record<string, unknown>): void {
  const { performance, crypto, setTimeout: later } = globalThis
  const silent = Object.freeze(() => {})
  const own = {
    performance: { timeOrigin: performance.timeOrigin, now: Object.freeze(() => performance.now()) },
    crypto: { getRandomValues: Object.freeze((view: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(view)) },
    // Node's would return a `Timeout`, and that leads to the other timers.
    setTimeout: (callback: () => void, ms: number) => {
      later(callback, ms)
      return 0
    },
    clearTimeout: silent,
    console: { log: silent, warn: silent, error: silent, info: silent, debug: silent, dir: silent },
  }
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(scope, name, { value: Object.freeze(value), writable: false, configurable: false })
  }
}

/** The names of the doors found open; empty when all are shut. */
export function openDoors(pyodide: Pyodide): string[] {
  const open: string[] = []
  const scope = globalThis as unknown as Record<string, unknown>
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!kept.has(name) && name !== 'console') open.push(`global ${name}`)
  }
  for (const name of [
    'process',
    'require',
    'fetch',
    'WebSocket',
    'XMLHttpRequest',
    'Buffer',
    'Worker',
    'importScripts',
  ]) {
    if (scope[name] !== undefined) open.push(`global ${name}`)
  }
  const makers: [string, () => unknown][] = [
    ['eval', () => (0, eval)('1')],
    ['Function', () => Reflect.construct(Function, ['return 1'])],
    ['AsyncFunction', () => Reflect.construct((async () => {}).constructor, ['return 1'])],
    ['GeneratorFunction', () => Reflect.construct(function* () {}.constructor, ['yield 1'])],
  ]
  for (const [name, make] of makers) {
    try {
      make()
      open.push(`code from strings (${name})`)
    } catch (error) {
      if (!(error instanceof EvalError)) open.push(`code from strings (${name})`)
    }
  }
  for (const name of Object.keys(pyodide.FS.filesystems)) if (name !== 'MEMFS') open.push(`file system ${name}`)
  return open
}

/**
 * Caps the interpreter's memory: growing past it fails, which Python reports as MemoryError, or does not survive.
 * `reached` says whether it ever was.
 */
export function capMemory(): { set(bytes: number): void; reached(): boolean } {
  let cap = Infinity
  let reached = false
  const grow = WebAssembly.Memory.prototype.grow
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65536 > cap) {
      reached = true
      throw new RangeError('the memory limit is reached')
    }
    return grow.call(this, pages)
  }
  return { set: (bytes) => void (cap = bytes), reached: () => reached }
}
