/** Builds everything that is shipped into dist/. `--production` minifies and leaves out source maps. */
import { build } from 'esbuild'
import { cp, mkdir, readFile, rm } from 'node:fs/promises'

const production = process.argv.includes('--production')
const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  logLevel: 'warning',
  legalComments: 'none',
}
const node = { ...common, platform: 'node', target: 'node20.19' }
const browser = { ...common, platform: 'browser', target: 'es2023', sourcemap: false, minify: true }

await mkdir('dist', { recursive: true })
await rm('dist/embeddedPython/tracer', { recursive: true, force: true })
await Promise.all([
  // The extension host loads CommonJS; everything else is ESM.
  build({
    ...node,
    entryPoints: { extension: 'src/extension.ts' },
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    external: ['vscode'],
  }),
  build({
    ...node,
    entryPoints: { cli: 'src/cli/main.ts', session: 'src/session/worker.node.ts', elk: 'src/session/elk.node.ts' },
    outdir: 'dist',
    format: 'esm',
  }),
  build({
    ...node,
    entryPoints: { child: 'src/runtimes/embeddedPython/child.ts' },
    outdir: 'dist/embeddedPython',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
  }),
  page(),
  copies(),
])

/** The exported page in parts; `src/session/exportedPage.node.ts` puts them together with a tape. */
async function page() {
  await build({ ...browser, entryPoints: { page: 'webview/page.ts' }, outdir: 'dist/page', format: 'iife' })
  await build({
    ...browser,
    entryPoints: { worker: 'src/session/worker.page.ts' },
    outdir: 'dist/page',
    format: 'iife',
    loader: { '.min.js': 'text' },
  })
  await cp('webview/style.css', 'dist/page/style.css')
}

async function copies() {
  await cp('node_modules/elkjs/lib/elk-worker.min.js', 'dist/elk-worker.cjs')
  await cp('src/tracer/python', 'dist/embeddedPython/tracer/backprop_tracer', {
    recursive: true,
    filter: (path) => !path.includes('__pycache__'),
  })
  await cp('src/runtimes/embeddedPython/library', 'dist/embeddedPython/library', {
    recursive: true,
    filter: (path) => !path.includes('__pycache__'),
  })
  const pyodide = 'node_modules/pyodide'
  await mkdir('dist/embeddedPython/pyodide', { recursive: true })
  const { files } = JSON.parse(await readFile(`${pyodide}/package.json`, 'utf8'))
  void files
  for (const file of [
    'package.json',
    'pyodide.mjs',
    'pyodide.asm.mjs',
    'pyodide.asm.wasm',
    'python_stdlib.zip',
    'pyodide-lock.json',
  ]) {
    await cp(`${pyodide}/${file}`, `dist/embeddedPython/pyodide/${file}`)
  }
}
