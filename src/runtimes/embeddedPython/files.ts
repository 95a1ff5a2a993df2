/** Which of the user's files a run is given, and what they are called inside. */

import type { SourceReader } from '../../protocol/runtime.ts'
import { modulesAbove } from './above.ts'

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
  /** Where the script really lies, as a path inside, when it was reached through a link to another folder. */
  target: string | null
  /** Paths inside of modules above the script's folder, which are the user's own too: files and folders. */
  above: string[]
  /** What was left out and why, for the user; empty when nothing was. */
  notices: string[]
}

/**
 * The path that a host path has inside: the same, but `C:\x` becomes `/c/x` and `\\server\x` becomes `/unc/server/x`,
 * so that a script finds `__file__`, its modules and its data where it expects them.
 */
export function insidePath(hostPath: string): string {
  const drive = /^([A-Za-z]):[\\/]/.exec(hostPath)
  if (drive) return `/${drive[1]!.toLowerCase()}/${slashes(hostPath.slice(3))}`
  return isWindows(hostPath) ? `/unc/${slashes(hostPath.slice(2))}` : hostPath
}

/** The host's form of a path inside, `like` being any host path of the same run. */
export function hostPath(inside: string, like: string): string {
  if (!isWindows(like)) return inside
  if (inside.startsWith('/unc/')) return `\\\\${backslashes(inside.slice(5))}`
  const letter = /^\/([a-z])\//.exec(inside)?.[1]
  if (letter === undefined) return inside
  return `${like[0]!.toLowerCase() === letter ? like[0]! : letter.toUpperCase()}:\\${backslashes(inside.slice(3))}`
}

/** A path as it was typed, perhaps a relative one; `like` as above. */
export function insideName(name: string, like: string): string {
  return isWindows(like) ? slashes(insidePath(name)) : name
}

export function isWindows(path: string): boolean {
  return /^([A-Za-z]:[\\/]|\\\\)/.test(path)
}

const slashes = (path: string) => path.replaceAll('\\', '/')
const backslashes = (path: string) => path.replaceAll('/', '\\')

export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), isWindows(path) ? path.lastIndexOf('\\') : -1)
  return end <= 0 ? '/' : path.slice(0, end)
}

/**
 * The script and what lies below its folder and below `more`, smallest path first, within 64 MiB and 5,000 files. As
 * for plain Python, the script's folder is the one that a linked script really lies in.
 * Rejects when the script itself cannot be read; a neighbour that cannot be read is left out.
 */
export async function gather(script: string, reader: SourceReader, more: readonly string[] = []): Promise<GivenFiles> {
  const bytesOfScript = await reader.read(script)
  const [real, realFolder] = await Promise.all([reader.real(script), reader.real(folderOf(script))])
  const linked = folderOf(real) !== realFolder
  const at = linked ? real : script
  const folder = folderOf(at)
  const files: GivenFile[] = [{ path: insidePath(at), bytes: bytesOfScript }]
  let bytes = files[0]!.bytes.length
  let left = 0
  const sizes = new Map<string, number>()
  const gone: string[] = []
  for (const below of [folder, ...more]) {
    const found = await reader.list(below).catch((error: unknown) => {
      if (below === folder) throw error
      gone.push(below)
      return []
    })
    for (const { path, size } of found) if (path !== at && isWanted(path.slice(below.length))) sizes.set(path, size)
  }
  const listed = [...sizes].map(([path, size]) => ({ path, size }))
  // Python first: a big data set must not push out the modules.
  listed.sort((a, b) => Number(b.path.endsWith('.py')) - Number(a.path.endsWith('.py')) || (a.path < b.path ? -1 : 1))
  const local = listed
    .filter(({ path }) => path.endsWith('.py') && path.startsWith(folder))
    .map(({ path }) => path.slice(folder.length + 1))
  const isBeside = (name: string) => local.some((path) => path === `${name}.py` || /^[^\\/]*/.exec(path)![0] === name)
  const modules = await modulesAbove(folder, [new TextDecoder().decode(bytesOfScript)], isBeside, reader)
  for (const path of modules.flatMap(({ files }) => files)) if (!sizes.has(path)) listed.unshift({ path, size: 0 })
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
  const notices = gone.map((path) => `${path} was allowed, and is not there any more`)
  const where = more.length > 0 ? 'folders' : "script's folder"
  if (left > 0) notices.push(`${left} files of the ${where} were not given to it (limits: 64 MiB, 5,000 files)`)
  const above = modules.map(({ path }) => insidePath(path))
  return { files, target: linked ? insidePath(real) : null, above, notices }
}

function isWanted(relative: string): boolean {
  return !relative.split(/[\\/]/).some((part) => unwanted.has(part))
}
