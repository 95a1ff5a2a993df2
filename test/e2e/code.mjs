/** `npm run code`: VS Code with the extension and the examples, on the desktop or in a browser. */
import { spawn, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { startVscodeServer } from '../support/vscodeServer.mjs'

const examples = resolve('media/examples')
const desktop = spawnSync('code', ['--version'], { shell: process.platform === 'win32' })
if (desktop.status === 0) {
  const options = { stdio: 'inherit', shell: process.platform === 'win32' }
  spawn('code', [`--extensionDevelopmentPath=${resolve('.')}`, examples, resolve(examples, 'neuron.py')], options)
} else {
  console.log('There is no desktop VS Code; starting its server (the first time it is downloaded) …')
  const server = await startVscodeServer({ extension: resolve('.') })
  console.log(`\nOpen ${server.address({ folder: examples, file: resolve(examples, 'neuron.py') })}\n\nCtrl-C ends it.`)
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void server.close().then(() => process.exit(0)))
}
