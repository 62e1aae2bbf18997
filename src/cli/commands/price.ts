import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import { parseRecord } from '../../ledger/parse-record.ts'
import type { CallRecord } from '../../ledger/parse-record.ts'
import { formatUsdExact } from '../../money/format.ts'
import type { Catalog } from '../../pricing/catalog.ts'
import { ignoredAttributeWarnings } from '../../pricing/ignored-attributes.ts'
import { priceUsage } from '../../pricing/price-usage.ts'
import type { Priced, PriceRequest } from '../../pricing/priced.ts'
import type { UsageWarning } from '../../usage/usage.ts'
import { addCallOptions, type CallOptions, required, usageOf } from '../call-options.ts'
import { pricedJson } from '../../json/charge-json.ts'
import { note, warn, writeJson, writeLines } from '../output.ts'
import { readCalls } from '../price-input.ts'
import { priceLines } from '../price-lines.ts'
import { describe, exitCodes } from '../report-error.ts'
import { type Session, withSession } from '../session.ts'

interface PriceOptions extends CallOptions {
  readonly jsonl?: true
  readonly strict?: true
}

const examples = `
Examples:
  purser price --provider openai --model gpt-4o --usage inputTokens=1000,outputTokens=200
  purser price --provider openai --model gpt-4o --usage inputTokens=1000 --service-tier batch --json
  purser price --provider openai --model dall-e-3 --usage images=1 --attribute size=1024x1024,quality=hd
  purser price --jsonl < calls.jsonl

With --jsonl each line is {"provider","model","usage"}, with "at" and "serviceTier" if you like, or a raw response as
{"provider","api","body"}. --provider, --model, --at, --service-tier, --speed and --region count for lines that leave
them out. Answers come in order, one for each line; a line that is empty or cannot be read is answered with
{"error":{…}}, and the exit code is then 2.`

export function definePrice(): Command {
  const command = addCallOptions(new Command('price').description('Prices usage by the catalog without booking it.'))
  return command
    .option('--jsonl', 'price each line of standard input')
    .option('--strict', 'exit with 3 when something has no price')
    .addHelpText('after', examples)
    .action(async (options: PriceOptions, self: Command) => withSession(self, (session) => run(session, options)))
}

async function run(session: Session, options: PriceOptions): Promise<void> {
  const catalog = await catalogInForce(session)
  const zone = session.config.timezone ?? 'UTC'
  if (options.jsonl === true) return priceLinesOfInput(catalog, zone, options)
  const { priced, warnings } = priceRecord(catalog, zone, {
    ...levelsOf(options),
    provider: required(options.provider, '--provider', 'openai'),
    model: required(options.model, '--model', 'gpt-4o'),
    usage: usageOf(options),
  })
  if (session.json) await writeJson(pricedJson(priced, warnings))
  else await show(priced, warnings)
  if (priced.status !== 'priced' && options.strict === true) process.exitCode = exitCodes.unpriced
}

function levelsOf({ at, serviceTier, speed, region }: PriceOptions): Partial<CallRecord> {
  return {
    ...(at !== undefined && { at }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(speed !== undefined && { speed }),
    ...(region !== undefined && { region }),
  }
}

async function show(priced: Priced, warnings: readonly UsageWarning[]): Promise<void> {
  if (priced.status === 'unpriced') return note(`unpriced: ${priced.message}`)
  await writeLines([
    formatUsdExact(priced.costNanos),
    ...priceLines(priced.lines),
    `  ${priced.card.source}, checked ${priced.card.checkedAt} (${priced.match})`,
  ])
  if (priced.status === 'partial') note(`partly priced: the card has no rate for ${priced.unratedMeters.join(', ')}.`)
  for (const { message } of warnings) warn(message)
}

/** The prices that booking would use: with those of the last update where there is a ledger that can be read. */
export async function catalogInForce(session: Session): Promise<Catalog> {
  try {
    if (session.hasLedger()) return (await session.open({ create: false, prices: true })).catalog
  } catch (error) {
    if (!(error instanceof PurserError) || !error.code.startsWith('PURSER_LEDGER_')) throw error
    warn(`Prices of updates are not in force, because the ledger cannot be opened. ${error.message}`)
  }
  const { loadShippedCatalog } = await import('../../pricing/load-shipped.ts')
  return loadShippedCatalog({ owner: (await session.config.ownerCards()).cards })
}

function priceRecord(catalog: Catalog, zone: string, record: CallRecord): { priced: Priced; warnings: readonly UsageWarning[] } {
  const request: PriceRequest & { warnings?: readonly UsageWarning[] } = parseRecord(record, zone, Date.now())
  const priced = priceUsage(catalog, request)
  return { priced, warnings: [...(request.warnings ?? []), ...ignoredAttributeWarnings(priced)] }
}

async function priceLinesOfInput(catalog: Catalog, zone: string, options: PriceOptions): Promise<void> {
  const { provider, model, usage, attribute } = options
  if (usage !== undefined || attribute !== undefined) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'With --jsonl each line has a usage of its own; leave out --usage and --attribute.')
  }
  const defaults = { ...levelsOf(options), ...(provider !== undefined && { provider }), ...(model !== undefined && { model }) }
  let bad = false
  let unpriced = false
  for await (const { line, read } of readCalls(defaults)) {
    const answer = answerLine(() => priceRecord(catalog, zone, read()), line)
    bad ||= 'error' in answer
    unpriced ||= answer['status'] !== 'priced'
    await writeJson(answer)
  }
  if (bad) process.exitCode = exitCodes.badInput
  else if (unpriced && options.strict === true) process.exitCode = exitCodes.unpriced
}

function answerLine(price: () => ReturnType<typeof priceRecord>, line: number): Record<string, unknown> {
  try {
    const { priced, warnings } = price()
    return pricedJson(priced, warnings)
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    return { error: { ...describe(error), line } }
  }
}
