/** Ids of the holds that a run and its stages have themselves begin with this. */
export function runHoldPrefix(run: string): string {
  return `run:${run}:`
}
