import type { z } from 'zod'
import { formatAmount } from '../budgets/amount-text.ts'
import type { Budget } from '../budgets/budget.ts'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import type { Denial } from '../budgets/denial.ts'
import type { Explanation } from '../budgets/gate-operations.ts'
import { formatDuration } from '../text/duration.ts'
import { statusJson } from './budget-status-view.ts'
import { denialJson, warningJson } from './denial-view.ts'
import type { whyShape } from './gate-shapes.ts'
import { holdJson, iso } from './hold-view.ts'

/** What would let a refused hold through; any one of these. Null where it would not. */
interface Needs {
  /** By how much more limit it fits, in the metric's unit. */
  readonly raiseLimitBy: bigint | null
  readonly waitUntil: number | null
  /** What open holds would have to give back. */
  readonly ifReleased: bigint | null
}

/** Whether a hold would be granted and why not, as JSON. */
export function whyJson(explanation: Explanation): z.infer<typeof whyShape> {
  const { decision, holders, budgets } = explanation
  const shared = { holders: holders.map(holdJson), budgets: budgets.map(statusJson) }
  if (decision.granted) return { granted: true, denial: null, warnings: decision.warnings.map(warningJson), needs: null, ...shared }
  const { raiseLimitBy, waitUntil, ifReleased } = needsOf(decision, budgets)
  const needs = {
    raiseLimitBy: raiseLimitBy === null ? null : String(raiseLimitBy),
    waitUntil: waitUntil === null ? null : iso(waitUntil),
    ifReleased: ifReleased === null ? null : String(ifReleased),
  }
  return { granted: false, denial: denialJson(decision), warnings: [], needs, ...shared }
}

/** What would let a refused hold through, in words. `limited`: the budget that refuses. */
export function needLines({ decision, budgets }: Explanation, limited: Budget | undefined): string[] {
  if (decision.granted) return []
  const { raiseLimitBy, waitUntil, ifReleased } = needsOf(decision, budgets)
  const { metric } = decision
  return [
    ...(raiseLimitBy === null
      ? []
      : [`  raise the limit by ${formatAmount(metric, raiseLimitBy)}${raiseCommand(decision, raiseLimitBy, limited)}`]),
    ...(ifReleased === null
      ? []
      : [`  wait until open holds give back ${formatAmount(metric, ifReleased)}, as with \`purser hold reserve --wait 30s\``]),
    ...(waitUntil === null ? [] : [`  wait until ${iso(waitUntil)}, for ${formatDuration(waitUntil - Date.now())}`]),
  ]
}

/** The command that raises a limit, where the one that refuses is the budget's own: no override's, and without an increase. */
function raiseCommand({ budget, metric, limit }: Denial, by: bigint, limited: Budget | undefined): string {
  if (limited === undefined || limited.limit !== limit || limited.overrides.some((override) => override.limit === limit)) return ''
  const raised = limit + by
  const amount = metric === 'cost' ? formatAmount(metric, raised).replace(/[$,]/g, '') : String(raised)
  return `: purser budgets set ${budget} --limit ${amount}`
}

function needsOf({ kind, budget, scope, asked, limit, spent, held, presumed, resetsAt }: Denial, budgets: readonly BudgetStatus[]): Needs {
  const status = budgets.find((each) => each.budget === budget && sameScope(each.scope, scope))
  if (asked === null || kind === 'unpriced' || kind === 'unbounded' || kind === 'unavailable') {
    return { raiseLimitBy: null, waitUntil: null, ifReleased: null }
  }
  const tolerance = status?.tolerance ?? 0n
  const short = spent + presumed + held + asked - limit - tolerance
  // An adaptive budget also keeps what is expected within its limit; what is asked is the most that can be expected.
  const shortExpected = status?.mode === 'adaptive' ? spent + presumed + status.expected + asked - limit : 0n
  const raiseLimitBy = short > shortExpected ? short : shortExpected
  return {
    raiseLimitBy: raiseLimitBy > 0n ? raiseLimitBy : null,
    waitUntil: kind === 'exhausted' ? resetsAt : null,
    ifReleased: kind === 'contended' && short > 0n ? short : null,
  }
}

function sameScope(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
