import type { Grant } from '../../budgets/denial.ts'
import type { HoldOutcome } from '../../budgets/find-hold.ts'
import type { HoldId } from '../../budgets/hold.ts'
import type { ImportSummary } from '../../importers/importer.ts'
import type { Charge } from '../../ledger/charge.ts'
import { newChargeId } from '../../ledger/charge-id.ts'
import type { CallRecord } from '../../ledger/parse-record.ts'
import { defaultTtlMs, type HoldRequest } from '../hold-request.ts'
import type { OpenCall } from './open-call.ts'

// With tracking off nothing is booked, held or refused; every call runs. What is asked for is answered as if all fitted.

export function untrackedCall(): OpenCall {
  return {
    granted: true,
    hold: null,
    warnings: [],
    maxOutputTokens: undefined,
    signal: undefined,
    booked: Promise.resolve({ charge: null, outcome: 'off' }),
    succeed: () => undefined,
    end: () => undefined,
    extend: () => undefined,
  }
}

export function untrackedGrant({ id, ttlMs = defaultTtlMs }: HoldRequest): Grant {
  const now = Date.now()
  return { granted: true, id: (id ?? newChargeId(now)) as HoldId, reservedAt: now, expiresAt: now + ttlMs, warnings: [] }
}

export function untrackedOutcome(id: string, state: HoldOutcome['state']): HoldOutcome {
  return { id: id as HoldId, state, expiresAt: Date.now(), charge: null, overrun: [] }
}

/** An import of which nothing was read. */
export function untrackedImport(): ImportSummary {
  const batch = `imp_${newChargeId(Date.now())}`
  return { batch, read: 0, booked: 0, superseded: 0, duplicates: 0, skipped: {}, skippedAt: {}, seconds: 0 }
}

/** A charge that is in no ledger and has no price: what it cost, nobody worked out. */
export function untrackedCharge(record: CallRecord): Charge {
  const now = Date.now()
  return {
    id: (record.id ?? newChargeId(now)) as Charge['id'],
    seq: 0,
    at: now,
    bookedAt: now,
    labels: record.labels ?? {},
    provider: record.provider,
    model: record.model ?? 'unknown',
    modelAsked: null,
    serviceTier: record.serviceTier ?? 'standard',
    speed: record.speed ?? 'standard',
    region: record.region ?? null,
    basis: record.basis ?? 'metered',
    outcome: record.outcome ?? 'ok',
    usage: {},
    lines: [],
    costNanos: null,
    statedNanos: null,
    reportedNanos: null,
    status: 'unpriced',
    card: null,
    match: null,
    unpricedReason: null,
    unratedMeters: [],
    attempt: record.attempt ?? 1,
    callId: record.callId ?? null,
    durationMs: record.durationMs ?? null,
    maxOutputTokens: record.maxOutputTokens ?? null,
    stopReason: record.stopReason ?? null,
    responseId: record.responseId ?? null,
    hold: record.hold ?? null,
    batch: null,
    corrects: null,
    part: null,
    restates: null,
    estimated: false,
    warnings: [],
    metadata: null,
  }
}
