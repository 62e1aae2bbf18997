import type { ClientBase } from 'pg'
import { PurserError } from '../../errors.ts'
import { lockKey, migrations, schemaVersion } from './schema.ts'

/** What a ledger keeps of its creation. */
export interface LedgerSettings {
  readonly timezone: string
  readonly subjects: readonly string[]
}

export interface OpenOptions extends LedgerSettings {
  readonly schema: string
  /** What errors call the ledger. */
  readonly location: string
  /** Whether a ledger that does not exist is created. */
  readonly create: boolean
  /** Whether it is only looked at, and so not brought up to date. */
  readonly readOnly?: boolean
}

/**
 * Creates or migrates the ledger in a schema where needed, and gives its settings.
 * @throws PURSER_NOT_FOUND, PURSER_LEDGER_NEWER, PURSER_LEDGER_UNAVAILABLE, and what Postgres throws
 */
export async function openLedger(client: ClientBase, options: OpenOptions): Promise<LedgerSettings> {
  const found = await readSettings(client, options)
  if (found?.version === schemaVersion) return found
  if (found === undefined && !options.create) {
    throw new PurserError(
      'PURSER_NOT_FOUND',
      `There is no ledger at ${options.location}. Record or import something first, or name another with --db.`,
    )
  }
  if (options.readOnly === true) {
    throw new PurserError(
      'PURSER_LEDGER_READ_ONLY',
      `${options.location} was written by an older purser, and cannot be brought up to date without writing. Open it once without readOnly.`,
    )
  }
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
  await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey(options.schema)])
  await migrate(client, options)
  await client.query('COMMIT')
  return (await readSettings(client, options)) ?? options
}

async function migrate(client: ClientBase, options: OpenOptions): Promise<void> {
  const { schema, timezone, subjects } = options
  const version = (await readSettings(client, options))?.version ?? 0
  if (version === 0) {
    await checkEncoding(client, options.location)
    const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
    if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`)
  }
  for (const step of migrations.slice(version)) await client.query(step(schema))
  if (version === 0) {
    await client.query(`INSERT INTO ${schema}.ledger (purser_schema, timezone, subjects) VALUES ($1, $2, $3)`, [
      schemaVersion,
      timezone,
      JSON.stringify(subjects),
    ])
  } else await client.query(`UPDATE ${schema}.ledger SET purser_schema = $1`, [schemaVersion])
}

/** @throws PURSER_LEDGER_UNAVAILABLE where the database cannot keep every text */
async function checkEncoding(client: ClientBase, location: string): Promise<void> {
  const { rows } = await client.query("SELECT current_setting('server_encoding') AS encoding")
  if (rows[0]?.encoding === 'UTF8') return
  throw new PurserError(
    'PURSER_LEDGER_UNAVAILABLE',
    `The database of ${location} keeps texts as ${rows[0]?.encoding}. Create one for the ledger: createdb --encoding=UTF8 --template=template0 NAME`,
  )
}

/** The settings of a ledger that is there. @throws PURSER_LEDGER_NEWER */
async function readSettings(
  client: ClientBase,
  { schema, location }: OpenOptions,
): Promise<(LedgerSettings & { version: number }) | undefined> {
  // The catalog is read as a table, because what a session remembers of names may be older than the lock that it waited for.
  const { rowCount } = await client.query(
    "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'ledger'",
    [schema],
  )
  if (rowCount === 0) return undefined
  const { rows } = await client.query(`SELECT purser_schema, timezone, subjects FROM ${schema}.ledger`)
  const row = rows[0] as { purser_schema: number; timezone: string; subjects: string } | undefined
  if (row === undefined) return undefined
  checkVersion(row.purser_schema, location)
  return { version: row.purser_schema, timezone: row.timezone, subjects: JSON.parse(row.subjects) as string[] }
}

/** @throws PURSER_LEDGER_NEWER */
function checkVersion(version: number, location: string): void {
  if (version <= schemaVersion) return
  throw new PurserError(
    'PURSER_LEDGER_NEWER',
    `${location} has schema ${version}, and this purser knows up to ${schemaVersion}. Update purser; the ledger was not touched.`,
  )
}
