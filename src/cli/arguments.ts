/** The command line of `visualize`. */
import { parseArgs } from 'node:util'
import { defaultLimits, type Limits } from '../protocol/runtime.ts'

export const usage = `Usage: npm run visualize -- SCRIPT [options] [-- ARGUMENTS OF THE SCRIPT]
       node dist/cli.js SCRIPT [options]

Runs a Python script in a sandbox, records its backward passes, prints a summary and writes a page.
A .tape file as SCRIPT opens that recording instead.

  --html FILE        where the page goes (default: the script's name with .html, in this folder)
  --json FILE|-      the graph and its numbers as JSON; "-" is stdout
  --svg FILE         the opened picture as SVG
  --tape FILE        the recording itself
  --runtime NAME     how the script is run (default: embeddedPython)
  --time-limit S     seconds the script may take (default: ${defaultLimits.seconds})
  --memory-limit M   MiB the script may use (default: ${defaultLimits.megabytes})
  --max-nodes N      values recorded before the recording ends (default: ${defaultLimits.nodes})
  --dap              a debug adapter on stdin and stdout; the client launches the script or the recording
  --plain            run without recording
  --quiet            no summary
  --help             this text
  --version          the version

Folders that PYTHONPATH names are given to the script as a copy, as its own folder is.

Exit codes: 0 fine, 1 the script raised, 2 usage or a file that cannot be read or written, 3 a limit was reached.`

export interface Arguments {
  script: string
  scriptArgs: string[]
  html: string | null
  json: string | null
  svg: string | null
  tape: string | null
  runtime: string
  limits: Limits
  plain: boolean
  quiet: boolean
}

export class UsageError extends Error {}

/** Throws `UsageError` with one line that says what is off. */
export function parseArguments(argv: string[]): Arguments | 'help' | 'version' | 'dap' {
  const { own, scriptArgs } = split(argv)
  let parsed
  try {
    parsed = parseArgs({
      args: own,
      allowPositionals: true,
      options: {
        html: { type: 'string' },
        json: { type: 'string' },
        svg: { type: 'string' },
        tape: { type: 'string' },
        runtime: { type: 'string', default: 'embeddedPython' },
        'time-limit': { type: 'string' },
        'memory-limit': { type: 'string' },
        'max-nodes': { type: 'string' },
        dap: { type: 'boolean', default: false },
        plain: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split('. ')[0]! : String(error))
  }
  const { values, positionals } = parsed
  if (values.help) return 'help'
  if (values.version) return 'version'
  if (values.dap) {
    if (own.length > 1) throw new UsageError('--dap goes alone: its client says what is debugged')
    return 'dap'
  }
  const [script, ...extra] = positionals
  if (script === undefined) throw new UsageError('which script? Name one, for example media/examples/neuron.py')
  if (extra.length > 0)
    throw new UsageError(`one script at a time: "${extra[0]}" is one too many (arguments for the script go after "--")`)
  return {
    script,
    scriptArgs,
    html: values.html ?? null,
    json: values.json ?? null,
    svg: values.svg ?? null,
    tape: values.tape ?? null,
    runtime: values.runtime,
    limits: {
      ...defaultLimits,
      seconds: positive('--time-limit', values['time-limit'], defaultLimits.seconds),
      megabytes: positive('--memory-limit', values['memory-limit'], defaultLimits.megabytes),
      nodes: Math.ceil(positive('--max-nodes', values['max-nodes'], defaultLimits.nodes)),
    },
    plain: values.plain,
    quiet: values.quiet,
  }
}

function split(argv: string[]): { own: string[]; scriptArgs: string[] } {
  const dashes = argv.indexOf('--')
  return dashes < 0 ? { own: argv, scriptArgs: [] } : { own: argv.slice(0, dashes), scriptArgs: argv.slice(dashes + 1) }
}

function positive(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (!(number > 0) || !Number.isFinite(number)) throw new UsageError(`${option} takes a number above 0, not "${text}"`)
  return number
}
