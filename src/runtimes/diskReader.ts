/** Reads what a run may see from the disk. */

import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { SourceReader } from '../protocol/runtime.ts'

/** Never of use to a script, and often large. */
const unwanted = new Set(['.git', '.hg', '.svn', 'node_modules', '__pycache__', 'site-packages'])
/** A folder with more is not walked to its end: no script needs it, and a home folder would take minutes. */
const MAX_LISTED = 20_000

export const diskReader: SourceReader = {
  async read(path) {
    return readFile(path)
  },

  real: realpath,

  async list(folder) {
    const top = await realpath(folder)
    const found: { path: string; size: number }[] = []
    const seen = new Set<string>()
    const waiting = [folder]
    while (waiting.length > 0 && found.length < MAX_LISTED) {
      const at = waiting.shift()!
      const real = await realpath(at).catch(() => null)
      // A link may point anywhere: only what stays below the script's folder is given, and each folder once.
      if (real === null || !isBelow(real, top) || seen.has(real)) continue
      seen.add(real)
      const entries = await readdir(at, { withFileTypes: true }).catch(() => [])
      if (entries.some((entry) => entry.name === 'pyvenv.cfg')) continue
      for (const entry of entries) {
        if (unwanted.has(entry.name)) continue
        const path = join(at, entry.name)
        const target = await stat(path).catch(() => null)
        if (target?.isDirectory()) waiting.push(path)
        else if (target?.isFile() && isBelow(await realpath(path), top)) found.push({ path, size: target.size })
      }
    }
    return found
  },
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
