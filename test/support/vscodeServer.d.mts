export interface VscodeServer {
  log(): string
  address(what: { folder: string; file?: string | null }): string
  close(): Promise<void>
}
export function startVscodeServer(options: {
  extension: string
  trust?: boolean
  language?: string | null
}): Promise<VscodeServer>
