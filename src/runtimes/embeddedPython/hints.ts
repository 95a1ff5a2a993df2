/** What to do next after an error that the sandbox, not the script, is the reason for. */

import type { Limits, ScriptError } from '../../protocol/runtime.ts'

/** `existsOnHost` is asked for paths that the script named, `folderAbove` for the folder above the script in which a module lies. */
export async function hintFor(
  error: ScriptError,
  limits: Limits,
  existsOnHost: (path: string) => Promise<boolean>,
  folderAbove: (module: string) => Promise<string | null>,
): Promise<string | null> {
  const { type, message } = error
  const line = error.site ? ` (line ${error.site.startLine})` : ''
  const module = /^No module named '([^']+)'/.exec(message)?.[1]
  if (type === 'ModuleNotFoundError' && module) {
    const folder = await folderAbove(module.split('.')[0]!)
    if (folder === null) return missingModule(module, line)
    return `${module} lies in ${folder}, where the script does not look. Allow that folder (on the command line: PYTHONPATH), and it is found.`
  }
  const path = /^\[Errno 44\] No such file or directory: '(.+)'$/s.exec(message)?.[1]
  if (type === 'FileNotFoundError' && path && (await existsOnHost(path))) {
    return `${path} exists, but the sandbox is given only what lies in the script's own folder. Put it there.`
  }
  if (type === 'PermissionError') {
    return 'The script runs on a copy of its folder, whose modules are read-only. New files and data may be written; they stay inside the sandbox.'
  }
  if (type === 'MemoryError') {
    return `The sandbox may use ${limits.megabytes} MiB; the limit is a setting.`
  }
  if (type === 'EOFError') return 'The script asked for input, and there was none (left). Pass it on standard input.'
  if (/start new thread/.test(message)) {
    return `The script starts a thread${line}, and the sandbox runs only one. Call the function itself instead; the results are the same.`
  }
  if (/emscripten does not support processes/.test(message) || /^_posixsubprocess|fork/.test(message)) {
    return `The script starts another program${line}, which the sandbox does not let it: only Python itself runs here. Do this outside the script.`
  }
  if (/(Host|Network) is unreachable|Connection refused|unknown url type: https/i.test(message)) {
    return `The script asks the network${line}, which the sandbox does not let it. Save what it needs as a file in the script's folder.`
  }
  return null
}

/** Packages that are more than Python text, or live in an environment of their own: not in the embedded Python. */
const packages = new Set(
  `numpy scipy pandas sklearn skimage torch torchvision torchaudio tensorflow keras jax jaxlib flax optax autograd
   tinygrad cupy numba sympy networkx matplotlib seaborn plotly pydot pygraphviz PIL cv2 imageio tqdm rich IPython
   ipywidgets requests yaml attr pydantic pytest transformers datasets einops wandb tensorboard mlx micropip`.split(
    /\s+/,
  ),
)
/** Parts of the standard library that need an operating system below them. */
const absent = new Set(
  `_multiprocessing multiprocessing tkinter _tkinter turtle curses _curses readline sqlite3 _sqlite3 ssl _ssl lzma
   _lzma fcntl msvcrt winreg winsound termios _posixshmem dbm ensurepip venv idlelib resource pwd grp`.split(/\s+/),
)

/** Null for any other name, which may just be misspelt: there plain Python's message says it all. */
function missingModule(module: string, line: string): string | null {
  if (packages.has(module)) {
    return (
      `${module}${line} is not beside the script and not part of the embedded Python, which runs pure Python only. ` +
      'Scripts that need it will run with a local Python runtime, which is not built yet.'
    )
  }
  if (!absent.has(module)) return null
  const name = module.replace(/^_posixshmem$/, 'multiprocessing').replace(/^_/, '')
  return (
    `${name}${line} needs an operating system, and the embedded Python has none. ` +
    'Scripts that need it will run with a local Python runtime, which is not built yet.'
  )
}
