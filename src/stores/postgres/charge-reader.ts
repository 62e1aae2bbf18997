import { type ChargePage, isByTime } from '../charge-pages.ts'
import type { ClientBase } from 'pg'
import type { ChargeId } from '../../ledger/charge.ts'
import { idDigest } from '../../ledger/charge-id.ts'
import type { ChargeSelection } from '../store.ts'
import type { StoredCharge } from '../stored-charge.ts'
import { chargeSelect, decodeCharges } from './charge-rows.ts'
import { loadSubjects } from './load-subjects.ts'
import type { Dictionaries } from './dictionaries.ts'
import { sendAll, type Statement } from './statement.ts'

/** Reads charges back from a ledger. */
export class ChargeReader {
  readonly #schema: string
  readonly #dictionaries: Dictionaries
  readonly #select: string
  readonly #joins: string

  constructor(schema: string, dictionaries: Dictionaries) {
    this.#schema = schema
    this.#dictionaries = dictionaries
    const { columns, joins } = chargeSelect(schema)
    this.#select = `SELECT ${columns}`
    this.#joins = joins
  }

  /** Charges by their ids, of those that are there. */
  byIds(client: ClientBase, ids: readonly ChargeId[]): Promise<StoredCharge[]> {
    const s = this.#schema
    return this.#read(client, {
      name: 'charges_by_id',
      text: `${this.#select} FROM unnest($1::bytea[]) k (digest) JOIN ${s}.ids i USING (digest) JOIN ${s}.charges c USING (seq) ${this.#joins}`,
      values: [ids.map((id) => idDigest('', id))],
    })
  }

  /** The corrections of a charge in the order in which they were booked. */
  corrections(client: ClientBase, id: ChargeId): Promise<StoredCharge[]> {
    const s = this.#schema
    return this.#read(client, {
      name: 'corrections_of_id',
      text: `${this.#select} FROM ${s}.ids i JOIN ${s}.charges c ON c.corrects = i.seq ${this.#joins} WHERE i.digest = $1 ORDER BY c.seq`,
      values: [idDigest('', id)],
    })
  }

  /** The place of the last charge. */
  async lastSeq(client: ClientBase): Promise<number> {
    const [result] = await sendAll(client, [{ text: `SELECT max(seq) AS seq FROM ${this.#schema}.charges` }])
    return Number(result?.rows[0]?.['seq'] ?? 0)
  }

  /** The next charges: of a subject or without a period in order of booking, else in order of their time; or backwards. */
  page(client: ClientBase, selection: ChargeSelection, page: ChargePage): Promise<StoredCharge[]> {
    const { subject, sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, backwards = false } = selection
    const { after, upToSeq, limit } = page
    const s = this.#schema
    const [beyond, order, within, suffix] = backwards ? ['<', 'DESC', '>=', '_back'] : ['>', 'ASC', '<', '']
    if (subject !== undefined) {
      return this.#read(client, {
        name: `page_of_subject${suffix}`,
        text: `${this.#select} FROM ${s}.charge_subjects x JOIN ${s}.charges c USING (seq) ${this.#joins}
          WHERE x.subject = (SELECT id FROM ${s}.subjects WHERE kind = $1 AND value = $2) AND x.seq ${beyond} $3 AND x.seq <= $4
          ORDER BY x.seq ${order} LIMIT $5`,
        values: [subject.kind, subject.value, after.seq, upToSeq, limit],
      })
    }
    if (!isByTime(selection)) {
      return this.#read(client, {
        name: `page${suffix}`,
        text: `${this.#select} FROM ${s}.charges c ${this.#joins} WHERE c.seq ${beyond} $1 AND c.seq <= $2 ORDER BY c.seq ${order} LIMIT $3`,
        values: [after.seq, upToSeq, limit],
      })
    }
    return this.#read(client, {
      name: `page_by_time${suffix}`,
      text: `${this.#select} FROM ${s}.charges c ${this.#joins}
        WHERE (c.at, c.seq) ${beyond} ($1::bigint, $2::bigint) AND c.at ${within} $3 AND c.seq <= $4
        ORDER BY c.at ${order}, c.seq ${order} LIMIT $5`,
      values: [after.at, after.seq, backwards ? sinceMs : untilMs, upToSeq, limit],
    })
  }

  /** The dictionaries are read after the charges, so that they know every number in them. */
  async #read(client: ClientBase, statement: Statement): Promise<StoredCharge[]> {
    const [charges, numbers] = await sendAll(client, [statement, this.#dictionaries.sync()])
    this.#dictionaries.learn(numbers?.rows ?? [])
    const decoded = await decodeCharges(charges?.rows ?? [], this.#dictionaries, loadSubjects(client, this.#schema))
    this.#dictionaries.subjects.trim()
    return decoded
  }
}
