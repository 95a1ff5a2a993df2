/** The text of a notebook with cells of Python. */
export function notebook(...sources: string[]): string {
  const cells = sources.map((source) => ({
    ...{ cell_type: 'code', metadata: {}, source },
    ...{ outputs: [], execution_count: null },
  }))
  return JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { language_info: { name: 'python' } }, cells })
}
