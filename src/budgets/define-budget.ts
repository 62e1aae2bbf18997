import { PurserError } from '../errors.ts'
import type { Action, Level, Metric, Mode } from './budget.ts'
import { type InputPath, type InputPlace, inputPlace, pathText } from './input-place.ts'
import { type BudgetDefaults, type DefinedBudget, parseBudget } from './parse-budget.ts'
import { asSentence } from '../text/sentence.ts'

/** Dollars for cost, else a count: `5`, `"$5"`, `"200k"`; a bigint is in the metric's own unit, nanos for cost. */
type AmountInput = number | string | bigint

export interface ThresholdInput {
  /** Of the limit: 80 is four fifths. Either this or `threshold`. */
  readonly percent?: number | string | undefined
  /** The same as a share: 0.8. */
  readonly threshold?: number | string | undefined
  readonly level?: Level | undefined
  readonly message?: string | undefined
  readonly action?: Action | undefined
}

export interface TermsInput {
  readonly limit?: AmountInput | undefined
  readonly mode?: Mode | undefined
  readonly tolerance?: AmountInput | undefined
  readonly onLimit?: Action | undefined
  /** Percents of the limit, or one text with commas. Not for concurrency: places are held, and never spent. */
  readonly thresholds?: string | readonly (number | string | ThresholdInput)[] | undefined
}

export interface OverrideInput extends TermsInput {
  readonly match: Readonly<Record<string, string>>
}

/** A budget as it is written in code and on the command line; purser.yaml has the same keys in its own spelling. */
export interface BudgetInput extends TermsInput {
  /** `cost` unless said otherwise. */
  readonly metric?: Metric | undefined
  /** `day`, `month@15`, `24h` …; required but for concurrency. */
  readonly window?: string | undefined
  /** The ledger's zone unless said otherwise. */
  readonly timezone?: string | undefined
  readonly where?: string | readonly string[] | undefined
  readonly each?: string | readonly string[] | undefined
  readonly overrides?: Readonly<Record<string, AmountInput | TermsInput>> | readonly OverrideInput[] | undefined
  readonly increase?: { readonly by: AmountInput; readonly until: string } | null | undefined
  readonly countsPlan?: boolean | undefined
  readonly countsCacheReads?: boolean | undefined
  readonly ceiling?: AmountInput | null | undefined
  readonly learnBy?: string | readonly string[] | undefined
  readonly quantile?: number | string | undefined
}

/**
 * Checks a budget from the outside and fills in what it leaves out: metric cost, mode strict, the action that goes with
 * the mode, thresholds at 50, 80 and 95 % (none for concurrency), the ledger's zone.
 * @throws PURSER_BAD_ARGUMENT naming what is wrong and what to write
 * @example
 * defineBudget('team', { limit: 5, window: 'day', each: 'project' }, { origin: 'sdk', zone: 'UTC', weekStart: 1 }).budget
 */
export function defineBudget(name: string, input: BudgetInput, defaults: BudgetDefaults): DefinedBudget {
  return parseBudget(name, input, defaults, budgetPlace(name))
}

/** Where what is wrong with a budget from code is refused: by the path of its fields. @throws PURSER_BAD_ARGUMENT */
export function budgetPlace(name: string): InputPlace {
  return inputPlace((path: InputPath, predicate: string): never => {
    const subject = path.length === 0 ? `Budget "${name}"` : `"${pathText(path)}" of budget "${name}"`
    throw new PurserError('PURSER_BAD_ARGUMENT', asSentence(`${subject} ${predicate}`))
  })
}
