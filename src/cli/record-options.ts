import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { toDecimal } from '../budgets/parse-amount.ts'
import { PurserError } from '../errors.ts'
import type { Basis, Outcome } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { messageOf } from '../text/sentence.ts'
import { addCallOptions, type CallOptions, usageOf, wholeNumber } from './call-options.ts'
import { withoutByteOrderMark } from './price-input.ts'

/** Options that describe a call that was made, shared by `record`, `hold settle`, `hold end` and `hold resolve`. */
export interface RecordOptions extends CallOptions {
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
  readonly serves?: string
}

export function addRecordOptions(command: Command): Command {
  return addCallOptions(command)
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
    .option('--serves <json>', 'those that the call serves, charged by weight: [{"labels":{"ticket":"T-1"},"weight":2},…]')
}

/** Whether the options tell what a call came to. */
export function saysCost({ cost, usage, body }: RecordOptions): boolean {
  return cost !== undefined || usage !== undefined || body !== undefined
}

const plainFields = [
  ...(['id', 'provider', 'model', 'modelAsked', 'api', 'at', 'serviceTier', 'speed', 'region', 'responseId', 'callId'] as const),
  ...(['attempt', 'durationMs', 'maxOutputTokens', 'stopReason', 'estimated'] as const),
]

/** The call that the options describe, without labels. @throws PURSER_BAD_ARGUMENT, PURSER_NOT_FOUND for the body's file */
export function callOf(options: RecordOptions): Partial<CallRecord> {
  const { usage, attribute, cost, metadata, body, basis, outcome, serves } = options
  const plain = Object.fromEntries(plainFields.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])))
  const hasUsage = usage !== undefined || attribute !== undefined
  return {
    ...plain,
    ...(cost !== undefined && { costUsd: costOption(cost) }),
    ...(basis !== undefined && { basis: basis as Basis }),
    ...(outcome !== undefined && { outcome: outcome as Outcome }),
    ...(metadata !== undefined && { metadata: parseJson('--metadata', metadata) as Record<string, unknown> }),
    ...(serves !== undefined && { serves: parseJson('--serves', serves) as NonNullable<CallRecord['serves']> }),
    ...(hasUsage && body === undefined && { usage: usageOf(options) }),
    ...(body !== undefined && { body: readJson('--body', body) }),
  }
}

/** Dollars as people write them, `0.05` or `$0.05`, to the last digit. @throws PURSER_BAD_NUMBER */
function costOption(text: string): string {
  const dollars = text
    .trim()
    .replace(/^\$\s*/, '')
    .replace(/\s*USD$/i, '')
  const decimal = toDecimal(dollars)
  if (decimal === undefined) throw new PurserError('PURSER_BAD_NUMBER', `--cost is "${text}"; it must be dollars, like 0.05 or $0.05.`)
  if (decimal.digits < 0n) throw new PurserError('PURSER_BAD_NUMBER', `--cost is ${text}; a cost is never negative.`)
  return dollars
}

/** The JSON in a file that an option names; "-" is standard input. @throws PURSER_BAD_ARGUMENT, PURSER_NOT_FOUND */
export function readJson(option: string, path: string): unknown {
  return parseJson(option, readText(path))
}

function readText(path: string): string {
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
