import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import type { PurserConfig } from '../../config/load-config.ts'
import type { ConfiguredBudgets } from '../../config/read-budgets.ts'
import { defaultHost, defaultPort, serverSettingMeanings, type ServerSettings } from '../../config/server-settings.ts'
import { settingMeanings, type SettingName, type Settings } from '../../config/settings.ts'
import { PurserError } from '../../errors.ts'
import { isPostgresUrl, shownPlace } from '../../ledger/ledger-place.ts'
import type { Purser } from '../../purser.ts'
import { printable } from '../../text/display-width.ts'
import { weekdays } from '../../time/weekdays.ts'
import { writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { describeSource } from '../source-run.ts'

const examples = `
Examples:
  purser config show               what is in effect, and where it comes from
  purser config show --expanded    and every budget in full, as its shorthand is read
  purser config check              read every file, and say what is wrong or doubtful`

/** Variables that change what purser does. */
export const environmentVariables = {
  PURSER_DB: 'the ledger',
  PURSER_CONFIG: 'the purser.yaml to use',
  PURSER_HOLD: 'the hold that calls are booked under, as `purser guard` sets it',
  PURSER_LABELS: 'labels of calls and holds that name no others, as a JSON object; `purser guard` sets it',
  ...serverSettingMeanings,
  PURSER_DEBUG: 'show where an error comes from',
  CLAUDE_CONFIG_DIR: 'where Claude Code keeps its records; several with commas',
  CODEX_HOME: 'where Codex keeps its records',
  XDG_CONFIG_HOME: 'where your own purser/purser.yaml lies',
  XDG_DATA_HOME: 'where purser/purser.db lies unless another ledger is chosen',
  NO_COLOR: 'no colours',
  FORCE_COLOR: 'colours also where the output is no terminal',
  COLUMNS: 'the width of tables',
  ...settingMeanings,
} as const

export function defineConfig(): Command {
  const command = new Command('config').description('Shows and checks what configures purser.').addHelpText('after', examples)
  command.addCommand(
    new Command('show')
      .description('What is in effect, and where it comes from.')
      .option('--expanded', 'every budget too, with all that it leaves out filled in')
      .action(async (options: { expanded?: true }, self: Command) =>
        withSession(self, (session) => show(session, options.expanded === true)),
      ),
  )
  return command.addCommand(
    new Command('check')
      .description('Reads every file, and says what is wrong or doubtful.')
      .action(async (_: unknown, self: Command) => withSession(self, check)),
  )
}

async function show(session: Session, expanded: boolean): Promise<void> {
  const { config, json } = session
  const { db, dbFrom, files, timezone, weekStart, subjects, sources, retention, serviceTiers, trackingEnabled, optimizationEnabled } =
    config
  const { cards } = await config.ownerCards()
  const { budgets, from, notifications, notificationEmails, costPreferences } = await config.budgets(
    expanded ? await ledgerZone(session) : undefined,
  )
  const { profiles, profile } = await config.profiles()
  const environment = variablesOf(session)
  const weekStarts = weekdays[weekStart - 1] ?? ''
  const { budgetJson } = await import('../../json/budget-json.ts')
  const { budgetLines } = await import('../budget-view.ts')
  if (json) {
    return writeJson({
      db: shownPlace(db),
      dbFrom,
      files,
      timezone: timezone ?? null,
      weekStarts,
      subjects,
      ownerCards: cards.length,
      sources,
      retention: retention ?? null,
      serviceTiers,
      server: serverJson(config.server()),
      notifications,
      notificationEmails: Object.fromEntries(notificationEmails),
      costPreferences: Object.fromEntries(costPreferences),
      budgetNames: budgets.map(({ name }) => name),
      profileNames: [...profiles.keys()],
      profile: profile ?? null,
      trackingEnabled,
      optimizationEnabled,
      environment,
      ...(expanded && { prices: cards.map(({ provider, model, rates }) => ({ provider, model, rates })) }),
      ...(expanded && { budgets: budgets.map((budget) => budgetJson(budget, from.get(budget.name) ?? '')) }),
    })
  }
  const rows: [string, string][] = [
    ['ledger', `${shownPlace(db)} (${dbFrom === 'default' ? 'in your data folder' : `from ${dbFrom}`})`],
    ['files', files.length === 0 ? 'none; `purser init` writes one' : files.join(', ')],
    ['timezone', timezone ?? "the ledger's; UTC for a new one"],
    ['week starts', weekStarts],
    ['subjects', subjects.length === 0 ? 'the usual' : `the usual, and ${subjects.join(', ')}`],
    ['own prices', cards.length === 0 ? 'none' : cards.map(({ provider, model }) => `${provider}/${model}`).join(', ')],
    ['sources', sources.length === 0 ? 'none' : sources.map(describeSource).join(', ')],
    ['budgets', budgets.length === 0 ? 'none' : budgets.map(({ name }) => name).join(', ')],
    [
      'profiles',
      profiles.size === 0 ? 'none' : `${[...profiles.keys()].join(', ')}${profile === undefined ? '' : `; ${profile} in force`}`,
    ],
    ...configuredRows(config, notifications, costPreferences),
    ...Object.entries(environment),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  await writeLines(rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`))
  if (!expanded) return
  for (const budget of budgets) await writeLines(['', ...budgetLines(budget, from.get(budget.name) ?? '').map(printable)])
}

function serverJson({ requestsPerMinute, bodyLimit, ...server }: ServerSettings): Record<string, unknown> {
  return { ...server, requestsPerMinute: requestsPerMinute ?? null, bodyLimitBytes: bodyLimit ?? null }
}

function pairs(of: object): string {
  return Object.entries(of)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}

/** What is configured beside prices and budgets, as far as it is. */
function configuredRows(
  config: PurserConfig,
  notifications: ConfiguredBudgets['notifications'],
  preferences: ConfiguredBudgets['costPreferences'],
): [string, string][] {
  const { retention = {}, serviceTiers } = config
  const server = config.server()
  const told = notifications.filter(({ enabled }) => enabled !== false).map(({ type }) => type)
  const rows: [string, string][] = [
    [
      'tiers',
      Object.entries(serviceTiers)
        .map(([provider, tiers]) => `${provider} ${tiers.join(' or ')}`)
        .join(', '),
    ],
    ['retention', pairs(retention)],
    ['served at', server.host === defaultHost && server.port === defaultPort ? '' : `${server.host}, port ${server.port}`],
    ['told of alerts', told.join(', ')],
    ['preferences', [...preferences].map(([user, wants]) => `user ${user}: ${pairs(wants)}`).join('; ')],
  ]
  return rows.filter(([, value]) => value !== '')
}

/** Variables in effect: those of the environment, and those of cost tracking that a file sets. */
function variablesOf({ config, env }: Session): Record<string, string> {
  const settings: Settings = config.settings
  return Object.fromEntries(
    Object.keys(environmentVariables).flatMap((name) => {
      const value = name in settingMeanings ? settings[name as SettingName]?.value : env[name]
      return value === undefined || value === '' ? [] : [[name, shownPlace(value)]]
    }),
  )
}

/** The zone of the ledger, where there is one. */
async function ledgerZone(session: Session): Promise<string | undefined> {
  if (!session.hasLedger()) return undefined
  return (await session.open({ create: false, prices: false })).timezone
}

async function check(session: Session): Promise<void> {
  const { config, json } = session
  checkLedgerPath(config)
  const warnings = await findWarnings(session)
  if (json) return writeJson({ files: config.files, warnings })
  const read =
    config.files.length === 0
      ? ['There is no purser.yaml here or above, and none of your own.']
      : config.files.map((file) => `${file} is fine.`)
  await writeLines([...read, ...warnings.map((warning) => `warning: ${warning}`)])
}

function checkLedgerPath({ db, dbFrom }: PurserConfig): void {
  if (isPostgresUrl(db)) return
  if (statSync(db, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new PurserError(
      'PURSER_BAD_CONFIG',
      `The ledger that ${dbFrom} names, ${db}, is a folder; name a file, like ${join(db, 'spend.db')}.`,
    )
  }
  if (statSync(dirname(db), { throwIfNoEntry: false })?.isFile() === true) {
    throw new PurserError('PURSER_BAD_CONFIG', `The ledger that ${dbFrom} names, ${db}, lies in ${dirname(db)}, which is a file.`)
  }
}

async function findWarnings(session: Session): Promise<string[]> {
  const { config } = session
  const { configWarnings } = await import('../../config/config-warnings.ts')
  const { catalogInForce } = await import('./price.ts')
  const ledger = async (): Promise<Purser | undefined> => (session.hasLedger() ? session.open({ create: false, prices: false }) : undefined)
  const found = await configWarnings(config, { catalog: () => catalogInForce(session), ledger })
  for (const source of config.sources) found.push(...(await sourceWarnings(source)))
  return found
}

async function sourceWarnings(source: PurserConfig['sources'][number]): Promise<string[]> {
  const { parseMapping } = await import('../../importers/record-mapping.ts')
  const { parseLabels } = await import('../../ledger/labels.ts')
  if (source.map !== undefined) parseMapping(source.map)
  if (source.labels !== undefined) parseLabels(source.labels)
  return source.paths.filter((path) => !existsSync(path)).map((path) => `the source ${source.kind} names ${path}, which does not exist.`)
}
