/** `npm run bench [NAME …]`: bundles and runs the benchmarks one after the other; each prints its own table. */
import { build } from 'esbuild'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'

const wanted = process.argv.slice(2)
const all = readdirSync('test/bench')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'))
const names = wanted.length > 0 ? wanted : all
const unknown = names.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}`)
  process.exit(2)
}
let failed = 0
for (const name of names) {
  console.log(`\n## ${name}`)
  const outfile = `dist/bench/${name}.mjs`
  await build({
    entryPoints: [`test/bench/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  })
  failed += spawnSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' }).status === 0 ? 0 : 1
}
process.exitCode = failed > 0 ? 1 : 0
