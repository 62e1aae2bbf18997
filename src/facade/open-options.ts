import type { Card } from '../pricing/card.ts'
import { type AccountTiers, openTiers } from '../pricing/account-tiers.ts'
import { handler, checkFields, checkValue, duration, type FieldKinds, flag, list, mapping, text, texts } from './check-fields.ts'

export interface PurserOptions {
  /**
   * Path of the ledger's SQLite file, or the URL of a Postgres database, which needs the package `pg`. `:memory:` is a ledger
   * of this process, of which nothing is kept.
   */
  readonly db: string
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

const kinds: FieldKinds<PurserOptions> = {
  db: text,
  create: flag,
  readOnly: flag,
  patienceMs: duration,
  timezone: text,
  subjects: texts,
  ownerCards: list,
  serviceTiers: mapping,
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
export function checkOpenOptions(options: unknown): asserts options is PurserOptions {
  checkFields<PurserOptions>('the options of Purser.open', options, kinds, '{ db: "spend.db" }')
  checkValue('"db" of the options of Purser.open', options.db, text)
  for (const [provider, served] of Object.entries(options.serviceTiers ?? {})) {
    checkValue(`"serviceTiers.${provider}" of the options of Purser.open`, served, tiers)
  }
}

/** Where remarks go that no caller waits for. */
export function warnerOf({ onWarning }: PurserOptions): (message: string) => void {
  return onWarning ?? ((message) => process.emitWarning(message, 'PurserWarning'))
}
