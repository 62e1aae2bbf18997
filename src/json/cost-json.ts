import type { z } from 'zod'
import type { CostRow, CostTable } from '../ledger/cost-table.ts'
import { perRun } from '../ledger/cost-table.ts'
import { toUsd } from '../money/nanos.ts'
import type { AskedPeriod } from '../reports/asked-period.ts'
import type { UnresolvedHolds } from '../reports/unresolved-holds.ts'
import type { periodShape } from './json-shapes.ts'
import { iso } from './iso.ts'

/** An answer to a question about costs as JSON. */
export function costsJson(
  period: AskedPeriod,
  groupBy: readonly string[],
  table: CostTable,
  unresolved: UnresolvedHolds | undefined,
): Record<string, unknown> {
  return {
    period: periodJson(period),
    groupBy,
    rows: table.rows.map((row) => ({
      ...Object.fromEntries(groupBy.map((name, index) => [name, row.key[index] ?? null])),
      ...sumsJson(row),
    })),
    others: table.others === null ? null : { ...sumsJson(table.others), rows: table.otherCount },
    total: sumsJson(table.total),
    unresolved: unresolved === undefined ? null : unresolvedJson(unresolved),
  }
}

/** The span of a question as JSON. */
export function periodJson({ name, sinceMs, untilMs, timezone }: AskedPeriod): z.infer<typeof periodShape> {
  return { name, since: isoOrNull(sinceMs), until: isoOrNull(untilMs), timezone }
}

/** What is held for calls of which nobody knows the end, as JSON. */
export function unresolvedJson({ presumed, presumedNanos, open, openNanos }: UnresolvedHolds): Record<string, unknown> {
  return {
    presumedHolds: presumed,
    presumedUsd: toUsd(presumedNanos),
    presumedNanos: presumedNanos.toString(),
    openHolds: open,
    openUsd: toUsd(openNanos),
    openNanos: openNanos.toString(),
  }
}

/** One row of sums as JSON. */
export function sumsJson(row: CostRow): Record<string, unknown> {
  const average = perRun(row)
  return {
    calls: row.calls,
    costUsd: toUsd(row.costNanos),
    costNanos: row.costNanos.toString(),
    inputTokens: row.inputTokens,
    cacheReadTokens: row.cacheReadTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    outputTokens: row.outputTokens,
    totalTokens: row.totalTokens,
    runs: row.runs,
    unpricedCalls: row.unpricedCalls,
    partialCalls: row.partialCalls,
    estimatedCalls: row.estimatedCalls,
    estimatedUsd: toUsd(row.estimatedNanos),
    planUsd: toUsd(row.planNanos),
    planNanos: row.planNanos.toString(),
    planCalls: row.planCalls,
    costPerRunUsd: average.costUsd,
    tokensPerRun: average.tokens,
    isLowerBound: row.isLowerBound,
    ...(row.quantity !== undefined && { quantity: row.quantity }),
  }
}

function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : iso(ms)
}
