export interface VscodeServer {
  log(): string
  /** The server's own folder: settings of the machine, logs. */
  data: string
  address(what: { folder: string; file?: string | null; tests?: string | null }): string
  close(): Promise<void>
}
export function startVscodeServer(options: {
  extension: string
  beside?: string[]
  trust?: boolean
  language?: string | null
}): Promise<VscodeServer>
