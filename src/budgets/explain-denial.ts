import { type Claim, roomFor } from './admit.ts'
import { formatAmount, formatBudget } from './amount-text.ts'
import { tally } from './counter.ts'
import type { Metric } from './budget.ts'
import type { Denial, DenialKind } from './denial.ts'
import type { Gate } from './gate.ts'
import type { BudgetWarning } from './hold.ts'
import type { Demand } from './reserve.ts'
import { roomAgainAt } from './room-again.ts'
import { type Applied, scopeLabels } from './scope.ts'

/** How long a caller may wait before it asks again where open holds stand in the way, in milliseconds. */
const contendedRetryMs = 50

/** A refusal of one budget, with its figures and in words. */
export function denialOf(gate: Gate, { applied, counters, claim }: Demand, kind: DenialKind): Denial {
  const { active, scope } = applied
  const { budget } = active
  const { spent, heldWorst: held, presumed } = tally(counters)
  const waits = kind === 'exhausted' || kind === 'contended'
  const resetsAt = waits ? roomAgainAt(gate, applied, claim) : null
  const denial = {
    ...({ granted: false, kind, budget: budget.name, metric: budget.metric, scope: scopeLabels(budget.each, scope) } as const),
    action: claim.onLimit,
    limit: claim.limit,
    spent,
    held,
    presumed,
    asked: claim.worst,
    room: roomFor(claim),
    resetsAt,
    also: [],
    retryAfterMs: retryAfter(kind, resetsAt, gate.nowMs),
  }
  return { ...denial, message: explain(applied, claim, denial) }
}

function retryAfter(kind: DenialKind, resetsAt: number | null, nowMs: number): number | null {
  if (kind === 'contended' || kind === 'unavailable') return contendedRetryMs
  return resetsAt === null ? null : Math.max(0, resetsAt - nowMs)
}

function explain({ active, scope }: Applied, { worst, tolerance, refusal }: Claim, denial: Omit<Denial, 'message'>): string {
  const { budget } = active
  const name = formatBudget(budget.name, scopeLabels(budget.each, scope), budget.each)
  const text = (amount: bigint): string => formatAmount(budget.metric, amount)
  const bound = tolerance === 0n ? text(denial.limit) : `${text(denial.limit)} (and ${text(tolerance)} of tolerance)`
  const presumed = denial.presumed === 0n ? '' : `, ${text(denial.presumed)} presumed`
  const state = `${text(denial.spent)} spent, ${text(denial.held)} held${presumed} of ${bound}`
  const asked = worst === null ? '' : text(worst)
  switch (denial.kind) {
    case 'exhausted':
      return `Budget ${name} has no room for ${asked}: ${state}. ${whenAgain(denial.resetsAt)}`
    case 'contended':
      return `Budget ${name} has no room for ${asked} while other calls hold theirs: ${state}. Try again shortly, or wait with --wait.`
    case 'never-fits':
      return `${asked} is more than the whole of budget ${name}: ${bound}. Ask for less, or raise the limit.`
    case 'unpriced':
      return `Budget ${name} is hard, and nobody knows what the call may cost. ${refusal.message ?? 'Add a price to `pricing` in purser.yaml, or give an amount.'}`
    case 'unbounded': {
      const why = refusal.message === null ? '' : ` ${refusal.message}`
      return `Budget ${name} is hard, and the ${budget.metric} of the call cannot be bounded.${why} ${adviceOf(budget.metric)}`
    }
    case 'unavailable':
      return `Budget ${name} is still counting what was booked before it was made. Try again shortly.`
  }
}

function adviceOf(metric: Metric): string {
  return metric === 'calls' ? 'Say how many there may be, with --calls.' : 'Give an amount, or set a ceiling for the budget.'
}

function whenAgain(resetsAt: number | null): string {
  return resetsAt === null ? 'Raise the limit to go on.' : `It has room again at ${new Date(resetsAt).toISOString()}, or raise the limit.`
}

/** What a call hears that is let through all the same. */
export function warningOf({ applied, counters, claim }: Demand, because: 'soft' | 'running-run'): BudgetWarning {
  const { active, scope } = applied
  const { budget } = active
  const { spent, heldWorst: held, presumed } = tally(counters)
  const warned = {
    ...({ budget: budget.name, metric: budget.metric, scope: scopeLabels(budget.each, scope) } as const),
    ...({ limit: claim.limit, spent, held, presumed, asked: claim.worst ?? 0n } as const),
  }
  const why = because === 'soft' ? 'It only warns.' : 'The run goes on, new ones are refused.'
  return { ...warned, message: `${warningText(applied, claim, warned)} ${why}` }
}

function warningText({ active: { budget } }: Applied, { worst, refusal }: Claim, warned: Omit<BudgetWarning, 'message'>): string {
  const { metric, scope, limit, spent, held, presumed } = warned
  const name = formatBudget(budget.name, scope, budget.each)
  const text = (amount: bigint): string => formatAmount(metric, amount)
  const state = `${text(spent)} spent, ${text(held)} held${presumed === 0n ? '' : `, ${text(presumed)} presumed`}`
  if (worst !== null) return `Budget ${name} is passed: ${state}, ${text(worst)} more of ${text(limit)}.`
  const unknown = refusal.kind === 'unpriced' ? 'nobody has a price for this call' : `the ${metric} of this call cannot be bounded`
  // What may cost anything does not pass a limit that has room left; nobody can say.
  const isPassed = spent + held + presumed > limit
  return `Budget ${name} ${isPassed ? 'is passed' : 'may be passed'}: ${state} of ${text(limit)}, and ${unknown}.`
}
