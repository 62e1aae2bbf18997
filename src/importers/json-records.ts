import { PurserError } from '../errors.ts'
import type { ChargeInput, PartPlace } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { parseWeight } from '../ledger/parse-serves.ts'
import { nanos, type Nanos } from '../money/nanos.ts'
import { asFields, type Fields } from '../usage/readers/fields.ts'
import { isMeter } from '../usage/meters.ts'
import { numberTargets, type RecordDefaults, toCall, toNumber } from './record-mapping.ts'

/**
 * A call from a JSON object of a known shape: a charge that `purser export` wrote; an entry of a cost log with service
 * and cost, as media pipelines keep them by month or day; or a record in purser's own words.
 * @throws PURSER_BAD_RECORD and what else a call is refused for.
 */
export function toRecordedCall(object: Fields, defaults: RecordDefaults, nowMs: number): ChargeInput {
  const fields = withoutNull(object)
  if (fields['bookedAt'] !== undefined) return fromExport(fields, defaults, nowMs)
  if (typeof fields['service'] === 'string') return fromCostLog(fields, defaults, nowMs)
  const { timestamp, ...record } = fields
  return toCall({ ...(timestamp !== undefined && { at: timestamp }), ...record }, defaults, nowMs)
}

const exportedTexts = ['id', 'provider', 'model', 'modelAsked', 'serviceTier', 'speed', 'region', 'callId', 'stopReason', 'responseId']
const exportedOthers = ['at', 'basis', 'outcome', 'usage', 'labels', 'attempt', 'durationMs', 'maxOutputTokens', 'estimated', 'metadata']

/** A correction restates another charge; booked as a call it would count twice. */
export const correctionReason = 'correction of another charge (export without --corrections)'

/** A call from a row of the CSV that `purser export` writes: each column a field, a meter or a label. */
export function fromExportedRow(
  columns: readonly string[],
  record: readonly string[],
  defaults: RecordDefaults,
  nowMs: number,
): ChargeInput {
  const fields: Record<string, unknown> = {}
  const usage: Record<string, unknown> = {}
  const labels: Record<string, string> = {}
  for (const [index, column] of columns.entries()) {
    const text = record[index] ?? ''
    if (text === '') continue
    if (column === 'attributes') usage[column] = parseCell(column, text)
    else if (isMeter(column)) usage[column] = toNumber(text)
    else if (column.startsWith('label.')) labels[column.slice('label.'.length)] = text
    else if (column === 'metadata' || column === 'part') fields[column] = parseCell(column, text)
    else if (column === 'estimated') fields[column] = text === 'true'
    else fields[column] = numberTargets.has(column) ? toNumber(text) : text
  }
  return fromExport({ ...fields, usage, labels }, defaults, nowMs)
}

function parseCell(column: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new PurserError('PURSER_BAD_RECORD', `${column} is ${text.slice(0, 60)}; it must be a JSON object.`)
  }
}

/** What the other ledger knew of the call; its price is worked out anew, unless it was stated or reported. */
function fromExport(fields: Fields, defaults: RecordDefaults, nowMs: number): ChargeInput {
  const record = Object.fromEntries([...exportedTexts, ...exportedOthers].flatMap((name) => (name in fields ? [[name, fields[name]]] : [])))
  // A ledger may hold answered calls that used nothing; a record has to say so.
  const usage = { inputTokens: 0, ...(record['usage'] as object | undefined) }
  const part = exportedPart(fields['part'])
  const whole = part === undefined ? exportedCosts(fields) : { id: part.of, usage: wholeUsage(usage, part), ...exportedCosts(part) }
  const call = toCall({ ...record, usage, ...whole }, defaults, nowMs)
  return {
    ...call,
    ...(part !== undefined && { part: toPlace(part) }),
    ...(Array.isArray(fields['warnings']) && { warnings: fields['warnings'] as NonNullable<ChargeInput['warnings']> }),
  }
}

/** What an export says of a part of a call: enough to price the whole of it again, and to split it alike. */
function exportedPart(value: unknown): Fields | undefined {
  const part = typeof value === 'string' ? parseCell('part', value) : value
  if (part === undefined) return undefined
  const fields = asFields(part)
  if (fields !== undefined) return withoutNull(fields)
  throw new PurserError('PURSER_BAD_RECORD', `part is ${JSON.stringify(part)}; it must be an object.`)
}

