import { dirname } from 'node:path'
import type { Budget } from '../budgets/budget.ts'
import { inputPlace, shown } from '../budgets/input-place.ts'
import { parseBudget } from '../budgets/parse-budget.ts'
import { isMapping } from '../budgets/read-fields.ts'
import { PurserError } from '../errors.ts'
import type { ConfigFile, WrittenNotification } from './config-file.ts'
import type { Environment } from './locations.ts'
import type { Settings } from './settings.ts'
import { type BudgetDraft, type Drafts, type Written, writtenIn } from './shorthands/budget-draft.ts'
import { calendarDrafts, calendarWindows } from './shorthands/calendar-budgets.ts'
import { limitDrafts } from './shorthands/limits.ts'
import { refuseIn } from './shorthands/refuse-in.ts'
import { userDrafts } from './shorthands/user-budgets.ts'
import { type CostPreferences, readUserProfiles, type UserProfile } from './user-profiles.ts'

/** The budgets that the configuration defines, and what is said beside them. */
export interface ConfiguredBudgets {
  readonly budgets: readonly Budget[]
  /** By name of a budget: the file, line and column, or the variable, that defines it. */
  readonly from: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
  /** Who is told of alerts. */
  readonly notifications: readonly WrittenNotification[]
  /** Addresses by user. */
  readonly notificationEmails: ReadonlyMap<string, string>
  /** What users want to see, by user. */
  readonly costPreferences: ReadonlyMap<string, CostPreferences>
}

interface BudgetSources {
  /** The one that wins first. */
  readonly files: readonly ConfigFile[]
  readonly settings: Settings
  readonly env: Environment
  readonly zone: string
  readonly weekStart: number
}

/**
 * Every budget of the configuration: those of `budgets`, of `limits` and `projects`, of the variables and of users'
 * profiles. Of equal names in two files the nearer one counts.
 * @throws PURSER_BAD_CONFIG with the place, or the variable, that is wrong
 */
export function readBudgets(sources: BudgetSources): ConfiguredBudgets {
  const { files, settings, env, zone, weekStart } = sources
  const named = files.find(({ written }) => written.user_profiles !== undefined)
  const { profiles, warnings: missing } =
    named === undefined ? { profiles: [], warnings: [] } : readUserProfiles(named, dirname(named.path), env)
  const parts = [ownDrafts(files), limitDrafts(files), { drafts: userDrafts(settings, profiles), warnings: missing }]
  const drafts = parts.flatMap((part) => part.drafts)
  refuseTwice(drafts)
  const defined = drafts.map((draft) => {
    const place = inputPlace(refuseIn(draft.written))
    const { budget, warnings } = parseBudget(draft.name, draft.input, { origin: 'file', zone, weekStart }, place)
    return {
      budget: draft.where === undefined ? budget : { ...budget, where: draft.where },
      from: sourceOf(draft.written([])),
      warnings: [...(draft.warnings ?? []), ...warnings.map((warning) => `${sourceOf(draft.written([]))}: ${warning}`)],
    }
  })
  return {
    budgets: defined.map(({ budget }) => budget),
    from: new Map(defined.map(({ budget, from }) => [budget.name, from])),
    warnings: [...parts.flatMap(({ warnings }) => warnings), ...defined.flatMap(({ warnings }) => warnings)],
    notifications: files.find(({ written }) => written.alerts?.notifications !== undefined)?.written.alerts?.notifications ?? [],
    ...ofUsers(profiles),
  }
}

function ofUsers(profiles: readonly UserProfile[]): Pick<ConfiguredBudgets, 'notificationEmails' | 'costPreferences'> {
  return {
    notificationEmails: new Map(
      profiles.flatMap(({ user, budget }) => (budget.notification_email === undefined ? [] : [[user, budget.notification_email]])),
    ),
    costPreferences: new Map(
      profiles.flatMap(({ user, preferences }) => (Object.keys(preferences).length === 0 ? [] : [[user, preferences]])),
    ),
  }
}

/** The budgets under `budgets`; a number under `daily`, `weekly` or `monthly` is a shorthand, and so is a list of `alerts`. */
function ownDrafts(files: readonly ConfigFile[]): Drafts {
  const drafts: BudgetDraft[] = []
  const warnings: string[] = []
  const keys = new Set(files.flatMap(({ written }) => Object.keys(written.budgets ?? {})))
  for (const key of keys) {
    const file = files.find(({ written }) => written.budgets !== undefined && Object.hasOwn(written.budgets, key)) as ConfigFile
    const value = file.written.budgets?.[key]
    if (key === 'alerts' && !isMapping(value)) continue
    const isPlain = calendarWindows.has(key) && !isMapping(value) && value !== null
    if (isPlain) drafts.push(...calendarDrafts(key, value, file))
    else drafts.push({ name: key, input: value, written: (path) => writtenIn(file, ['budgets', key, ...path]) })
  }
  for (const file of files) {
    const { budgets = {} } = file.written
    const alerts = budgets['alerts']
    if (alerts === undefined || isMapping(alerts)) continue
    if (!Array.isArray(alerts)) {
      refuseIn((path) => writtenIn(file, ['budgets', 'alerts', ...path]))([], `is ${shown(alerts)}; it must be a list, or a budget`)
    }
    const isUsed = [...calendarWindows.keys()].some((key) => Object.hasOwn(budgets, key) && !isMapping(budgets[key]))
    if (!isUsed)
      warnings.push(`${file.placeOf(['budgets', 'alerts'])}: budgets.alerts are those of daily, weekly and monthly, and none is a number.`)
  }
  return { drafts, warnings }
}

function refuseTwice(drafts: readonly BudgetDraft[]): void {
  const places = new Map<string, Written>()
  for (const { name, written } of drafts) {
    const before = places.get(name)
    const here = written([])
    if (before !== undefined) {
      throw new PurserError(
        'PURSER_BAD_CONFIG',
        `${sourceOf(here)}: the budget "${name}" is defined by ${sourceOf(before)} too; rename one of them.`,
      )
    }
    places.set(name, here)
  }
}

function sourceOf({ place, name }: Written): string {
  return place ?? name
}
