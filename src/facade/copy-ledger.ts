import { existsSync, linkSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { PurserError } from '../errors.ts'
import { isPostgresUrl } from '../ledger/ledger-place.ts'
import { bringUpToDate, copyFile, type CopyProgress, hasCharges, verifyCopy, withoutLog } from '../stores/sqlite/copy-file.ts'
import type { VerifyReport } from '../stores/store.ts'
import { messageOf } from '../text/sentence.ts'
import { shellWord } from '../text/shell-word.ts'

/** How a ledger is copied. */
export interface CopyOptions {
  /** Whether a file that is there is replaced. */
  readonly force: boolean
  /** Whether every sum of the copy is compared with its charges before it counts. */
  readonly verify: boolean
  readonly onCopied?: CopyProgress
  readonly onVerified?: (charges: number) => void
}

/** A copy that was made. */
export interface LedgerCopy {
  readonly file: string
  readonly bytes: number
  /** Undefined where the copy was not verified. */
  readonly verified: VerifyReport | undefined
}

/**
 * Copies a ledger into a file, as of one moment, while others go on writing it. The file appears under its name once it is
 * complete and verified.
 * @throws PURSER_BAD_ARGUMENT for a database, and for a file that is there; PURSER_LEDGER_CORRUPT where the copy's sums differ
 */
export async function backupLedger(db: string, file: string, options: CopyOptions): Promise<LedgerCopy> {
  if (isPostgresUrl(db))
    throw useItsOwnTool(db, (url, schema) => `pg_dump --format=custom --schema=${schema} --file=${shellWord(file)} '${url}'`)
  const target = resolve(file)
  if (existsSync(target)) {
    if (existsSync(db) && realpathSync(target) === realpathSync(db)) {
      throw new PurserError('PURSER_BAD_ARGUMENT', `${target} is the ledger itself. Name another file.`)
    }
    if (!options.force) throw isThere(target)
  }
  // A log that is left beside a file is taken for that file's, whatever it is.
  const [log] = logsOf(target)
  if (log !== undefined && !options.force) throw isThere(log)
  return withPartial(target, async (partial) => {
    await copyFile(db, partial, options.onCopied)
    const verified = await verifiedCopy(partial, db, options)
    const { size: bytes } = statSync(partial)
    if (options.force) removeLogs(target)
    publish(partial, target, options.force)
    return { file: target, bytes, verified }
  })
}

/** What a restore did. */
export interface RestoredLedger extends LedgerCopy {
  /** Where the ledger lies that was there before; null where none was. */
  readonly kept: string | null
}

/**
 * Makes a backup the ledger at a place. What was there is kept beside it under another name.
 * @throws PURSER_BAD_ARGUMENT for a database, and where charges would be replaced without `force`; PURSER_LEDGER_CORRUPT for a
 * file that is no ledger, or whose sums differ; PURSER_LEDGER_LOCKED where another process has the ledger open
 */
export async function restoreLedger(file: string, db: string, options: CopyOptions): Promise<RestoredLedger> {
  if (isPostgresUrl(db)) throw useItsOwnTool(db, (url) => `pg_restore --clean --if-exists --dbname='${url}' ${shellWord(file)}`)
  const [source, target] = [resolve(file), resolve(db)]
  if (existsSync(source) && existsSync(target) && realpathSync(source) === realpathSync(target)) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `${target} is the ledger itself. Name the backup that is to take its place.`)
  }
  // What is no ledger is refused before anything of the other one is touched.
  hasCharges(source)
  if (existsSync(target)) assertReplaceable(target, options.force)
  return withPartial(target, async (partial) => {
    await copyFile(source, partial, options.onCopied)
    bringUpToDate(partial)
    const verified = await verifiedCopy(partial, source, options)
    const { size: bytes } = statSync(partial)
    const isAnythingThere = existsSync(target) || logsOf(target).length > 0
    const kept = isAnythingThere ? putAside(target, options.force) : null
    renameSync(partial, target)
    return { file: target, bytes, verified, kept }
  })
}

