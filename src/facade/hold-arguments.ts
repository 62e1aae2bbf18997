import { type Ending, endings } from '../budgets/endings.ts'
import type { HoldView } from '../budgets/hold-view.ts'
import { PurserError } from '../errors.ts'
import { bases, type Labels, type Served } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type { RequestSource } from '../usage/requests/call-request.ts'
import {
  anything,
  checkFields,
  checkValue,
  count,
  duration,
  type FieldKinds,
  flag,
  list,
  mapping,
  oneOf,
  text,
  texts,
} from './check-fields.ts'
import type { HoldRequest } from './hold-request.ts'

const requestKinds: FieldKinds<HoldRequest> = {
  id: text,
  labels: mapping,
  amount: mapping,
  expected: mapping,
  request: mapping,
  shrink: flag,
  provider: text,
  model: text,
  basis: oneOf(bases),
  // Its range is checked where it is used.
  ttlMs: { is: 'a number of milliseconds', holds: (value) => typeof value === 'number' },
  waitMs: duration,
}

const sourceKinds: FieldKinds<RequestSource> = {
  provider: text,
  api: text,
  body: anything,
  model: text,
  inputTokens: count,
  maxOutputTokens: count,
  fallbacks: list,
  serviceTiers: texts,
  regions: texts,
  quantities: mapping,
}

const aSource = '{ provider: "openai", api: "chat", body }'

/** @throws PURSER_BAD_ARGUMENT naming the field of a hold request that is wrong, and what is right */
export function checkHoldRequest(request: unknown): asserts request is HoldRequest {
  checkFields<HoldRequest>('a hold request', request, requestKinds, '{ amount: { cost: "0.10" }, labels: { project: "atlas" } }')
  const { request: source } = request
  if (source === undefined) return
  checkFields<RequestSource>('the request to bound', source, sourceKinds, aSource)
  for (const field of ['provider', 'api'] as const) {
    if (source[field] === undefined) {
      throw new PurserError('PURSER_BAD_ARGUMENT', `The request to bound names no ${field}; it must be an object like ${aSource}.`)
    }
  }
}

/** @throws PURSER_BAD_ARGUMENT */
export function checkHoldId(id: unknown): void {
  checkValue('The id of a hold', id, text)
}

/** What a held call came to, as it is handed over; its own fields are checked as those of any record. */
export type CallInput = Partial<CallRecord>

/** @throws PURSER_BAD_ARGUMENT where it is no record */
export function checkCall(call: unknown): asserts call is CallInput {
  checkValue('What the held call came to', call, { ...mapping, is: 'an object like { costUsd: "0.08" }' })
}

/**
 * The id of a charge that a settlement makes belongs to its hold alone, so that nobody else's call can stand in its place.
 * `hold`: the one that the record is of.
 * @throws PURSER_BAD_RECORD
 */
export function checkChargeId(id: unknown, hold: unknown): void {
  if (typeof id !== 'string' || !id.startsWith('hold:') || id === `hold:${String(hold)}`) return
  throw new PurserError('PURSER_BAD_RECORD', `"${id}" is the form of the id of a hold's own charge. Begin it with something else.`)
}

export interface SettleOptions {
  /** Whether the hold stays open with what is left. */
  readonly partial?: boolean
}

/** @throws PURSER_BAD_ARGUMENT */
export function checkSettleOptions(options: unknown): asserts options is SettleOptions {
  checkFields<SettleOptions>('the options of a settlement', options, { partial: flag }, '{ partial: true }')
}

/** @throws PURSER_BAD_ARGUMENT */
export function checkEnding(ending: unknown): asserts ending is Ending {
  checkValue('The ending of a held call', ending, oneOf(endings), endings)
}

/** @throws PURSER_BAD_ARGUMENT */
export function checkAnswer(answer: unknown): asserts answer is 'not-sent' | CallInput {
  const is = '"not-sent", or an object like { costUsd: "0.08" }'
  checkValue('What became of the hold', answer, { is, holds: (value) => value === 'not-sent' || mapping.holds(value) }, ['not-sent'])
}

/**
 * A settlement carries the labels of its hold, so a record of it that brings its own must bring those.
 * @throws PURSER_BAD_ARGUMENT naming the label that differs
 */
export function checkLabelsOfCall({ id, labels: held }: Pick<HoldView, 'id' | 'labels'>, labels: Labels): void {
  checkValue('"labels" of what the held call came to', labels, mapping)
  for (const [key, value] of Object.entries(labels)) {
    if (Object.hasOwn(held, key) && held[key] === value) continue
    const own = Object.hasOwn(held, key) ? `has ${key}=${held[key]}` : `has no label ${key}`
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `The hold "${id}" ${own}, and a settlement carries the labels of its hold: ${key}=${value} cannot be booked under it. Leave the label out; a part of the hold with more labels is made by split or record.`,
    )
  }
}

/**
 * The parts of a held call carry the labels of its hold, so that what they serve may only add to them.
 * @throws PURSER_BAD_ARGUMENT naming the label that differs
 */
export function checkServedLabels(hold: string, held: Labels | undefined, serves: readonly Served[] | undefined): void {
  for (const { labels } of serves ?? []) {
    for (const [key, value] of Object.entries(labels)) {
      if (held === undefined || !Object.hasOwn(held, key) || held[key] === value) continue
      throw new PurserError(
        'PURSER_BAD_ARGUMENT',
        `The hold "${hold}" has ${key}=${held[key]}, and the call serves ${key}=${value}. Make the hold without the label "${key}"; each part of the call then brings its own.`,
      )
    }
  }
}
