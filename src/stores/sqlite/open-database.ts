import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PurserError } from '../../errors.ts'
import { applicationId, migrations, schemaVersion } from './schema.ts'
import { fromSqlite } from './sqlite-errors.ts'

export interface OpenOptions {
  readonly path: string
  /** Whether a file that does not exist is created. */
  readonly create: boolean
  /** The ledger's zone, kept in the file when it is created. */
  readonly timezone: string
  readonly subjects: readonly string[]
  /** The store's clock, in milliseconds since 1970; the machine's unless given. */
  readonly now?: () => number
  /** Whether the file is only looked at; also so where this user may not write it. */
  readonly readOnly?: boolean
  /** How long writing goes on trying while another process has the lock, in milliseconds; 15,000 unless said otherwise. */
  readonly patienceMs?: number
}

/** Milliseconds that opening waits for another process, e.g. one that migrates. */
const openTimeoutMs = 5000

/**
 * Opens a ledger file, creating or migrating it where needed; it is readable by its owner only.
 * @throws PURSER_NOT_FOUND, PURSER_LEDGER_UNAVAILABLE, PURSER_LEDGER_CORRUPT, PURSER_LEDGER_NEWER, PURSER_LEDGER_LOCKED
 */
export function openDatabase(options: OpenOptions): DatabaseSync {
  const { path } = options
  prepareFile(path, options.create)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: openTimeoutMs })
    migrate(database, options)
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 4000; PRAGMA busy_timeout = 0;',
    )
    return database
  } catch (error) {
    database?.close()
    throw fromSqlite(error, path, 'open')
  }
}

function prepareFile(path: string, create: boolean): void {
  if (path === '') throw new PurserError('PURSER_BAD_ARGUMENT', 'The ledger has no path. Name a file.')
  if (path === ':memory:') return
  const exists = existsSync(path)
  if (!exists && !create) {
    throw new PurserError('PURSER_NOT_FOUND', `There is no ledger at ${path}. Record or import something first, or name another with --db.`)
  }
  try {
    const folder = dirname(path)
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
    refuseNetworkDrive(folder)
    if (!exists) {
      closeSync(openSync(path, 'a', 0o600))
      chmodSync(path, 0o600)
    }
  } catch (error) {
    if (error instanceof PurserError) throw error
    const said = error instanceof Error ? error.message : String(error)
    throw new PurserError(
      'PURSER_LEDGER_UNAVAILABLE',
      `${path} cannot be created: ${said}. Check the folder, or choose another with --db.`,
      {
        cause: error,
      },
    )
  }
}

/** File systems over a network, whose locks SQLite cannot trust (https://www.sqlite.org/faq.html#q5). Linux magic numbers. */
const networkFileSystems = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
])

function refuseNetworkDrive(folder: string): void {
  const kind = networkFileSystems.get(statfsSync(folder).type)
  if (kind !== undefined) {
    throw new PurserError(
      'PURSER_LEDGER_UNAVAILABLE',
      `${folder} is on a network drive (${kind}), where file locks cannot be trusted. Keep the ledger on a local disk.`,
    )
  }
}

function migrate(database: DatabaseSync, options: OpenOptions): void {
  if (readVersion(database) === 0) database.exec('PRAGMA auto_vacuum = INCREMENTAL;')
  if (checkVersion(database, options.path) === schemaVersion) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = checkVersion(database, options.path)
    for (const step of migrations.slice(version)) database.exec(step)
    if (version === 0) {
      const set = database.prepare('INSERT INTO settings (key, value) VALUES (?, ?)')
      set.run('timezone', options.timezone)
      set.run('subjects', JSON.stringify(options.subjects))
      set.run('seq', '0')
    }
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion};`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function readVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** @throws PURSER_LEDGER_NEWER, PURSER_LEDGER_CORRUPT */
function checkVersion(database: DatabaseSync, path: string): number {
  const version = readVersion(database)
  const id = Number(database.prepare('PRAGMA application_id').get()?.['application_id'])
  const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'])
  if (id !== applicationId && (tables > 0 || version > 0)) {
    throw new PurserError('PURSER_LEDGER_CORRUPT', `${path} is a SQLite file of another program, not a ledger. Choose another with --db.`)
  }
  if (version > schemaVersion) {
    throw new PurserError(
      'PURSER_LEDGER_NEWER',
      `${path} has schema ${version}, and this purser knows up to ${schemaVersion}. Update purser; the ledger was not touched.`,
    )
  }
  return version
}
