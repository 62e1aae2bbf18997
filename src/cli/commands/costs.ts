import { Command, Option } from 'commander'
import { PurserError } from '../../errors.ts'
import { type CostQuery, parseFilter, resolveField, type SortKey, sortKeys } from '../../ledger/cost-query.ts'
import type { CostRow } from '../../ledger/cost-table.ts'
import type { Purser } from '../../purser.ts'
import { closest } from '../../text/closest.ts'
import { earliestMs, slotMs } from '../../time/calendar.ts'
import { type AskedPeriod, askedPeriod, type PeriodOptions } from '../../reports/asked-period.ts'
import { collect, wholeNumber } from '../call-options.ts'
import { costsJson } from '../../json/cost-json.ts'
import { writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { wrapNotes } from '../terminal.ts'

interface CostsOptions extends PeriodOptions {
  readonly by?: readonly string[]
  readonly where?: readonly string[]
  readonly sort?: string
  readonly asc?: true
  readonly desc?: true
  readonly limit?: number
  readonly sync: boolean
  readonly report?: true
  readonly run?: string
}

const examples = `
Examples:
  purser costs                                              everything, by model
  purser costs --by project,model --period week
  purser costs --by day --since 2026-02-01 --until 2026-02-28 --timezone Europe/Paris
  purser costs --by agent --where project=azure --where 'model!=gpt-4o' --sort tokens --limit 10
  purser costs --by meter --period all --json
  purser costs --report                                     the last run, its experiment or project, and the monthly budget
  purser costs --report --run r-17 --period week            another run, and the weekly budget

Ask by provider, model, serviceTier, speed, region, basis, outcome, service, meter, one of hour, day, week, month,
quarter, year, and any label. A date as --until is inclusive, an instant is not.
Filters: label=value, label!=value, label=a|b, label!=a|b, label=pre*, label= (absent), label!= (present).
Sort by ${sortKeys.join(', ')}.`

export function defineCosts(): Command {
  const command = new Command('costs').description('Shows what calls cost, by any of their labels and properties.')
  return command
    .option('--by <fields>', 'what rows go by, separated by commas; model unless said otherwise', collectFields)
    .option('--period <name>', 'today, yesterday, week, month, year or all; all unless said otherwise')
    .option('--since <time>', 'from this date or time on')
    .option('--until <time>', 'up to and with this date, or up to this time')
    .option('--timezone <zone>', 'the zone of days, like Europe/Paris')
    .option('--where <filter>', 'only calls that pass, like project=azure; give it several times for and', collect)
    .option('--sort <key>', 'cost, calls, tokens, name, runs, plan or unpriced')
    .addOption(new Option('--asc', 'smallest first').conflicts('desc'))
    .option('--desc', 'largest first')
    .option('--limit <rows>', 'the first rows only; the others are summed in one', wholeNumber('--limit', 1))
    .addOption(
      new Option('--report', 'a run at one glance: estimated and actual, its experiment, its budget').conflicts([
        'by',
        'where',
        'sort',
        'limit',
      ]),
    )
    .option('--run <id>', 'with --report: the run, or last, which it is unless said otherwise')
    .option('--no-sync', 'do not bring the sources of purser.yaml up to date first')
    .addHelpText('after', examples)
    .action(async (options: CostsOptions, self: Command) => withSession(self, (session) => run(session, options)))
}

function collectFields(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...value.split(',').map((field) => field.trim())]
}

async function run(session: Session, options: CostsOptions): Promise<void> {
  if (options.report === true || options.run !== undefined) {
    const { writeCostReport } = await import('../write-cost-report.ts')
    return writeCostReport(session, options)
  }
  const { config } = session
  const periodIn = (timezone: string): AskedPeriod => askedPeriod(options, { period: 'all', timezone, weekStart: config.weekStart })
  // What cannot be asked is refused before anything is opened or read.
  checkQuery(toQuery(options, periodIn(config.timezone ?? 'UTC'), config.weekStart), config.subjects)
  const syncs = options.sync && config.trackingEnabled && config.sources.length > 0
  const purser = await session.open({ create: syncs, prices: syncs })
  if (syncs) {
    // Asked of a quarter of an hour without calls, a question shows only what is wrong with it.
    const zone = config.timezone ?? purser.timezone
    await purser.costs({ ...toQuery(options, periodIn(zone), config.weekStart), sinceMs: earliestMs, untilMs: earliestMs + slotMs })
    const { syncSources } = await import('../sync-sources.ts')
    await syncSources(session, purser)
  }
  const period = periodIn(config.timezone ?? purser.timezone)
  const query = toQuery(options, period, config.weekStart)
  const table = await purser.costs(query)
  const { unresolvedHolds } = await import('../../reports/unresolved-holds.ts')
  const unresolved = unresolvedHolds(await purser.holds.list(), query, purser.subjects)
  if (session.json) return writeJson(costsJson(period, query.groupBy, table, unresolved))
  const { costLines } = await import('../cost-view.ts')
  const { costNotes, unresolvedNotes, unusedLabelNotes } = await import('../cost-notes.ts')
  await writeLines(costLines(period, query.groupBy, table))
  const doubtful = table.total.isLowerBound ? await doubtfulModels(purser, query) : []
  const left = unresolved === undefined ? [] : unresolvedNotes(unresolved)
  const notes = [...costNotes(table.total, doubtful), ...left, ...unusedLabelNotes(query.groupBy, table)]
  if (notes.length > 0) await writeLines(['', ...wrapNotes(notes)])
}

function checkQuery({ groupBy, where }: CostQuery, subjects: readonly string[]): void {
  const known = new Set(subjects)
  for (const name of [...groupBy, ...where.map(({ field }) => field)]) resolveField(name, known)
}

function toQuery(options: CostsOptions, period: AskedPeriod, weekStart: number): CostQuery {
  const { by = ['model'], where = [], sort, limit } = options
  return {
    groupBy: by,
    sinceMs: period.sinceMs,
    untilMs: period.untilMs,
    timezone: period.timezone,
    weekStart,
    where: where.map(parseFilter),
    ...(sort !== undefined && { sort: checkSort(sort) }),
    ...((options.asc ?? options.desc) !== undefined && { descending: options.desc === true }),
    ...(limit !== undefined && { limit }),
  }
}

function checkSort(key: string): SortKey {
  if ((sortKeys as readonly string[]).includes(key)) return key as SortKey
  const nearest = closest(key, sortKeys)
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  throw new PurserError('PURSER_BAD_QUERY', `Rows cannot be sorted by "${key}".${hint} Sort by ${sortKeys.join(', ')}.`)
}

/** Calls without a price, or with a part of one, by model and the level that served them, most first. */
async function doubtfulModels(purser: Purser, query: CostQuery): Promise<CostRow[]> {
  const { limit: _limit, ...rest } = query
  const groupBy = ['provider', 'model', 'serviceTier', 'speed']
  const { rows } = await purser.costs({ ...rest, groupBy, sort: 'unpriced', descending: true })
  return [...rows]
}
