import { createHash } from 'node:crypto'
import type { OwnFile } from './ownFiles.ts'
import { preload } from './preload.ts'

/**
 * The file that holds a snapshot fitting this engine. A snapshot carries indices of the function table, which has
 * one entry more where WebAssembly knows garbage-collected types (V8 11.9 and later: Node 22, VS Code); nothing
 * else of the engine enters it, because stack switching is off (`browserGuise.ts`). It also holds this project's own
 * modules, already imported, so the name carries a hash of `own` and of how they are imported.
 */
export function snapshotName(pyodideVersion: string, own: OwnFile[]): string {
  const hash = createHash('sha256').update(preload)
  for (const file of own) hash.update(file.path).update('\0').update(file.bytes)
  const structType = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 95, 1, 120, 0])
  const engine = WebAssembly.validate(structType) ? 'gc' : 'nogc'
  return `snapshot-${pyodideVersion}-${engine}-${hash.digest('hex').slice(0, 12)}.bin`
}
