import { dirname, resolve } from 'node:path'
import { PurserError } from '../errors.ts'
import type { AccountTiers } from '../pricing/account-tiers.ts'
import type { Card } from '../pricing/card.ts'
import { checkZone } from '../time/calendar.ts'
import { weekdays } from '../time/weekdays.ts'
import { chooseLedger } from './choose-ledger.ts'
import type { ConfigFile, WrittenConfig, WrittenSource } from './config-file.ts'
import type { SourceKind } from './config-shape.ts'
import { type Environment, isThere, nearestConfig, nonEmpty, resolvePath, userConfigPath } from './locations.ts'
import type { ConfiguredBudgets } from './read-budgets.ts'
import type { ConfiguredProfiles } from './read-profiles.ts'
import { readServerSettings, type ServerSettings } from './server-settings.ts'
import { isOn, readSettings, settingNames, type Settings } from './settings.ts'

/** What the command line, or a program, says about the configuration. */
export interface ConfigOptions {
  readonly db?: string | undefined
  readonly config?: string | undefined
  /** Whether a program says it: its `db` is taken as it is. */
  readonly byProgram?: true
  readonly cwd: string
  readonly env: Environment
}

/** Records that exist already, with paths in full. */
export interface SourceConfig {
  readonly kind: SourceKind
  readonly paths: readonly string[]
  readonly map?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly basis?: 'metered' | 'plan' | 'free'
  readonly provider?: string
  readonly model?: string
  readonly timezone?: string
  readonly delimiter?: string
}

export interface OwnerPrices {
  readonly cards: readonly Card[]
  readonly warnings: readonly string[]
}

/** The configuration in effect. */
export interface PurserConfig {
  readonly db: string
  /** What chose the ledger: `--db` (`db` of a program), `PURSER_DB`, `COST_STORAGE_PATH`, a file, or `default`. */
  readonly dbFrom: string
  /** The files that were read, the one that wins first. */
  readonly files: readonly string[]
  readonly timezone: string | undefined
  /** ISO weekday, 1 = Monday. */
  readonly weekStart: number
  readonly subjects: readonly string[]
  readonly sources: readonly SourceConfig[]
  readonly retention: Readonly<Record<string, number | 'forever'>> | undefined
  /** How `purser serve` serves the ledger; read and checked when asked for. @throws PURSER_BAD_CONFIG */
  readonly server: () => ServerSettings
  /** By provider: service tiers that the owner's account is served where a request leaves them open. */
  readonly serviceTiers: AccountTiers
  /** The owner's price cards, the winning file's last. Checked when first asked for. @throws PURSER_BAD_CONFIG */
  readonly ownerCards: () => Promise<OwnerPrices>
  /** The variables of cost tracking that are in effect. */
  readonly settings: Settings
  /** Whether calls are to be tracked. */
  readonly trackingEnabled: boolean
  /** Whether savings are to be recommended. */
  readonly optimizationEnabled: boolean
  /** Whether anything that makes budgets is configured, told without reading them. */
  readonly hasBudgets: boolean
  /**
   * The budgets that are configured, read and checked when asked for. `zone` is the ledger's; without it that of
   * `timezone`, else UTC. @throws PURSER_BAD_CONFIG
   */
  readonly budgets: (zone?: string) => Promise<ConfiguredBudgets>
  /** The model profiles that are configured, read and checked when asked for. @throws PURSER_BAD_CONFIG */
  readonly profiles: () => Promise<ConfiguredProfiles>
}

/**
 * Finds and merges what configures purser: the nearest purser.yaml upward (or the one named) over the user's own.
 * A key of the nearer file wins whole, but prices and subjects of both count.
 * @throws PURSER_BAD_CONFIG
 */
export async function loadConfig(options: ConfigOptions): Promise<PurserConfig> {
  const { env, cwd } = options
  const files = await Promise.all(configPaths(options).map(readFile))
  const first = <K extends keyof WrittenConfig>(key: K): { value: NonNullable<WrittenConfig[K]>; file: ConfigFile } | undefined => {
    const file = files.find(({ written }) => written[key] !== undefined && written[key] !== null)
    return file && { value: file.written[key] as NonNullable<WrittenConfig[K]>, file }
  }
  const sources = first('sources')
  const zone = first('timezone')
  const timezone = zone && checkedZone(zone.value, zone.file, 'timezone')
  const settings = await findSettings(first('env_file'), env, cwd)
  const { COST_TRACKING_ENABLED: tracking, ENABLE_COST_OPTIMIZATION: optimization, COST_STORAGE_PATH: storage } = settings
  const weekStart = weekdays.indexOf((first('week_starts')?.value ?? 'monday') as (typeof weekdays)[number]) + 1
  let owner: Promise<OwnerPrices> | undefined
  return {
    ...chooseLedger(options, storage, first('db')),
    files: files.map(({ path }) => path),
    timezone,
    weekStart,
    subjects: [...new Set(files.flatMap(({ written }) => written.labels?.subjects ?? []))],
    sources: sources === undefined ? [] : sources.value.map((source, index) => toSource(source, sources.file, index, env)),
    retention: first('usage')?.value.retention,
    server: () => readServerSettings(env, first('server')),
    serviceTiers: first('bounds')?.value.service_tiers ?? {},
    ownerCards: () => (owner ??= readOwnerCards(files)),
    settings,
    trackingEnabled: tracking === undefined || isOn(tracking),
    optimizationEnabled: optimization === undefined || isOn(optimization),
    hasBudgets: settings.MONTHLY_BUDGET_USD !== undefined || files.some(({ written }) => budgetKeys.some((key) => key in written)),
    budgets: async (ledgerZone) => {
      const { readBudgets } = await import('./read-budgets.ts')
      return readBudgets({ files, settings, env, zone: ledgerZone ?? timezone ?? 'UTC', weekStart })
    },
    profiles: async () => (await import('./read-profiles.ts')).readProfiles(files),
  }
}

