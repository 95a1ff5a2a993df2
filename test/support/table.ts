/** Prints a benchmark's rows: what was measured, the figure, its budget, whether it holds. */

export interface Measured {
  what: string
  measured: number
  unit: string
  /** The most it may be; absent for figures that are only there to compare with. */
  budget?: number
}

export function printTable(rows: readonly Measured[]): void {
  console.table(
    rows.map(({ what, measured, unit, budget }) => ({
      what,
      measured: `${Number(measured.toPrecision(3))} ${unit}`,
      budget: budget === undefined ? '' : `${Number(budget.toPrecision(3))} ${unit}`,
      holds: budget === undefined ? '' : measured <= budget ? 'yes' : 'NO',
    })),
  )
}

export const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!

/**
 * Milliseconds of processor time that a piece of work takes, the least of several runs: unlike the clock it does not
 * count what else the machine does. Helpers of the runtime (garbage collection, compilation) are counted in.
 */
export function leastTime(runs: number, work: () => void): number {
  let least = Infinity
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}
