/** What a notebook's cell has beside Python. */

/** Cell magics around Python; the others have something else in the cell. */
const AROUND_PYTHON = /^%%(?:time|timeit|capture|prun)\b/

/** Magics, shell and help lines are the notebook's, not Python's: as comments they keep every line in its place. */
export function pythonLines(lines: readonly string[]): string[] {
  const first = lines[0] ?? ''
  if (first.startsWith('%%') && !AROUND_PYTHON.test(first)) return lines.map((line) => `# ${line}`)
  return lines.map((line) =>
    line
      .replace(/^(\s*)%time(?=\s+\S)/, '$1True;') // as long as it: the statement stays in its columns
      .replace(/^(\s*)(?=[%!]\S|\?|[\w.]+\?\??\s*$)/, '$1pass # ')
      .replace(/^(\s*[\w.,[\] ]+=\s*)(?=[%!]\S)/, '$1None # '),
  )
}
