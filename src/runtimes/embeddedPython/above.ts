/**
 * The modules that a script reaches by `sys.path.append('..')`: in the folders above its own, exactly those that it, and
 * what it so finds, imports by name. Nothing else of those folders is listed or read.
 */

import type { SourceReader } from '../../protocol/runtime.ts'

/** Folders above the script's own that are looked into. */
const LEVELS = 4
const MOST_FILES = 500

/** A file, or a package's folder with its Python files. */
export interface ModuleAbove {
  path: string
  files: string[]
}

export async function modulesAbove(
  folder: string,
  sources: string[],
  isBeside: (name: string) => boolean,
  reader: SourceReader,
): Promise<ModuleAbove[]> {
  if (!sources.some((text) => /\bsys\.path\b|\baddsitedir\b/.test(text))) return []
  const found: ModuleAbove[] = []
  const seen = new Set<string>()
  const waiting = sources.flatMap(importedNames)
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (seen.has(name) || isBeside(name)) continue
    seen.add(name)
    const module = await firstAbove(folder, name, reader)
    if (!module || found.length >= MOST_FILES) continue
    found.push(module)
    for (const file of module.files) {
      const bytes = await reader.read(file).catch(() => null)
      if (bytes) waiting.push(...importedNames(new TextDecoder().decode(bytes)))
    }
  }
  return found
}

/** The module of a name in the nearest folder above that has one. */
export async function firstAbove(folder: string, name: string, reader: SourceReader): Promise<ModuleAbove | null> {
  const separator = folder.includes('\\') ? '\\' : '/'
  let at = folder
  for (let level = 0; level < LEVELS; level++) {
    const end = at.lastIndexOf(separator)
    if (end <= 0) return null
    at = at.slice(0, end)
    const path = `${at}${separator}${name}`
    if (await exists(`${path}.py`, reader)) return { path: `${path}.py`, files: [`${path}.py`] }
    if (!(await exists(path, reader))) continue
    const files = (await reader.list(path).catch(() => [])).map((file) => file.path).filter((p) => p.endsWith('.py'))
    if (files.length > 0 && files.length <= MOST_FILES) return { path, files }
  }
  return null
}

const exists = (path: string, reader: SourceReader) =>
  reader.real(path).then(
    () => true,
    () => false,
  )

/** The first parts of the absolute names that a module imports. */
function importedNames(text: string): string[] {
  const names: string[] = []
  for (const [, from, list] of text.matchAll(
    /^[ \t]*(?:from[ \t]+(\w[\w.]*)[ \t]+import\b|import[ \t]+([\w., \t]+))/gm,
  ))
    for (const part of (from ?? list ?? '').split(',')) names.push(part.trim().split(/[.\s]/)[0]!)
  return names.filter((name) => name !== '')
}