function wholeUsage(usage: Fields, part: Fields): Fields {
  return { inputTokens: 0, ...asFields(part['usage']), ...('attributes' in usage && { attributes: usage['attributes'] }) }
}

function toPlace({ index, weights }: Fields): PartPlace {
  const count = Array.isArray(weights) ? weights.length : 0
  if (count === 0 || !Number.isSafeInteger(index) || Number(index) < 1 || Number(index) > count) {
    throw new PurserError('PURSER_BAD_RECORD', `part has index ${JSON.stringify(index)} and ${count} weights; it must be one of them.`)
  }
  return { index: Number(index), weights: (weights as unknown[]).map((weight, place) => parseWeight(weight, `part ${place + 1}`)) }
}

/** The costs of an exported charge that hold whatever the prices here: those that were stated or reported. */
function exportedCosts(fields: Fields): Pick<CallRecord, 'costUsd' | 'reportedCostUsd'> {
  const stated = toNanos(fields['statedNanos']) ?? (fields['status'] === 'stated' ? toNanos(fields['costNanos']) : undefined)
  const reported = toNanos(fields['reportedNanos'])
  return { ...(stated !== undefined && { costUsd: `${stated}e-9` }), ...(reported !== undefined && { reportedCostUsd: `${reported}e-9` }) }
}

function toNanos(value: unknown): Nanos | undefined {
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) {
    throw new PurserError('PURSER_BAD_NUMBER', `${JSON.stringify(value)} is no amount of nano-dollars; it must be whole-number text.`)
  }
  return nanos(BigInt(value))
}

/** Under which names cost logs keep what becomes a label. */
const labelFields = [
  ['operation', ['operation']],
  ['stage', ['stage']],
  ['job', ['job_id', 'job']],
  ['user', ['user_id', 'user']],
  ['video', ['video_id', 'video']],
] as const

/** Services that are known under the name of another provider in price catalogs. */
const providerOf: Readonly<Record<string, string>> = { gemini: 'google' }

/** An entry of a cost log: its cost is stated; tokens are usage where it has them. */
function fromCostLog(fields: Fields, defaults: RecordDefaults, nowMs: number): ChargeInput {
  const service = String(fields['service'])
  const metadata = asFields(fields['metadata']) ?? {}
  const first = (...names: readonly string[]): unknown => names.map((name) => fields[name]).find((value) => value !== undefined)
  const usage = { inputTokens: first('tokens_input', 'input_tokens') ?? 0, outputTokens: first('tokens_output', 'output_tokens') ?? 0 }
  const labels: Record<string, string> = { service }
  for (const [label, names] of labelFields) {
    const value = first(...names)
    if (value !== undefined && value !== '') labels[label] = String(value)
  }
  const id = first('id')
  const cost = first('cost', 'cost_usd')
  // Texts in the metadata may be parts of prompts, which a ledger never keeps.
  const numbers = Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => typeof value === 'number' || typeof value === 'boolean'),
  )
  return toCall(
    {
      ...(id !== undefined && { id: String(id) }),
      at: first('timestamp', 'at', 'date'),
      provider: providerOf[service.toLowerCase()] ?? service,
      model: first('model') ?? metadata['model'] ?? defaults.model ?? 'unknown',
      usage,
      labels,
      ...(cost !== undefined && { costUsd: cost }),
      ...(Object.keys(numbers).length > 0 && { metadata: numbers }),
    },
    defaults,
    nowMs,
  )
}

function withoutNull(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

/** The records of a JSON document: those of a list, or of the lists that an object holds, or the object itself. */
export function recordsOf(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document
  const lists = Object.values(asFields(document) ?? {}).filter(
    (value): value is unknown[] => Array.isArray(value) && asFields(value[0]) !== undefined,
  )
  return lists.length > 0 ? lists.flat() : [document]
}

/** The value at a path like `metadata.tokens`; a field whose own name has dots is found first. */
export function valueAt(object: Fields, path: string): unknown {
  if (Object.hasOwn(object, path)) return object[path]
  let value: unknown = object
  for (const name of path.split('.')) value = asFields(value)?.[name]
  return value
}
