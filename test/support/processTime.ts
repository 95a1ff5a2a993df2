/** Processor time of processes: unlike the clock it does not count what else the machine does. Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const MS_PER_TICK = 10

interface Process {
  pid: number
  parent: number
  ms: number
}

function readProcess(pid: number): Process | null {
  try {
    // The name stands in brackets and may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return { pid, parent: Number(fields[1]), ms: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK }
  } catch {
    return null // it has ended meanwhile
  }
}

/** Milliseconds that the processes below this one have worked; null where that is not told. */
export function childrenTime(): number | null {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return null
  }
  const all = names.flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []))
  const below = new Set([process.pid])
  let sum = 0
  // A process has a larger number than its parent, unless numbers began anew: then a second look finds it.
  for (let found = -1; found !== below.size;) {
    found = below.size
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid)
  }
  for (const { pid, ms } of all) if (pid !== process.pid && below.has(pid)) sum += ms
  return sum
}
