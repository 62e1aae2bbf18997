import type { Budget, Metric, Mode, Override, Terms } from '../budgets/budget.ts'
import { formatWindow } from '../budgets/amount-text.ts'
import type { BudgetInput, OverrideInput, TermsInput } from '../budgets/define-budget.ts'
import { PurserError } from '../errors.ts'
import { weekdays } from '../time/weekdays.ts'

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
  readonly increase?: false
  readonly countsPlan?: boolean
  readonly countCacheReads?: boolean
  readonly ceiling?: string | false
  readonly learnBy?: string | false
  readonly quantile?: string
}

/** The budget that the options ask for: what they leave out is as before. @throws PURSER_BAD_ARGUMENT */
export function toBudgetInput(options: SetOptions, before: Budget | undefined): BudgetInput {
  checkUnits(options, before)
  const mode = modeOf(options, before)
  const kept = before === undefined ? {} : keptInput(before, mode, options)
  const overrides = overridesOf(options, isOtherUnit(options, before) ? undefined : before, mode)
  const isAdaptive = mode === 'adaptive' || overrides.some((override) => override.mode === 'adaptive')
  const input: Record<string, unknown> = {
    ...kept,
    ...(isAdaptive && before !== undefined && { learnBy: before.learnBy, quantile: before.quantile }),
    ...given(options, ['metric', 'limit', 'window', 'timezone', 'tolerance', 'onLimit', 'thresholds', 'where', 'each', 'countsPlan']),
    ...given(options, ['ceiling', 'learnBy', 'quantile']),
    ...(options.mode !== undefined ? { mode: options.mode } : mode !== undefined && before !== undefined && { mode }),
    ...(options.countCacheReads !== undefined && { countsCacheReads: options.countCacheReads }),
    ...(overrides.length > 0 && { overrides }),
    ...increaseOf(options),
  }
  // What is taken away is as if it had never been given.
  return Object.fromEntries(Object.entries(input).filter(([key, value]) => value !== false || key.startsWith('counts'))) as BudgetInput
}

function given(options: SetOptions, keys: readonly (keyof SetOptions)[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])))
}

/** An amount without its metric means nothing, so a new metric needs new amounts. */
function checkUnits(options: SetOptions, before: Budget | undefined): void {
  if (before === undefined || !isOtherUnit(options, before) || options.limit !== undefined) return
  throw new PurserError(
    'PURSER_BAD_ARGUMENT',
    `Budget "${before.name}" limits ${before.metric}; with another metric, give its --limit too.`,
  )
}

function isOtherUnit({ metric }: SetOptions, before: Budget | undefined): boolean {
  return metric !== undefined && before !== undefined && metric !== before.metric
}

/** A budget that is told to warn is soft, and a soft one that is told to block is hard. */
function modeOf({ mode, onLimit }: SetOptions, before: Budget | undefined): Mode | undefined {
  if (mode !== undefined) return mode as Mode
  if (before === undefined || onLimit === undefined) return before?.mode
  if (onLimit === 'warn') return 'soft'
  return before.mode === 'soft' ? 'strict' : before.mode
}

/** A budget as an input, for what the options leave out. The action stays where it goes with the mode. */
function keptInput(budget: Budget, mode: Mode | undefined, options: SetOptions): BudgetInput {
  const { limit, thresholds, zone, increase, ceiling } = budget
  const metric = (options.metric ?? budget.metric) as Metric
  const isSameKind = (mode === 'soft') === (budget.mode === 'soft')
  return {
    metric,
    thresholds,
    timezone: zone,
    each: keptEach(budget, options),
    countsPlan: budget.countsPlan,
    ...(metric !== 'concurrency' && budget.metric !== 'concurrency' && { window: windowText(budget) }),
    ...(isSameKind && { onLimit: budget.onLimit }),
    ...(metric === 'tokens' && { countsCacheReads: budget.countsCacheReads }),
    ...(metric === budget.metric && {
      limit,
      ceiling,
      ...(mode === 'adaptive' && budget.mode === 'adaptive' && { tolerance: budget.tolerance }),
      increase: increase && {
        by: increase.by,
        until: new Date(increase.until).toISOString(),
      },
    }),
  }
}

/** A budget of the window run is kept apart by run for that reason alone. */
function keptEach({ each, window }: Budget, options: SetOptions): readonly string[] {
  const leavesRun = window.kind === 'run' && options.window !== undefined && options.window !== 'run'
  return leavesRun ? each.filter((key) => key !== 'run') : each
}

/** With the day on which a week begins, whatever the configuration says now. */
function windowText({ window }: Budget): string {
  return window.kind === 'week' ? `week@${weekdays[window.startsOn - 1]}` : formatWindow(window)
}

function increaseOf({ increaseBy, until, increase }: SetOptions): Pick<BudgetInput, 'increase'> {
  if (increase === false) return { increase: null }
  if (increaseBy === undefined && until === undefined) return {}
  if (increaseBy !== undefined && until !== undefined) return { increase: { by: increaseBy, until } }
  const missing = until === undefined ? '--until, the last day of the increase, like 2026-12-01' : '--increase-by, an amount like 10'
  throw new PurserError('PURSER_BAD_ARGUMENT', `${until === undefined ? '--increase-by' : '--until'} needs ${missing}.`)
}

function overridesOf({ override = [] }: SetOptions, before: Budget | undefined, mode: Mode | undefined): OverrideInput[] {
  if (override === false) return []
  const named = override.map(parseOverride)
  const isNamed = ({ match }: Override): boolean => named.some((each) => scopeText(each.match) === scopeText(match))
  const kept = (before?.overrides ?? []).filter((each) => !isNamed(each)).map((each) => keptOverride(each, before?.mode, mode))
  return [...kept, ...named.filter(({ limit }) => limit !== 'none')]
}

function keptOverride({ match, ...terms }: Override, before: Mode | undefined, mode: Mode | undefined): OverrideInput {
  const { tolerance, ...others }: Partial<Terms> = terms
  const keepsTolerance = tolerance !== undefined && (terms.mode ?? mode ?? before) === 'adaptive'
  return { match, ...(others as TermsInput), ...(keepsTolerance && { tolerance }) }
}

/** `project=atlas:30`, with several labels `project=atlas,stage=draft:30`; what follows the last colon is the limit. */
function parseOverride(text: string): OverrideInput {
  const place = text.lastIndexOf(':')
  const pairs = text.slice(0, Math.max(0, place)).split(',').map(toPair)
  if (place < 1 || place === text.length - 1 || pairs.includes(undefined)) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `--override is "${text}"; write the labels and their limit, like project=atlas:30 or project=atlas,stage=draft:30.`,
    )
  }
  return { match: Object.fromEntries(pairs as [string, string][]), limit: text.slice(place + 1) }
}

function toPair(text: string): [string, string] | undefined {
  const place = text.indexOf('=')
  return place < 1 ? undefined : [text.slice(0, place).trim(), text.slice(place + 1)]
}

function scopeText(match: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(match).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
