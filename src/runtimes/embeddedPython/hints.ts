/** What to do next after an error that the sandbox, not the script, is the reason for. */

import type { Limits, ScriptError } from '../../protocol/runtime.ts'

/** `existsOnHost` is asked for paths that the script named. */
export async function hintFor(
  error: ScriptError,
  limits: Limits,
  existsOnHost: (path: string) => Promise<boolean>,
): Promise<string | null> {
  const { type, message } = error
  const module = /^No module named '([^']+)'/.exec(message)?.[1]
  if (type === 'ModuleNotFoundError' && module) {
    return (
      `${module.split('.')[0]} is not beside the script and not part of the embedded Python, which runs pure Python only. ` +
      'Scripts that need it will run with a local Python runtime, which is not built yet.'
    )
  }
  const path = /^\[Errno 44\] No such file or directory: '(.+)'$/s.exec(message)?.[1]
  if (type === 'FileNotFoundError' && path && (await existsOnHost(path))) {
    return `${path} exists, but the sandbox is given only what lies in the script's own folder. Put it there.`
  }
  if (type === 'PermissionError') {
    return 'The script runs on a read-only copy of its folder. It may write new files; they stay inside the sandbox. /tmp is free to use.'
  }
  if (type === 'MemoryError') {
    return `The sandbox may use ${limits.megabytes} MiB; the limit is a setting.`
  }
  if (type === 'EOFError') return 'The script asked for input, and there was none (left). Pass it on standard input.'
  if (/start new thread|emscripten does not support processes|Host is unreachable|Connection refused/i.test(message)) {
    return 'The sandbox has no network, no other processes and no threads.'
  }
  if (type === 'RuntimeError' && /stack switching|run_until_complete|run_sync/i.test(message)) {
    return 'The embedded Python cannot run an asyncio event loop.'
  }
  return null
}
