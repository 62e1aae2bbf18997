import type { ClientBase } from 'pg'
import { idDigest } from '../../ledger/charge-id.ts'
import { RollupChanges } from '../../ledger/rollup-changes.ts'
import type { Calendar } from '../../time/calendar.ts'
import { pairDiscrepancies } from '../pair-discrepancies.ts'
import type { Discrepancy, VerifyReport } from '../store.ts'
import { contributionOf } from '../stored-charge.ts'
import { ChargeReader } from './charge-reader.ts'
import { subjectsById, toSubject } from './charge-rows.ts'
import { CounterCheck } from './counter-check.ts'
import { Dictionaries } from './dictionaries.ts'
import { changedRows, rollupWrites, StoredMeters } from './rollup-rows.ts'
import { derivedTables } from './schema.ts'
import { measureColumnNames, rollupKeys, rollupTableNames } from '../rollup-tables.ts'
import { type Row, sendAll, type Statement } from './statement.ts'
import { sendReads } from './turn-reads.ts'
import { lock } from './write-turn.ts'

const chargesPerPage = 2000
const maxDiscrepancies = 1000
const beside = 'pg_temp'

export interface VerifyOptions {
  readonly schema: string
  readonly calendar: Calendar
  readonly subjects: ReadonlySet<string>
  readonly repair: boolean
  readonly onProgress?: (charges: number) => void
}

/**
 * Works every sum out anew from the charges, in temporary tables beside those that are kept, and compares row by row; also
 * the ids. With `repair` rows that differ are replaced and missing ids added in the same transaction, which then holds
 * the ledger's lock. The connection is the caller's to close; others read and, without `repair`, write meanwhile.
 */
