import { PurserError } from '../errors.ts'
import { parseDecimal, parseUsd } from '../money/nanos.ts'
import { closest } from '../text/closest.ts'
import { parseInstant } from '../time/calendar.ts'
import { readUsage } from '../usage/read-usage.ts'
import { parseUsage } from '../usage/usage.ts'
import { saysQuantities } from './says-quantities.ts'
import { bases, type ChargeInput, outcomes } from './charge.ts'
import { parseServes, type ServedRecord } from './parse-serves.ts'

/**
 * A call as a host writes it down. Either `usage` in purser's meters, or `api` and `body`: a raw provider response.
 * `at` is an ISO time or milliseconds since 1970; costs are dollars.
 */
export interface CallRecord extends Partial<Omit<ChargeInput, RecordedOtherwise>> {
  readonly provider: string
  readonly at?: string | number | Date
  readonly usage?: Readonly<Record<string, unknown>>
  /** Where the body comes from: `chat`, `responses`, `messages`, `generateContent`, … */
  readonly api?: string
  readonly body?: unknown
  /** What the owner says the call cost. */
  readonly costUsd?: string | number
  readonly reportedCostUsd?: string | number
  /** Those that the call serves, such as several tickets: each is charged its part, by weight. */
  readonly serves?: readonly ServedRecord[]
}

type RecordedOtherwise = 'at' | 'provider' | 'usage' | 'statedNanos' | 'reportedNanos' | 'warnings' | 'serves' | 'part'

const texts = [
  ...(['id', 'provider', 'model', 'modelAsked', 'api', 'serviceTier', 'speed', 'region', 'callId'] as const),
  ...(['stopReason', 'responseId', 'hold'] as const),
]
const counts = ['attempt', 'durationMs', 'maxOutputTokens'] as const
const others = [
  'at',
  'usage',
  'body',
  'labels',
  'basis',
  'outcome',
  'costUsd',
  'reportedCostUsd',
  'estimated',
  'metadata',
  'serves',
] as const
const known: ReadonlySet<string> = new Set([...texts, ...counts, ...others])

/**
 * Checks a record that comes from outside and reads its usage. A time without offset is of the zone given; without a
 * time the call was made now.
 * @throws PURSER_BAD_RECORD, PURSER_BAD_TIME, PURSER_BAD_NUMBER, PURSER_UNKNOWN_METER, PURSER_UNKNOWN_READER,
 * PURSER_UNREADABLE_USAGE
 */
export function parseRecord(record: CallRecord, zone: string, nowMs: number): ChargeInput {
  checkFields(record)
  const { api, body, usage, at, costUsd, reportedCostUsd, serves, labels = {}, ...plain } = record
  if (body !== undefined && usage !== undefined) {
    throw new PurserError('PURSER_BAD_RECORD', 'A record has either a usage or a body, not both.')
  }
  if (body === undefined && !saysQuantities(record) && costUsd === undefined && reportedCostUsd === undefined && isAnswered(record)) {
    throw new PurserError(
      'PURSER_BAD_RECORD',
      'The record has no usage, no body and no costUsd, so nobody knows what it cost. Give one of them.',
    )
  }
  const read = body === undefined ? undefined : fromBody(record)
  const model = read?.model ?? record.model
  if (model === undefined) throw new PurserError('PURSER_BAD_RECORD', 'The record names no model.')
  const asked = record.modelAsked ?? record.model
  return {
    ...plain,
    ...read,
    model,
    ...(asked !== undefined && asked !== model && { modelAsked: asked }),
    labels,
    at: at === undefined ? nowMs : at instanceof Date ? at.getTime() : parseInstant(at, zone),
    usage: read?.usage ?? parseUsage(usage ?? {}),
    ...(costUsd !== undefined && { statedNanos: parseCost('costUsd', costUsd) }),
    ...(reportedCostUsd !== undefined && { reportedNanos: parseCost('reportedCostUsd', reportedCostUsd) }),
    ...(serves !== undefined && { serves: parseServes(serves) }),
  }
}

