import type { HoldOutcome } from '../budgets/find-hold.ts'
import type { Charge } from '../ledger/charge.ts'

interface Charges {
  readonly charge: (id: string) => Promise<Charge | undefined>
  readonly parts: (id: string) => Promise<Charge[]>
}

/** The charges of a held call, or the corrections that an answer about it came to. */
export async function outcomeCharges(ledger: Charges, { charge, charges }: HoldOutcome): Promise<readonly Charge[]> {
  if (charges === undefined) return charge === null ? [] : ledger.parts(charge)
  return (await Promise.all(charges.map((id) => ledger.charge(id)))).filter((each) => each !== undefined)
}
