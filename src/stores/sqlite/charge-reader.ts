import type { ChargePage } from '../charge-pages.ts'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { invariant } from '../../errors.ts'
import type { Charge, ChargeId } from '../../ledger/charge.ts'
import { correctionId, idDigest } from '../../ledger/charge-id.ts'
import { unpackNumbers } from '../../ledger/pack-charge.ts'
import { nanos } from '../../money/nanos.ts'
import type { ChargeSelection } from '../store.ts'
import { storedId, type StoredCharge, toCharge } from '../stored-charge.ts'
import type { Dictionaries } from './dictionaries.ts'

/** A row of `charges` as it is stored. */
interface ChargeRow {
  readonly seq: number
  readonly at: number
  readonly booked_at: number
  readonly series: number
  readonly sku: number
  readonly pricing: number
  readonly cost: string | null
  readonly packed: Uint8Array
  readonly id: string | null
  readonly response_id: string | null
  readonly batch: number | null
  readonly corrects: number | null
  readonly extras: string | null
}

// Costs are read as text, because a 64-bit integer may be more than a double holds exactly.
const columns =
  'charges.seq, at, booked_at, series, sku, pricing, CAST(cost AS TEXT) AS cost, packed, id, response_id, batch, corrects, extras'

type TimeSpan = Pick<ChargeSelection, 'sinceMs' | 'untilMs' | 'backwards'>

interface PageStatements {
  readonly page: StatementSync
  readonly byTime: StatementSync
  readonly ofSubject: StatementSync
}

/** The span of time is bounded at its far end; where reading begins bounds it at the other. */
function preparePages(database: DatabaseSync, backwards: boolean): PageStatements {
  const [beyond, order, within] = backwards ? ['<', 'DESC', '>='] : ['>', 'ASC', '<']
  return {
    page: database.prepare(`SELECT ${columns} FROM charges WHERE seq ${beyond} ? AND seq <= ? ORDER BY seq ${order} LIMIT ?`),
    byTime: database.prepare(
      `SELECT ${columns} FROM charges WHERE (at, seq) ${beyond} (?, ?) AND at ${within} ? AND seq <= ? ORDER BY at ${order}, seq ${order} LIMIT ?`,
    ),
    ofSubject: database.prepare(
      `SELECT ${columns} FROM charge_subjects s JOIN charges USING (seq) WHERE s.subject = ? AND s.seq ${beyond} ? AND s.seq <= ? ORDER BY s.seq ${order} LIMIT ?`,
    ),
  }
}

/** Reads charges back from the ledger file. */
export class ChargeReader {
  readonly #dictionaries: Dictionaries
  readonly #bySeq: StatementSync
  readonly #digest: StatementSync
  readonly #pages: PageStatements
  readonly #backwards: () => PageStatements

  constructor(database: DatabaseSync, dictionaries: Dictionaries) {
    this.#dictionaries = dictionaries
    this.#pages = preparePages(database, false)
    let backwards: PageStatements | undefined
    this.#backwards = () => (backwards ??= preparePages(database, true))
    this.#bySeq = database.prepare(`SELECT ${columns} FROM charges WHERE seq = ?`)
    this.#digest = database.prepare('SELECT seq, rank FROM ids WHERE digest = ?')
  }

  /** Where an id is booked, and the rank of the record that counts. */
  find(id: ChargeId): { seq: number; rank: number } | undefined {
    return this.#digest.get(idDigest('', id)) as { seq: number; rank: number } | undefined
  }

  bySeq(seq: number): StoredCharge | undefined {
    const row = this.#bySeq.get(seq) as ChargeRow | undefined
    return row === undefined ? undefined : this.#decode(row)
  }

  byId(id: ChargeId): StoredCharge | undefined {
    const found = this.find(id)
    return found === undefined ? undefined : this.bySeq(found.seq)
  }

  /** The corrections of a charge in the order in which they were booked. */
  corrections(id: ChargeId): Charge[] {
    const found: Charge[] = []
    for (;;) {
      const next = this.byId(correctionId(id, found.length + 1))
      if (next === undefined) return found
      found.push(next.charge)
    }
  }

  /** The next charges in order of booking, or backwards. */
  page({ after, upToSeq, limit }: ChargePage, backwards = false): StoredCharge[] {
    return this.#decodeAll(this.#pagesOf(backwards).page.all(after.seq, upToSeq, limit))
  }

  /** The next charges of a period, its end exclusive, in order of their time, or backwards. */
  pageByTime(
    { after, upToSeq, limit }: ChargePage,
    { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, backwards }: TimeSpan,
  ): StoredCharge[] {
    return this.#decodeAll(this.#pagesOf(backwards).byTime.all(after.at, after.seq, backwards === true ? sinceMs : untilMs, upToSeq, limit))
  }

  /** The next charges that carry a subject, in order of booking, or backwards. */
  pageOfSubject({ after, upToSeq, limit }: ChargePage, subject: number, backwards = false): StoredCharge[] {
    return this.#decodeAll(this.#pagesOf(backwards).ofSubject.all(subject, after.seq, upToSeq, limit))
  }

  #pagesOf(backwards = false): PageStatements {
    return backwards ? this.#backwards() : this.#pages
  }

  #decodeAll(rows: unknown): StoredCharge[] {
    return (rows as ChargeRow[]).map((row) => this.#decode(row))
  }

  #decode(row: ChargeRow): StoredCharge {
    const pricing = this.#dictionaries.pricing(row.pricing)
    const sku = this.#dictionaries.sku(row.sku)
    const { subjects, ...numbers } = unpackNumbers(row.packed, pricing)
    const labels: Record<string, string> = { ...this.#dictionaries.labels(row.series) }
    for (const id of subjects) {
      const { kind, value } = this.#dictionaries.subject(id)
      labels[kind] = value
    }
    const charge = toCharge({
      seq: row.seq,
      at: row.at,
      bookedAt: row.booked_at,
      labels,
      sku,
      pricing,
      numbers,
      extras: row.extras,
      costNanos: row.cost === null ? null : nanos(BigInt(row.cost)),
      id: row.id,
      responseId: row.response_id,
      batch: row.batch === null ? null : this.#dictionaries.batch(row.batch),
      corrects: row.corrects === null ? null : this.#idOfSeq(row.corrects),
    })
    return { charge, series: row.series, sku: row.sku, subjects, batch: row.batch }
  }

  #idOfSeq(seq: number): ChargeId {
    const row = this.#bySeq.get(seq) as ChargeRow | undefined
    invariant(row !== undefined, `A correction points at charge ${seq}, which is not in the ledger.`)
    return storedId(row.id, row.response_id, this.#dictionaries.sku(row.sku))
  }
}
