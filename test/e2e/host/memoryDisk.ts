/** A disk that only the editor can read. */
import * as vscode from 'vscode'

export class MemoryDisk implements vscode.FileSystemProvider {
  private readonly files: Map<string, Uint8Array>
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event

  constructor(files: Record<string, string>) {
    this.files = new Map(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]))
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined)
  }

  stat({ path }: vscode.Uri): vscode.FileStat {
    const bytes = this.files.get(path)
    const inside = [...this.files.keys()].some((file) => file.startsWith(`${path}/`))
    if (!bytes && !inside) throw vscode.FileSystemError.FileNotFound(path)
    const type = bytes ? vscode.FileType.File : vscode.FileType.Directory
    return { type, ctime: 0, mtime: 0, size: bytes?.length ?? 0 }
  }

  readDirectory({ path }: vscode.Uri): [string, vscode.FileType][] {
    const names = [...this.files.keys()].filter((file) => file.startsWith(`${path}/`))
    return names.map((file) => [file.slice(path.length + 1), vscode.FileType.File])
  }

  readFile({ path }: vscode.Uri): Uint8Array {
    const bytes = this.files.get(path)
    if (!bytes) throw vscode.FileSystemError.FileNotFound(path)
    return bytes
  }

  writeFile({ path }: vscode.Uri, bytes: Uint8Array): void {
    this.files.set(path, bytes)
  }

  createDirectory(): void {
    throw vscode.FileSystemError.NoPermissions()
  }

  delete({ path }: vscode.Uri): void {
    this.files.delete(path)
  }

  rename(): void {
    throw vscode.FileSystemError.NoPermissions()
  }
}
