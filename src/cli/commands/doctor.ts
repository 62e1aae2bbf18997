import { Command } from 'commander'
import { configWarnings } from '../../config/config-warnings.ts'
import { PurserError } from '../../errors.ts'
import { isPostgresUrl, shownPlace } from '../../ledger/ledger-place.ts'
import type { Purser } from '../../purser.ts'
import { printable } from '../../text/display-width.ts'
import { wrapText } from '../../text/wrap.ts'
import { type Checkup, found } from '../checkup.ts'
import { globalOptions } from '../global-options.ts'
import { checkAccess, checkClock, checkHolds, checkPrices, checkUnpriced } from '../ledger-checks.ts'
import { checkDisk, checkFileMode, checkJournals, checkNode } from '../machine-checks.ts'
import { writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { paint, proseWidth } from '../terminal.ts'

const examples = `
Examples:
  purser doctor             one line for each thing that was looked at, and what to do where it is not fine
  purser doctor --json

Nothing is changed: the ledger is opened for reading. \`purser verify\` compares every sum with its charges, which takes longer.
The exit code is 1 where something is wrong, and 0 where it is fine or only doubtful.`

export function defineDoctor(): Command {
  return new Command('doctor')
    .description('Looks at configuration, ledger, disk, clock, prices and keys, and says what to do where something is wrong.')
    .addHelpText('after', examples)
    .action(async (_: unknown, self: Command) => doctor(self))
}

async function doctor(self: Command): Promise<void> {
  const checks: Checkup[] = [checkNode()]
  try {
    await withSession(self, async (session) => void checks.push(...(await examine(session))))
  } catch (error) {
    // Without a configuration it is not known which ledger is meant.
    checks.push(failed('configuration', error, '`purser config check` says it again once it is mended.'))
  }
  const isOk = checks.every(({ status }) => status !== 'fail')
  if (!isOk) process.exitCode = 1
  await (globalOptions(self).json === true ? writeJson({ ok: isOk, checks }) : writeLines(checks.flatMap(checkLines)))
}

async function examine(session: Session): Promise<Checkup[]> {
  const { db } = session.config
  if (!session.hasLedger()) {
    const none = found('ledger').warn(
      `There is none yet at ${shownPlace(db)}.`,
      'Book a call with `purser record`, or import with `purser import`.',
    )
    return [
      ...(await attempt('configuration', () => checkConfig(session, undefined))),
      none,
      ...(await attempt('disk', () => checkDisk(db))),
    ]
  }
  const opened = await openLedger(session)
  const purser = 'purser' in opened ? opened.purser : undefined
  return [
    ...(await attempt('configuration', () => checkConfig(session, purser))),
    ...('purser' in opened ? [ledgerLine(opened.purser)] : [opened.failure]),
    ...(await attempt('disk', () => checkDisk(db))),
    ...(await attempt('file', () => checkFileMode(db))),
    ...(await attempt('journals', () => checkJournals(db))),
    ...(purser === undefined ? [] : await examineLedger(session, purser)),
  ]
}

async function examineLedger({ config }: Session, purser: Purser): Promise<Checkup[]> {
  const now = Date.now()
  return [
    ...(await attempt('clock', () => checkClock(purser, now))),
    ...(await attempt('holds', () => checkHolds(purser))),
    ...(await attempt('unpriced', () => checkUnpriced(purser, now))),
    ...(await attempt('prices', () => checkPrices(config, purser, now))),
    ...(await attempt('access', () => checkAccess(config, purser))),
  ]
}

async function openLedger(session: Session): Promise<{ readonly purser: Purser } | { readonly failure: Checkup }> {
  try {
    return { purser: await session.open({ create: false, prices: false, readOnly: true }) }
  } catch (error) {
    return { failure: failed('ledger', error, 'Restore a backup with `purser restore`, or name another ledger with --db.') }
  }
}

function ledgerLine({ location, timezone }: Purser): Checkup {
  const where = isPostgresUrl(location) ? shownPlace(location) : location
  return found('ledger').ok(`${where} opens, with the schema of this version; its days are those of ${timezone}.`)
}

/** What is doubtful in it; of prices that are old there is a line of its own. */
async function checkConfig({ config }: Session, purser: Purser | undefined): Promise<Checkup[]> {
  const { ok, warn } = found('configuration')
  const { loadShippedCatalog } = await import('../../pricing/load-shipped.ts')
  const refreshed = purser?.catalog.cards('refreshed') ?? []
  const catalog = async (): Promise<Purser['catalog']> => loadShippedCatalog({ owner: (await config.ownerCards()).cards, refreshed })
  const warnings = await configWarnings(config, { catalog, ledger: async () => purser, tellsOldPrices: false })
  if (warnings.length > 0) return warnings.map((warning) => warn(warning, '`purser config show` shows what is in effect.'))
  return [ok(config.files.length === 0 ? 'No purser.yaml; all is as usual.' : `${config.files.join(', ')}: fine.`)]
}

/** What one check says, or that it could not be made. */
async function attempt(check: string, look: () => Promise<Checkup | Checkup[]> | Checkup | Checkup[]): Promise<Checkup[]> {
  try {
    return [await look()].flat()
  } catch (error) {
    return [failed(check, error, 'Mend what it says, and look again.')]
  }
}

function failed(check: string, error: unknown, next: string): Checkup {
  if (!(error instanceof PurserError) && !isOfSystem(error)) throw error
  return found(check).fail((error as Error).message, next)
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

const marks = { ok: ['green', 'ok'], warn: ['yellow', 'warn'], fail: ['red', 'fail'] } as const

function checkLines({ check, status, message, next }: Checkup): string[] {
  const [colour, word] = marks[status]
  const head = `${paint(colour, word.padEnd(4))}  ${check.padEnd(13)}  `
  const [first = '', ...rest] = wrapText(printable(message), proseWidth() - 21, '')
  const indent = ' '.repeat(21)
  const steps = next === null ? [] : wrapText(printable(`→ ${next}`), proseWidth() - 21, '  ')
  return [`${head}${first}`, ...[...rest, ...steps].map((line) => `${indent}${line}`)]
}
