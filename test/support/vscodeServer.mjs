/**
 * A real VS Code for tests and for `npm run code`: the server inside the npm package `code-server`, installed once
 * into `.vscode-test/` (Node 24 from npm with it) or where BACKPROP_VSCODE says.
 */
import { execFile, spawn } from 'node:child_process'
import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '4.139.1'
const run = promisify(execFile)
const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  )

/** The server's folder and a Node that can run it. */
async function install() {
  const home = process.env['BACKPROP_VSCODE'] ?? resolve('.vscode-test', `code-server-${VERSION}`)
  const node = join(home, 'node24')
  const server = join(home, 'node_modules/code-server/lib/vscode')
  const built = join(server, 'node_modules/@vscode/spdlog/build')
  if (await exists(built)) return { node: join(node, 'bin/node'), server }
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'package.json'), '{}')
  const quiet = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error']
  const npm = (cwd, ...args) =>
    run('npm', [...args, ...quiet], {
      cwd,
      maxBuffer: 1e8,
      env: { ...process.env, PATH: `${join(node, 'bin')}${delimiter}${process.env['PATH']}`, npm_config_nodedir: node },
    })
  await npm(home, 'install', `node-${process.platform}-${process.arch}@24`)
  await cp(join(home, 'node_modules', `node-${process.platform}-${process.arch}`), node, { recursive: true })
  await npm(home, 'install', `code-server@${VERSION}`, '--ignore-scripts')
  await npm(server, 'install', '--omit=dev', '--ignore-scripts')
  await npm(server, 'rebuild', '@vscode/spdlog', '@vscode/native-watchdog')
  return { node: join(node, 'bin/node'), server }
}

const freePort = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => done(port))
    })
  })

/**
 * Starts the server. `address` gives the page of a workspace folder, with the extension in `extension` loaded, those
 * in `beside` installed, and `file` open.
 */
export async function startVscodeServer({ extension, beside = [], trust = true, language = null }) {
  const { node, server } = await install()
  const data = await mkdtemp(join(tmpdir(), 'vscode-server-'))
  // The file is watched only when it is there from the start.
  await mkdir(join(data, 'data/Machine'), { recursive: true })
  await writeFile(join(data, 'data/Machine/settings.json'), '{}')
  if (language) {
    // A language pack without a word of its own: extensions then speak the language, VS Code itself English.
    const words = join(data, 'words.json')
    await writeFile(words, JSON.stringify({ contents: {} }))
    const extensions = [{ extensionIdentifier: { id: 'none.none' }, version: '1.0.0' }]
    const pack = { hash: 'none', label: language, extensions, translations: { vscode: words } }
    const packs = { [language.toLowerCase()]: pack }
    await writeFile(join(data, 'data/languagepacks.json'), JSON.stringify(packs))
  }
  for (const folder of beside) {
    const { publisher, name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    await cp(folder, join(data, 'extensions', `${publisher}.${name}-${version}`), { recursive: true })
  }
  const port = await freePort()
  const child = spawn(
    node,
    [
      join(server, 'out/server-main.js'),
      ...['--host', '127.0.0.1', '--port', String(port), '--server-data-dir', data],
      ...['--without-connection-token', '--accept-server-license-terms', '--enable-smoke-test-driver'],
      ...(trust ? ['--disable-workspace-trust'] : []),
      ...(language ? ['--locale', language.toLowerCase()] : []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  let said = ''
  await new Promise((done, failed) => {
    const listen = (chunk) => {
      said += chunk
      if (/Extension host agent listening|Web UI available/.test(said)) done()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('exit', () => failed(new Error(`the VS Code server did not start:\n${said}`)))
  })
  const remote = (path) => `vscode-remote://127.0.0.1:${port}${resolve(path)}`
  return {
    log: () => said,
    data,
    address({ folder, file = null, tests = null }) {
      const payload = [
        ['extensionDevelopmentPath', remote(extension)],
        ['skipWelcome', 'true'],
        ...(tests ? [['extensionTestsPath', remote(tests)]] : []),
        ...(file ? [['openFile', remote(file)]] : []),
      ]
      return `http://127.0.0.1:${port}/?folder=${encodeURIComponent(resolve(folder))}&payload=${encodeURIComponent(JSON.stringify(payload))}`
    },
    async close() {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended already.
      }
      await rm(data, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
