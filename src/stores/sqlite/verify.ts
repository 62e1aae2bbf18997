import type { DatabaseSync } from 'node:sqlite'
import type { Charge } from '../../ledger/charge.ts'
import { idDigest } from '../../ledger/charge-id.ts'
import { RollupChanges } from '../../ledger/rollup-changes.ts'
import type { Calendar } from '../../time/calendar.ts'
import { pairDiscrepancies } from '../pair-discrepancies.ts'
import type { Discrepancy, VerifyReport } from '../store.ts'
import { contributionOf } from '../stored-charge.ts'
import { ChargeReader } from './charge-reader.ts'
import { CounterCheck } from './counter-check.ts'
import { Dictionaries } from './dictionaries.ts'
import { RollupWriter } from './rollup-writer.ts'
import { rollupTables, subjectIndex } from './schema.ts'
import { measureColumnNames, rollupKeys } from '../rollup-tables.ts'

const chargesPerPage = 5000
const maxDiscrepancies = 1000

export interface VerifyOptions {
  readonly repair: boolean
  readonly onProgress?: (charges: number) => void
}

/**
 * Works every sum out anew from the charges, beside those that are kept, and compares row by row; also SQLite's own
 * check of the file, and the ids. With `repair` the sums are replaced and missing ids added in the same transaction.
 * The connection is the caller's to close; readers and, without `repair`, writers go on meanwhile.
 */
export async function verifyDatabase(
  database: DatabaseSync,
  calendar: Calendar,
  subjects: ReadonlySet<string>,
  options: VerifyOptions,
): Promise<VerifyReport> {
  database.exec(rollupTables('TEMP') + subjectIndex('TEMP'))
  database.exec(options.repair ? 'BEGIN IMMEDIATE' : 'BEGIN')
  try {
    const counters = new CounterCheck(database, subjects)
    const charges = await sumCharges(database, calendar, subjects, { ...options, onCharge: (charge) => counters.count(charge) })
    const discrepancies = [...damage(database), ...danglingIds(database), ...counters.differences()]
    let rows = 0
    for (const [table, key] of Object.entries(rollupKeys)) {
      rows += Number(database.prepare(`SELECT count(*) AS n FROM temp.${table}`).get()?.['n'])
      discrepancies.push(...differences(database, table, key, sumColumns))
    }
    discrepancies.push(...differences(database, 'charge_subjects', ['subject', 'seq'], []))
    const dictionaries = new Dictionaries(database, subjects)
    const shown = discrepancies.slice(0, maxDiscrepancies).map((found) => ({ ...found, ...ownerOf(found, dictionaries) }))
    const repaired = options.repair && discrepancies.length > 0
    if (repaired) {
      replaceSums(database)
      replaceIds(database, subjects)
      counters.repair()
    }
    database.exec('COMMIT')
    return { charges, rows, ...counters.checked, discrepancies: shown, repaired }
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

async function sumCharges(
  database: DatabaseSync,
  calendar: Calendar,
  subjects: ReadonlySet<string>,
  options: VerifyOptions & { readonly onCharge: (charge: Charge) => void },
): Promise<number> {
  const reader = new ChargeReader(database, new Dictionaries(database, subjects))
  const writer = new RollupWriter(database, 'temp')
  const index = database.prepare('INSERT INTO temp.charge_subjects (subject, seq) VALUES (?, ?)')
  let charges = 0
  for (let afterSeq = 0; ;) {
    const page = reader.page({ after: { at: 0, seq: afterSeq }, upToSeq: Number.MAX_SAFE_INTEGER, limit: chargesPerPage })
    const changes = new RollupChanges()
    for (const stored of page) {
      changes.add(contributionOf(stored, calendar))
      options.onCharge(stored.charge)
      for (const subject of stored.subjects) index.run(subject, stored.charge.seq)
    }
    writer.write(changes)
    charges += page.length
    options.onProgress?.(charges)
    if (page.length < chargesPerPage) break
    afterSeq = page.at(-1)?.charge.seq ?? 0
    await new Promise((resolve) => setImmediate(resolve))
  }
  return charges
}

function damage(database: DatabaseSync): Discrepancy[] {
  const found = database
    .prepare('PRAGMA main.quick_check')
    .all()
    .map((row) => String(row['quick_check']))
  return found.filter((text) => text !== 'ok').map((text) => ({ table: 'file', key: '', stored: text, expected: 'ok' }))
}

const withoutId = 'SELECT seq FROM charges WHERE seq NOT IN (SELECT seq FROM ids)'

function danglingIds(database: DatabaseSync): Discrepancy[] {
  const rows = database.prepare(`${withoutId} LIMIT ${maxDiscrepancies}`).all()
  return rows.map((row) => ({ table: 'ids', key: `seq ${row['seq']}`, stored: 'none', expected: 'an id' }))
}

const sumColumns = [...measureColumnNames.map((name) => `CAST(${name} AS TEXT)`), 'hex(meters)']

function differences(database: DatabaseSync, table: string, key: readonly string[], values: readonly string[]): Discrepancy[] {
  const columns = [...key, ...values].join(', ')
  const only = (here: string, there: string): string[][] =>
    database
      .prepare(`SELECT ${columns} FROM ${here}.${table} EXCEPT SELECT ${columns} FROM ${there}.${table} LIMIT ${maxDiscrepancies}`)
      .all()
      .map((row) => Object.values(row).map(String))
  return pairDiscrepancies(table, key, only('main', 'temp'), only('temp', 'main'))
}

/** What the numbers in a row's key stand for; a damaged key may name nothing. */
function ownerOf({ table, key }: Discrepancy, dictionaries: Dictionaries): Pick<Discrepancy, 'of'> {
  if (!Object.hasOwn(rollupKeys, table)) return {}
  const numbers = new Map(key.split(', ').map((part) => part.split(' ') as [string, string]))
  const subject = numbers.get('subject')
  try {
    return {
      of: {
        labels: dictionaries.labels(Number(numbers.get('series'))),
        sku: dictionaries.sku(Number(numbers.get('sku'))),
        ...(subject !== undefined && { subject: dictionaries.subject(Number(subject)) }),
      },
    }
  } catch {
    return {}
  }
}

function replaceSums(database: DatabaseSync): void {
  for (const table of [...Object.keys(rollupKeys), 'charge_subjects']) {
    database.exec(`DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM temp.${table};`)
  }
}

function replaceIds(database: DatabaseSync, subjects: ReadonlySet<string>): void {
  const reader = new ChargeReader(database, new Dictionaries(database, subjects))
  const insert = database.prepare('INSERT INTO ids (digest, seq, rank) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET seq = excluded.seq')
  for (const row of database.prepare(withoutId).all()) {
    const stored = reader.bySeq(Number(row['seq']))
    if (stored !== undefined) insert.run(idDigest('', stored.charge.id), stored.charge.seq)
  }
}
