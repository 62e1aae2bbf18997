import { PurserError } from '../errors.ts'
import type { AccountTiers } from '../pricing/account-tiers.ts'
import type { ProfilesInput } from '../runs/profiles/parse-profiles.ts'
import { LedgerServer } from '../stores/remote/ledger-server.ts'
import { type RemoteLedger, RemoteStore } from '../stores/remote/remote-store.ts'
import { type CatalogCards, CatalogInForce } from './catalog-in-force.ts'
import { checkFields, duration, type FieldKinds, handler, oneOf, text } from './check-fields.ts'
import { hardBudgetsOf } from './hard-budgets-of.ts'
import { ClosingStore } from './closing-store.ts'
import { OpenLedger } from './open-ledger.ts'
import { type PurserOptions, warnerOf } from './open-options.ts'

/** Which server, and as whom. */
export interface ConnectOptions extends Pick<PurserOptions, 'log' | 'onWarning'> {
  /** Where the server is, such as `https://purser.example.com` or `http://127.0.0.1:7878`. */
  readonly url: string
  /** The text of a key; none for a server without keys. */
  readonly key?: string
  /** How long an answer may take, in milliseconds; 30,000 unless said otherwise. */
  readonly timeoutMs?: number
  /**
   * What becomes of calls while the server cannot be reached: `refuse`, unless said otherwise; with `allow` those go on without
   * a hold to which no hard budget applied when that was last known, and they are booked later.
   */
  readonly whenAway?: 'refuse' | 'allow'
}

const kinds: FieldKinds<ConnectOptions> = {
  url: text,
  key: text,
  timeoutMs: duration,
  whenAway: oneOf(['refuse', 'allow']),
  log: handler,
  onWarning: handler,
}
const defaultTimeoutMs = 30_000

/** What a server tells who connects, beside where its ledger lies. */
interface ServedLedger extends Omit<RemoteLedger, 'location'> {
  readonly weekStart: number
  readonly questionZone: string
  readonly isTracking: boolean
  readonly cards: CatalogCards
  readonly serviceTiers: AccountTiers
  readonly profiles: ProfilesInput
  readonly profile?: string
}

/**
 * The ledger behind a server, with its prices and profiles as they are now.
 * @throws PURSER_BAD_ARGUMENT, PURSER_LEDGER_UNAVAILABLE, PURSER_UNAUTHENTICATED
 */
export async function connectLedger(options: ConnectOptions): Promise<OpenLedger> {
  checkFields<ConnectOptions>('the options of Purser.connect', options, kinds, '{ url: "http://127.0.0.1:7878", key: "purser_…" }')
  const { url, key, timeoutMs = defaultTimeoutMs, whenAway = 'refuse', ...handlers } = options
  const location = placeOf(url)
  const server = new LedgerServer({ url: location, key, timeoutMs })
  const served = (await server.ask('open', {}, { writes: false })).answer as ServedLedger
  const remote = new RemoteStore(server, { ...served, location })
  const store = new ClosingStore(remote, warnerOf(handlers))
  const { cards, serviceTiers, profiles, profile, labels, isTracking, weekStart, questionZone } = served
  const allows = whenAway === 'allow' ? await hardBudgetsOf(server, remote.closed) : undefined
  return OpenLedger.over(store, {
    // Calls that wait to be booked are booked by whoever books for the same.
    options: {
      db: Object.keys(labels).length === 0 ? location : `${location}#${JSON.stringify(labels)}`,
      serviceTiers,
      profiles,
      ...(profile !== undefined && { profile }),
      ...handlers,
    },
    prices: CatalogInForce.of(store, cards),
    isTracking,
    labels,
    weekStart,
    questionZone,
    allowsAway: allows && ((given) => allows({ ...labels, ...given })),
  })
}

/** The address of a server without what belongs to no address. @throws PURSER_BAD_ARGUMENT */
function placeOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isServer = parsed?.protocol === 'http:' || parsed?.protocol === 'https:'
  if (parsed === undefined || !isServer || parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '') {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      '"url" of the options of Purser.connect must be the address of a server like http://127.0.0.1:7878, and the key stands in "key".',
    )
  }
  return parsed.href.replace(/\/+$/, '')
}
