import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { type BookedCharge, type Rest, restCorrection } from '../ledger/rest-correction.ts'
import { standing } from '../ledger/correction.ts'
import { partOf } from '../ledger/split-call.ts'
import { nanos, type Nanos } from '../money/nanos.ts'
import { splitAmount } from '../money/split-amount.ts'
import { hasPrice, hasUsage } from './count-charge.ts'
import type { Gate } from './gate.ts'
import type { Hold } from './hold.ts'

/** What the calls of a hold came to beyond what is booked of them, and which of the two nobody knew. */
export interface Answer {
  readonly call: ChargeDraft
  readonly adds: Rest['adds']
}

/** The charges that an answer is about: those of which something is missing, or the last one; none where they are gone. */
export function openCharges(gate: Gate, { lacking, lastCharge }: Hold): readonly BookedCharge[] {
  const ids = lacking.length > 0 ? lacking : lastCharge === null ? [] : [lastCharge]
  return ids.flatMap((id) => gate.rows.booked(id) ?? [])
}

/** Those of them that have no price. */
export function withoutPrice(charges: readonly BookedCharge[]): readonly BookedCharge[] {
  return charges.filter(({ original, corrections }) => !hasPrice(standing(original, corrections)))
}

/**
 * The corrections that an answer comes to. A cost goes to the calls that have none, in equal shares, as nobody said more of
 * them than what they cost together; else, like a usage, to one call: the last that was cut, or that said nothing of its usage.
 * The parts of a call get theirs by weight.
 */
export function restOfCalls(hold: Hold, charges: readonly BookedCharge[], { call, adds }: Answer): ChargeDraft[] {
  const unpriced = hold.unpriced > 0 ? withoutPrice(charges) : []
  const unmeasured = hold.unmeasured > 0 ? charges.filter(({ original, corrections }) => ![original, ...corrections].some(hasUsage)) : []
  const priced = adds.cost ? byCall(unpriced.length > 0 ? unpriced : charges) : []
  const counted = adds.tokens ? byCall(unmeasured.length > 0 ? unmeasured : charges).slice(-1) : []
  const costs = unpriced.length > 0 ? priced : priced.slice(-1)
  const shares = splitAmount(
    call.costNanos ?? 0n,
    costs.map(() => 1n),
  )
  const corrected = new Map([...costs, ...counted].map((parts) => [callOf(parts), parts]))
  return [...corrected].flatMap(([id, parts]) => {
    const place = costs.findIndex((each) => callOf(each) === id)
    const of = { cost: place >= 0, tokens: counted.some((each) => callOf(each) === id) }
    const share = of.cost && costs.length > 1 ? withCost(call, nanos(shares[place] ?? 0n)) : call
    return parts.flatMap((charge) => restCorrection(charge, { call: shareOf(charge, share), adds: of, hold: hold.id }) ?? [])
  })
}

/** The charges of each call: one, or those of its parts. */
function byCall(charges: readonly BookedCharge[]): (readonly BookedCharge[])[] {
  const calls = new Map<string, BookedCharge[]>()
  for (const charge of charges) {
    const id = callOf([charge])
    calls.set(id, [...(calls.get(id) ?? []), charge])
  }
  return [...calls.values()]
}

function callOf(parts: readonly BookedCharge[]): string {
  const [first] = parts
  return first === undefined ? '' : (first.original.part?.of ?? first.original.id)
}

function withCost(call: ChargeDraft, costNanos: Nanos): ChargeDraft {
  const said = (nanosSaid: Nanos | null): Nanos | null => (nanosSaid === null ? null : costNanos)
  return { ...call, costNanos, lines: [], statedNanos: said(call.statedNanos), reportedNanos: said(call.reportedNanos) }
}

function shareOf({ original: { part } }: BookedCharge, call: ChargeDraft): ChargeDraft {
  return part === null ? call : partOf(call, part)
}
