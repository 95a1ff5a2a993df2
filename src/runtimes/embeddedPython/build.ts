/** Puts together what the embedded runtime needs at run time. Used by the build and by the tests. */

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ownFiles } from './ownFiles.ts'
import { snapshotName } from './snapshotName.ts'

const pyodideFiles = ['package.json', 'pyodide.asm.wasm', 'python_stdlib.zip']

/**
 * Fills `dist`: `child.mjs` and `worker.mjs`, `pyodide/`, the Python files (`harness/`, `tracer/backprop_tracer/`,
 * `library/`) and a snapshot that fits the engine this runs on. `root` is the repository.
 */
export async function buildEmbeddedPython(root: string, dist: string): Promise<void> {
  mkdirSync(dist, { recursive: true })
  for (const name of readdirSync(dist)) if (!isSnapshot(name)) rmSync(join(dist, name), { recursive: true })
  mkdirSync(join(dist, 'pyodide'))
  const here = join(root, 'src/runtimes/embeddedPython')
  for (const name of pyodideFiles) cpSync(join(root, 'node_modules/pyodide', name), join(dist, 'pyodide', name))
  cpSync(join(here, 'harness'), join(dist, 'harness'), { recursive: true, filter: isSource })
  cpSync(join(here, 'library'), join(dist, 'library'), { recursive: true, filter: isSource })
  cpSync(join(root, 'src/tracer/python'), join(dist, 'tracer/backprop_tracer'), { recursive: true, filter: isSource })

  const common = { bundle: true, format: 'esm', target: 'node20', logLevel: 'error', absWorkingDir: root } as const
  await build({ ...common, platform: 'node', entryPoints: [join(here, 'child.ts')], outfile: join(dist, 'child.mjs') })
  await build({
    ...common,
    platform: 'neutral',
    entryPoints: [join(here, 'worker.ts')],
    outfile: join(dist, 'worker.mjs'),
    external: ['node:*', 'ws'],
    // `import()` would reach Node's modules and `data:` URLs from JavaScript that hostile Python got hold of;
    // this turns every one of them, Pyodide's included, into a call of a `require` that does not exist.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '"https://sandbox.invalid/"' },
  })
  await makeSnapshot(dist)
}

/** Makes and stores the snapshot for the engine this runs on, unless the one there still fits. */
export async function makeSnapshot(dist: string): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(dist, 'pyodide/package.json'), 'utf8')) as { version: string }
  const name = snapshotName(version, ownFiles(dist))
  for (const other of readdirSync(dist)) if (isSnapshot(other) && other !== name) rmSync(join(dist, other))
  if (existsSync(join(dist, name))) return
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', join(dist, 'child.mjs'), '--make-snapshot'], {
      stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
      env: {},
    })
    const chunks: Buffer[] = []
    child.stdio[3]!.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', () => resolve(Buffer.concat(chunks)))
  })
  if (bytes.length < 1_000_000) throw new Error(`no snapshot was made: ${bytes.subarray(5).toString().slice(0, 2000)}`)
  writeFileSync(join(dist, name), bytes)
}

const isSnapshot = (name: string) => /^snapshot-.*\.bin$/.test(name)

function isSource(path: string): boolean {
  return !path.includes('__pycache__')
}
