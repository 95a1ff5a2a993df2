/** Calls in a Python text that look like the start of a backward pass. */

/** Strings and comments, which may name anything; then a call of something whose name says so, not a definition. */
const pattern =
  /("""|''')[\s\S]*?(?:\1|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*|\bdef\s+\w+|\b(?:backward|backprop|backpropagate|run_backward)(?=\s*\()/g

/** Lines and columns from 0, at most one per line. */
export function backwardCalls(text: string): { line: number; column: number }[] {
  const found: { line: number; column: number }[] = []
  let line = 0
  let lineStart = 0
  let from = 0
  for (const match of text.matchAll(pattern)) {
    for (let at = text.indexOf('\n', from); at >= 0 && at < match.index; at = text.indexOf('\n', from)) {
      line++
      lineStart = from = at + 1
    }
    from = Math.max(from, match.index)
    if (!/^(?:back|run_)/.test(match[0]) || found.at(-1)?.line === line) continue
    found.push({ line, column: match.index - lineStart })
  }
  return found
}
