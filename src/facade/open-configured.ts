import { configWarnings } from '../config/config-warnings.ts'
import { ledgerOptions } from '../config/ledger-options.ts'
import { loadConfig, type PurserConfig } from '../config/load-config.ts'
import { home } from '../config/locations.ts'
import { expandHome } from '../ledger/ledger-place.ts'
import { applyConfigured } from './apply-configured.ts'
import { BudgetBook } from './budget-book.ts'
import type { OpenLedger } from './open-ledger.ts'
import type { PurserOptions, ReadOptions } from './open-options.ts'

/**
 * The options of a program over what its configuration says, as a nearer file over another: each wins whole, but prices and
 * subjects of both count, and profiles by name. All of it is read, so that nothing is created where something is wrong.
 * @throws PURSER_BAD_CONFIG with file, line and column, or the variable
 */
export async function addConfiguration(given: PurserOptions, path: string | true): Promise<ReadOptions> {
  const own = withoutUndefined(given)
  const config = await loadConfig({
    db: own.db,
    config: path === true ? undefined : expandHome(path, home(process.env)),
    byProgram: true,
    cwd: process.cwd(),
    env: process.env,
  })
  await config.budgets()
  const written = await ledgerOptions(config, { prices: true, profiles: true })
  const options = {
    ...written,
    ...own,
    db: config.db,
    subjects: [...new Set([...written.subjects, ...(own.subjects ?? [])])],
    // Of equal cards the one that comes last counts.
    ownerCards: [...(written.ownerCards ?? []), ...(own.ownerCards ?? [])],
    profiles: { ...written.profiles, ...own.profiles },
  }
  const { timezone, subjects, serviceTiers } = options
  // A program that says itself whether calls are tracked needs no word about the variable.
  const trackingEnabled = config.trackingEnabled || own.tracking !== undefined
  return { options, config: { ...config, timezone, subjects, serviceTiers, trackingEnabled } }
}

/** An option that is undefined counts as left out, and so does not hide what the file says. */
function withoutUndefined(given: PurserOptions): PurserOptions {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as unknown as PurserOptions
}

/**
 * Puts the budgets of a configuration into force in its ledger, unless calls are not tracked. Gives what is to be said of
 * the configuration, as `purser config check` does.
 * @throws PURSER_BAD_CONFIG where another file defines the budgets of a ledger that can be written
 */
export async function putIntoForce(config: PurserConfig, ledger: OpenLedger): Promise<string[]> {
  const { store, isTracking, catalog } = ledger
  const book = new BudgetBook(ledger)
  const told = await configWarnings(config, { catalog, ledger: async () => store })
  if (config.files.length === 0) told.unshift('there is no purser.yaml in this folder or above, and none of your own.')
  if (!isTracking) return told
  const budgeted = { timezone: store.timezone, budgets: book }
  const applied = await applyConfigured(config, budgeted, { onOther: store.isReadOnly ? 'warn' : 'refuse' })
  return applied?.unapplied === undefined ? told : [...told, applied.unapplied]
}
