import type { Catalog } from '../pricing/catalog.ts'
import type { PurserConfig } from './load-config.ts'

/** What an open ledger says of itself. */
export interface LedgerFacts {
  readonly timezone: string
  readonly subjects: ReadonlySet<string>
}

/** By what a configuration is judged. */
export interface ConfigContext {
  /** The price cards in force; asked for only where there are profiles. */
  readonly catalog: () => Catalog | Promise<Catalog>
  /** The configuration's ledger, where there is one; asked for last. */
  readonly ledger: () => Promise<LedgerFacts | undefined>
  /** Whether prices of the owner that are old are told; true unless said otherwise. */
  readonly tellsOldPrices?: boolean
}

/**
 * What is doubtful in a configuration, or read and not in force; its sources aside.
 * @throws PURSER_BAD_CONFIG for what is wrong
 */
export async function configWarnings(config: PurserConfig, { catalog, ledger, tellsOldPrices = true }: ConfigContext): Promise<string[]> {
  config.server()
  const found = [
    ...(await priceWarnings(config, tellsOldPrices)),
    ...(await budgetWarnings(config)),
    ...(await profileWarnings(config, catalog)),
  ]
  if (config.retention !== undefined) found.push('usage.retention is read, and not in force in this version: nothing is deleted.')
  const kept = await ledger()
  return kept === undefined ? found : [...found, ...ledgerWarnings(config, kept)]
}

async function priceWarnings(config: PurserConfig, tellsOld: boolean): Promise<string[]> {
  const { cards, warnings } = await config.ownerCards()
  if (cards.length === 0 || !tellsOld) return [...warnings]
  const { staleOwnerPrices } = await import('../pricing/owner-cards.ts')
  return [...warnings, ...staleOwnerPrices(cards, Date.now())]
}

async function budgetWarnings(config: PurserConfig): Promise<string[]> {
  const { budgets, warnings, notifications, notificationEmails, costPreferences } = await config.budgets()
  const found = [...warnings]
  for (const { name, increase } of budgets) {
    if (increase !== null && increase.until <= Date.now()) found.push(`the increase of the budget "${name}" has ended.`)
  }
  if (!config.trackingEnabled) found.push('COST_TRACKING_ENABLED is false: nothing is booked or held, and budgets limit nothing.')
  if (notifications.some(({ type, enabled }) => type !== 'in_app' && enabled !== false)) {
    found.push('alerts.notifications is read, and not in force in this version: nothing is sent.')
  }
  if (notificationEmails.size > 0) found.push('the notification_email of users is read, and not in force in this version: nothing is sent.')
  if (costPreferences.size > 0) {
    found.push(
      'the cost_preferences of users are read and shown, and not in force in this version: they are for programs that show estimates, running costs and recommendations to a user.',
    )
  }
  return found
}

/** Models of profiles that nobody has a price for. */
async function profileWarnings(config: PurserConfig, catalog: ConfigContext['catalog']): Promise<string[]> {
  const { profiles, unknownModels } = await config.profiles()
  return profiles.size === 0 ? [] : unknownModels(await catalog(), Date.now())
}

/** What the ledger keeps since it was created, and the configuration says otherwise. */
function ledgerWarnings({ timezone, subjects }: PurserConfig, ledger: LedgerFacts): string[] {
  const warnings: string[] = []
  if (timezone !== undefined && timezone !== ledger.timezone) {
    warnings.push(`the ledger was created in ${ledger.timezone}; questions in ${timezone} are answered, and take longer.`)
  }
  const missing = subjects.filter((subject) => !ledger.subjects.has(subject))
  if (missing.length > 0) warnings.push(`the ledger was created without the subjects ${missing.join(', ')}; they are kept as other labels.`)
  return warnings
}
