import type { z } from 'zod'
import type { HoldId } from '../../budgets/hold.ts'
import { PurserError } from '../../errors.ts'
import type { Charge, ChargeId, Labels } from '../../ledger/charge.ts'
import type { Filter } from '../../ledger/cost-query.ts'
import { addCharge, zeroMeasures } from '../../ledger/measures.ts'
import { zeroMeterTotals } from '../../ledger/meter-totals.ts'
import { toUsd } from '../../money/nanos.ts'
import type { Store } from '../../stores/store.ts'
import { chargePasses } from '../charge-filters.ts'
import { planCosts } from '../cost-plan.ts'
import { chargesOf as selectCharges } from '../cost-sums.ts'
import type { costDataSchema } from '../schemas/host-schemas.ts'
import { everything } from './everything.ts'
import type { RunReading } from './run-facts.ts'
import { addToSums, callsOf, costOfSums, doubtsJson, tokensJson, zeroSums } from './sums.ts'

/**
 * Which calls went into something of the host's: those that pass filters, those labelled with an artifact, those of given
 * charges, or those booked under a hold.
 */
export type CostDataOf =
  | { readonly where: readonly Filter[] }
  | { readonly artifact: string }
  | { readonly chargeIds: readonly string[] }
  | { readonly hold: string }

export type CostData = z.infer<typeof costDataSchema>

/**
 * What calls cost, for the metadata of what was made with them, with the ids of their charges. The cost is what
 * `costs` answers for the same filters. By filters, the charges are read: name a subject such as an artifact or a run, by
 * which they are found without reading all.
 * @throws PURSER_BAD_QUERY
 */
export async function makeCostData(store: Store, of: CostDataOf, { isTracking = true }: RunReading = {}): Promise<CostData> {
  const sums = zeroSums()
  const spentOn = new Map<string, bigint>()
  const ids: string[] = []
  for await (const charge of chargesOf(store, of, isTracking)) {
    const measures = zeroMeasures()
    addCharge(measures, zeroMeterTotals(), charge)
    addToSums(sums, charge.basis, measures)
    spentOn.set(charge.model, (spentOn.get(charge.model) ?? 0n) + (charge.costNanos ?? 0n))
    if (charge.corrects === null) ids.push(charge.id)
  }
  const models = [...spentOn].toSorted(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x > y ? -1 : 1)).map(([model]) => model)
  const cost = costOfSums(sums)
  return {
    model: models[0] ?? null,
    models,
    ...tokensJson(sums),
    estimated_cost_usd: toUsd(cost),
    cost_nanos: cost.toString(),
    call_count: callsOf(sums),
    ...doubtsJson(sums, !isTracking && ids.length === 0),
    charge_ids: ids,
  }
}

/** Charges and their corrections. */
async function* chargesOf(store: Store, of: CostDataOf, isTracking: boolean): AsyncIterable<Charge> {
  if ('chargeIds' in of) yield* named(store, of.chargeIds)
  else if ('hold' in of) yield* underHold(store, of.hold, isTracking)
  else yield* passing(store, 'artifact' in of ? [{ field: 'artifact', op: 'equals', values: [of.artifact] }] : of.where)
}

async function* named(store: Store, ids: readonly string[]): AsyncIterable<Charge> {
  for (const id of new Set(ids)) {
    const charge = await store.charge(id as ChargeId)
    if (charge === undefined) continue
    yield charge
    yield* await store.corrections(charge.id)
  }
}

/** A charge carries the labels of its hold, so that a subject among them says where to look. */
async function* underHold(store: Store, hold: string, isTracking: boolean): AsyncIterable<Charge> {
  const labels = await labelsOfHold(store, hold, isTracking)
  if (labels === undefined) return
  const subject = Object.keys(labels).find((key) => store.subjects.has(key))
  const value = subject === undefined ? undefined : labels[subject]
  const selection = subject === undefined || value === undefined ? {} : { subject: { kind: subject, value } }
  for await (const charge of store.charges(selection)) if (charge.hold === hold) yield charge
}

/** With cost tracking off, a hold that was granted is in no ledger. */
async function labelsOfHold(store: Store, hold: string, isTracking: boolean): Promise<Labels | undefined> {
  try {
    return (await store.gate('hold', { id: hold as HoldId })).labels
  } catch (error) {
    if (!isTracking && error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return undefined
    throw error
  }
}

async function* passing(store: Store, where: readonly Filter[]): AsyncIterable<Charge> {
  const plan = planCosts(store, { ...everything(store), where })
  for await (const charge of selectCharges(store, plan)) {
    if (chargePasses(plan, charge)) yield charge
  }
}
