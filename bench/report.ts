/** One measured figure beside its floor or peer. */
export interface Figure {
  readonly name: string
  readonly ours: number
  readonly unit: string
  /** What the floor or peer reached, in the same unit, and who that is. */
  readonly against?: number
  readonly peer?: string
  /** The goal in words, and whether it was met. */
  readonly goal?: string
  readonly met?: boolean
}

/** Prints figures as a table, or with `--json` as JSON. */
export function report(title: string, figures: readonly Figure[]): void {
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ title, node: process.version, figures })}\n`)
    return
  }
  console.log(`\n${title} (Node ${process.version})`)
  console.table(
    figures.map(({ name, ours, unit, against, peer, goal, met }) => ({
      figure: name,
      ours: `${round(ours)} ${unit}`,
      against: against === undefined ? '' : `${round(against)} ${unit} (${peer})`,
      goal: goal ?? '',
      met: met === undefined ? '' : met ? 'yes' : 'NO',
    })),
  )
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

/** The value below which a share of sorted samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
