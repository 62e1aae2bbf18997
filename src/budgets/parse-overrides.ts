import type { Labels } from '../ledger/charge.ts'
import { parseLabels } from '../ledger/labels.ts'
import type { Metric, Override, Terms } from './budget.ts'
import { type InputPlace, shown } from './input-place.ts'
import { said } from './parse-scope.ts'
import { parseOverrideTerms, termKeys } from './parse-terms.ts'
import { isMapping, readFields } from './read-fields.ts'

/** What the overrides of a budget depend on. */
interface Overridden {
  readonly terms: Terms
  readonly metric: Metric
  readonly each: readonly string[]
}

const overrideKeys = [...termKeys, 'match'] as const

/**
 * Other terms for named values of the labels in `each`: a mapping of values to a limit or to terms (`atlas: 30`; with two
 * labels their values in that order, `"web,draft": { limit: 2 }`), or a list of terms with a `match` of labels to values.
 */
export function parseOverrides(value: unknown, budget: Overridden, place: InputPlace): Override[] {
  const { each } = budget
  if (each.length === 0) return place.refuse('need labels that the budget is kept apart by; name them in each, like [project]')
  const overrides = Array.isArray(value)
    ? value.map((entry: unknown, index) => listed(entry, budget, place.in(index)))
    : isMapping(value)
      ? Object.entries(value).map(([key, entry]) => named(key, entry, budget, place.in(key)))
      : place.refuse(`is ${shown(value)}; it must be a mapping of values of ${each.join(', ')} to limits, like atlas: 30`)
  const scopes = overrides.map(({ match }) => JSON.stringify(each.map((key) => match[key])))
  const twice = scopes.findIndex((scope, index) => scopes.indexOf(scope) !== index)
  return twice === -1 ? overrides : place.refuse(`names ${scopes[twice]} twice`)
}

function named(key: string, entry: unknown, budget: Overridden, place: InputPlace): Override {
  const { each } = budget
  const values = each.length === 1 ? [key] : key.split(',').map((value) => value.trim())
  if (values.length !== each.length) {
    return place.refuse(
      `names ${shown(key)}, and the budget is kept apart by ${each.join(' and ')}; give a value of each, separated by commas`,
    )
  }
  const match = Object.fromEntries(each.map((label, index) => [label, values[index]]))
  return toOverride(match, isMapping(entry) ? entry : { limit: entry }, budget, place, !isMapping(entry))
}

function listed(entry: unknown, budget: Overridden, place: InputPlace): Override {
  const fields = readFields(entry, overrideKeys, place)
  const match = fields.value('match')
  if (!isMapping(match)) return place.refuse(`must have a match of labels to values, like { ${budget.each[0]}: atlas }`)
  const stray = Object.keys(match).find((key) => !budget.each.includes(key))
  if (stray !== undefined) {
    return fields
      .place('match')
      .in(stray)
      .refuse(`is not a label that the budget is kept apart by; each has ${budget.each.join(', ')}`)
  }
  const missing = budget.each.find((key) => match[key] === undefined || match[key] === null)
  if (missing !== undefined) return fields.place('match').refuse(`must have a value of ${missing} too, by which the budget is kept apart`)
  const texts = Object.fromEntries(budget.each.map((key) => [key, typeof match[key] === 'number' ? String(match[key]) : match[key]]))
  return toOverride(texts, entry, budget, place, false)
}

/** `isLimit`: the entry is an amount alone, so what is wrong with its limit is wrong with the entry. */
function toOverride(
  match: Readonly<Record<string, unknown>>,
  entry: unknown,
  budget: Overridden,
  place: InputPlace,
  isLimit: boolean,
): Override {
  const labels: Labels = said(() => parseLabels(match), place)
  const pattern = Object.entries(labels).find(([, each]) => each.endsWith('*'))
  if (pattern !== undefined) {
    place.refuse(`is for ${pattern.join('=')}, and an override is for one value, not for all that begin alike; name each of them`)
  }
  const fields = readFields(entry, overrideKeys, place)
  const read = isLimit ? { ...fields, place: () => place } : fields
  return { match: labels, ...parseOverrideTerms(read, budget.terms, budget.metric, place) }
}
