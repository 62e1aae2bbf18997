import { PurserError } from '../errors.ts'
import type { Basis, ChargeInput, Labels } from '../ledger/charge.ts'
import { parseLabels } from '../ledger/labels.ts'
import { type CallRecord, parseRecord } from '../ledger/parse-record.ts'
import { closest } from '../text/closest.ts'
import { checkInstant } from '../time/calendar.ts'
import { isMeter, meterNames, meters } from '../usage/meters.ts'
import type { ImportedCall } from './importer.ts'

/** Which column, or path in a JSON object, each field of a call comes from. */
export type Mapping = ReadonlyMap<string, string>

/** What the owner says of all calls in a source. */
export interface RecordDefaults {
  readonly provider?: string
  readonly model?: string
  readonly labels?: Labels
  readonly basis?: Basis
  /** The IANA zone of times without an offset. */
  readonly zone: string
}

const plainTargets = [
  ...(['at', 'id', 'provider', 'model', 'modelAsked', 'serviceTier', 'speed', 'region', 'basis', 'outcome', 'attempt', 'callId'] as const),
  ...(['durationMs', 'maxOutputTokens', 'stopReason', 'responseId', 'costUsd', 'reportedCostUsd'] as const),
]
export const numberTargets: ReadonlySet<string> = new Set(['attempt', 'durationMs', 'maxOutputTokens'])
const parts = /^(label|attribute|metadata)[:.](.+)$/

/**
 * Reads a mapping as people write it: `at=TIMESTAMP,inputTokens=ContextTokens,label:project=Team`. Targets are the
 * fields of a call, the meters, `label:KEY`, `attribute:NAME` and `metadata:KEY`; a `.` may stand for the `:`.
 * @throws PURSER_BAD_ARGUMENT naming the part and the nearest target.
 */
export function parseMapping(text: string): Mapping {
  const mapping = new Map<string, string>()
  for (const part of text.split(',')) {
    const [target = '', ...column] = part.split('=')
    if (column.length === 0 || target.trim() === '') {
      throw new PurserError('PURSER_BAD_ARGUMENT', `"${part}" in the mapping is not of the form target=COLUMN, like at=TIMESTAMP.`)
    }
    mapping.set(checkTarget(target.trim()), column.join('=').trim())
  }
  return mapping
}

/** The mapping of columns that are named like their targets. */
export function mappingByName(columns: readonly string[]): Mapping {
  return new Map(columns.filter(isTarget).map((column) => [column, column]))
}

export function isTarget(name: string): boolean {
  return (plainTargets as readonly string[]).includes(name) || isMeter(name) || parts.test(name)
}

function checkTarget(target: string): string {
  if (isTarget(target)) return target
  const nearest = closest(target, [...plainTargets, ...meterNames])
  throw new PurserError(
    'PURSER_BAD_ARGUMENT',
    `"${target}" in the mapping is nothing that a call has.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} ` +
      `Targets: ${plainTargets.join(', ')}, a meter like inputTokens, label:KEY, attribute:NAME, metadata:KEY.`,
  )
}

/**
 * A call from one row, by a mapping: `valueOf` gives the value of a column. Empty values count as absent.
 * @throws PURSER_BAD_RECORD, PURSER_BAD_NUMBER, PURSER_BAD_TIME, PURSER_BAD_LABEL and what else a call is refused for.
 */
export function toMappedCall(mapping: Mapping, valueOf: (column: string) => unknown, defaults: RecordDefaults, nowMs: number): ChargeInput {
  const record: Record<string, unknown> = {}
  const usage: Record<string, unknown> = {}
  const groups: Record<string, Record<string, unknown>> = { label: {}, attribute: {}, metadata: {} }
  for (const [target, column] of mapping) {
    const value = valueOf(column)
    if (value === undefined || value === null || value === '') continue
    const [, group, name] = parts.exec(target) ?? []
    if (group !== undefined && name !== undefined)
      Object.assign(groups[group] ?? {}, { [name]: group === 'metadata' ? value : String(value) })
    else if (isMeter(target)) usage[target] = meters[target].scale === 0 ? toWhole(value) : toNumber(value)
    else record[target] = numberTargets.has(target) ? toWhole(value) : target === 'at' || target.endsWith('Usd') ? value : String(value)
  }
  const { label, attribute = {}, metadata = {} } = groups
  if (Object.keys(attribute).length > 0) usage['attributes'] = attribute
  if (Object.keys(metadata).length > 0) record['metadata'] = metadata
  return toCall({ ...record, usage, labels: { ...label } }, defaults, nowMs)
}

/** A call from a record in purser's own words, with the owner's constants. */
export function toCall(record: Readonly<Record<string, unknown>>, defaults: RecordDefaults, nowMs: number): ChargeInput {
  if (record['at'] === undefined) throw new PurserError('PURSER_BAD_TIME', 'The record has no time.')
  const { provider, model, basis, labels, zone } = defaults
  const call = parseRecord(
    {
      ...(provider !== undefined && { provider }),
      ...(model !== undefined && record['body'] === undefined && { model }),
      ...(basis !== undefined && { basis }),
      ...record,
      labels: { ...(record['labels'] as Labels | undefined), ...labels },
    } as unknown as CallRecord,
    zone,
    nowMs,
  )
  parseLabels(call.labels)
  checkInstant(call.at, nowMs)
  return call
}

/** A call under the id that its record gives, else that of the provider's response, else the one for what it says. */
export function toImportedCall(charge: ChargeInput, contentId: string): ImportedCall {
  if (charge.id !== undefined) return { charge, onExisting: 'compare' }
  return { charge: charge.responseId === undefined ? { ...charge, id: contentId } : charge, onExisting: 'duplicate' }
}

/**
 * A count of whole things. "1.000" is a thousand to some and one to others, so that text with a point is left as it is,
 * for the checks to refuse; ".0" and ".00", as tables of fractions write whole numbers, can only be a fraction.
 */
function toWhole(value: unknown): unknown {
  if (typeof value !== 'string') return value
  return value.includes('.') && !/^\s*\d+\.0{1,2}\s*$/.test(value) ? value : toNumber(value)
}

export function toNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  return /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}

const reasons: Readonly<Record<string, string>> = {
  PURSER_BAD_TIME: 'bad time',
  PURSER_BAD_NUMBER: 'bad number',
  PURSER_AMOUNT_OUT_OF_RANGE: 'bad number',
  PURSER_UNKNOWN_METER: 'unknown usage key',
  PURSER_BAD_LABEL: 'bad label',
  PURSER_SECRET_IN_LABEL: 'secret in label',
  PURSER_BAD_RECORD: 'bad record',
  PURSER_BAD_METADATA: 'bad metadata',
  PURSER_UNREADABLE_USAGE: 'no usage in the response',
  PURSER_UNKNOWN_READER: 'unknown provider or api',
}

/** Why a record was refused, in few words; anything but a refusal is thrown on. */
export function refusalReason(error: unknown): string {
  const reason = error instanceof PurserError ? reasons[error.code] : undefined
  if (reason === undefined) throw error
  return reason
}