const budgetKeys = ['budgets', 'limits', 'projects', 'user_profiles'] as const

function configPaths({ config, byProgram, env, cwd }: ConfigOptions): string[] {
  const named = config ?? nonEmpty(env['PURSER_CONFIG'])
  if (named !== undefined && !isThere(resolve(cwd, named))) {
    const option = byProgram === true ? '"config" of the options of Purser.open' : '--config'
    const by = config === undefined ? 'PURSER_CONFIG' : option
    throw new PurserError('PURSER_BAD_CONFIG', `${by} names ${resolve(cwd, named)}, which does not exist. \`purser init\` writes one.`)
  }
  const nearest = named === undefined ? nearestConfig(cwd) : resolve(cwd, named)
  const user = userConfigPath(env)
  return [...new Set([nearest, isThere(user) ? user : undefined])].filter((path) => path !== undefined)
}

/** The YAML reader takes longer to load than most commands run, so it is loaded only where there is a file. */
async function readFile(path: string): Promise<ConfigFile> {
  const { readConfigFile } = await import('./config-file.ts')
  return readConfigFile(path)
}

async function findSettings(written: { value: string; file: ConfigFile } | undefined, env: Environment, cwd: string): Promise<Settings> {
  if (written === undefined) return readSettings(env, cwd, undefined)
  const { readEnvFile } = await import('./env-file.ts')
  const folder = dirname(written.file.path)
  const path = resolvePath(written.value, folder, env)
  if (!isThere(path))
    throw new PurserError('PURSER_BAD_CONFIG', `${written.file.locate('env_file')}: env_file names ${path}, which does not exist.`)
  return readSettings(env, cwd, { lines: readEnvFile(path, settingNames), folder })
}

function checkedZone(zone: string, file: ConfigFile, keys: string): string {
  try {
    return checkZone(zone)
  } catch (cause) {
    throw new PurserError('PURSER_BAD_CONFIG', `${file.locate(keys)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function toSource(written: WrittenSource, file: ConfigFile, index: number, env: Environment): SourceConfig {
  const { kind, path, paths = [], map, labels, timezone, ...plain } = written
  const all = [...(path === undefined ? [] : [path]), ...paths].map((each) => resolvePath(each, dirname(file.path), env))
  const needsPath = kind === 'csv' || kind === 'jsonl'
  if (needsPath && all.length === 0) {
    throw new PurserError('PURSER_BAD_CONFIG', `${file.locate('sources')}: sources[${index + 1}] is of kind ${kind} and names no path.`)
  }
  const mapping = typeof map === 'object' ? Object.entries(map).map(([target, column]) => `${target}=${column}`) : map
  return {
    ...plain,
    kind,
    paths: all,
    ...(labels !== undefined && { labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])) }),
    ...(mapping !== undefined && { map: typeof mapping === 'string' ? mapping : mapping.join(',') }),
    ...(timezone !== undefined && { timezone: checkedZone(timezone, file, 'sources') }),
  }
}

async function readOwnerCards(files: readonly ConfigFile[]): Promise<OwnerPrices> {
  const cards: Card[] = []
  const warnings: string[] = []
  const priced = files.filter(({ written }) => written.pricing !== undefined && written.pricing !== null)
  if (priced.length === 0) return { cards, warnings }
  const { parseOwnerCards } = await import('../pricing/owner-cards.ts')
  // Of equal cards the one written last counts, so the winning file comes last.
  for (const file of priced.toReversed()) {
    try {
      const read = parseOwnerCards(file.written.pricing, { source: file.path })
      cards.push(...read.cards)
      warnings.push(...read.warnings.map((warning) => `${file.path}: ${warning}`))
    } catch (error) {
      throw error instanceof PurserError ? located(error, file) : error
    }
  }
  return { cards, warnings }
}

/** The error of a price, with the place in the file that its path of keys leads to. */
function located(error: PurserError, file: ConfigFile): PurserError {
  const keys = /^pricing\S*(?= )|^pricing\S*?(?=: )/.exec(error.message)?.[0] ?? 'pricing'
  return new PurserError(error.code, `${file.locate(keys)}: ${error.message}`, { cause: error })
}
