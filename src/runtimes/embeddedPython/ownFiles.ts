import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A Python file of this project, by its path inside the sandbox. */
export interface OwnFile {
  path: string
  bytes: Uint8Array
}

/** The harness, the tracer and the carried library, sorted. */
export function ownFiles(dist: string): OwnFile[] {
  return ['harness', 'tracer', 'library'].flatMap((folder) =>
    readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => name.endsWith('.py'))
      .sort()
      .map((name) => ({
        path: `/backprop/${folder}/${name}`,
        bytes: new Uint8Array(readFileSync(join(dist, folder, name))),
      })),
  )
}
