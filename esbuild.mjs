/** Builds everything that is shipped into dist/. `--production` minifies and leaves out source maps. */
import { build } from 'esbuild'
import { cp, mkdir, rm } from 'node:fs/promises'

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

if (production) await rm('dist', { recursive: true, force: true })
await mkdir('dist', { recursive: true })
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
  page(),
  copies(),
  embeddedPython(),
])

/** The exported page in parts; `src/session/exportedPage.node.ts` puts them together with a tape. */
async function page() {
  await build({
    ...browser,
    entryPoints: { page: 'webview/page.ts', panel: 'webview/panel.ts' },
    outdir: 'dist/page',
    format: 'iife',
  })
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
}

/** The runtime knows best what it needs; its build is TypeScript, so it is bundled before it is called. */
async function embeddedPython() {
  const outfile = 'dist/build/embeddedPython.mjs'
  await build({
    ...node,
    entryPoints: ['src/runtimes/embeddedPython/build.ts'],
    outfile,
    format: 'esm',
    packages: 'external',
  })
  const { buildEmbeddedPython } = await import(`./${outfile}`)
  await buildEmbeddedPython(process.cwd(), 'dist/embeddedPython')
}
