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
      budget: budget === undefined ? '' : `${budget} ${unit}`,
      holds: budget === undefined ? '' : measured <= budget ? 'yes' : 'NO',
    })),
  )
}

export const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
