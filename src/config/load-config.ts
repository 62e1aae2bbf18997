import { dirname, resolve } from 'node:path'
import { PurserError } from '../errors.ts'
import type { Card } from '../pricing/card.ts'
import { checkZone } from '../time/calendar.ts'
import type { ConfigFile, WrittenConfig, WrittenSource } from './config-file.ts'
import { type SourceKind, weekdays } from './config-shape.ts'
import { defaultLedgerPath, type Environment, isThere, nearestConfig, resolvePath, userConfigPath } from './locations.ts'

/** What the command line says about the configuration. */
export interface ConfigOptions {
  readonly db?: string | undefined
  readonly config?: string | undefined
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
  /** What chose the ledger: `--db`, `PURSER_DB`, a purser.yaml, or `default`. */
  readonly dbFrom: string
  /** The files that were read, the one that wins first. */
  readonly files: readonly string[]
  readonly timezone: string | undefined
  /** ISO weekday, 1 = Monday. */
  readonly weekStart: number
  readonly subjects: readonly string[]
  readonly sources: readonly SourceConfig[]
  readonly retention: Readonly<Record<string, number | 'forever'>> | undefined
  /** The owner's price cards, the winning file's last. Checked when first asked for. @throws PURSER_BAD_CONFIG */
  readonly ownerCards: () => Promise<OwnerPrices>
}

/**
 * Finds and merges what configures purser: the nearest purser.yaml upward (or the one named) over the user's own.
 * A key of the nearer file wins whole, but prices and subjects of both count.
 * @throws PURSER_BAD_CONFIG
 */
export async function loadConfig(options: ConfigOptions): Promise<PurserConfig> {
  const { env } = options
  const files = await Promise.all(configPaths(options).map(readFile))
  const first = <K extends keyof WrittenConfig>(key: K): { value: NonNullable<WrittenConfig[K]>; file: ConfigFile } | undefined => {
    const file = files.find(({ written }) => written[key] !== undefined && written[key] !== null)
    return file && { value: file.written[key] as NonNullable<WrittenConfig[K]>, file }
  }
  const sources = first('sources')
  const zone = first('timezone')
  let owner: Promise<OwnerPrices> | undefined
  return {
    ...chooseLedger(options, first('db')),
    files: files.map(({ path }) => path),
    timezone: zone && checkedZone(zone.value, zone.file, 'timezone'),
    weekStart: weekdays.indexOf((first('week_starts')?.value ?? 'monday') as (typeof weekdays)[number]) + 1,
    subjects: [...new Set(files.flatMap(({ written }) => written.labels?.subjects ?? []))],
    sources: sources === undefined ? [] : sources.value.map((source, index) => toSource(source, sources.file, index, env)),
    retention: first('usage')?.value.retention,
    ownerCards: () => (owner ??= readOwnerCards(files)),
  }
}

function configPaths({ config, env, cwd }: ConfigOptions): string[] {
  const named = config ?? nonEmpty(env['PURSER_CONFIG'])
  if (named !== undefined && !isThere(resolve(cwd, named))) {
    const by = config === undefined ? 'PURSER_CONFIG' : '--config'
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

function chooseLedger(
  { db, cwd, env }: ConfigOptions,
  written: { value: string; file: ConfigFile } | undefined,
): { db: string; dbFrom: string } {
  if (db !== undefined) return { db: resolve(cwd, asFile(db, '--db')), dbFrom: '--db' }
  const named = nonEmpty(env['PURSER_DB'])
  if (named !== undefined) return { db: resolve(cwd, asFile(named, 'PURSER_DB')), dbFrom: 'PURSER_DB' }
  if (written !== undefined) asFile(written.value, `${written.file.locate('db')}: db`)
  if (written !== undefined) return { db: resolvePath(written.value, dirname(written.file.path), env), dbFrom: written.file.path }
  return { db: defaultLedgerPath(env), dbFrom: 'default' }
}

/** A command ends with its process, so a ledger in memory would lose what it booked. */
function asFile(path: string, by: string): string {
  if (path.trim() === '') throw new PurserError('PURSER_BAD_CONFIG', `${by} is empty; name the file of the ledger, like spend.db.`)
  if (!path.startsWith(':memory:')) return path
  throw new PurserError('PURSER_BAD_CONFIG', `${by} is "${path}", but a ledger is kept in a file; name one, like spend.db.`)
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
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
