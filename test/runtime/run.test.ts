/** What a script may expect of the embedded runtime. */

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, win32 } from 'node:path'
import { describe, expect, test } from 'vitest'
import { diskReader } from '../../src/runtimes/diskReader.ts'
import { Frame, framed } from '../../src/runtimes/embeddedPython/frames.ts'
import { Tape } from '../../src/tape/tape.ts'
import { builtRuntime, folderWith, raised, run, runText, type Result } from './support.ts'

const built = builtRuntime()

const runSource = (text: string, options?: Parameters<typeof runText>[2]) => runText(built.runtime, text, options)

async function inFolder(files: Record<string, string | Uint8Array>, script: string, options = {}): Promise<Result> {
  const folder = folderWith(files)
  try {
    return await run(built.runtime, join(folder, script), options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('a folder that was allowed', () => {
  test('is read where it is, its modules are the user’s own, and nothing in it is changed', async () => {
    const other = folderWith({
      'numbers.txt': '21',
      'own_engine.py':
        'class V:\n  def __init__(s, d, ps=()): s.d = d; s.g = 0.0; s.ps = ps\n' +
        '  def __mul__(s, o): return V(s.d * o.d, ((s, o.d), (o, s.d)))\n' +
        '  def push(s, u=1.0):\n    s.g += u\n    for p, k in s.ps: p.push(u * k)\n',
    })
    const script =
      `import sys\nsys.path.append(${JSON.stringify(other)})\nfrom own_engine import V\n` +
      `path = ${JSON.stringify(join(other, 'numbers.txt'))}\n` +
      'a = V(float(open(path).read()))\n(a * a).push()\nprint(a.g)\nopen(path, "w").write("0")\n'
    try {
      const refused = await inFolder({ 'main.py': script }, 'main.py')
      expect(raised(refused).type).toBe('ModuleNotFoundError')
      const allowed = await inFolder({ 'main.py': script }, 'main.py', { folders: [other] })
      expect(allowed.end).toEqual({ kind: 'done', exitCode: 0 })
      expect(allowed.stdout).toBe('42.0\n')
      const tape = new Tape()
      tape.push(new Uint8Array(allowed.wire))
      expect(tape.ops).toBe(2)
      expect(readFileSync(join(other, 'numbers.txt'), 'utf8')).toBe('21')
    } finally {
      rmSync(other, { recursive: true, force: true })
    }
  })

  test('a package above the script, as in a project with tests, is found once its folder is allowed', async () => {
    const files = {
      'pack/__init__.py': '',
      'pack/sums.py': 'two = 2',
      'tests/main.py': 'from pack.sums import two\nprint(two)',
    }
    const project = folderWith(files)
    const script = join(project, 'tests/main.py')
    try {
      const { type, hint, folder } = raised(await run(built.runtime, script))
      expect([type, hint]).toEqual(['ModuleNotFoundError', expect.stringContaining(`pack lies in ${project}, `)])
      // What the panel's button offers to allow.
      expect(folder).toBe(project)
      const allowed = await run(built.runtime, script, { folders: [project] })
      expect([allowed.end, allowed.stdout]).toEqual([{ kind: 'done', exitCode: 0 }, '2\n'])
    } finally {
      rmSync(project, { recursive: true, force: true })
    }
  })
})

describe('as plain Python', () => {
  test('arguments, output streams, Unicode, exit code, info', async () => {
    const result = await runSource(
      'import sys\nprint(sys.argv[1:], __name__, "∂π😀")\nsys.stdout.buffer.write(b"\\xff\\n")\nsys.stdout.flush()\n' +
        'print("err", file=sys.stderr)\nsys.exit(3)',
      { args: ['a b', 'ü'] },
    )
    expect(result.end).toEqual({ kind: 'done', exitCode: 3 })
    expect(result.stdout).toBe("['a b', 'ü'] __main__ ∂π😀\n\ufffd\n")
    expect(result.stderr).toBe('err\n')
    expect(result.info).toMatchObject({ runtime: 'embeddedPython', interpreter: 'Python 3.14.2 (Pyodide 314.0.7)' })
    expect(result.wire.subarray(0, 4).toString()).toBe('BPLW')
  })

  test('modules and data beside the script, names with spaces, emoji and CJK, links', async () => {
    const files = {
      'my 脚本 😀/main.py':
        'import os, helper, pkg.inner\nhere = os.path.dirname(__file__)\n' +
        'print(helper.x, pkg.inner.y, open(os.path.join(here, "данные.txt"), encoding="utf-8").read())\n' +
        'print(open("link.txt").read(), os.path.exists("outside.txt"), os.getcwd() == here)',
      'my 脚本 😀/helper.py': 'x = 1',
      'my 脚本 😀/pkg/__init__.py': '',
      'my 脚本 😀/pkg/inner.py': 'import helper\ny = helper.x + 1',
      'my 脚本 😀/данные.txt': 'данные',
      'my 脚本 😀/real.txt': 'linked',
      'secret.txt': 'not given',
    }
    const folder = folderWith(files)
    const at = join(folder, 'my 脚本 😀')
    symlinkSync('real.txt', join(at, 'link.txt'))
    symlinkSync('../secret.txt', join(at, 'outside.txt'))
    const result = await run(built.runtime, join(at, 'main.py'))
    rmSync(folder, { recursive: true })
    expect(result.stderr).toBe('')
    expect(result.stdout).toBe('1 2 данные\nlinked False True\n')
  })

  test('modules above the script that it makes reachable and imports, and nothing else of there', async () => {
    const folder = folderWith({
      'project/examples/main.py':
        'import sys, os\nsys.path.append("..")\nfrom engine import Value\nfrom pkg.inner import y\n' +
        'a = Value(2.0)\nb = a * a\nb.backward()\nprint(a.grad, y, os.path.exists("../other.py"), os.path.exists("../data.txt"))',
      'project/engine.py':
        'import helper\nclass Value:\n  def __init__(self, data, pairs=()): self.data, self.pairs, self.grad = data, pairs, 0.0\n' +
        '  def __mul__(self, o): return Value(self.data * o.data, ((self, o.data), (o, self.data)))\n' +
        '  def backward(self, g=1.0):\n    self.grad += g\n    for p, w in self.pairs: p.backward(g * w)\n',
      'project/helper.py': '',
      'project/pkg/__init__.py': '',
      'project/pkg/inner.py': 'y = 1',
      'project/other.py': 'x = 1',
      'project/data.txt': 'x',
    })
    const at = join(folder, 'project/examples')
    const result = await run(built.runtime, join(at, 'main.py'), { cwd: at })
    rmSync(folder, { recursive: true })
    expect([result.stderr, result.stdout]).toEqual(['', '4.0 1 False False\n'])
    const tape = new Tape()
    tape.push(result.wire)
    expect(tape.ops).toBe(2)
  })

  test('what is carried along comes after all of the script’s: a folder without __init__.py, one that it appends', async () => {
    const engine =
      'class Value:\n  def __init__(self, data, pairs=()): self.data, self.pairs, self.grad = data, pairs, 0.0\n' +
      '  def __mul__(self, o): return Value(self.data * o.data, ((self, o.data), (o, self.data)))\n' +
      '  def backward(self, g=1.0):\n    self.grad += g\n    for p, w in self.pairs: p.backward(g * w)\n'
    const source =
      'from micrograd.engine import Value\na = Value(2.0)\nb = a * a\nb.backward()\nprint(a.grad, len(b.pairs))'
    const beside = await inFolder({ 'main.py': source, 'micrograd/engine.py': engine }, 'main.py')
    expect([beside.stderr, beside.stdout, beside.notices]).toEqual(['', '4.0 2\n', []])
    const up = 'import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), "..", "..", ".."))\n'
    const folder = folderWith({
      'project/a/b/c/main.py': up + source,
      'project/micrograd/__init__.py': '',
      'project/micrograd/engine.py': engine,
    })
    const above = await run(built.runtime, join(folder, 'project/a/b/c/main.py'))
    rmSync(folder, { recursive: true })
    expect([above.stderr, above.stdout, above.notices]).toEqual(['', '4.0 2\n', []])
    const tape = new Tape()
    tape.push(above.wire)
    expect(tape.ops).toBe(2)
  })

  test('a module that is built in here wins over one beside the script, which is said', async () => {
    const result = await inFolder({ 'main.py': 'import math\nprint(math.pi)', 'math.py': 'pi = 3' }, 'main.py')
    expect(result.stdout).toBe('3.141592653589793\n')
    expect(result.notices).toEqual([expect.stringContaining('math.py beside the script was not used')])
  })

  test('the working folder exists, but gives no modules', async () => {
    const result = await runSource('import os\nprint(os.getcwd(), os.listdir("."))', { cwd: '/elsewhere/work' })
    expect(result.stdout).toBe('/elsewhere/work []\n')
  })

  test('input comes from the request and ends', async () => {
    const result = await runSource('print(input() + input("? "))\ninput()', { stdin: 'one\nzwö\n' })
    expect(result.stdout).toBe('? onezwö\n')
    expect(raised(result)).toMatchObject({ type: 'EOFError', hint: expect.stringContaining('standard input') })
  })

  test('random numbers differ between runs, os.urandom and the clock are live, hashes do not change', async () => {
    const source =
      'import random, os, time\nprint(random.random(), os.urandom(8).hex(), hash("abc"), abs(time.time()) // 1000)'
    const [a, b] = await Promise.all([runSource(source), runSource(source)])
    const [first, second] = [a.stdout.split(' '), b.stdout.split(' ')]
    expect(first[0]).not.toBe(second[0])
    expect(first[1]).not.toBe(second[1])
    expect(first[2]).toBe(second[2])
    expect(Math.abs(Number(first[3]) - Math.floor(Date.now() / 1e6))).toBeLessThanOrEqual(1)
  })

  test('the name as typed, exit functions, finalizers', async () => {
    const result = await runSource(
      'import atexit, sys\nclass A:\n  def __del__(self): print("gone")\na = A()\natexit.register(print, "bye")\n' +
        'print(sys.argv)',
      { argv0: 'here/main.py', args: ['x'] },
    )
    expect(result.stdout).toBe("['here/main.py', 'x']\nbye\ngone\n")
  })

  test('os._exit ends the script with its code, and keeps what was recorded', async () => {
    const result = await runSource(
      'import os\nfrom micrograd.engine import Value\na = Value(2.0) * 3.0\nprint("x")\nos._exit(3)',
    )
    expect(result.end).toEqual({ kind: 'done', exitCode: 3 })
    expect(result.stdout).toBe('x\n')
    expect(result.wire.includes('Value(2.0) * 3.0')).toBe(true)
  })

  test('deep graphs of every build are given up without a crash', async () => {
    const source =
      'def nest(g): return lambda: g\nclass S: __slots__ = ("p",)\nf = s = None\nfor i in range(50_000):\n' +
      '  f = nest(f); t = S(); t.p = s; s = t\nprint("built")'
    expect((await runSource(source, { limits: { seconds: 200 } })).end).toEqual({ kind: 'done', exitCode: 0 })
  })

  test('a module beside the script wins over the standard library’s', async () => {
    expect(
      (await inFolder({ 'main.py': 'import typing, copy\nprint(copy.mine)', 'copy.py': 'mine = 7' }, 'main.py')).stdout,
    ).toBe('7\n')
  })

  test('a script reached through a link finds what lies beside its target', async () => {
    const folder = folderWith({
      'lib/main.py': 'import beside, sys\nprint(beside.x, __file__, sys.path[0])',
      'lib/beside.py': 'x = 5',
      'bin/other.py': '',
    })
    symlinkSync('../lib/main.py', join(folder, 'bin/link.py'))
    const result = await run(built.runtime, join(folder, 'bin/link.py'))
    rmSync(folder, { recursive: true })
    expect(result.stdout).toBe(`5 ${join(folder, 'bin/link.py')} ${join(folder, 'lib')}\n`)
  })

  test('asyncio: gather, queues, time-outs, task groups, loops by hand', async () => {
    const result = await runSource(
      'import asyncio, time\nasync def child(n):\n  await asyncio.sleep(n / 50)\n  print(n)\n  return n\n' +
        'async def main():\n  print(await asyncio.gather(child(2), child(1)))\n  q = asyncio.Queue()\n' +
        '  async with asyncio.TaskGroup() as g:\n    g.create_task(q.put("q"))\n    print(await q.get())\n' +
        '  try:\n    async with asyncio.timeout(0.02): await asyncio.sleep(60)\n  except TimeoutError: return "late"\n' +
        'print(asyncio.run(main()))\nloop = asyncio.new_event_loop()\nloop.call_later(0.02, loop.stop)\n' +
        'loop.run_forever()\nprint(loop.run_until_complete(child(3)))\nloop.close()',
    )
    expect(result.stderr).toBe('')
    expect(result.stdout).toBe('1\n2\n[2, 1]\nq\nlate\n3\n3\n')
  })

  test('deep recursion through operators is the script’s RecursionError', async () => {
    const result = await runSource(
      'import sys\nsys.setrecursionlimit(10**6)\nclass V:\n  def __add__(s, o): return s + o\ntry: V() + V()\n' +
        'except RecursionError as e: print("deep")',
    )
    expect(result.end).toEqual({ kind: 'done', exitCode: 0 })
    expect(result.stdout).toBe('deep\n')
  })

  test('without capture the same script runs and nothing is recorded', async () => {
    const source = 'from micrograd.engine import Value\na = Value(2.0)\nb = a * a\nb.backward()\nprint(a.grad)'
    const [plain, captured] = await Promise.all([runSource(source, { capture: false }), runSource(source)])
    expect(plain.stdout).toBe('4.0\n')
    expect(captured.stdout).toBe('4.0\n')
    expect(captured.wire.length).toBeGreaterThan(plain.wire.length)
  })

  test('the script’s own micrograd wins; the carried one is said', async () => {
    const main = 'import micrograd\nprint(getattr(micrograd, "mine", "carried"))'
    expect(await inFolder({ 'main.py': main, 'micrograd/__init__.py': 'mine = "own"' }, 'main.py')).toMatchObject({
      stdout: 'own\n',
      notices: [],
    })
    const carried = await runSource(main)
    expect(carried.stdout).toBe('carried\n')
    expect(carried.notices).toEqual([expect.stringContaining('micrograd was not found beside the script')])
  })
})

describe('what differs is said', () => {
  test('a file that exists on the host but was not given', async () => {
    const folder = folderWith({ 'data.txt': 'x' })
    const path = join(folder, 'data.txt')
    const error = raised(await runSource(`open(${JSON.stringify(path)})`))
    rmSync(folder, { recursive: true })
    expect(error).toMatchObject({ type: 'FileNotFoundError', hint: expect.stringContaining('exists, but') })
    expect(raised(await runSource('open("/no/such/file")')).hint).toBe(null)
  })

  test('what a script names on the host is never read, and far from it not even looked at', async () => {
    const asked: string[] = []
    const reader = {
      ...diskReader,
      read: (path: string) => (asked.push(path), diskReader.read(path)),
      real: (path: string) => (asked.push(path), diskReader.real(path)),
    }
    for (const path of ['/dev/zero', '/etc/passwd', '//server/share/x', '/unc/server/x', '../../../etc/passwd']) {
      const source = `raise FileNotFoundError("[Errno 44] No such file or directory: '${path}'")`
      expect(raised(await runSource(source, { reader })).hint).toBe(null)
    }
    expect(asked.filter((path) => /zero|passwd|server/.test(path))).toEqual([])
  })

  test('modules are read-only; what is written to new files and to data stays inside, and is said', async () => {
    const folder = folderWith({
      'main.py':
        'open("new.txt", "w").write("x")\nopen("data.txt", "a").write("y")\nprint(open("data.txt").read())\n' +
        'open("engine.py", "w")',
      'data.txt': 'x',
      'engine.py': 'pass',
    })
    const result = await run(built.runtime, join(folder, 'main.py'))
    expect(existsSync(join(folder, 'new.txt'))).toBe(false)
    expect(readFileSync(join(folder, 'data.txt'), 'utf8')).toBe('x')
    rmSync(folder, { recursive: true })
    expect(result.stdout).toBe('xy\n')
    expect(raised(result)).toMatchObject({ type: 'PermissionError', hint: expect.stringContaining('read-only') })
    expect(result.notices).toEqual(['files that the script wrote stayed inside the sandbox: data.txt, new.txt'])
  })

  test.each([
    ['a thread', 'import threading; threading.Thread(target=int).start()', /starts a thread \(line 2\)/],
    ['a thread of asyncio', 'import asyncio; asyncio.run(asyncio.to_thread(int))', /starts a thread \(line 2\)/],
    ['a process', 'import subprocess; subprocess.run(["ls"])', /starts another program \(line 2\)/],
    ['a socket', 'import socket; socket.create_connection(("127.0.0.1", 9), 1)', /asks the network \(line 2\)/],
    ['a page', 'from urllib.request import urlopen; urlopen("http://127.0.0.1:9/")', /asks the network \(line 2\)/],
    ['a part of Python that needs a system', 'import multiprocessing as m; m.Pool(2)', /^multiprocessing \(line 2\)/],
    ['a package', 'from torch.nn import Linear', /^torch \(line 2\) is not beside the script.*not built yet/],
  ])('%s', async (_, source, hint) => {
    expect(raised(await runSource(`pass\n${source}`)).hint).toMatch(hint)
  })

  test.each([
    ['import nunpy', "No module named 'nunpy'"],
    ['from micrograd.engin import Value', "No module named 'micrograd.engin'"],
    ['from .x import y', 'attempted relative import with no known parent package'],
  ])('%s: what plain Python says, and nothing more', async (source, message) => {
    expect(raised(await runSource(source))).toMatchObject({ message, hint: null })
  })

  test('programs that os.system would have started', async () => {
    const { end, notices } = await runSource('import os\nos.system("clear")')
    expect(end).toEqual({ kind: 'done', exitCode: 0 })
    expect(notices).toEqual(['the sandbox has no other programs, so os.system did nothing with: clear'])
  })

  test('graphviz: DOT text is written, pictures are not, and that is said', async () => {
    const { stdout, notices } = await runSource(
      'from graphviz import Digraph\ndot = Digraph(format="svg", graph_attr={"rankdir": "LR"})\n' +
        'dot.node("1", label="{ a | data 2.0 }", shape="record")\ndot.edge("1", "2+")\ndot.render("out")\nprint(dot)',
    )
    expect(stdout).toBe(
      'digraph {\n\tgraph [rankdir=LR]\n\t1 [label="{ a | data 2.0 }" shape=record]\n\t1 -> "2+"\n}\n\n',
    )
    expect(notices).toEqual([
      expect.stringContaining('draws no pictures'),
      'files that the script wrote stayed inside the sandbox: out',
    ])
  })

  test('a script that cannot be read', async () => {
    const { end } = await run(built.runtime, join(tmpdir(), 'no-such-script.py'))
    expect(end).toMatchObject({ kind: 'crashed', message: expect.stringContaining('no-such-script.py') })
  })
})

describe('a Windows host', () => {
  const folder = 'C:\\Users\\José B\\my 脚本'
  const files: Record<string, string> = {
    [`${folder}\\main.py`]:
      'import sys\nfrom pkg.engine import f\nfrom micrograd.engine import Value\na = Value(2.0) * 3.0\n' +
      'print(open("data.txt").read(), sys.argv, __file__)\nf(a)',
    [`${folder}\\pkg\\engine.py`]: 'def f(x): return x / "no"',
    [`${folder}\\data.txt`]: 'data',
  }
  const reader = {
    read: async (path: string) => new TextEncoder().encode(files[win32.normalize(path)]),
    list: async () => Object.keys(files).map((path) => ({ path, size: 1 })),
    real: async (path: string) => path,
  }

  test('modules and data are found; recording, traceback and site show its paths', async () => {
    const options = { cwd: folder, argv0: '.\\main.py', reader }
    const result = await run(built.runtime, `${folder}\\main.py`, options)
    expect(result.stdout).toBe("data ['./main.py'] /c/Users/José B/my 脚本/main.py\n")
    expect(result.stderr).toContain(`File "${folder}\\main.py", line 6, in <module>\n`)
    expect(result.stderr).not.toContain('/c/Users')
    const error = raised(result)
    expect(error.traceback).toBe(result.stderr)
    expect(error.site).toMatchObject({ file: `${folder}\\pkg\\engine.py`, startLine: 1, startColumn: 17 })
    const tape = new Tape()
    tape.push(result.wire)
    expect(tape.meta('script')).toBe(`${folder}\\main.py`)
    expect(tape.sourcePath(0)).toBe(`${folder}\\main.py`)
  })

  test('the range of a syntax error', async () => {
    const broken = { ...reader, read: async () => new TextEncoder().encode('x = = 1') }
    const error = raised(await run(built.runtime, `${folder}\\main.py`, { cwd: folder, reader: broken }))
    expect(error.site).toMatchObject({ file: `${folder}\\main.py`, startLine: 1, startColumn: 4 })
    expect(error.traceback).toContain(`File "${folder}\\main.py", line 1\n`)
  })
})

describe('sandboxes', () => {
  test('two runs at once do not meet', async () => {
    const source = 'import builtins, time\nprint(hasattr(builtins, "mark"))\nbuiltins.mark = 1\ntime.sleep(0.2)'
    const both = await Promise.all([runSource(source), runSource(source)])
    expect(both.map(({ stdout }) => stdout)).toEqual(['False\n', 'False\n'])
  })

  test('a warm one serves one run, and only one', async () => {
    const cold = await runSource('print(1)')
    built.runtime.warm()
    await new Promise((resolve) => setTimeout(resolve, 3 * cold.readyMs))
    const source = 'import builtins\nprint(hasattr(builtins, "mark"))\nbuiltins.mark = 1'
    const first = await runSource(source)
    const second = await runSource(source)
    expect([first.stdout, second.stdout]).toEqual(['False\n', 'False\n'])
    expect(first.readyMs).toBeLessThan(cold.readyMs / 4)
  })

  test('without a snapshot, or with a broken one, the start is slower and otherwise the same', async () => {
    const name = readdirSync(built.dist).find((file) => file.startsWith('snapshot-'))!
    const [at, aside] = [join(built.dist, name), join(built.dist, 'aside')]
    renameSync(at, aside)
    const cold = await runSource('print(1)')
    writeFileSync(at, new Uint8Array(1000))
    const broken = await runSource('print(1)')
    renameSync(aside, at)
    expect([cold.stdout, broken.stdout]).toEqual(['1\n', '1\n'])
  }, 60_000)

  test.each([
    ['a busy one ends when the program that started it is gone', ['--disallow-code-generation-from-strings'], 'go\n'],
    ['a self-test that finds a door open refuses the script', [], 'found a way out: code from strings'],
  ])('%s', async (_, flags, expected) => {
    const child = spawn(process.execPath, [...flags, join(built.dist, 'child.mjs')], {
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      env: {},
    })
    const script = new TextEncoder().encode('print("go", flush=True)\nwhile True: pass')
    const request = {
      script: '/x/main.py',
      target: null,
      argv0: 'main.py',
      windows: null,
      args: [],
      cwd: '/x',
      folders: [],
      above: [],
      capture: false,
      gated: false,
      nodes: 1,
      megabytes: 512,
      stdin: '',
      files: ['/x/main.py'],
    }
    const payload = new TextEncoder().encode(JSON.stringify(request))
    child.stdin!.write(framed(Frame.run, payload))
    child.stdin!.write(framed(Frame.file, script))
    const closed = new Promise((resolve) => child.once('close', resolve))
    let said = ''
    child.stdio[3]!.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes(expected)) child.stdin!.end()
    })
    await closed
    expect(said).toContain(expected)
    expect(said.includes('go\n')).toBe(expected === 'go\n')
  })
})
