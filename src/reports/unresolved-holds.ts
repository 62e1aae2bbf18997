import type { HoldView } from '../budgets/hold-view.ts'
import { type CostQuery, type Field, passes } from '../ledger/cost-query.ts'
import type { Labels } from '../ledger/charge.ts'
import type { Nanos } from '../money/nanos.ts'
import { planFilters } from './cost-plan.ts'
import { presumedCost, sumOf } from './runs/limits-of-summary.ts'
import { runHoldPrefix } from '../runs/run-hold-prefix.ts'

/** Holds of calls of which nobody knows yet what they came to. They are no part of any cost. */
export interface UnresolvedHolds {
  readonly presumed: number
  readonly presumedNanos: Nanos
  /** Calls under way, or such whose answer could not be read. */
  readonly open: number
  /** What is still set aside in them. */
  readonly openNanos: Nanos
}

/**
 * The unresolved holds among those given that a question about costs asks for, by when they were reserved. Undefined where
 * it asks for something that only a booked call has, such as its outcome.
 */
export function unresolvedHolds(
  holds: readonly HoldView[],
  { where, sinceMs = -Infinity, untilMs = Infinity }: Pick<CostQuery, 'where' | 'sinceMs' | 'untilMs'>,
  subjects: ReadonlySet<string>,
): UnresolvedHolds | undefined {
  const filters = planFilters(where, subjects)
  if (filters.some(({ field }) => !isKnown(field))) return undefined
  const asked = holds.filter((hold) => {
    if (hold.reservedAt < sinceMs || hold.reservedAt >= untilMs || isOfRun(hold)) return false
    return filters.every(({ filter, field }) => passes(filter, valueOf(hold, field)))
  })
  const presumed = asked.filter(({ state }) => state === 'presumed')
  const open = asked.filter(({ state }) => state === 'open')
  return {
    presumed: presumed.length,
    presumedNanos: sumOf(presumed, presumedCost) as Nanos,
    open: open.length,
    openNanos: sumOf(open, ({ left }) => left.cost) as Nanos,
  }
}

/** What is held for a run, or a stage of it, as a whole; its calls have holds of their own. */
function isOfRun({ id, labels: { run } }: HoldView): boolean {
  return run !== undefined && id.startsWith(runHoldPrefix(run))
}

const knownFields: ReadonlySet<string> = new Set(['provider', 'model', 'basis'])

function isKnown(field: Field): boolean {
  return field.kind !== 'sku' || knownFields.has(field.field)
}

function valueOf({ labels, ...hold }: HoldView, field: Field): string | null {
  if (field.kind === 'sku') return hold[field.field as 'provider' | 'model' | 'basis']
  return labelOf(labels, field.name) ?? (field.kind === 'service' ? hold.provider : null)
}

/** Null where the label is missing, also for names that every object answers to. */
function labelOf(labels: Labels, key: string): string | null {
  return Object.hasOwn(labels, key) ? (labels[key] ?? null) : null
}
