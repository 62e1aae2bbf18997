import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { loadConfig, type PurserConfig } from '../config/load-config.ts'
import { isPostgresUrl } from '../ledger/ledger-place.ts'
import type { Card } from '../pricing/card.ts'
import type { Purser } from '../purser.ts'
import type { LedgerEvent } from '../stores/store.ts'
import { globalOptions } from './global-options.ts'
import { note, warn } from './output.ts'

interface OpenOptions {
  readonly create: boolean
  readonly prices: boolean
  readonly announce?: true
  /** Whether the profiles of models are needed. */
  readonly profiles?: true
  /**
   * Whether runs are asked about. With cost tracking off one that is not known is no mistake then, and neither is a ledger
   * that is not there.
   */
  readonly runs?: true
  /** Whether the ledger is only looked at. */
  readonly readOnly?: true
  /** Whether news of budgets are told as they come, and not when the command ends. */
  readonly tellsAtOnce?: true
  /** In place of the ledger one of this process, for what needs prices and no past. */
  readonly inMemory?: true
}

/** One run of a command: its configuration, and the ledger once it is needed. */
export interface Session {
  readonly config: PurserConfig
  readonly json: boolean
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /**
   * Opens the ledger. `prices` tells whether the owner's prices are needed; reading them takes time. `announce` says on
   * standard error that a ledger was created: limits in a new one keep to nothing that was booked elsewhere.
   * @throws PURSER_NOT_FOUND where there is no ledger and `create` is false.
   */
  readonly open: (options: OpenOptions) => Promise<Purser>
  /** Whether the ledger's file exists; whether a database has one is seen when it is opened. */
  readonly hasLedger: () => boolean
}

/** Runs a command's work with its configuration, and closes the ledger whatever happens. */
export async function withSession(command: Command, work: (session: Session) => Promise<void>): Promise<void> {
  const { db, config: file, json } = globalOptions(command)
  const [cwd, env] = [process.cwd(), process.env]
  const config = await loadConfig({ db, config: file, cwd, env })
  let purser: Purser | undefined
  const news: LedgerEvent[] = []
  try {
    await work({
      config,
      json: json === true,
      cwd,
      env,
      hasLedger: () => isPostgresUrl(config.db) || existsSync(config.db),
      open: async (options) => (purser ??= await openWatched(config, options, news)),
    })
  } finally {
    await tell(news)
    await purser?.close()
  }
}

/** Opens the ledger, and gathers what its budgets have to say of what this process books. */
async function openWatched(config: PurserConfig, { announce, ...options }: OpenOptions, gathered: LedgerEvent[]): Promise<Purser> {
  const isNew = announce === true && options.create && !isPostgresUrl(config.db) && !existsSync(config.db)
  const purser = await openPurser(config, options)
  // A mistyped name would otherwise begin an empty ledger without a word.
  if (isNew) note(`A new ledger is created: ${config.db}`)
  for (const warning of purser.warnings) warn(warning)
  purser.listen((event) => {
    if (event.kind !== 'threshold.crossed' && event.kind !== 'budget.exceeded') return
    if (options.tellsAtOnce === true) void tell([event])
    else gathered.push(event)
  })
  return purser
}

async function tell(news: readonly LedgerEvent[]): Promise<void> {
  if (news.length === 0) return
  const { tellBudgetNews } = await import('./budget-news.ts')
  tellBudgetNews(news)
}

async function openPurser(config: PurserConfig, { create, prices, profiles, inMemory, runs, readOnly }: OpenOptions): Promise<Purser> {
  const { Purser } = await import('../purser.ts')
  const { ledgerOptions } = await import('../config/ledger-options.ts')
  const options = await ledgerOptions(config, { prices, profiles: profiles === true })
  if (options.ownerCards !== undefined && options.ownerCards.length > 0) await warnOfStalePrices(options.ownerCards)
  return Purser.open({
    ...options,
    db: inMemory === true ? ':memory:' : config.db,
    create: inMemory === true || create,
    ...(readOnly === true && { readOnly }),
    // Commands say themselves what they do where tracking is off; of runs the reports say it.
    tracking: runs !== true || config.trackingEnabled,
    onWarning: warn,
  })
}

async function warnOfStalePrices(cards: readonly Card[]): Promise<void> {
  const { staleOwnerPrices } = await import('../pricing/owner-cards.ts')
  for (const warning of staleOwnerPrices(cards, Date.now())) warn(`${warning}`)
}
