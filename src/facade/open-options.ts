import { homedir } from 'node:os'
import type { PurserConfig } from '../config/load-config.ts'
import { PurserError } from '../errors.ts'
import { expandHome, wrongPlace } from '../ledger/ledger-place.ts'
import type { Card } from '../pricing/card.ts'
import { type AccountTiers, openTiers } from '../pricing/account-tiers.ts'
import type { ProfilesInput } from '../runs/profiles/parse-profiles.ts'
import { handler, checkFields, checkValue, duration, type FieldKinds, flag, list, mapping, text, texts } from './check-fields.ts'
import { readOpenProfiles } from './profiles/open-profiles.ts'

interface OpenOptions {
  /** Whether the file is created where there is none; true unless said otherwise. */
  readonly create?: boolean
  /** Whether the ledger is only looked at: nothing of it is created, migrated or written. */
  readonly readOnly?: boolean
  /**
   * Milliseconds to go on trying to write while another process has the ledger's lock, or its server cannot be reached;
   * 15,000 for a file and 10,000 for a server unless said otherwise.
   */
  readonly patienceMs?: number
  /** IANA zone of the ledger's days, kept in the file when it is created. UTC unless said otherwise. */
  readonly timezone?: string
  /** Labels with many values, that get totals of their own, besides run, session, job, ticket, scene, video, experiment and artifact. */
  readonly subjects?: readonly string[]
  /** The owner's price cards. They win over all others. */
  readonly ownerCards?: readonly Card[]
  /**
   * By provider: the service tiers that your account is served where a request leaves them open, such as
   * `{ openai: ['standard'] }` for a project that is not set to priority. Bounds of requests are lower for it.
   */
  readonly serviceTiers?: AccountTiers
  /** Which models are used for which calls, by name of the profile, as under `profiles` of purser.yaml. */
  readonly profiles?: ProfilesInput
  /** The profile that is in force unless `profiles.use` has said another. */
  readonly profile?: string
  /**
   * Whether calls are booked and held; what COST_TRACKING_ENABLED says unless said otherwise, and else true. With false every
   * call runs, and nothing is booked, held or refused.
   */
  readonly tracking?: boolean
  /** Told `service.operation = $…` as each call ends, and each stage of a run, with the figures as fields. */
  readonly log?: (line: string, fields: Readonly<Record<string, unknown>>) => void
  /** Told what went wrong beside a call and did not stop it; a warning of the process unless said otherwise. */
  readonly onWarning?: (message: string) => void
}

interface Place {
  /**
   * Path of the ledger's SQLite file, which may begin with `~/`, or the URL of a Postgres database, which needs the package
   * `pg`. `:memory:` is a ledger of this process, of which nothing is kept.
   */
  readonly db: string
}

interface Configured {
  /**
   * The path of a purser.yaml, or true for the one that the command line finds: what it and the environment say counts where
   * the other options say nothing, and its budgets are put into force.
   */
  readonly config: string | true
}

/** How a ledger is opened: where it lies, or which purser.yaml says so, and what else is known. */
export type PurserOptions = OpenOptions & ((Place & Partial<Configured>) | (Configured & Partial<Place>))

/** The options with those of the configuration. */
export type LedgerOptions = OpenOptions & Place

/** The options of `Purser.open` once they are read. */
export interface ReadOptions {
  readonly options: LedgerOptions
  /** The configuration that they name. */
  readonly config: PurserConfig | undefined
}

const kinds: FieldKinds<PurserOptions> = {
  db: text,
  config: {
    is: 'the path of a purser.yaml, or true for the nearest one',
    holds: (value) => value === true || (typeof value === 'string' && value !== ''),
  },
  create: flag,
  readOnly: flag,
  patienceMs: duration,
  timezone: text,
  subjects: texts,
  ownerCards: list,
  serviceTiers: mapping,
  profiles: mapping,
  profile: text,
  tracking: flag,
  log: handler,
  onWarning: handler,
}

const tiers = {
  is: `a list of ${openTiers.join(', ')}`,
  holds: (value: unknown) =>
    Array.isArray(value) && value.length > 0 && value.every((tier) => (openTiers as readonly unknown[]).includes(tier)),
}

/** @throws PURSER_BAD_ARGUMENT naming the option that is wrong, and what is right */
function checkOpenOptions(options: unknown): asserts options is PurserOptions {
  checkFields<PurserOptions>('the options of Purser.open', options, kinds, '{ db: "spend.db" }')
  const { db, config } = options
  if (config === undefined) checkValue('"db" of the options of Purser.open', db, text)
  const wrong = db === undefined ? undefined : wrongPlace(db)
  if (wrong !== undefined) throw new PurserError('PURSER_BAD_ARGUMENT', `"db" of the options of Purser.open ${wrong}.`)
  for (const [provider, served] of Object.entries(options.serviceTiers ?? {})) {
    checkValue(`"serviceTiers.${provider}" of the options of Purser.open`, served, tiers)
  }
}

/**
 * The options of `Purser.open`, checked: the place with its home folder, the owner's cards as they are now, and what the
 * configuration adds. What reads a configuration is loaded only where one is named.
 * @throws PURSER_BAD_ARGUMENT naming the option that is wrong, PURSER_BAD_CARD, PURSER_BAD_CONFIG
 */
export async function readOpenOptions(given: unknown): Promise<ReadOptions> {
  checkOpenOptions(given)
  const { db, ownerCards = [] } = given
  const own = {
    ...given,
    ...(db !== undefined && { db: expandHome(db, homedir()) }),
    ...(ownerCards.length > 0 && { ownerCards: await checkedCards(ownerCards) }),
  }
  const read = own.config === undefined ? { options: own as LedgerOptions, config: undefined } : await configured(own, own.config)
  readOpenProfiles(read.options)
  return read
}

async function configured(own: PurserOptions, config: string | true): Promise<ReadOptions> {
  const { addConfiguration } = await import('./open-configured.ts')
  return addConfiguration(own, config)
}

/** What reads cards is loaded only where there are any. */
async function checkedCards(cards: readonly Card[]): Promise<readonly Card[]> {
  const { parseCards } = await import('../pricing/sources/card-schema.ts')
  try {
    return parseCards(cards)
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    throw new PurserError(error.code, `"ownerCards" of the options of Purser.open: ${error.message}`, { cause: error })
  }
}

const [repeatedAfterMs, mostKept] = [60_000, 1000]
const said = new Map<string, number>()

/** Where remarks go that no caller waits for; to the process the same one goes once a minute at most. */
export function warnerOf({ onWarning }: Pick<OpenOptions, 'onWarning'>): (message: string) => void {
  return onWarning ?? warnOnce
}

function warnOnce(message: string): void {
  const now = performance.now()
  if (now - (said.get(message) ?? Number.NEGATIVE_INFINITY) < repeatedAfterMs) return
  if (said.size >= mostKept) said.clear()
  said.set(message, now)
  process.emitWarning(message, 'PurserWarning')
}
