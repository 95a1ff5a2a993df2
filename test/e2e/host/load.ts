/** How long the extension host's thread is held at once, and by whom. */
import { Session } from 'node:inspector/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void
export const collect = (): void => gc()

interface Profile {
  nodes: { id: number; callFrame: { url: string; functionName: string }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

/** Of this thread; before Node 23.9 (VS Code 1.101) only the whole process tells, which is never less. */
export const threadCpuUsage: typeof process.cpuUsage =
  (process as { threadCpuUsage?: typeof process.cpuUsage }).threadCpuUsage ?? process.cpuUsage
export const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = threadCpuUsage(since)
  return (user + system) / 1000
}

/** Between two samples of a thread that works lies no more than this; more is another program's turn. */
const LONGEST_SAMPLE_MS = 1

/**
 * Samples the thread every 0.2 ms. A stretch is ours from the first to the last of neighbouring samples in which a
 * function of the extension is on the stack. A turn is what the thread did between two runs of a timer, VS Code's own
 * work included.
 */
class HostLoad {
  private readonly session = new Session()
  private timer: NodeJS.Timeout | undefined
  private longestTurn = 0

  async begin(): Promise<void> {
    this.session.connect()
    await this.session.post('Profiler.enable')
    await this.session.post('Profiler.setSamplingInterval', { interval: 200 })
    await this.session.post('Profiler.start')
    let last = threadCpuUsage()
    this.timer = setInterval(() => {
      this.longestTurn = Math.max(this.longestTurn, cpuMs(last))
      last = threadCpuUsage()
    }, 1)
  }

  /** Milliseconds of the longest stretch. */
  async end(): Promise<{ ours: number; text: string }> {
    clearInterval(this.timer)
    const { profile } = (await this.session.post('Profiler.stop')) as unknown as { profile: Profile }
    this.session.disconnect()
    const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
    const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
    const owners = new Map<number, string>()
    for (const { id } of profile.nodes) {
      // The innermost frame that is ours.
      for (let at: number | undefined = id; at !== undefined && !owners.has(id); at = parents.get(at)) {
        const { url, functionName } = frames.get(at)!
        if (url.endsWith('/dist/extension.cjs')) owners.set(id, functionName || '(anonymous)')
      }
    }
    let longest = { ms: 0, name: 'nothing' }
    let stretch = 0
    let total = 0
    profile.samples.forEach((sample, i) => {
      const name = owners.get(sample)
      const ms = Math.min(profile.timeDeltas[i]! / 1000, LONGEST_SAMPLE_MS)
      stretch = name === undefined ? 0 : stretch + ms
      if (name === undefined) return
      total += ms
      if (stretch > longest.ms) longest = { ms: stretch, name }
    })
    const own = `longest of ours ${longest.ms.toFixed(1)} ms, in ${longest.name}, ${total.toFixed()} ms in all`
    return { ours: longest.ms, text: `${own}; longest turn ${this.longestTurn.toFixed(1)} ms` }
  }
}

/** Milliseconds of synchronous work of ours that nobody notices. */
export const MOST_MS = 10

/** The load of some work, done again where other programs may have made it longer. */
export async function leastLoad(work: () => Promise<void>): ReturnType<HostLoad['end']> {
  for (let tries = 3; ; tries--) {
    const load = new HostLoad()
    await load.begin()
    await work()
    const measured = await load.end()
    if (measured.ours <= MOST_MS || tries === 1) return measured
  }
}
