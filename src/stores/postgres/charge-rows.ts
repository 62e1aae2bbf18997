import { invariant } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import { unpackNumbers } from '../../ledger/pack-charge.ts'
import { nanos } from '../../money/nanos.ts'
import { type StoredCharge, storedId, toCharge } from '../stored-charge.ts'
import type { Dictionaries } from './dictionaries.ts'
import type { Row, Statement } from './statement.ts'
import type { Subject } from './subject-numbers.ts'

/** A row of `charges` as it is read; 64-bit integers come as text. */
interface ChargeRow {
  readonly seq: string
  readonly at: string
  readonly booked_at: string
  readonly series: number
  readonly sku: number
  readonly pricing: number
  readonly cost: string | null
  readonly packed: Buffer
  readonly id: string | null
  readonly response_id: string | null
  readonly batch: number | null
  readonly batch_name: string | null
  readonly corrects: string | null
  readonly corrected_id: string | null
  readonly corrected_response_id: string | null
  readonly extras: string | null
}

/** Columns of a charge `c`, and where they come from. */
export function chargeSelect(schema: string): { columns: string; joins: string } {
  return {
    columns: 'c.*, b.name AS batch_name, o.id AS corrected_id, o.response_id AS corrected_response_id',
    joins: `LEFT JOIN ${schema}.batches b ON b.id = c.batch LEFT JOIN ${schema}.charges o ON o.seq = c.corrects`,
  }
}

/** Asks for subjects by their numbers. */
export function subjectsById(schema: string, ids: readonly number[]): Statement {
  return {
    name: 'subjects_by_id',
    text: `SELECT id, kind, value, first_day, last_day FROM ${schema}.subjects WHERE id = ANY($1::integer[])`,
    values: [ids],
  }
}

export function toSubject(row: Row): Subject {
  const { id, kind, value, first_day: firstDay, last_day: lastDay } = row as Record<string, never>
  return { id, kind, value, firstDay, lastDay } as unknown as Subject
}

/**
 * Charges from their rows. The dictionaries must know the numbers of series, skus and ways of pricing in them; values of
 * subjects that they do not know are loaded.
 */
export async function decodeCharges(
  rows: readonly Row[],
  dictionaries: Dictionaries,
  load: (ids: readonly number[]) => Promise<readonly Subject[]>,
): Promise<StoredCharge[]> {
  const unpacked = (rows as unknown as ChargeRow[]).map((row) => {
    const pricing = dictionaries.pricings.get(row.pricing)
    return { row, pricing, numbers: unpackNumbers(row.packed, pricing) }
  })
  const subjects = new Map<number, Subject>()
  const missing = new Set<number>()
  for (const { numbers } of unpacked) {
    for (const id of numbers.subjects) {
      const known = dictionaries.subjects.byId(id)
      if (known === undefined) missing.add(id)
      else subjects.set(id, known)
    }
  }
  if (missing.size > 0) {
    for (const subject of await load([...missing])) {
      dictionaries.subjects.learn(subject)
      subjects.set(subject.id, subject)
    }
  }
  return unpacked.map(({ row, pricing, numbers }) => {
    const labels: Record<string, string> = { ...dictionaries.series.get(row.series) }
    for (const id of numbers.subjects) {
      const subject = subjects.get(id)
      invariant(subject !== undefined, `Subject ${id} is not in this ledger.`)
      labels[subject.kind] = subject.value
    }
    const sku = dictionaries.skus.get(row.sku)
    const charge = toCharge({
      seq: Number(row.seq),
      at: Number(row.at),
      bookedAt: Number(row.booked_at),
      labels: labels as Labels,
      sku,
      pricing,
      numbers,
      extras: row.extras,
      id: row.id,
      costNanos: row.cost === null ? null : nanos(BigInt(row.cost)),
      responseId: row.response_id,
      batch: row.batch_name,
      corrects: row.corrects === null ? null : storedId(row.corrected_id, row.corrected_response_id, sku),
    })
    return { charge, series: row.series, sku: row.sku, subjects: numbers.subjects, batch: row.batch }
  })
}
