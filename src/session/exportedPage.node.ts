/** The exported page: one offline file that carries the view, the session's worker and a recording. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export async function exportedPage(dist: string, title: string, tape: Uint8Array): Promise<string> {
  const part = (name: string) => readFile(join(dist, 'page', name), 'utf8')
  const [script, worker, style] = await Promise.all([part('page.js'), part('worker.js'), part('style.css')])
  const nonce = randomBytes(16).toString('base64')
  const policy = `default-src 'none'; script-src 'nonce-${nonce}' blob:; style-src 'nonce-${nonce}'; worker-src blob:; img-src data: blob:`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<main id="root"></main>
<script type="text/plain" id="worker">${inertScript(worker)}</script>
<script type="application/octet-stream;base64" id="tape">${Buffer.from(tape).toString('base64')}</script>
<script nonce="${nonce}">${liveScript(script)}</script>
</body>
</html>
`
}

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
/** The parser must not see the end of the element, nor a comment, inside code; `\\x3c` means the same in a string or regular expression. */
const liveScript = (code: string) => code.replace(/<(?=\/script|!--|script)/gi, '\\x3c')
const inertScript = liveScript
