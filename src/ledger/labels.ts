import { PurserError } from '../errors.ts'
import { meterNames } from '../usage/meters.ts'
import type { Labels } from './charge.ts'
import { looksLikeSecret } from './secrets.ts'

/** Labels with many values: indexed on the charge, with totals of their own. Every other label is a dimension. */
export const defaultSubjects = ['run', 'session', 'job', 'ticket', 'scene', 'video', 'experiment', 'artifact'] as const

/** Names that a question uses for something else, and that therefore cannot be label keys. */
export const reservedKeys: ReadonlySet<string> = new Set(
  [
    'id seq at bookedAt provider model modelAsked serviceTier tier speed region basis outcome meter status card match usage lines',
    'labels metadata attempt callId responseId hold batch corrects estimated warnings hour day week month quarter year period',
    'calls cost costUsd costNanos planUsd planNanos totalTokens cacheWriteTokens runs unpricedCalls estimatedCalls share',
    'planCalls partialCalls estimatedUsd costPerRunUsd tokensPerRun quantity',
    meterNames.join(' '),
  ].flatMap((names) => names.split(' ')),
)

export const maxLabels = 32
const maxValueLength = 256
const keyPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/
// A label must not break a line, a table or a terminal.
const controlCharacter = /\p{Cc}|\p{Cs}|\u2028|\u2029/u

const checked = new Map<string, Labels>()
const maxRemembered = 10_000

/**
 * Checks labels that come from outside. Gives a frozen copy, the same one for the same labels, so that what the caller
 * does with its object later changes nothing, and charges of one session share one object.
 * @throws PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
 */
export function parseLabels(input: Readonly<Record<string, unknown>>): Labels {
  let text = ''
  let count = 0
  // Valid keys and values have no control characters, so with their number no two sets of labels make one text.
  for (const key in input) {
    const value = input[key]
    if (typeof value !== 'string') checkLabel(key, value)
    text += `${key}\u0000${value as string}\u0001`
    count += 1
  }
  text += count
  const known = checked.get(text)
  if (known !== undefined) return known
  const entries = Object.entries(input)
  if (entries.length > maxLabels) {
    throw new PurserError('PURSER_BAD_LABEL', `${entries.length} labels are given; a charge takes at most ${maxLabels}.`)
  }
  for (const [key, value] of entries) checkLabel(key, value)
  const labels = Object.freeze(Object.fromEntries(entries)) as Labels
  if (checked.size >= maxRemembered) checked.clear()
  checked.set(text, labels)
  return labels
}

/**
 * All subjects of a ledger: the owner's beside those that every ledger has.
 * @throws PURSER_BAD_LABEL for a name that no label can have, and for `service`, which is a dimension.
 */
export function parseSubjects(own: readonly string[]): string[] {
  for (const key of own) {
    checkLabelKey(key)
    if (key === 'service') throw new PurserError('PURSER_BAD_LABEL', '"service" is a dimension and cannot be a subject.')
  }
  return [...new Set([...defaultSubjects, ...own])]
}

/** @throws PURSER_BAD_LABEL for a name that no label can have. */
export function checkLabelKey(key: string): void {
  if (!keyPattern.test(key)) {
    const shown = JSON.stringify(key.slice(0, 80))
    throw new PurserError(
      'PURSER_BAD_LABEL',
      `Label key ${shown} must be a letter followed by at most 63 letters, digits, "_", "." or "-".`,
    )
  }
  if (reservedKeys.has(key)) {
    throw new PurserError('PURSER_BAD_LABEL', `"${key}" is a reserved name and cannot be a label key. Choose another, like "my-${key}".`)
  }
}

function checkLabel(key: string, value: unknown): void {
  checkLabelKey(key)
  if (typeof value !== 'string' || value === '') {
    throw new PurserError('PURSER_BAD_LABEL', `Label "${key}" must be text that is not empty; leave the label out to say "none".`)
  }
  if (value.length > maxValueLength) {
    throw new PurserError('PURSER_BAD_LABEL', `Label "${key}" has ${value.length} characters; at most ${maxValueLength} are kept.`)
  }
  if (controlCharacter.test(value)) {
    throw new PurserError('PURSER_BAD_LABEL', `Label "${key}" contains a line break or another control character.`)
  }
  if (looksLikeSecret(value)) {
    throw new PurserError(
      'PURSER_SECRET_IN_LABEL',
      `The value of label "${key}" looks like an API key or token. Nothing was booked; use a name instead.`,
    )
  }
}

/** The value of a label; undefined where it is missing, also where every object has a member of its name. */
export function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

/** Dimensions and subjects of a set of labels. */
export function splitLabels(
  labels: Labels,
  subjects: ReadonlySet<string>,
): { dimensions: [string, string][]; subjects: [string, string][] } {
  const split: { dimensions: [string, string][]; subjects: [string, string][] } = { dimensions: [], subjects: [] }
  for (const key of Object.keys(labels).toSorted()) {
    const value = labels[key]
    if (value !== undefined) split[subjects.has(key) ? 'subjects' : 'dimensions'].push([key, value])
  }
  return split
}

/** Whether labels have all of some others, with the same values. */
export function carries(labels: Readonly<Record<string, unknown>>, others: Labels): boolean {
  return Object.entries(others).every(([key, value]) => labels[key] === value)
}
