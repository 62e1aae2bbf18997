import { capitalised } from '../text/sentence.ts'
import { isMapping } from '../budgets/read-fields.ts'
import { shown } from '../budgets/input-place.ts'
import { PurserError } from '../errors.ts'
import { closest } from '../text/closest.ts'

/** What one argument, or one field of it, may be. */
export interface Kind {
  /** Follows "it must be". */
  readonly is: string
  readonly holds: (value: unknown) => boolean
}

/** Text that is not empty. */
export const text: Kind = { is: 'text that is not empty', holds: (value) => typeof value === 'string' && value !== '' }
export const flag: Kind = { is: 'true or false', holds: (value) => typeof value === 'boolean' }
export const mapping: Kind = { is: 'an object', holds: isMapping }
export const handler: Kind = { is: 'a function', holds: (value) => typeof value === 'function' }
export const anything: Kind = { is: 'anything', holds: () => true }
export const texts: Kind = {
  is: 'a list of texts',
  holds: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
}
export const list: Kind = { is: 'a list', holds: Array.isArray }
/** Milliseconds to wait: none, or some. */
export const duration: Kind = {
  is: 'a number of milliseconds, 0 or more',
  holds: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
}
export const count: Kind = { is: 'a whole number, 0 or more', holds: (value) => Number.isSafeInteger(value) && Number(value) >= 0 }

export function oneOf(words: readonly string[]): Kind {
  return { is: `one of ${words.join(', ')}`, holds: (value) => typeof value === 'string' && words.includes(value) }
}

/** A kind for each field of an interface, so that a new field cannot be forgotten. */
export type FieldKinds<T> = { readonly [K in keyof Required<T>]: Kind }

/**
 * Checks an argument that is one value.
 * @throws PURSER_BAD_ARGUMENT naming it, and what it must be
 */
export function checkValue(name: string, value: unknown, kind: Kind, words: readonly string[] = []): void {
  if (kind.holds(value)) return
  const nearest = typeof value === 'string' && words.length > 0 ? closest(value, words) : undefined
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  throw new PurserError('PURSER_BAD_ARGUMENT', `${name} is ${shown(value)}; it must be ${kind.is}.${hint}`)
}

/**
 * Checks an argument that is an object: that it has no field but those of the interface, and that each is of its kind. A
 * field that is undefined counts as left out.
 * @throws PURSER_BAD_ARGUMENT naming the field, and what is right
 */
export function checkFields<T>(what: string, input: unknown, kinds: FieldKinds<T>, example: string): asserts input is T {
  if (!isMapping(input)) {
    const subject = capitalised(what)
    throw new PurserError('PURSER_BAD_ARGUMENT', `${subject} is ${shown(input)}; it must be an object like ${example}.`)
  }
  const known = kinds as Readonly<Record<string, Kind>>
  for (const field of Object.keys(input)) {
    const kind = Object.hasOwn(known, field) ? known[field] : undefined
    if (kind === undefined) throw unknownField(what, field, Object.keys(known))
    const value = input[field]
    if (value !== undefined && !kind.holds(value)) checkValue(`"${field}" of ${what}`, value, kind)
  }
}

function unknownField(what: string, field: string, known: readonly string[]): PurserError {
  const nearest = closest(field, known)
  const hint = nearest === undefined ? `It has ${known.join(', ')}.` : `Did you mean "${nearest}"?`
  return new PurserError('PURSER_BAD_ARGUMENT', `"${field}" is no field of ${what}. ${hint}`)
}
