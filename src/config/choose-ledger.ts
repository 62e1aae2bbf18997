import { dirname } from 'node:path'
import { PurserError } from '../errors.ts'
import { isPostgresUrl, wrongPlace } from '../ledger/ledger-place.ts'
import type { ConfigFile } from './config-file.ts'
import type { ConfigOptions } from './load-config.ts'
import { defaultLedgerPath, nonEmpty, resolvePath } from './locations.ts'
import { type Setting, settingSource, storagePath } from './settings.ts'

/**
 * Which ledger is meant, and what says so: `--db` (`db` of a program), `PURSER_DB`, `COST_STORAGE_PATH`, purser.yaml, or `default`.
 * @throws PURSER_BAD_CONFIG
 */
export function chooseLedger(
  { db, byProgram, cwd, env }: ConfigOptions,
  storage: Setting | undefined,
  written: { value: string; file: ConfigFile } | undefined,
): { db: string; dbFrom: string } {
  const fullPlace = (place: string, by: string, folder: string): string =>
    isPostgresUrl(place) ? place : resolvePath(asFile(place, by), folder, env)
  if (db !== undefined && byProgram === true) return { db, dbFrom: 'db' }
  if (db !== undefined) return { db: fullPlace(db, '--db', cwd), dbFrom: '--db' }
  const named = nonEmpty(env['PURSER_DB'])
  if (named !== undefined) return { db: fullPlace(named, 'PURSER_DB', cwd), dbFrom: 'PURSER_DB' }
  if (storage !== undefined) return { db: storagePath(storage, env), dbFrom: settingSource(storage) }
  if (written !== undefined) {
    const { value, file } = written
    return { db: fullPlace(value, `${file.locate('db')}: db`, dirname(file.path)), dbFrom: file.path }
  }
  return { db: defaultLedgerPath(env), dbFrom: 'default' }
}

/** What a file or a variable names is shared with commands, which end with their process: a ledger in memory would lose what they booked. */
function asFile(path: string, by: string): string {
  if (path.trim() === '') throw new PurserError('PURSER_BAD_CONFIG', `${by} is empty; name the file of the ledger, like spend.db.`)
  if (path.startsWith(':memory:')) {
    throw new PurserError(
      'PURSER_BAD_CONFIG',
      `${by} is "${path}", but a command needs a ledger that is kept in a file, because one in memory would be gone when it ends; name one, like spend.db.`,
    )
  }
  const wrong = wrongPlace(path)
  if (wrong !== undefined) throw new PurserError('PURSER_BAD_CONFIG', `${by} ${wrong}.`)
  return path
}
