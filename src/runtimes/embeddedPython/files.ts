/** Which of the user's files a run is given, and what they are called inside. */

import type { SourceReader } from '../../protocol/runtime.ts'

const MAX_BYTES = 64 * 1024 * 1024
const MAX_FILES = 5000
const unwanted = new Set(['.git', '.hg', '.svn', 'node_modules', '__pycache__', '.venv', 'venv', 'site-packages'])

export interface GivenFile {
  /** Path inside the sandbox. */
  path: string
  bytes: Uint8Array
}

export interface GivenFiles {
  files: GivenFile[]
  /** What was left out and why, for the user; empty when nothing was. */
  notices: string[]
}

/**
 * The path that a host path has inside: the same, but `C:\x` becomes `/c/x`, so that a script finds `__file__`,
 * its modules and its data where it expects them.
 */
export function insidePath(hostPath: string): string {
  const drive = /^([A-Za-z]):[\\/]/.exec(hostPath)
  if (!drive) return hostPath
  return `/${drive[1]!.toLowerCase()}/${hostPath.slice(3).replaceAll('\\', '/')}`
}

/** The host's form of a path inside, `like` being any host path of the same run. */
export function hostPath(inside: string, like: string): string {
  const drive = /^\/([a-z])\//.exec(inside)
  if (!/^[A-Za-z]:[\\/]/.test(like) || !drive) return inside
  const letter = like[0]!.toLowerCase() === drive[1] ? like[0]! : drive[1]!.toUpperCase()
  return `${letter}:\\${inside.slice(3).replaceAll('/', '\\')}`
}

export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
  return end <= 0 ? '/' : path.slice(0, end)
}

/**
 * The script and what lies below its folder, smallest path first, within 64 MiB and 5,000 files.
 * Rejects when the script itself cannot be read; a neighbour that cannot be read is left out.
 */
export async function gather(script: string, reader: SourceReader): Promise<GivenFiles> {
  const folder = folderOf(script)
  const files: GivenFile[] = [{ path: insidePath(script), bytes: await reader.read(script) }]
  let bytes = files[0]!.bytes.length
  let left = 0
  const listed = (await reader.list(folder)).filter(
    ({ path }) => path !== script && isWanted(path.slice(folder.length)),
  )
  // Python first: a big data set must not push out the modules.
  listed.sort((a, b) => Number(b.path.endsWith('.py')) - Number(a.path.endsWith('.py')) || (a.path < b.path ? -1 : 1))
  for (const { path, size } of listed) {
    if (files.length >= MAX_FILES || bytes + size > MAX_BYTES) {
      left++
      continue
    }
    const content = await reader.read(path).catch(() => null)
    if (!content || bytes + content.length > MAX_BYTES) {
      left++
      continue
    }
    bytes += content.length
    files.push({ path: insidePath(path), bytes: content })
  }
  const notices =
    left === 0 ? [] : [`${left} files of the script's folder were not given to it (limits: 64 MiB, 5,000 files)`]
  return { files, notices }
}

function isWanted(relative: string): boolean {
  return !relative.split(/[\\/]/).some((part) => unwanted.has(part))
}
