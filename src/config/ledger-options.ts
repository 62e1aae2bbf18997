import type { AccountTiers } from '../pricing/account-tiers.ts'
import type { Card } from '../pricing/card.ts'
import type { ProfilesInput } from '../runs/profiles/parse-profiles.ts'
import type { PurserConfig } from './load-config.ts'

/** What a configuration says of how its ledger is opened, as `Purser.open` takes it. */
export interface ConfiguredOptions {
  readonly db: string
  readonly timezone?: string
  readonly subjects: readonly string[]
  readonly serviceTiers: AccountTiers
  readonly tracking: boolean
  readonly ownerCards?: readonly Card[]
  readonly profiles?: ProfilesInput
  readonly profile?: string
}

/** How the ledger of a configuration is opened; prices and profiles only where they are needed, because reading them takes time. @throws PURSER_BAD_CONFIG */
export async function ledgerOptions(
  config: PurserConfig,
  needs: { readonly prices: boolean; readonly profiles: boolean },
): Promise<ConfiguredOptions> {
  const owner = needs.prices ? await config.ownerCards() : undefined
  const models = needs.profiles ? await config.profiles() : undefined
  return {
    db: config.db,
    subjects: config.subjects,
    serviceTiers: config.serviceTiers,
    tracking: config.trackingEnabled,
    ...(config.timezone !== undefined && { timezone: config.timezone }),
    ...(owner !== undefined && { ownerCards: owner.cards }),
    ...(models !== undefined && { profiles: models.written, ...(models.profile !== undefined && { profile: models.profile }) }),
  }
}
