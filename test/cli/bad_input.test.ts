/** Bad input gets a clear error, the exit code that was promised, and nothing that was recorded is lost. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Report } from '../../src/protocol/report.ts'
import { inFolder, visualize } from '../support/visualize.ts'

const engine = 'from micrograd.engine import Value\na = Value(2.0)\nb = a * a\n'
const run = (script: string | Uint8Array, args: string[] = [], options = {}) =>
  inFolder({ 's.py': script }, async (cwd) => {
    const outcome = await visualize(['s.py', '--json', 'out.json', ...args], { cwd, ...options })
    const report = await readFile(join(cwd, 'out.json'), 'utf8').then(
      (text) => JSON.parse(text) as Report,
      () => null,
    )
    return { ...outcome, report }
  })

describe('bad input', () => {
  it('a syntax error names its range', async () => {
    const { code, stderr, report } = await run('x = 1\ny = (2 +\nz = 3\n')
    expect(code).toBe(1)
    expect(stderr).toContain('SyntaxError')
    expect(report?.error).toMatchObject({ kind: 'raised', type: 'SyntaxError', site: { startLine: 2, startColumn: 4 } })
  })

  it('an empty file runs and says that there was nothing to record', async () => {
    const { code, stderr, report } = await run('')
    expect(code).toBe(0)
    expect(stderr).toContain('no autograd engine was used')
    expect(report?.nodes).toEqual([])
  })

  it('a script without autograd says what was looked for', async () => {
    const { code, stderr } = await run('print(sum(x * x for x in range(10)))\n')
    expect(code).toBe(0)
    expect(stderr).toMatch(/no autograd engine was used/)
  })

  it('backward never called: the forward graph, gradients pending', async () => {
    const { code, report, stdout } = await run(engine)
    expect(code).toBe(0)
    expect(report?.nodes.map((node) => node.gradient)).toEqual([null, null])
    expect(report?.passes).toEqual([])
    expect(stdout).toContain('–')
  })

  it('an import that the sandbox lacks is named, with what will run it', async () => {
    const { code, stderr } = await run('import numpy as np\n')
    expect(code).toBe(1)
    expect(stderr).toMatch(/numpy/)
    expect(stderr).toMatch(/local Python/i)
    // The failure is the news: there was nothing to look for.
    expect(stderr).not.toContain('no autograd engine')
  })

  it('an exception keeps the graph so far and shows the traceback with the lines of the user only', async () => {
    const { code, stderr, report } = await run(`${engine}def f():\n    return b / 0\nb.backward()\nf()\n`)
    expect(code).toBe(1)
    expect(stderr).toContain('line 5, in f')
    expect(stderr).not.toContain('backprop_tracer')
    expect(report?.error).toMatchObject({ kind: 'raised', type: 'ZeroDivisionError', site: { startLine: 5 } })
    expect(report?.nodes.find((node) => node.name === 'a')?.gradient).toBe(4)
  })

  it('a folder, a binary file, a missing file, a missing name', async () => {
    await inFolder({ 'x.py': new Uint8Array([1, 0, 2, 0]) }, async (cwd) => {
      await mkdir(join(cwd, 'folder'))
      for (const [args, message] of [
        [['folder'], /is a folder/],
        [['x.py'], /binary file/],
        [['nothing.py'], /there is no file nothing.py/],
        [[], /which script/],
        [['x.py', 'y.py'], /one script at a time/],
        [['x.py', '--nonsense'], /nonsense/],
        [['x.py', '--time-limit', 'soon'], /takes a number above 0/],
        [['x.py', '--runtime', 'magic'], /there is no runtime "magic"; there is embeddedPython/],
      ] as const) {
        const { code, stderr } = await visualize([...args], { cwd })
        expect(code, stderr).toBe(2)
        expect(stderr).toMatch(message)
      }
    })
  })

  it('an output never overwrites the script or another output', async () => {
    await inFolder({ 's.py': 'print("ran")\n' }, async (cwd) => {
      await symlink('s.py', join(cwd, 'link'))
      for (const [args, message] of [
        [['--html', 's.py'], /--html would overwrite the script itself/],
        [['--json', 'link'], /--json would overwrite the script itself/],
        [['--json', 'a', '--svg', './a'], /--svg would overwrite what --json writes/],
      ] as const) {
        const { code, stderr, stdout } = await visualize(['s.py', ...args], { cwd })
        expect(code).toBe(2)
        expect(stderr).toMatch(message)
        expect(stdout).not.toContain('ran')
      }
      expect(await readFile(join(cwd, 's.py'), 'utf8')).toBe('print("ran")\n')
    })
  })

  it('an output that cannot be written is refused before the script runs', async () => {
    await inFolder({ 's.py': 'print("ran")\n' }, async (cwd) => {
      const { code, stderr, stdout } = await visualize(['s.py', '--json', 'no/such/folder/x.json'], { cwd })
      expect(code).toBe(2)
      expect(stderr).toMatch(/cannot write .*x\.json: the folder does not exist/)
      expect(stdout).not.toContain('ran')
    })
  })

  it('an infinite loop ends at the time limit and keeps the graph', async () => {
    const { code, stderr, report } = await run(`${engine}b.backward()\nwhile True:\n    pass\n`, ['--time-limit', '3'])
    expect(code).toBe(3)
    expect(stderr).toMatch(/ran longer than 3 s; what was recorded until then is kept/)
    expect(report?.nodes.length).toBe(2)
    expect(report?.error).toMatchObject({ kind: 'limit', type: 'time' })
  })

  it('an output that nobody reads to its end does not keep the files from being written', async () => {
    await inFolder({ 's.py': `${engine}b.backward()\nprint('x' * 1_000_000)\n` }, async (cwd) => {
      const cli = resolve('dist/cli.js')
      const { stderr } = await promisify(execFile)('sh', ['-c', `node ${cli} s.py --json out.json | head -c 1`], {
        cwd,
      })
      expect(stderr).not.toContain('EPIPE')
      expect((JSON.parse(await readFile(join(cwd, 'out.json'), 'utf8')) as Report).nodes).toHaveLength(2)
    })
  })

  it('the node limit ends the recording and keeps what was recorded', async () => {
    const { code, report } = await run(`${engine}while True:\n    b = b + a\n`, ['--max-nodes', '1000'])
    expect(code).toBe(3)
    expect(report?.nodes.length).toBeGreaterThanOrEqual(1000)
    expect(report?.nodes.length).toBeLessThan(2000)
  })

  it('5 GB of memory are refused and the machine lives', async () => {
    const { code, report } = await run(`${engine}big = bytearray(5 * 1024**3)\n`)
    expect([1, 3]).toContain(code)
    expect(report?.nodes.length).toBe(2)
  })

  it('100 MB of output end at the output limit', async () => {
    const { code, stderr, report } = await run(`${engine}for _ in range(100):\n    print("x" * 1_000_000)\n`)
    expect(code).toBe(3)
    expect(stderr).toMatch(/printed more than/)
    expect(report?.nodes.length).toBe(2)
  })

  it('Ctrl-C keeps what was recorded and leaves no process behind', async () => {
    await inFolder(
      {
        's.py': `${engine}print("going", flush=True)\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass\n`,
      },
      async (cwd) => {
        let pid = 0
        const { code } = await visualize(['s.py', '--json', 'out.json'], {
          cwd,
          started: (id) => (pid = id),
          printed: (text) => void (text.includes('going') && process.kill(pid, 'SIGINT')),
        })
        expect(code).toBe(130)
        const report = JSON.parse(await readFile(join(cwd, 'out.json'), 'utf8')) as Report
        expect(report.nodes.length).toBe(2)
        expect(report.error?.kind).toBe('stopped')
      },
    )
  })

  it('a recording that is corrupt, truncated, newer, or none', async () => {
    await inFolder({ 's.py': `${engine}b.backward()\n` }, async (cwd) => {
      expect((await visualize(['s.py', '--tape', 'good.tape'], { cwd })).code).toBe(0)
      const good = await readFile(join(cwd, 'good.tape'))
      const reopened = await visualize(['good.tape', '--json', '-', '--quiet'], { cwd })
      expect((JSON.parse(reopened.stdout) as Report).nodes.length).toBe(2)

      const newer = Buffer.from(good)
      newer.writeUInt32LE(99, 4)
      const corrupt = Buffer.from(good)
      corrupt.fill(0xff, 8, 24)
      for (const [name, bytes, message] of [
        ['newer.tape', newer, /newer version/],
        ['corrupt.tape', corrupt, /damaged at byte 8/],
        ['truncated.tape', good.subarray(0, good.length - 3), /ends inside a block/],
        ['none.tape', Buffer.from('hello'), /not a Backprop Lens recording/],
      ] as const) {
        await writeFile(join(cwd, name), bytes)
        const { code, stderr } = await visualize([name], { cwd })
        expect(code, name).not.toBe(0)
        expect(stderr).toMatch(message)
      }
    })
  })

  it('two runs at once do not meet', async () => {
    const results = await Promise.all([1, 2].map((n) => run(`${engine}c = b * ${n}\nc.backward()\n`)))
    expect(results.map((r) => r.report?.nodes.find((node) => node.name === 'a')?.gradient)).toEqual([4, 8])
  })
})
