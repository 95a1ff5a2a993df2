/** Just enough of Python's lexis to colour it. Never fails: what it does not know stays plain. */

export type TokenKind = 'keyword' | 'function' | 'number' | 'string' | 'comment' | 'decorator'

/** Columns in UTF-16 code units, end exclusive. */
export interface Token {
  start: number
  end: number
  kind: TokenKind
}

const keywords = new Set(
  (
    'False None True and as assert async await break case class continue def del elif else except finally for from ' +
    'global if import in is lambda match nonlocal not or pass raise return try while with yield'
  ).split(' '),
)

const pattern =
  /(?<comment>#.*)|(?<string>[rbfut]{0,2}(?<quote>'''|"""|'|"))|(?<decorator>^\s*@[\w.]+)|(?<number>\b(?:0[xob][\da-f_]+|\d[\d_]*(?:\.[\d_]*)?(?:e[+-]?\d+)?j?)|\.\d[\d_]*(?:e[+-]?\d+)?j?)|(?<word>[\p{L}_][\p{L}\p{N}_]*)/giu

/** Longer lines are data, not code to read. */
const MAX_LINE = 2000

/** Tokens of every line; a string in triple quotes goes on over lines. */
export function pythonTokens(lines: readonly string[]): Token[][] {
  let open: string | null = null
  return lines.map((line) => {
    const tokens: Token[] = []
    let at = 0
    if (open !== null) {
      at = endOfString(line, 0, open)
      if (at >= 0) open = null
      tokens.push({ start: 0, end: at < 0 ? line.length : at, kind: 'string' })
      if (at < 0) return tokens
    }
    if (line.length > MAX_LINE) return tokens
    for (;;) {
      pattern.lastIndex = at
      const match = pattern.exec(line)
      if (!match?.groups) return tokens
      const start = match.index
      let end = start + match[0].length
      const { comment, string, quote, decorator, number, word } = match.groups
      if (string !== undefined && quote !== undefined) {
        const close = endOfString(line, end, quote)
        if (close < 0 && quote.length === 3) open = quote
        end = close < 0 ? line.length : close
      }
      const kind: TokenKind | null =
        comment !== undefined
          ? 'comment'
          : string !== undefined
            ? 'string'
            : decorator !== undefined
              ? 'decorator'
              : number !== undefined
                ? 'number'
                : word !== undefined
                  ? kindOfWord(word, line, end)
                  : null
      if (kind) tokens.push({ start, end, kind })
      at = end
    }
  })
}

function kindOfWord(word: string, line: string, end: number): TokenKind | null {
  if (keywords.has(word)) return 'keyword'
  return /^\s*\(/.test(line.slice(end, end + 20)) ? 'function' : null
}

/** The place after the closing quotes, −1 when the line does not close them. */
function endOfString(line: string, from: number, quote: string): number {
  for (let i = from; i < line.length; i++) {
    if (line[i] === '\\') i++
    else if (line.startsWith(quote, i)) return i + quote.length
  }
  return -1
}
