/** Texts that the host gives, laid over what another reader reads. */
import type { GivenTexts } from '../protocol/host.ts'
import type { SourceReader } from '../protocol/runtime.ts'

export function givenReader({ files, disk }: GivenTexts, below: SourceReader): SourceReader {
  const own = new Map(files.map(({ path, bytes }) => [path, bytes]))
  return {
    read(path) {
      const bytes = own.get(path)
      if (bytes) return Promise.resolve(bytes)
      return disk ? below.read(path) : Promise.reject(new Error(`there is no file ${path}`))
    },
    async real(path) {
      if (!disk) return path
      return own.has(path) ? below.real(path).catch(() => path) : below.real(path)
    },
    async list(folder) {
      const inside = /[\\/]$/.test(folder) ? folder : folder + (folder.includes('\\') ? '\\' : '/')
      const found = disk ? await below.list(folder).catch(() => []) : []
      const given = files.filter(({ path }) => path.startsWith(inside))
      return [
        ...found.filter(({ path }) => !own.has(path)),
        ...given.map(({ path, bytes }) => ({ path, size: bytes.length })),
      ]
    },
  }
}
