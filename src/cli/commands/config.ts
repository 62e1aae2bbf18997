import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { weekdays } from '../../config/config-shape.ts'
import type { PurserConfig } from '../../config/load-config.ts'
import { PurserError } from '../../errors.ts'
import { printable } from '../../text/display-width.ts'
import { writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { describeSource } from '../source-run.ts'

const examples = `
Examples:
  purser config show       what is in effect, and where it comes from
  purser config check      read every file, and say what is wrong or doubtful`

/** Variables that change what purser does. */
export const environmentVariables = {
  PURSER_DB: 'the ledger',
  PURSER_CONFIG: 'the purser.yaml to use',
  PURSER_DEBUG: 'show where an error comes from',
  CLAUDE_CONFIG_DIR: 'where Claude Code keeps its records; several with commas',
  CODEX_HOME: 'where Codex keeps its records',
  XDG_CONFIG_HOME: 'where your own purser/purser.yaml lies',
  XDG_DATA_HOME: 'where purser/purser.db lies unless another ledger is chosen',
  NO_COLOR: 'no colours',
  FORCE_COLOR: 'colours also where the output is no terminal',
  COLUMNS: 'the width of tables',
} as const

export function defineConfig(): Command {
  const command = new Command('config').description('Shows and checks what configures purser.').addHelpText('after', examples)
  command.addCommand(
    new Command('show')
      .description('What is in effect, and where it comes from.')
      .action(async (_: unknown, self: Command) => withSession(self, show)),
  )
  return command.addCommand(
    new Command('check')
      .description('Reads every file, and says what is wrong or doubtful.')
      .action(async (_: unknown, self: Command) => withSession(self, check)),
  )
}

async function show({ config, json, env }: Session): Promise<void> {
  const environment = Object.fromEntries(Object.keys(environmentVariables).flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
  const { db, dbFrom, files, timezone, weekStart, subjects, sources, retention } = config
  const { cards } = await config.ownerCards()
  const weekStarts = weekdays[weekStart - 1] ?? ''
  if (json) {
    return writeJson({
      db,
      dbFrom,
      files,
      timezone: timezone ?? null,
      weekStarts,
      subjects,
      ownerCards: cards.length,
      sources,
      retention: retention ?? null,
      environment,
    })
  }
  const rows: [string, string][] = [
    ['ledger', `${db} (${dbFrom === 'default' ? 'in your data folder' : `from ${dbFrom}`})`],
    ['files', files.length === 0 ? 'none; `purser init` writes one' : files.join(', ')],
    ['timezone', timezone ?? "the ledger's; UTC for a new one"],
    ['week starts', weekStarts],
    ['subjects', subjects.length === 0 ? 'the usual' : `the usual, and ${subjects.join(', ')}`],
    ['own prices', cards.length === 0 ? 'none' : cards.map(({ provider, model }) => `${provider}/${model}`).join(', ')],
    ['sources', sources.length === 0 ? 'none' : sources.map(describeSource).join(', ')],
    ...Object.entries(environment).map(([name, value]) => [name, String(value)] as [string, string]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  await writeLines(rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`))
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
  if (statSync(db, { throwIfNoEntry: false })?.isDirectory() !== true) return
  throw new PurserError(
    'PURSER_BAD_CONFIG',
    `The ledger that ${dbFrom} names, ${db}, is a folder; name a file, like ${join(db, 'spend.db')}.`,
  )
}

async function findWarnings(session: Session): Promise<string[]> {
  const { config } = session
  const { cards, warnings } = await config.ownerCards()
  const found = [...warnings]
  if (cards.length > 0) {
    const { staleOwnerPrices } = await import('../../pricing/owner-cards.ts')
    found.push(...staleOwnerPrices(cards, Date.now()))
  }
  for (const source of config.sources) found.push(...(await sourceWarnings(source)))
  if (config.retention !== undefined) found.push('usage.retention is read, and not in force in this version: nothing is deleted.')
  if (session.hasLedger()) found.push(...(await ledgerWarnings(session)))
  return found
}

async function sourceWarnings(source: PurserConfig['sources'][number]): Promise<string[]> {
  const { parseMapping } = await import('../../importers/record-mapping.ts')
  const { parseLabels } = await import('../../ledger/labels.ts')
  if (source.map !== undefined) parseMapping(source.map)
  if (source.labels !== undefined) parseLabels(source.labels)
  return source.paths.filter((path) => !existsSync(path)).map((path) => `the source ${source.kind} names ${path}, which does not exist.`)
}

async function ledgerWarnings(session: Session): Promise<string[]> {
  const purser = await session.open({ create: false, prices: false })
  const { timezone, subjects } = session.config
  const warnings: string[] = []
  if (timezone !== undefined && timezone !== purser.timezone) {
    warnings.push(`the ledger was created in ${purser.timezone}; questions in ${timezone} are answered, and take longer.`)
  }
  const missing = subjects.filter((subject) => !purser.subjects.has(subject))
  if (missing.length > 0) warnings.push(`the ledger was created without the subjects ${missing.join(', ')}; they are kept as other labels.`)
  return warnings
}
