import { closest } from '../text/closest.ts'
import { type InputPlace, shown } from './input-place.ts'

/** The fields of a mapping whose keys are known. Null counts as absent, as where a line in a file has no value. */
export interface Fields<Key extends string> {
  readonly has: (key: Key) => boolean
  readonly value: (key: Key) => unknown
  readonly place: (key: Key) => InputPlace
}

/**
 * Reads a mapping and refuses keys it does not know, naming the nearest one. A key of several words is written as in
 * files, `on_limit`, or as in code, `onLimit`.
 */
export function readFields<Key extends string>(
  input: unknown,
  keys: readonly Key[],
  place: InputPlace,
  expected = 'a mapping of keys to values',
): Fields<Key> {
  if (!isMapping(input)) return place.refuse(`is ${shown(input)}; it must be ${expected}`)
  const found = new Map<Key, { readonly written: string; readonly value: unknown }>()
  for (const [written, value] of Object.entries(input)) {
    const key = keys.find((each) => each === written || toCamelCase(each) === written)
    if (key === undefined) {
      const nearest = closest(written, keys)
      const hint = nearest === undefined ? `known keys: ${keys.join(', ')}` : `did you mean "${nearest}"?`
      return place.in(written).refuse(`is not a key that purser knows; ${hint}`)
    }
    if (value === null || value === undefined) continue
    const before = found.get(key)
    if (before !== undefined) return place.in(written).refuse(`is given beside ${before.written}; keep one of the two`)
    found.set(key, { written, value })
  }
  return {
    has: (key) => found.has(key),
    value: (key) => found.get(key)?.value,
    place: (key) => place.in(found.get(key)?.written ?? key),
  }
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One of a list of words. */
export function readChoice<Word extends string>(value: unknown, words: readonly Word[], place: InputPlace): Word {
  if ((words as readonly unknown[]).includes(value)) return value as Word
  const nearest = typeof value === 'string' ? closest(value, words) : undefined
  return place.refuse(
    `is ${shown(value)}; it must be one of ${words.join(', ')}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  )
}

/** Yes or no; also as text, as it comes from a command line. */
export function readYesNo(value: unknown, place: InputPlace): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  return place.refuse(`is ${shown(value)}; it must be true or false`)
}

function toCamelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
