import { type Budget, type Metric, metrics, type Mode, type Override, type Terms } from '../budgets/budget.ts'
import { formatWindow } from '../budgets/amount-text.ts'
import type { BudgetInput, OverrideInput, TermsInput } from '../budgets/define-budget.ts'
import type { InputPlace } from '../budgets/input-place.ts'
import { type BudgetDefaults, type DefinedBudget, parseBudget } from '../budgets/parse-budget.ts'
import { readChoice } from '../budgets/read-fields.ts'
import { weekdays } from '../time/weekdays.ts'

type Plain =
  | 'metric'
  | 'limit'
  | 'mode'
  | 'tolerance'
  | 'onLimit'
  | 'thresholds'
  | 'window'
  | 'timezone'
  | 'countsPlan'
  | 'countsCacheReads'
  | 'quantile'

/** What is to change of a budget. What is left out stays as it is; null takes it away. */
export interface BudgetAmendment extends Pick<BudgetInput, Plain> {
  readonly where?: BudgetInput['where'] | null
  readonly each?: BudgetInput['each'] | null
  readonly ceiling?: BudgetInput['ceiling']
  readonly learnBy?: BudgetInput['learnBy'] | null
  readonly increase?: BudgetInput['increase']
  /** Those that are named are put in place of the ones before; a limit of null takes one away, and null all of them. */
  readonly overrides?: readonly OverrideAmendment[] | null
}

export interface OverrideAmendment extends Omit<OverrideInput, 'limit'> {
  readonly limit?: OverrideInput['limit'] | null
}

/**
 * A budget after a change: of one that exists, what the change leaves out stays, and what goes with the mode or the
 * metric follows them. Without one before it, the change is the budget. What cannot be is refused at `place`, under the
 * names of the fields of `BudgetInput`; so is an increase that has ended at `nowMs`.
 */
export function amendBudget(
  name: string,
  change: BudgetAmendment,
  before: Budget | undefined,
  { defaults, place, nowMs }: { readonly defaults: BudgetDefaults; readonly place: InputPlace; readonly nowMs: number },
): DefinedBudget {
  const defined = parseBudget(name, inputOf(change, before, place), defaults, place)
  const { increase } = defined.budget
  if (change.increase != null && increase !== null && increase.until <= nowMs) {
    place.in('increase', 'until').refuse(`is ${change.increase.until}, which has passed; the increase would raise nothing`)
  }
  // A filter is kept as it is, because not every one can be written as one text.
  if (before === undefined || change.where !== undefined) return defined
  return { ...defined, budget: { ...defined.budget, where: before.where } }
}

function inputOf(change: BudgetAmendment, before: Budget | undefined, place: InputPlace): Record<string, unknown> {
  const { overrides: named, ...others } = change
  // What is undefined is left out.
  const fields = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined))
  if (change.metric !== undefined) readChoice(change.metric, metrics, place.in('metric'))
  const isOtherUnit = before !== undefined && change.metric !== undefined && change.metric !== before.metric
  if (isOtherUnit && change.limit === undefined) {
    place
      .in('limit')
      .refuse(`must be given too: budget "${before.name}" limits ${before.metric}, and an amount of ${change.metric} is another`)
  }
  checkOverrides(change, before, place)
  const mode = modeOf(change, before)
  const overrides = named === null ? [] : overridesOf(named ?? [], isOtherUnit ? undefined : before, mode)
  const isAdaptive = mode === 'adaptive' || overrides.some((override) => override.mode === 'adaptive')
  return {
    ...(before !== undefined && keptInput(before, mode, change)),
    ...(isAdaptive && before !== undefined && { learnBy: before.learnBy, quantile: before.quantile }),
    ...(mode !== undefined && before !== undefined && { mode }),
    ...fields,
    ...(overrides.length > 0 && { overrides }),
  }
}

/** Overrides name values of the labels that a budget is kept apart by, so they do not outlive those. */
function checkOverrides({ each, overrides }: BudgetAmendment, before: Budget | undefined, place: InputPlace): void {
  if (before === undefined || each === undefined || overrides !== undefined || before.overrides.length === 0) return
  const labels = typeof each === 'string' ? each.split(',').map((key) => key.trim()) : (each ?? [])
  if (before.each.every((key) => labels.includes(key)) && labels.length === before.each.length) return
  place.refuse(`has overrides for values of ${before.each.join(', ')}; with other labels give new ones, or take them away`)
}

/** A budget that is told to warn is soft, and a soft one that is told to block is hard. */
function modeOf({ mode, onLimit }: BudgetAmendment, before: Budget | undefined): Mode | undefined {
  if (mode !== undefined || before === undefined || onLimit === undefined) return mode ?? before?.mode
  if (onLimit === 'warn') return 'soft'
  return before.mode === 'soft' ? 'strict' : before.mode
}

/** A budget as an input, for what a change leaves out. The action stays where it goes with the mode. */
function keptInput(budget: Budget, mode: Mode | undefined, change: BudgetAmendment): BudgetInput {
  const { limit, thresholds, zone, increase, ceiling } = budget
  const metric: Metric = change.metric ?? budget.metric
  const isSameKind = (mode === 'soft') === (budget.mode === 'soft')
  return {
    metric,
    // What places have no use for is not kept, whether another metric had it or a ledger has it of them.
    ...(metric !== 'concurrency' && budget.metric !== 'concurrency' && { thresholds }),
    timezone: zone,
    each: keptEach(budget, change),
    countsPlan: budget.countsPlan,
    ...(metric !== 'concurrency' && budget.metric !== 'concurrency' && { window: windowText(budget) }),
    ...(isSameKind && { onLimit: budget.onLimit }),
    ...(metric === 'tokens' && { countsCacheReads: budget.countsCacheReads }),
    ...(metric === budget.metric && {
      limit,
      ceiling,
      ...(mode === 'adaptive' && budget.mode === 'adaptive' && { tolerance: budget.tolerance }),
      increase: increase && { by: increase.by, until: new Date(increase.until).toISOString() },
    }),
  }
}

/** A budget of the window run is kept apart by run for that reason alone. */
function keptEach({ each, window }: Budget, change: BudgetAmendment): readonly string[] {
  const leavesRun = window.kind === 'run' && change.window !== undefined && change.window !== 'run'
  return leavesRun ? each.filter((key) => key !== 'run') : each
}

/** With the day on which a week begins, whatever the configuration says now. */
function windowText({ window }: Budget): string {
  return window.kind === 'week' ? `week@${weekdays[window.startsOn - 1]}` : formatWindow(window)
}

function overridesOf(named: readonly OverrideAmendment[], before: Budget | undefined, mode: Mode | undefined): OverrideInput[] {
  const isNamed = ({ match }: Override): boolean => named.some((each) => scopeText(each.match) === scopeText(match))
  const kept = (before?.overrides ?? []).filter((each) => !isNamed(each)).map((each) => keptOverride(each, before?.mode, mode))
  return [...kept, ...named.flatMap(({ limit, ...terms }) => (limit === null ? [] : [{ ...terms, ...(limit !== undefined && { limit }) }]))]
}

function keptOverride({ match, ...terms }: Override, before: Mode | undefined, mode: Mode | undefined): OverrideInput {
  const { tolerance, ...others }: Partial<Terms> = terms
  const keepsTolerance = tolerance !== undefined && (terms.mode ?? mode ?? before) === 'adaptive'
  return { match, ...(others as TermsInput), ...(keepsTolerance && { tolerance }) }
}

function scopeText(match: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(match).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
