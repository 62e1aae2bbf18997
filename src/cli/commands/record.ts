import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import type { Basis, Charge, Outcome } from '../../ledger/charge.ts'
import type { CallRecord } from '../../ledger/parse-record.ts'
import { formatUsdExact } from '../../money/format.ts'
import { printable } from '../../text/display-width.ts'
import { messageOf } from '../../text/sentence.ts'
import { addCallOptions, type CallOptions, collect, required, toNumber, usageOf, wholeNumber, wholePairs } from '../call-options.ts'
import { chargeJson } from '../charge-json.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { withoutByteOrderMark } from '../price-input.ts'
import { priceLines } from '../price-lines.ts'
import { exitCodes } from '../report-error.ts'
import { type Session, withSession } from '../session.ts'

interface RecordOptions extends CallOptions {
  readonly label?: readonly string[]
  readonly id?: string
  readonly cost?: string
  readonly outcome?: string
  readonly basis?: string
  readonly metadata?: string
  readonly api?: string
  readonly body?: string
  readonly modelAsked?: string
  readonly responseId?: string
  readonly callId?: string
  readonly attempt?: number
  readonly durationMs?: number
  readonly maxOutputTokens?: number
  readonly stopReason?: string
  readonly estimated?: true
  readonly explain?: true
  readonly strict?: true
}

const examples = `
Examples:
  purser record --provider openai --model gpt-4o --usage inputTokens=1000,outputTokens=200 --label project=atlas
  purser record --provider elevenlabs --model eleven_multilingual_v2 --usage characters=1200 --label video=v1 --label operation=voice
  purser record --provider acme --model upscaler --cost 0.05 --label project=atlas      a cost that you know
  purser record --provider openai --api chat --body response.json --label run=42        a raw response ("-": standard input)
  purser record --provider openai --model gpt-4o --usage inputTokens=900 --outcome error --metadata '{"retry":true}'

The same --id with the same call is booked once; with another call it is refused.`

export function defineRecord(): Command {
  const command = addCallOptions(new Command('record').description('Prices one call and books it under its labels.'))
  return command
    .option('--label <key=value>', 'a label; give it once for each', collect)
    .option('--id <id>', 'makes booking the same call again harmless')
    .option('--cost <usd>', 'what the call cost, where purser has no price')
    .option('--outcome <name>', 'ok, error, timeout, cut or aborted')
    .option('--basis <name>', 'metered, plan (covered by a subscription) or free')
    .option('--metadata <json>', 'a JSON object of at most 4 KB to keep with the charge')
    .option('--api <name>', 'with --body: the API that answered, like chat or messages')
    .option('--body <file>', 'the raw response, in place of --usage')
    .option('--model-asked <name>', 'the model asked for, where another served')
    .option('--response-id <id>', "the provider's id of the response")
    .option('--call-id <id>', 'what ties the attempts of one call together')
    .option('--attempt <number>', '1 for the first attempt', wholeNumber('--attempt', 1))
    .option('--duration-ms <ms>', 'how long the call took', wholeNumber('--duration-ms'))
    .option('--max-output-tokens <number>', 'the most output that the request allowed', wholeNumber('--max-output-tokens'))
    .option('--stop-reason <name>', 'why the answer ended')
    .option('--estimated', 'the usage is an estimate')
    .option('--explain', 'show how the cost is made up')
    .option('--strict', 'exit with 3 when the call has no price; it is booked all the same')
    .addHelpText('after', examples)
    .action(async (options: RecordOptions, self: Command) => withSession(self, (session) => run(session, options)))
}

async function run(session: Session, options: RecordOptions): Promise<void> {
  const record = toRecord(options)
  const purser = await session.open({ create: true, prices: true })
  const startedMs = Date.now()
  const charge = await purser.record(record)
  const isOld = charge.bookedAt < startedMs
  await answerOrSay(`The call is booked as ${charge.id}.`, () =>
    session.json
      ? writeJson({ ...chargeJson(charge), ...(isOld && { alreadyBooked: true }) })
      : show(charge, options.explain === true, isOld),
  )
  if (charge.status === 'unpriced' || charge.status === 'partial') {
    const priced = purser.price(charge as Parameters<typeof purser.price>[0])
    if (priced.status === 'unpriced') warn(`booked without a price. ${priced.message}`)
    else warn(`booked with a part of its price; there is no rate for ${charge.unratedMeters.join(', ')}.`)
    if (options.strict === true) process.exitCode = exitCodes.unpriced
  }
}

async function show(charge: Charge, explain: boolean, isOld: boolean): Promise<void> {
  const cost = charge.costNanos === null ? 'unpriced' : formatUsdExact(charge.costNanos)
  const how = charge.status === 'stated' || charge.status === 'reported' ? ` (${charge.status})` : ''
  await writeLines([
    `${printable(`${charge.provider}.${charge.model}`)} = ${cost}${how}`,
    ...(isOld ? [`  already booked as ${printable(charge.id)}; nothing was added`] : []),
    ...(explain ? priceLines(charge.lines) : []),
  ])
  if (explain && charge.card !== null) await writeLines([`  ${charge.card.source}, checked ${charge.card.checkedAt} (${charge.match})`])
  for (const { message } of charge.warnings) warn(`${message}`)
}

function toRecord(options: RecordOptions): CallRecord {
  const {
    usage: _usage,
    attribute: _attribute,
    label = [],
    cost,
    metadata,
    body,
    basis,
    outcome,
    explain: _explain,
    strict: _strict,
    ...plain
  } = options
  const provider = required(options.provider, '--provider', 'openai')
  if (body === undefined) required(options.model, '--model', 'gpt-4o')
  const own = {
    ...plain,
    provider,
    labels: Object.fromEntries(wholePairs('--label', label)),
    ...(cost !== undefined && { costUsd: toNumber(cost) }),
    ...(basis !== undefined && { basis: basis as Basis }),
    ...(outcome !== undefined && { outcome: outcome as Outcome }),
    ...(metadata !== undefined && { metadata: parseJson('--metadata', metadata) as Record<string, unknown> }),
    ...(body === undefined ? { usage: usageOf(options) } : { body: parseJson('--body', readBody(body)) }),
  }
  return withoutGlobals(own)
}

/** The call's own fields; options of the program itself stand among them. */
function withoutGlobals<T extends CallRecord>(own: T): CallRecord {
  const { db: _db, config: _config, json: _json, color: _color, ...record } = own as T & Record<'db' | 'config' | 'json' | 'color', unknown>
  return record as unknown as CallRecord
}

function readBody(path: string): string {
  try {
    return withoutByteOrderMark(readFileSync(path === '-' ? 0 : path, 'utf8'))
  } catch (cause) {
    throw new PurserError('PURSER_NOT_FOUND', `${path} cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

function parseJson(option: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `${option} is not JSON: ${messageOf(cause)}.`, { cause })
  }
}
