import { PurserError } from '../errors.ts'
import { type Filter, parseFilter } from '../ledger/cost-query.ts'
import { checkLabelKey } from '../ledger/labels.ts'
import { skuFields } from '../ledger/sku.ts'
import { messageOf } from '../text/sentence.ts'
import { type InputPlace, shown } from './input-place.ts'

/**
 * The filters of a scope: one text or a list of them, in the grammar of `purser costs --where`. Labels only, because
 * they are all that is known of a call before it is made.
 */
export function parseWhere(value: unknown, place: InputPlace): Filter[] {
  const texts = typeof value === 'string' ? [value] : value
  if (!Array.isArray(texts)) return place.refuse(`is ${shown(value)}; it must be a filter like project=atlas, or a list of them`)
  return texts.map((text: unknown, index) => parseLabelFilter(text, typeof value === 'string' ? place : place.in(index)))
}

function parseLabelFilter(text: unknown, place: InputPlace): Filter {
  if (typeof text !== 'string') return place.refuse(`is ${shown(text)}; it must be a filter like project=atlas`)
  const filter = said(() => parseFilter(text), place)
  checkKey(filter.field, place)
  if (filter.values.includes('')) return place.refuse(`is ${shown(text)}, with an empty value; a label is never empty`)
  return filter
}

/** The labels that a budget is kept apart by: a list, or one text with commas. */
export function parseEach(value: unknown, place: InputPlace): string[] {
  const keys = typeof value === 'string' ? value.split(',').map((key) => key.trim()) : value
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    return place.refuse(`is ${shown(value)}; it must be a label or a list of labels, like [project]`)
  }
  for (const key of keys) checkKey(key, place)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  return twice === undefined ? keys : place.refuse(`names ${shown(twice)} twice`)
}

const knownLater: ReadonlySet<string> = new Set([...skuFields, 'modelAsked', 'tier', 'meter'])

function checkKey(key: string, place: InputPlace): void {
  if (knownLater.has(key)) {
    place.refuse(
      `asks for ${key}, and a budget goes by labels alone: what serves a call and how it ends is known only afterwards. Set a label of your own, like my-${key}`,
    )
  }
  said(() => checkLabelKey(key), place)
}

/** Does what throws an error of ours, and refuses the value with its message. */
export function said<T>(work: () => T, place: InputPlace): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof PurserError) return place.refuse(`cannot be: ${messageOf(error)}`)
    throw error
  }
}
