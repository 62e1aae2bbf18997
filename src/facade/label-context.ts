import { AsyncLocalStorage } from 'node:async_hooks'
import { isMapping } from '../budgets/read-fields.ts'
import type { Labels, Served } from '../ledger/charge.ts'
import { parseLabels } from '../ledger/labels.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { parseServes, type ServedRecord } from '../ledger/parse-serves.ts'
import { checkValue, handler, mapping } from './check-fields.ts'

// Two copies of the package in one process share the context, so that labels reach calls through either.
const contextKey = Symbol.for('purser.labels')
const servesKey = Symbol.for('purser.serves')
const holder = globalThis as { [contextKey]?: AsyncLocalStorage<Labels>; [servesKey]?: AsyncLocalStorage<readonly Served[]> }
const context = (holder[contextKey] ??= new AsyncLocalStorage())
const serving = (holder[servesKey] ??= new AsyncLocalStorage())

/**
 * Runs a function in which every call, hold and record carries labels, through all that it awaits. Inner labels are added
 * to outer ones and win over them.
 * @throws PURSER_BAD_ARGUMENT, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
 */
export function withLabels<T>(labels: Readonly<Record<string, string>>, fn: () => T): T {
  checkValue('The labels of withLabels', labels, { ...mapping, is: 'an object like { project: "atlas" }' })
  checkValue('What runs with labels', fn, handler)
  return context.run(parseLabels({ ...context.getStore(), ...labels }), fn)
}

/**
 * Runs a function in which every call and record serves several, and is split among them by weight, through all that it
 * awaits. An inner list takes the place of an outer one.
 * @throws PURSER_BAD_ARGUMENT, PURSER_BAD_RECORD, PURSER_BAD_NUMBER, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
 */
export function withServes<T>(serves: readonly ServedRecord[], fn: () => T): T {
  checkValue('What runs for several', fn, handler)
  return serving.run(parseServes(serves), fn)
}

/** Runs a function with these labels and no others. */
export function withOnly<T>(labels: Labels, fn: () => T): T {
  return context.run(labels, fn)
}

/** For whom the code that runs now works, where that is said. */
export function contextServes(): readonly Served[] | undefined {
  return serving.getStore()
}

/** The labels of the code that runs now; undefined where it has none. */
export function contextLabels(): Labels | undefined {
  return context.getStore()
}

/** What is given, with the labels of the code that runs now added to its own, which win over them. */
export function inContext<T extends { readonly labels?: Readonly<Record<string, string>> }>(given: T): T {
  const around = context.getStore()
  // What is no object at all is refused where it is checked.
  if (around === undefined || !isMapping(given) || (given.labels !== undefined && !isMapping(given.labels))) return given
  return { ...given, labels: given.labels === undefined ? around : { ...around, ...given.labels } }
}

/** A record with the labels of the code that runs now, and split among those for whom it works unless it says itself. */
export function recordInContext(record: CallRecord): CallRecord {
  const serves = serving.getStore()
  const labelled = inContext(record)
  return serves === undefined || !isMapping(record) || record.serves !== undefined ? labelled : { ...labelled, serves }
}
