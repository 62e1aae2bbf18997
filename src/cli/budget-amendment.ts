import type { BudgetInput } from '../budgets/define-budget.ts'
import { type InputPath, type InputPlace, inputPlace } from '../budgets/input-place.ts'
import { PurserError } from '../errors.ts'
import type { BudgetAmendment, OverrideAmendment } from '../facade/amend-budget.ts'
import { fieldWords } from './budget-change-view.ts'
import { asSentence } from '../text/sentence.ts'

/** What the options of `budgets set` say; what is not given is undefined, and `false` takes something away. */
export interface SetOptions {
  readonly metric?: string
  readonly limit?: string
  readonly window?: string
  readonly timezone?: string
  readonly mode?: string
  readonly tolerance?: string
  readonly onLimit?: string
  readonly thresholds?: string
  readonly where?: readonly string[] | false
  readonly each?: string | false
  readonly override?: readonly string[] | false
  readonly increaseBy?: string
  readonly until?: string
  /** True unless `--no-increase` is given. */
  readonly increase?: boolean
  readonly countsPlan?: boolean
  readonly countCacheReads?: boolean
  readonly ceiling?: string | false
  readonly learnBy?: string | false
  readonly quantile?: string
}

const plain = ['metric', 'limit', 'window', 'timezone', 'mode', 'tolerance', 'onLimit', 'thresholds', 'countsPlan', 'quantile'] as const
const removable = ['where', 'each', 'ceiling', 'learnBy'] as const

/** What the options change of a budget. @throws PURSER_BAD_ARGUMENT for what is no override, or half an increase */
export function amendmentOf(options: SetOptions): BudgetAmendment {
  const { countCacheReads, override } = options
  const given = (keys: readonly (keyof SetOptions)[]): [string, unknown][] =>
    keys.flatMap((key): [string, unknown][] => (options[key] === undefined ? [] : [[key, options[key]]]))
  return {
    ...Object.fromEntries(given(plain)),
    ...Object.fromEntries(given(removable).map(([key, value]) => [key, value === false ? null : value])),
    ...(countCacheReads !== undefined && { countsCacheReads: countCacheReads }),
    ...(override !== undefined && { overrides: override === false ? null : override.map(parseOverride) }),
    ...increaseOf(options),
  }
}

function increaseOf({ increaseBy, until, increase }: SetOptions): Pick<BudgetInput, 'increase'> {
  if (increase === false) {
    const other = increaseBy === undefined ? '--until' : '--increase-by'
    if (increaseBy !== undefined || until !== undefined)
      throw badArgument(`--no-increase ends an increase and ${other} makes one; give one of the two.`)
    return { increase: null }
  }
  if (increaseBy === undefined && until === undefined) return {}
  if (increaseBy === undefined) throw badArgument('--until needs --increase-by, an amount like 10.')
  if (until === undefined) throw badArgument('--increase-by needs --until, the last day of the increase, like 2026-12-01.')
  return { increase: { by: increaseBy, until } }
}

/** `project=atlas:30`, with several labels `project=atlas,stage=draft:30`; what follows the last colon is the limit. */
function parseOverride(text: string): OverrideAmendment {
  const place = text.lastIndexOf(':')
  const pairs = text.slice(0, Math.max(0, place)).split(',').map(toPair)
  if (place < 1 || place === text.length - 1 || pairs.includes(undefined)) {
    throw badArgument(`--override is "${text}"; write the labels and their limit, like project=atlas:30 or project=atlas,stage=draft:30.`)
  }
  const limit = text.slice(place + 1)
  return { match: Object.fromEntries(pairs as [string, string][]), limit: limit === 'none' ? null : limit }
}

function toPair(text: string): [string, string] | undefined {
  const place = text.indexOf('=')
  return place < 1 ? undefined : [text.slice(0, place).trim(), text.slice(place + 1)]
}

function badArgument(message: string): PurserError {
  return new PurserError('PURSER_BAD_ARGUMENT', message)
}

/** Names what is refused by the option that gave it, or where it was so before, by what it is. */
export function optionPlace(name: string, change: BudgetAmendment): InputPlace {
  return inputPlace((path, predicate) => {
    throw badArgument(asSentence(`${subjectOf(path, name, change)} ${predicate}`))
  })
}

const options: Readonly<Record<string, string>> = {
  onLimit: '--on-limit',
  overrides: '--override',
  'increase.by': '--increase-by',
  'increase.until': '--until',
  countsPlan: '--counts-plan',
  countsCacheReads: '--count-cache-reads',
  learnBy: '--learn-by',
}

function subjectOf([field, part]: InputPath, name: string, change: BudgetAmendment): string {
  if (field === undefined) return `Budget "${name}"`
  const key = String(field)
  // A limit that is missing is asked for by its option.
  if (!(key in change) && key !== 'limit') return `"${fieldWords(key)}" of budget "${name}"`
  return options[`${key}.${part}`] ?? options[key] ?? `--${key}`
}
