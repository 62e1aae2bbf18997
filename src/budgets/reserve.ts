import { PurserError } from '../errors.ts'
import type { Labels } from '../ledger/charge.ts'
import { askedBudgets } from './asked-budgets.ts'
import { admit, type Claim, type Verdict } from './admit.ts'
import type { Cause } from './counter.ts'
import type { Denial, DenialKind, Grant } from './denial.ts'
import { denialOf, warningOf } from './explain-denial.ts'
import type { Gate, Meeting } from './gate.ts'
import { grantedBefore, grantOf } from './grant.ts'
import type { Amounts, Asked, BudgetWarning, HoldId, Share } from './hold.ts'
import { expectedOf } from './learned.ts'
import { learnedKey } from './learned-key.ts'
import { figureTexts } from './limit-figures.ts'
import { refusalOf, worstCase } from './worst-case.ts'
import type { Applied } from './scope.ts'

/** What a hold asks of one budget. */
export interface Demand extends Meeting {
  readonly claim: Claim
}

/**
 * Grants a hold on all budgets that apply, or on none. The same id gets the same grant; a refusal is not stored.
 * @throws PURSER_ID_CONFLICT where the id was asked for with other content.
 */
export function reserve(gate: Gate, id: HoldId, asked: Asked): Grant | Denial {
  gate.lapse()
  const known = gate.rows.hold(id)
  if (known !== undefined) return grantedBefore(known, { asked, parent: null }, gate.nowMs)
  const demands = askedBudgets(gate.rows, asked).map((applied) => demandOf(gate, applied, asked, gate.nowMs))
  const decided = decide(gate, demands, asked.labels)
  if (!decided.granted) return refuse(gate, decided)
  const hold = gate.rows.addHold({
    id,
    asked,
    parent: null,
    reservedAt: gate.nowMs,
    expiresAt: gate.nowMs + asked.ttlMs,
    given: expectations(demands),
    warnings: decided.warnings,
  })
  hold.shares = demands.flatMap((demand) => setAside(gate, demand))
  return grantOf(hold)
}

/** What is asked of a budget; a plan-covered call asks nothing of one that does not count plans. */
export function demandOf(gate: Gate, applied: Applied, asked: Asked, countedAt: number): Demand {
  const { active, terms } = applied
  const { budget } = active
  const meeting = gate.meet(applied, countedAt)
  const worst = worstCase(asked, budget)
  const claim: Claim = {
    counters: meeting.counters,
    ...active.bounds(terms, gate.nowMs),
    mode: terms.mode,
    onLimit: terms.onLimit,
    expected: worst === null ? 0n : expectedAmount(gate, applied, asked, worst),
    worst,
    refusal: refusalOf(asked, budget.metric),
    isSeeded: active.record.seeding === null,
  }
  return { ...meeting, claim }
}

function expectedAmount(gate: Gate, { active, terms }: Applied, asked: Asked, worst: bigint): bigint {
  const { metric, quantile } = active.budget
  const said = asked.expected[metric]
  if (said !== undefined) return said < worst ? said : worst
  if (terms.mode !== 'adaptive' || (metric !== 'cost' && metric !== 'tokens')) return worst
  return expectedOf(gate.rows.learned(learnedKey(active.budget, asked)), worst, quantile)
}

export type Decision = { readonly granted: true; readonly warnings: BudgetWarning[] } | Refusal

export interface Refusal {
  readonly granted: false
  readonly denial: Denial
  /** Every budget that refuses. */
  readonly by: readonly { readonly demand: Demand; readonly denial: Denial }[]
}

/** What budgets that learn expect of a hold, by metric. */
export function expectations(demands: readonly Demand[]): Amounts {
  const learning = demands.filter(({ claim }) => claim.mode === 'adaptive' && claim.worst !== null)
  return Object.fromEntries(learning.map(({ applied, claim }) => [applied.active.budget.metric, claim.expected]))
}

/** Asks every budget, and changes nothing; one that refuses refuses the whole. */
export function decide(gate: Gate, demands: readonly Demand[], labels: Labels): Decision {
  let running: boolean | undefined
  const verdicts = demands.map((demand): { demand: Demand; verdict: Verdict } => {
    const verdict = admit(demand.claim, false)
    const mayRun = verdict.kind === 'refused' && labels['run'] !== undefined && verdict.denial !== 'unavailable'
    if (!mayRun) return { demand, verdict }
    running ??= gate.rows.isRunning(labels['run'] ?? '')
    return { demand, verdict: admit(demand.claim, running) }
  })
  const refused = verdicts.flatMap(({ demand, verdict }) => (verdict.kind === 'refused' ? [{ demand, kind: verdict.denial }] : []))
  if (refused.length > 0) return toRefusal(gate, refused)
  const warnings = verdicts.flatMap(({ demand, verdict }) => (verdict.kind === 'let-through' ? [warningOf(demand, verdict.because)] : []))
  return { granted: true, warnings }
}

/** Sets amounts aside in a counter. */
export function setAside(gate: Gate, { applied, counter, counters, claim }: Demand, cause?: Cause): Share[] {
  const { worst, expected } = claim
  if (worst === null || worst === 0n) return []
  const letThrough = claim.mode === 'soft' || claim.onLimit === 'warn' ? 'soft' : 'running-run'
  gate.change({ applied, counter, counters }, (each) => {
    each.held += expected
    each.heldWorst += worst
    return cause ?? letThrough
  })
  return [{ counter: counter.id, metric: applied.active.budget.metric, expected, worst }]
}

const severity: readonly DenialKind[] = ['never-fits', 'unpriced', 'unbounded', 'exhausted', 'contended', 'unavailable']

function toRefusal(gate: Gate, refused: readonly { demand: Demand; kind: DenialKind }[]): Refusal {
  const denials = refused.map(({ demand, kind }) => ({ demand, denial: denialOf(gate, demand, kind) }))
  denials.sort(
    ({ denial: a }, { denial: b }) =>
      severity.indexOf(a.kind) - severity.indexOf(b.kind) ||
      (b.resetsAt ?? Number.MAX_SAFE_INTEGER) - (a.resetsAt ?? Number.MAX_SAFE_INTEGER),
  )
  const [first, ...others] = denials
  if (first === undefined) throw new PurserError('PURSER_INVARIANT', 'A refusal names no budget.')
  const denial = { ...first.denial, also: [...new Set(others.map((other) => other.denial.budget))] }
  return { granted: false, denial, by: denials }
}

/** The denial that a caller gets. */
export function refuse(gate: Gate, { denial, by }: Refusal): Denial {
  for (const { demand, denial: each } of by) tellOnce(gate, demand, each)
  return denial
}

/** The first refusal of a counter and window is an event; all later ones write nothing. */
function tellOnce(gate: Gate, { applied, counter, counters }: Demand, denial: Denial): void {
  if (denial.kind === 'unavailable' || counters.some(({ denied }) => denied)) return
  counter.denied = true
  gate.rows.touch(counter)
  gate.effects.append({
    kind: 'budget.denied',
    body: {
      ...gate.describe(applied, counter),
      denial: denial.kind,
      action: applied.terms.onLimit,
      ...figureTexts(denial),
    },
  })
}
