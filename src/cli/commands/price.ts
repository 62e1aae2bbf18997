import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import { parseRecord } from '../../ledger/parse-record.ts'
import type { CallRecord } from '../../ledger/parse-record.ts'
import { formatUsdExact } from '../../money/format.ts'
import type { Catalog } from '../../pricing/catalog.ts'
import { priceUsage } from '../../pricing/price-usage.ts'
import type { Priced, PriceRequest } from '../../pricing/priced.ts'
import type { UsageWarning } from '../../usage/usage.ts'
import { addCallOptions, type CallOptions, required, usageOf } from '../call-options.ts'
import { pricedJson } from '../charge-json.ts'
import { note, write, writeJson, writeLines } from '../output.ts'
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
{"provider","api","body"}. Answers come in order, one a line; a line that cannot be read is answered with
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
  if (options.jsonl === true) return priceLinesOfInput(catalog, zone, options.strict === true)
  const { at, serviceTier, speed, region } = options
  const { priced, warnings } = priceRecord(catalog, zone, {
    provider: required(options.provider, '--provider', 'openai'),
    model: required(options.model, '--model', 'gpt-4o'),
    usage: usageOf(options),
    ...(at !== undefined && { at }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(speed !== undefined && { speed }),
    ...(region !== undefined && { region }),
  })
  if (session.json) await writeJson(pricedJson(priced, warnings))
  else await show(priced)
  if (priced.status !== 'priced' && options.strict === true) process.exitCode = exitCodes.unpriced
}

async function show(priced: Priced): Promise<void> {
  if (priced.status === 'unpriced') return note(`unpriced: ${priced.message}`)
  await writeLines([
    formatUsdExact(priced.costNanos),
    ...priceLines(priced.lines),
    `  ${priced.card.source}, checked ${priced.card.checkedAt} (${priced.match})`,
  ])
  if (priced.status === 'partial') note(`partly priced: the card has no rate for ${priced.unratedMeters.join(', ')}.`)
}

/** The prices that booking would use: with those of the last update where there is a ledger. */
export async function catalogInForce(session: Session): Promise<Catalog> {
  if (session.hasLedger()) return (await session.open({ create: false, prices: true })).catalog
  const { loadShippedCatalog } = await import('../../pricing/load-shipped.ts')
  return loadShippedCatalog({ owner: (await session.config.ownerCards()).cards })
}

function priceRecord(catalog: Catalog, zone: string, record: CallRecord): { priced: Priced; warnings: readonly UsageWarning[] } {
  const request: PriceRequest & { warnings?: readonly UsageWarning[] } = parseRecord(record, zone, Date.now())
  return { priced: priceUsage(catalog, request), warnings: request.warnings ?? [] }
}

async function priceLinesOfInput(catalog: Catalog, zone: string, strict: boolean): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })
  let number = 0
  let bad = false
  let unpriced = false
  for await (const line of lines) {
    number += 1
    if (line.trim() === '') continue
    try {
      const { priced, warnings } = priceRecord(catalog, zone, parseLine(line))
      unpriced ||= priced.status !== 'priced'
      await write(`${JSON.stringify(pricedJson(priced, warnings))}\n`)
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
      bad = true
      await write(`${JSON.stringify({ error: { ...describe(error), line: number } })}\n`)
    }
  }
  if (bad) process.exitCode = 2
  else if (unpriced && strict) process.exitCode = exitCodes.unpriced
}

function parseLine(line: string): CallRecord {
  try {
    return JSON.parse(line) as CallRecord
  } catch (cause) {
    throw new PurserError('PURSER_BAD_RECORD', `The line is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    })
  }
}