/** A call that failed may have used nothing; one that was answered used something. */
function isAnswered({ outcome }: CallRecord): boolean {
  return outcome === undefined || outcome === 'ok'
}

type FromBody = Pick<ChargeInput, 'usage' | 'warnings'> & Partial<ChargeInput>

function fromBody({ provider, api, body }: CallRecord): FromBody {
  if (api === undefined) throw new PurserError('PURSER_BAD_RECORD', 'A record with a body must name the api it came from, like "chat".')
  const reading = readUsage({ provider, api, body })
  if (Object.keys(reading.usage).length === 0 && reading.warnings.length > 0 && reading.reportedCostUsd === undefined) {
    const [first] = reading.warnings
    throw new PurserError(
      'PURSER_UNREADABLE_USAGE',
      `The body holds no usage that "${provider}" "${api}" has (${first?.message}). Is it another api?`,
    )
  }
  return {
    ...(reading.model !== null && { model: reading.model }),
    usage: reading.usage,
    warnings: reading.warnings,
    ...(reading.serviceTier !== undefined && { serviceTier: reading.serviceTier }),
    ...(reading.speed !== undefined && { speed: reading.speed }),
    ...(reading.region !== undefined && { region: reading.region }),
    ...(reading.responseId !== undefined && { responseId: reading.responseId }),
    ...(reading.stopReason !== undefined && { stopReason: reading.stopReason }),
    ...(reading.reportedCostUsd !== undefined && { reportedNanos: parseUsd(reading.reportedCostUsd) }),
  }
}

function checkFields(record: CallRecord): void {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new PurserError('PURSER_BAD_RECORD', 'A record is an object like {"provider": "openai", "model": "gpt-4o", "usage": {…}}.')
  }
  for (const key of Object.keys(record)) {
    if (known.has(key)) continue
    const nearest = closest(key, known)
    throw new PurserError('PURSER_BAD_RECORD', `Unknown field "${key}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`)
  }
  if (record.provider === undefined) throw new PurserError('PURSER_BAD_RECORD', 'The record names no provider.')
  for (const field of texts) {
    const value: unknown = record[field]
    if (value !== undefined && (typeof value !== 'string' || value === '')) refuse(field, value, 'text that is not empty')
  }
  for (const field of counts) {
    const value: unknown = record[field]
    if (value !== undefined && !(Number.isSafeInteger(value) && Number(value) >= 0)) refuse(field, value, 'a whole number, 0 or more')
  }
  if (record.basis !== undefined && !bases.includes(record.basis)) refuse('basis', record.basis, bases.join(', '))
  if (record.outcome !== undefined && !outcomes.includes(record.outcome)) refuse('outcome', record.outcome, outcomes.join(', '))
  if (record.estimated !== undefined && typeof record.estimated !== 'boolean') refuse('estimated', record.estimated, 'true or false')
  checkObject('labels', record.labels)
  checkObject('metadata', record.metadata)
}

function checkObject(field: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) refuse(field, value, 'an object')
}

function parseCost(field: string, value: string | number): NonNullable<ChargeInput['statedNanos']> {
  const nanos = parseNamed(field, value)
  if (nanos === 0n && parseDecimal(value).digits !== 0n) {
    throw new PurserError(
      'PURSER_BAD_NUMBER',
      `${field} is ${value}, less than half a nano-dollar; the least that is booked is 0.000000001.`,
    )
  }
  if (nanos < 0n) throw new PurserError('PURSER_BAD_NUMBER', `${field} is ${value}; a cost is never negative.`)
  return nanos
}

function parseNamed(field: string, value: string | number): NonNullable<ChargeInput['statedNanos']> {
  try {
    return parseUsd(value)
  } catch (error) {
    throw error instanceof PurserError ? new PurserError(error.code, `${field}: ${error.message}`, { cause: error }) : error
  }
}

function refuse(field: string, value: unknown, expected: string): never {
  throw new PurserError('PURSER_BAD_RECORD', `${field} is ${JSON.stringify(value)}; it must be ${expected}.`)
}
