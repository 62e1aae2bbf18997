import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { waitingCharges } from '../facade/calls/waiting-charges.ts'
import { isPostgresUrl } from '../ledger/ledger-place.ts'
import { counted } from '../text/counted.ts'
import { formatBytes } from '../text/numbers.ts'
import { type Checkup, found } from './checkup.ts'
import { shellWord } from '../text/shell-word.ts'

const [leastBytes, fewBytes] = [50e6, 1e9]

/** The Node that runs this. */
export function checkNode(version: string = process.versions.node): Checkup {
  const { ok, fail } = found('node')
  if (Number(version.split('.')[0]) >= 24) return ok(`Node ${version}`)
  return fail(`Node ${version} is too old; 24 or newer is needed.`, 'Install a current Node: https://nodejs.org')
}

/** Room for what will be booked; that of a database is its server's to know. */
export function checkDisk(db: string): Checkup[] {
  if (isPostgresUrl(db)) return []
  const { ok, warn, fail } = found('disk')
  const folder = nearestFolder(dirname(db))
  const { bavail, bsize } = statfsSync(folder)
  const [free, size] = [bavail * bsize, existsSync(db) ? statSync(db).size : 0]
  const text = `${formatBytes(free)} free in ${folder}`
  if (free < leastBytes) return [fail(`${text}: soon nothing can be booked.`, 'Free space, or keep the ledger on another disk.')]
  if (free < size) return [warn(`${text}, and the ledger has ${formatBytes(size)}: a backup does not fit beside it.`, 'Free space.')]
  if (free < fewBytes) return [warn(`${text}.`, 'Free space before the ledger needs it.')]
  return [ok(text)]
}

/** Who else of this machine may read the ledger's file. */
export function checkFileMode(db: string): Checkup[] {
  if (isPostgresUrl(db) || process.platform === 'win32') return []
  const { ok, warn } = found('file')
  const mode = statSync(db).mode & 0o777
  if ((mode & 0o077) === 0) return [ok('Only its owner may read the ledger’s file.')]
  return [warn(`Others on this machine may read ${db} (mode ${mode.toString(8)}).`, `chmod 600 ${shellWord(db)}`)]
}

/** Charges that wait to be booked. */
export function checkJournals(db: string): Checkup[] {
  const { ok, warn } = found('journals')
  const waiting = waitingCharges(db)
  if (waiting === undefined) return []
  const { charges, folder, unreadable } = waiting
  const checks: Checkup[] = []
  if (charges > 0) {
    const message = `${counted(charges, 'charge')} ${charges === 1 ? 'waits' : 'wait'} in ${folder} to be booked.`
    checks.push(warn(message, 'They are booked by the next program that opens the ledger for writing, such as `purser serve`.'))
  }
  for (const path of unreadable) {
    checks.push(
      warn(`${path} has lines that are no charges, and nobody books them.`, 'Look at it, book by hand what it tells of, then delete it.'),
    )
  }
  return checks.length === 0 ? [ok('No charge waits to be booked.')] : checks
}

function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder))
}
