import { PurserError } from '../../errors.ts'
import type { Denial } from '../../budgets/denial.ts'
import type { Labels } from '../../ledger/charge.ts'
import type { Cap, LimitReached, Stage } from '../../runs/run.ts'
import type { RunHold } from './run-hold.ts'
import type { RunHolds } from './run-holds.ts'
import { less } from './run-spending.ts'

/** A stage's own cap, held; or the limit that leaves no room for it. */
export type StageHold = { readonly hold: RunHold } | { readonly reached: LimitReached } | { readonly denial: Denial }

/** Holds what a stage's earlier attempts have left of its own cap, out of the run's where that has one. */
export async function holdForStage(holds: RunHolds, stage: Stage, labels: Labels, cap: Cap): Promise<StageHold> {
  const left = less(cap, stage.spent ?? {})
  const used = (Object.keys(left) as (keyof Cap)[]).find((metric) => left[metric] === 0n)
  if (used !== undefined) {
    const [limit = 0n, spent = 0n] = [cap[used], stage.spent?.[used]]
    return { reached: { ...capLimit, metric: used, limit, spent } }
  }
  const held = await holds.ofStage(stage, labels, left)
  return held.granted ? { hold: held.hold } : { denial: held }
}

/** A stage's own cap, with its figures left open. */
const capLimit = { budget: 'stage', scope: {}, held: 0n, presumed: 0n, asked: null, resetsAt: null } as const

/** A stage within another is a stage of its own, whose calls are no part of the other's. @throws PURSER_BAD_ARGUMENT */
export function checkNesting(name: string, around: { readonly cap: Cap | null } | undefined): void {
  if ((around?.cap ?? null) === null) return
  throw new PurserError(
    'PURSER_BAD_ARGUMENT',
    `The stage "${name}" would run within a stage that has a cap, which its calls would not keep to. Give the cap to the inner stages, or to the run.`,
  )
}
