/** Loads Pyodide from bytes, without any way to read a file or the network. */

import { loadPyodide } from 'pyodide/pyodide.mjs'
import createPyodideModule from 'pyodide/pyodide.asm.mjs'

/** The parts of Pyodide's API that are used here; `_api` and the snapshot functions fit only the pinned version. */
export interface Pyodide {
  FS: EmscriptenFS
  version: string
  runPython(code: string): unknown
  setStdin(options: { read: (buffer: Uint8Array) => number; isatty: false }): void
  setStdout(options: { write: (buffer: Uint8Array) => number; isatty: false }): void
  setStderr(options: { write: (buffer: Uint8Array) => number; isatty: false }): void
  setInterruptBuffer(buffer: Uint8Array): void
  makeMemorySnapshot(): Uint8Array
}

export interface EmscriptenFS {
  filesystems: Record<string, unknown>
  mkdirTree(path: string): void
  chmod(path: string, mode: number): void
  symlink(target: string, path: string): void
  writeFile(path: string, data: Uint8Array): void
  makedev(major: number, minor: number): number
  mkdev(path: string, mode: number, dev: number): void
  registerDevice(dev: number, ops: object): void
}

export interface Interpreter {
  version: string
  wasm: WebAssembly.Module
  stdlib: Uint8Array
}

const lock = (version: string) =>
  JSON.stringify({
    info: { abi_version: '2026_0', arch: 'wasm32', platform: 'emscripten_5_0_3', python: '3.14.2', version },
    packages: {},
  })

export async function load(
  { version, wasm, stdlib }: Interpreter,
  options: { snapshot?: Uint8Array | undefined; makeSnapshot?: boolean },
): Promise<Pyodide> {
  const scope = globalThis as unknown as Record<string, unknown>
  scope['fetch'] = async (url: unknown) => {
    const name = String(url).split('/').at(-1)
    if (name === 'pyodide.asm.wasm') return { ok: true }
    if (name === 'python_stdlib.zip') return { ok: true, arrayBuffer: async () => stdlib }
    throw new TypeError(`there is no ${name} here`)
  }
  const api = WebAssembly as unknown as Record<string, unknown>
  api['instantiateStreaming'] = async (_: unknown, imports: WebAssembly.Imports) => ({
    module: wasm,
    instance: await WebAssembly.instantiate(wasm, imports),
  })
  try {
    return (await loadPyodide({
      createPyodideModule,
      indexURL: 'https://sandbox.invalid/',
      lockFileContents: lock(version),
      jsglobals: Object.create(null),
      env: { HOME: '/home/pyodide', PYTHONINSPECT: '' },
      stdin: () => null,
      stdout: () => {},
      stderr: () => {},
      _makeSnapshot: options.makeSnapshot ?? false,
      ...(options.snapshot ? { _loadSnapshot: options.snapshot } : {}),
    })) as Pyodide
  } finally {
    delete scope['fetch']
    delete api['instantiateStreaming']
  }
}
