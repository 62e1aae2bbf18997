import { formatAmount, formatBudget } from '../../budgets/amount-text.ts'
import type { BudgetStatus } from '../../budgets/budget-status.ts'
import { chooseModel, type ModelChoice, type ModelNeed, type Profile } from './profile.ts'

/** One step from a profile to another, and the counter that asks for it. */
export interface Step {
  readonly from: string
  readonly to: string
  readonly atPercent: number
  readonly status: BudgetStatus
}

/** The model of a profile as it counts now. */
export interface SteppedChoice {
  /** The profile that it comes from, after all steps. */
  readonly profile: Profile
  readonly choice: ModelChoice
  readonly steps: readonly Step[]
}

/**
 * Goes down from a profile as far as budgets ask for it: as long as what is spent and presumed of one has reached the
 * share that the profile says. A step to a profile that has no model for the call is not taken. Undefined where the
 * first profile has none either.
 */
export function stepDown(
  profiles: ReadonlyMap<string, Profile>,
  first: Profile,
  need: ModelNeed,
  budgets: readonly BudgetStatus[],
): SteppedChoice | undefined {
  let choice = chooseModel(first, need)
  let profile = first
  const steps: Step[] = []
  for (;;) {
    const { stepDown: down } = profile
    const next = down === null ? undefined : profiles.get(down.to)
    const reached =
      down === null ? undefined : budgets.find((status) => isLookedAt(status, down.budget) && hasReached(status, down.atPercent))
    const nextChoice = next === undefined ? undefined : chooseModel(next, need)
    if (down === null || next === undefined || reached === undefined || nextChoice === undefined) break
    steps.push({ from: profile.name, to: next.name, atPercent: down.atPercent, status: reached })
    profile = next
    choice = nextChoice
  }
  return choice === undefined ? undefined : { profile, choice, steps }
}

/** Places are held and never spent, so no share of them says that money runs out. */
function isLookedAt({ budget, metric }: BudgetStatus, name: string | null): boolean {
  return name === null ? metric !== 'concurrency' : budget === name
}

/** `atPercent` has two decimals at most. Of a limit of zero everything is used. */
function hasReached({ spent, presumed, limit }: BudgetStatus, atPercent: number): boolean {
  return (spent + presumed) * 10_000n >= limit * BigInt(Math.round(atPercent * 100))
}

/** Why a step is taken, in a sentence with the figures. */
export function stepText({ from, to, atPercent, status }: Step): string {
  const { budget, metric, scope, each, spent, presumed, limit } = status
  const presumption = presumed === 0n ? '' : ` and ${formatAmount(metric, presumed)} presumed`
  const used = `${formatAmount(metric, spent)} spent${presumption} of ${formatAmount(metric, limit)}`
  return `Budget ${formatBudget(budget, scope, each)} has ${used}: from ${atPercent}% on, profile "${from}" steps down to "${to}".`
}