export async function verifyLedger(client: ClientBase, options: VerifyOptions): Promise<VerifyReport> {
  const { schema, repair } = options
  await client.query(derivedTables('CREATE TEMP TABLE '))
  if (repair) await sendAll(client, [{ text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' }, lock(schema)])
  else await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const dictionaries = new Dictionaries(schema, options.subjects)
  const counters = await CounterCheck.create(client, schema)
  const charges = await sumCharges(client, dictionaries, counters, options)
  const discrepancies = [...(await danglingIds(client, schema)), ...counters.differences()]
  let rows = 0
  for (const table of rollupTableNames) {
    const { rows: counted } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${beside}.${table}`)
    rows += Number(counted[0]?.n)
    discrepancies.push(...(await differences(client, schema, table, rollupKeys[table], sumColumns)))
  }
  discrepancies.push(...(await differences(client, schema, 'charge_subjects', ['subject', 'seq'], [])))
  const shown = await withOwners(client, schema, discrepancies.slice(0, maxDiscrepancies), dictionaries)
  const repaired = repair && discrepancies.length > 0
  if (repaired) {
    await replaceSums(client, schema)
    await replaceIds(client, schema, dictionaries)
    // Other processes keep what they have read of the ledger until somebody writes.
    await sendAll(client, [...counters.repairs(), { text: `SELECT nextval('${schema}.writes')` }])
  }
  await client.query('COMMIT')
  return { charges, rows, ...counters.checked, discrepancies: shown, repaired }
}

async function sumCharges(client: ClientBase, dictionaries: Dictionaries, counters: CounterCheck, options: VerifyOptions): Promise<number> {
  const { schema, calendar } = options
  const reader = new ChargeReader(schema, dictionaries)
  const upToSeq = await reader.lastSeq(client)
  let charges = 0
  for (let afterSeq = 0; ;) {
    const page = await reader.page(client, {}, { after: { at: 0, seq: afterSeq }, upToSeq, limit: chargesPerPage })
    const changes = new RollupChanges()
    const index: [number, number][] = []
    for (const stored of page) {
      changes.add(contributionOf(stored, calendar))
      for (const subject of stored.subjects) index.push([subject, stored.charge.seq])
    }
    await counters.count(page.map(({ charge }) => charge))
    const meters = new StoredMeters()
    const changed = changedRows(changes)
    for (const table of rollupTableNames) for (const { key } of changed[table]) meters.want(table, key)
    await sendReads(client, meters.reads(beside))
    await sendAll(client, [...rollupWrites(beside, changes, meters), indexSubjects(index)])
    charges += page.length
    options.onProgress?.(charges)
    if (page.length < chargesPerPage) return charges
    afterSeq = page.at(-1)?.charge.seq ?? 0
  }
}

function indexSubjects(pairs: readonly (readonly [number, number])[]): Statement {
  return {
    name: 'index_subjects',
    text: `INSERT INTO ${beside}.charge_subjects SELECT * FROM unnest($1::integer[], $2::bigint[])`,
    values: [pairs.map(([subject]) => subject), pairs.map(([, seq]) => seq)],
  }
}

function withoutId(s: string): string {
  return `FROM ${s}.charges c WHERE NOT EXISTS (SELECT FROM ${s}.ids i WHERE i.seq = c.seq)`
}

async function danglingIds(client: ClientBase, s: string): Promise<Discrepancy[]> {
  const { rows } = await client.query<Row>(`SELECT c.seq ${withoutId(s)} ORDER BY c.seq LIMIT ${maxDiscrepancies}`)
  return rows.map(({ seq }) => ({ table: 'ids', key: `seq ${String(seq)}`, stored: 'none', expected: 'an id' }))
}

const sumColumns = [...measureColumnNames, "upper(encode(meters, 'hex'))"]

async function differences(
  client: ClientBase,
  s: string,
  table: string,
  key: readonly string[],
  values: readonly string[],
): Promise<Discrepancy[]> {
  const columns = [...key, ...values].join(', ')
  const only = async (here: string, there: string): Promise<string[][]> => {
    const text = `SELECT ${columns} FROM ${here}.${table} EXCEPT SELECT ${columns} FROM ${there}.${table} LIMIT ${maxDiscrepancies}`
    const [result] = await sendAll(client, [{ text, rowMode: 'array' }])
    return ((result?.rows ?? []) as unknown as unknown[][]).map((cells) => cells.map(String))
  }
  return pairDiscrepancies(table, key, await only(s, beside), await only(beside, s))
}

/** The numbers in the key of a row by their columns. */
function numbersOf({ key }: Discrepancy): Map<string, string> {
  return new Map(key.split(', ').map((part) => part.split(' ') as [string, string]))
}

/** What the numbers in the keys of rows stand for; a damaged key may name nothing. */
async function withOwners(
  client: ClientBase,
  s: string,
  found: readonly Discrepancy[],
  dictionaries: Dictionaries,
): Promise<Discrepancy[]> {
  const ids = found.flatMap((each) => numbersOf(each).get('subject') ?? []).map(Number)
  const [result] = await sendAll(client, [subjectsById(s, ids)])
  const subjects = new Map((result?.rows ?? []).map(toSubject).map(({ id, kind, value }) => [id, { kind, value }]))
  return found.map((each) => {
    if (!Object.hasOwn(rollupKeys, each.table)) return each
    const numbers = numbersOf(each)
    const [labels, sku] = [dictionaries.series.find(Number(numbers.get('series'))), dictionaries.skus.find(Number(numbers.get('sku')))]
    const subject = subjects.get(Number(numbers.get('subject')))
    if (labels === undefined || sku === undefined || (each.table === 'subject_days' && subject === undefined)) return each
    return { ...each, of: { labels, sku, ...(subject !== undefined && { subject }) } }
  })
}

async function replaceSums(client: ClientBase, s: string): Promise<void> {
  for (const [table, key] of [...Object.entries(rollupKeys), ['charge_subjects', ['subject', 'seq']] as const]) {
    const isSame = `(${key.map((column) => `t.${column}`).join(', ')}) = (${key.map((column) => `m.${column}`).join(', ')})`
    await client.query(
      `DELETE FROM ${s}.${table} m WHERE NOT EXISTS (SELECT FROM ${beside}.${table} t WHERE ${isSame} AND t::text = m::text)`,
    )
    await client.query(`INSERT INTO ${s}.${table} SELECT * FROM ${beside}.${table} ON CONFLICT DO NOTHING`)
  }
}

async function replaceIds(client: ClientBase, s: string, dictionaries: Dictionaries): Promise<void> {
  const { rows } = await client.query<Row>(`SELECT c.seq ${withoutId(s)}`)
  const reader = new ChargeReader(s, dictionaries)
  for (const { seq } of rows) {
    const [stored] = await reader.page(client, {}, { after: { at: 0, seq: Number(seq) - 1 }, upToSeq: Number(seq), limit: 1 })
    if (stored === undefined) continue
    await client.query(
      `INSERT INTO ${s}.ids (digest, seq, rank) VALUES ($1, $2, 1) ON CONFLICT (digest) DO UPDATE SET seq = excluded.seq`,
      [idDigest('', stored.charge.id), stored.charge.seq],
    )
  }
}
