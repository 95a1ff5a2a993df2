/**
 * Imported first in the interpreter's thread: makes it look like a browser's worker before Pyodide looks around.
 *
 * In Node, Pyodide takes `require`, mounts NODEFS, and gives `os.system` a real shell through `child_process`;
 * all of that would have to be taken away again. As a browser worker it never asks for any of it: there is no
 * host file system, no process, no `ws`, and its only way out is a `fetch` that we write ourselves (`load.ts`).
 */

const scope = globalThis as unknown as Record<string, unknown>
delete scope['process']
scope['self'] = globalThis
scope['WorkerGlobalScope'] = Object
scope['location'] = { href: 'https://sandbox.invalid/', toString: () => 'https://sandbox.invalid/' }

// Stack switching is not used; without it the function table, and so the snapshot, is the same in every engine.
const wasm = WebAssembly as unknown as Record<string, unknown>
delete wasm['Suspending']
delete wasm['promising']

export {}
