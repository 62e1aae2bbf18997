import type { Basis, Labels } from '../ledger/charge.ts'
import type { Metric } from './budget.ts'
import type { Gate } from './gate.ts'
import type { Hold, HoldState } from './hold.ts'

/**
 * Why a hold is presumed spent: it `ran-out` before anybody said what became of it; its call was `cut` and may have come
 * to more than what arrived; a call of it is `unpriced`, or is `unmeasured` because nobody said what it used.
 */
export const presumptions = ['ran-out', 'cut', 'unpriced', 'unmeasured'] as const
export type Presumption = (typeof presumptions)[number]

/** A hold as it is listed. */
export interface HoldView {
  readonly id: string
  readonly state: HoldState
  readonly labels: Labels
  readonly provider: string | null
  readonly model: string | null
  /** How its calls are paid for. */
  readonly basis: Basis
  /** Revision of the price catalog that bounded it; null where its amounts were given. */
  readonly catalog: string | null
  readonly parent: string | null
  readonly reservedAt: number
  readonly expiresAt: number
  /** What was asked, what is left of it, and what was spent under it, by metric. */
  readonly asked: Readonly<Partial<Record<Metric, bigint>>>
  readonly left: Readonly<Partial<Record<Metric, bigint>>>
  readonly spent: Readonly<Partial<Record<Metric, bigint>>>
  /** What budgets presume of it, by metric: the most that one of them does. Nothing where it is not presumed. */
  readonly presumed: Readonly<Partial<Record<Metric, bigint>>>
  readonly presumedBecause: readonly Presumption[]
}

/** Open and presumed holds, the oldest first; those that a budget counts where one is named. */
export function listHolds(gate: Gate, budget?: string): HoldView[] {
  gate.lapse()
  const counts = (counter: number): boolean => {
    const found = gate.rows.counterById(counter)
    return found !== undefined && gate.appliedOf(found)?.active.budget.name === budget
  }
  return gate.rows
    .unresolved()
    .filter(({ shares }) => budget === undefined || shares.some((share) => counts(share.counter)))
    .map(viewHold)
}

export function viewHold(hold: Hold): HoldView {
  const { id, state, asked, parent, reservedAt, expiresAt, left, spent } = hold
  return {
    id,
    state,
    labels: asked.labels,
    provider: asked.provider,
    model: asked.model,
    basis: asked.basis,
    catalog: asked.catalog,
    parent,
    reservedAt,
    expiresAt,
    asked: wholeAmounts(hold),
    left: { ...left },
    spent: { ...spent },
    presumed: state === 'presumed' ? presumedOf(hold) : {},
    presumedBecause: state === 'presumed' ? presumptionsOf(hold) : [],
  }
}

function wholeAmounts({ asked, raised }: Hold): Partial<Record<Metric, bigint>> {
  const whole: Partial<Record<Metric, bigint>> = { ...asked.worst }
  for (const [metric, more] of Object.entries(raised) as [Metric, bigint][]) whole[metric] = (whole[metric] ?? 0n) + more
  return whole
}

function presumedOf({ shares }: Hold): Partial<Record<Metric, bigint>> {
  const most: Partial<Record<Metric, bigint>> = {}
  for (const { metric, worst } of shares) if (worst > (most[metric] ?? 0n)) most[metric] = worst
  return most
}

function presumptionsOf({ isOver, uncertain, unpriced, unmeasured, shares }: Hold): Presumption[] {
  if (!isOver) return ['ran-out']
  const has = (metric: Metric): boolean => shares.some((share) => share.metric === metric)
  return [
    ...(uncertain.some(has) ? (['cut'] as const) : []),
    ...(unpriced > 0 && has('cost') ? (['unpriced'] as const) : []),
    ...(unmeasured > 0 && has('tokens') ? (['unmeasured'] as const) : []),
  ]
}
