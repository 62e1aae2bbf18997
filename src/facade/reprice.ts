import type { Booking } from '../ledger/book-charge.ts'
import type { Charge, ChargeInput, PriceStatus } from '../ledger/charge.ts'
import { correct, standing, type Standing } from '../ledger/correction.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { exceedsItsUsage } from '../ledger/rest-correction.ts'
import { wholeOf } from '../ledger/split-call.ts'
import type { Nanos } from '../money/nanos.ts'
import { type ChargeSelection, type Store, turnMs } from '../stores/store.ts'

export interface RepriceOptions extends ChargeSelection {
  readonly provider?: string
  readonly model?: string
  /** False looks only; true books the corrections. */
  readonly apply: boolean
  readonly onProgress?: (charges: number) => void
  readonly signal?: AbortSignal
}

/** What repricing changes, summed by model. */
export interface RepricedModel {
  readonly provider: string
  readonly model: string
  charges: number
  /** Costs before and after, of what is spent and of what a plan covers together. */
  beforeNanos: bigint
  afterNanos: bigint
  /** Charges that had no price and now have one. */
  newlyPriced: number
  /** Charges that have a price and would lose it, or a part of it; they are left as they are. */
  losing: number
}

export interface RepriceReport {
  readonly applied: boolean
  readonly examined: number
  readonly corrected: number
  /** What spent costs change by. */
  readonly differenceNanos: Nanos
  /** What changes of the list prices that a plan covers. */
  readonly planDifferenceNanos: Nanos
  readonly models: readonly RepricedModel[]
}

const correctionsPerTransaction = 250

/**
 * Prices charges again by today's catalog and books what differs as corrections; the past itself is not touched. A charge
 * that has a price keeps it where today's catalog has none, and one of which somebody said that its call came to more than
 * its usage tells keeps that.
 */
export async function reprice(store: Store, draft: (input: ChargeInput) => ChargeDraft, options: RepriceOptions): Promise<RepriceReport> {
  const models = new Map<string, RepricedModel>()
  let examined = 0
  let corrected = 0
  let difference = 0n
  let planDifference = 0n
  let waiting: Booking[] = []
  const flush = async (): Promise<void> => {
    while (options.apply && waiting.length > 0) {
      const taken = await store.transact({ bookings: waiting, maxMs: turnMs })
      waiting = waiting.slice(taken.length)
    }
    waiting = []
  }
  for await (const original of store.charges(options)) {
    if (options.signal?.aborted === true) break
    if (original.corrects !== null || !isAsked(original, options)) continue
    examined += 1
    if (examined % 1000 === 0) options.onProgress?.(examined)
    const corrections = await store.corrections(original.id)
    if (exceedsItsUsage(corrections)) continue
    const current = standing(original, corrections)
    const correction = correct(current, draft(toInput(current, statedFor(original, corrections))))
    if (correction === undefined) continue
    if (certainty[correction.status] < certainty[current.status]) {
      // A cost that somebody said is not lost by prices that there are not.
      if (current.status !== 'stated') modelOf(models, current).losing += 1
      continue
    }
    corrected += 1
    if (original.basis === 'plan') planDifference += correction.costNanos ?? 0n
    else difference += correction.costNanos ?? 0n
    addToModel(models, current, correction)
    waiting.push({ draft: correction, onExisting: 'duplicate', rank: 1 })
    if (waiting.length >= correctionsPerTransaction) await flush()
  }
  await flush()
  return {
    applied: options.apply,
    examined,
    corrected,
    differenceNanos: difference as Nanos,
    planDifferenceNanos: planDifference as Nanos,
    models: [...models.values()],
  }
}

/** How much of a charge's cost is known. */
const certainty: Readonly<Record<PriceStatus, number>> = { unpriced: 0, partial: 1, reported: 2, stated: 2, priced: 2 }

function isAsked(charge: Charge, { provider, model }: RepriceOptions): boolean {
  return (provider === undefined || charge.provider === provider) && (model === undefined || charge.model === model)
}

function addToModel(models: Map<string, RepricedModel>, current: Standing, correction: ChargeDraft): void {
  const { costNanos, status } = current
  const sum = modelOf(models, current)
  sum.charges += 1
  sum.beforeNanos += costNanos ?? 0n
  sum.afterNanos += (costNanos ?? 0n) + (correction.costNanos ?? 0n)
  if (status === 'unpriced') sum.newlyPriced += 1
}

function modelOf(models: Map<string, RepricedModel>, { original }: Standing): RepricedModel {
  const { provider, model } = original
  const key = `${provider}\n${model}`
  let sum = models.get(key)
  if (sum === undefined)
    models.set(key, (sum = { provider, model, charges: 0, beforeNanos: 0n, afterNanos: 0n, newlyPriced: 0, losing: 0 }))
  return sum
}

/** The cost that somebody said of a call, be it later. */
function statedFor({ statedNanos }: Charge, corrections: readonly Charge[]): Nanos | null {
  return corrections.findLast((each) => each.statedNanos !== null)?.statedNanos ?? statedNanos
}

/**
 * The call as it was handed over, with the usage as it stands after corrections. A part of a call is priced with the whole,
 * whose tiers and minimums are those of all of it, and split again alike.
 */
function toInput({ original, usage: current }: Standing, stated: Nanos | null): ChargeInput {
  const { part } = original
  const { id, usage, statedNanos, reportedNanos } = part === null ? { ...original, usage: current, statedNanos: stated } : wholeOf(original)
  return {
    id,
    at: original.at,
    provider: original.provider,
    model: original.model,
    usage,
    labels: original.labels,
    serviceTier: original.serviceTier,
    speed: original.speed,
    ...(original.region !== null && { region: original.region }),
    basis: original.basis,
    outcome: original.outcome,
    ...(statedNanos !== null && { statedNanos }),
    ...(reportedNanos !== null && { reportedNanos }),
    ...(part !== null && { part }),
    estimated: original.estimated,
  }
}