async function withPartial<T>(target: string, work: (partial: string) => Promise<T>): Promise<T> {
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`)
  rmSync(partial, { force: true })
  try {
    return await work(partial)
  } catch (error) {
    if (error instanceof PurserError || !isOfFiles(error)) throw error
    throw new PurserError('PURSER_BAD_ARGUMENT', `${target} cannot be written: ${messageOf(error)}.`, { cause: error })
  } finally {
    for (const name of [partial, ...logsOf(partial)]) rmSync(name, { force: true })
  }
}

function isOfFiles(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

async function verifiedCopy(partial: string, source: string, { verify, onVerified }: CopyOptions): Promise<VerifyReport | undefined> {
  if (!verify) return undefined
  const report = await verifyCopy(partial, onVerified === undefined ? {} : { onProgress: onVerified })
  const differing = report.discrepancies.length
  if (differing === 0) return report
  throw new PurserError(
    'PURSER_LEDGER_CORRUPT',
    `In the copy of ${source} ${differing} of the sums, counters and holds differ from what its charges say, as they do there: nothing was written. \`purser verify --repair\` replaces them; --no-verify copies the ledger as it is.`,
  )
}

/** Puts a finished file under its name; what has come to be there meanwhile is replaced only with `force`. */
function publish(partial: string, target: string, force: boolean): void {
  if (force) return renameSync(partial, target)
  try {
    linkSync(partial, target)
  } catch (error) {
    // Not every file system knows two names for a file.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(target)) throw isThere(target)
    renameSync(partial, target)
  }
}

/** A damaged ledger is replaced with `force` too: that is what backups are for. */
function assertReplaceable(target: string, force: boolean): void {
  if (force || !hasCharges(target)) return
  throw new PurserError(
    'PURSER_BAD_ARGUMENT',
    `${target} is a ledger with charges, and was left as it is. --force puts the backup in its place, and keeps it under another name; --to names another place.`,
  )
}

/** Gives the ledger that is there another name, at which it stays. @throws PURSER_LEDGER_LOCKED */
function putAside(target: string, force: boolean): string {
  if (existsSync(target)) {
    writeLogIn(target, force)
    // Booked meanwhile.
    assertReplaceable(target, force)
  }
  const kept = `${target}.before-${new Date().toISOString().replace(/[:.]/g, '-')}`
  for (const name of logsOf(target)) renameSync(name, kept + name.slice(target.length))
  if (existsSync(target)) renameSync(target, kept)
  return kept
}

/** Writes what stands in the log of a ledger into its file; what is no ledger is left to `force`. @throws PURSER_LEDGER_LOCKED */
function writeLogIn(target: string, force: boolean): void {
  try {
    withoutLog(target)
  } catch (error) {
    if (!force || !(error instanceof PurserError) || error.code === 'PURSER_LEDGER_LOCKED') throw error
  }
}

/** Takes away the logs of a file that is about to be replaced. @throws PURSER_LEDGER_LOCKED where another process has it open */
function removeLogs(target: string): void {
  if (existsSync(target)) writeLogIn(target, true)
  for (const name of logsOf(target)) rmSync(name)
}

/** What SQLite has left beside a file, and would read with it. */
function logsOf(target: string): string[] {
  return ['-wal', '-shm', '-journal'].map((end) => `${target}${end}`).filter((name) => existsSync(name))
}

function isThere(target: string): PurserError {
  return new PurserError('PURSER_BAD_ARGUMENT', `${target} exists and was left as it is; --force replaces it.`)
}

function useItsOwnTool(db: string, command: (url: string, schema: string) => string): PurserError {
  const url = URL.canParse(db) ? new URL(db) : undefined
  const schema = url?.searchParams.get('schema') ?? 'purser'
  url?.searchParams.delete('schema')
  url?.searchParams.delete('password')
  if (url !== undefined) url.password = ''
  return new PurserError(
    'PURSER_BAD_ARGUMENT',
    `The ledger is a Postgres database, which has its own tool: ${command(url?.href.replaceAll("'", '%27') ?? 'postgres://user@host/database', schema)}. It asks for the password, or takes it from PGPASSWORD.`,
  )
}
