/** The panel's document: nothing but the view, and nothing that it may reach but its own two files. */
import { randomBytes } from 'node:crypto'
import * as vscode from 'vscode'

export function panelHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const file = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'page', name)).toString()
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    'img-src data: blob:',
  ].join('; ')
  return `<!doctype html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<title>Backprop Lens</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${file('style.css')}">
</head>
<body>
<main id="root"></main>
<script nonce="${nonce}" src="${file('panel.js')}"></script>
</body>
</html>
`
}
