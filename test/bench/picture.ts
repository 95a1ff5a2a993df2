/** From the end of a large script to its picture, as the panel asks for it; the script's own time beside it. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defaultLimits } from '../../src/protocol/runtime.ts'
import type { Overview } from '../../src/protocol/view.ts'
import { startSession, type SessionChannel } from '../../src/session/client.node.ts'
import { median, printTable } from '../support/table.ts'
import { inFolder } from '../support/visualize.ts'

const room = { width: 800, height: 600 }
const text = `${readFileSync('test/fixtures/bench/mlp.py', 'utf8')}\nimport time\nprint(f"ended {time.time() * 1000:.0f}")\n`

const runs: { script: number; picture: number }[] = []
await inFolder({ 'mlp.py': text }, async (cwd) => {
  for (let i = 0; i < 5; i++) runs.push(await run(cwd))
})
printTable([
  { what: 'script of 65,818 nodes', measured: median(runs.map(({ script }) => script)), unit: 's' },
  { what: 'its end to the first picture', measured: median(runs.map(({ picture }) => picture)), unit: 's', budget: 2 },
  {
    what: 'picture ÷ script',
    measured: median(runs.map(({ picture, script }) => picture / script)),
    unit: '×',
    budget: 0.4,
  },
])

/** Seconds. */
async function run(cwd: string): Promise<{ script: number; picture: number }> {
  const { channel, dispose } = startSession(resolve('dist'), (error) => {
    throw error
  })
  let printed = ''
  channel.on('output', ({ chunk }) => (printed += new TextDecoder().decode(chunk)))
  const shown = new Promise<{ at: number; seconds: number }>((done) => {
    channel.on('overview', (overview) => {
      void show(channel, overview).then(() => {
        if (overview.state === 'ended') done({ at: Date.now(), seconds: overview.seconds })
      })
    })
  })
  const limits = defaultLimits
  const request = {
    ...{ script: join(cwd, 'mlp.py'), args: [], cwd, capture: true, gated: false, folders: [] },
    limits,
  }
  await channel.request('run', { runtime: 'embeddedPython', request })
  const { at, seconds } = await shown
  await dispose()
  return { script: seconds, picture: (at - Number(/ended (\d+)/.exec(printed)![1])) / 1000 }
}

/** What the panel asks for when a run has grown. */
async function show(channel: SessionChannel, { nodes, lastTick }: Overview): Promise<void> {
  if (nodes === 0) return
  const { revision } = await channel.request('scene', { room })
  // A newer scene may have been made meanwhile, which asks for its own frame.
  await channel.request('frame', { revision, tick: lastTick }).catch(() => undefined)
}
