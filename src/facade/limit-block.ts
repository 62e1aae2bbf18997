import type { Budget } from '../budgets/budget.ts'
import type { BudgetRecord } from '../budgets/budget-record.ts'
import { inputPlace } from '../budgets/input-place.ts'
import { type BudgetDefaults, parseBudget } from '../budgets/parse-budget.ts'
import { type ConfigFile } from '../config/config-file.ts'
import { agentLimits, globalLimits, type LimitKey, projectLimits } from '../config/limit-kinds.ts'
import { refuseIn } from '../config/shorthands/refuse-in.ts'
import { limitDrafts } from '../config/shorthands/limits.ts'
import { PurserError } from '../errors.ts'
import { type Nanos, toUsd } from '../money/nanos.ts'

type Limits<Amount> = Readonly<Partial<Record<LimitKey, Amount>>>

/** The limits of purser.yaml's `limits` and `projects`: dollars and tokens, as they are written there. */
export interface LimitBlock<Amount = number | string> {
  readonly limits?: {
    readonly global?: Limits<Amount>
    readonly per_project?: { readonly default?: Limits<Amount> }
    readonly per_agent?: { readonly default?: Limits<Amount> }
  }
  readonly projects?: Readonly<Record<string, { readonly limits?: Limits<Amount> }>>
}

/** The budgets that a block of limits stands for. @throws PURSER_BAD_ARGUMENT naming the key that is wrong */
export function limitBudgets(block: LimitBlock, defaults: BudgetDefaults): Budget[] {
  const file: ConfigFile = { path: '', written: written(block), locate: () => '', placeOf: () => '' }
  try {
    return limitDrafts([file]).drafts.map((draft) => {
      const place = inputPlace(refuseIn((path) => ({ ...draft.written(path), place: undefined })))
      const { budget } = parseBudget(draft.name, draft.input, defaults, place)
      return draft.where === undefined ? budget : { ...budget, where: draft.where }
    })
  } catch (error) {
    if (!(error instanceof PurserError) || error.code !== 'PURSER_BAD_CONFIG') throw error
    throw new PurserError('PURSER_BAD_ARGUMENT', error.message.replace(/^: /, ''), { cause: error })
  }
}

/** Amounts are text there, as they stand in a file. */
function written({ limits = {}, projects = {} }: LimitBlock): ConfigFile['written'] {
  return {
    limits: {
      global: texts(limits.global),
      per_project: { default: texts(limits.per_project?.default) },
      per_agent: { default: texts(limits.per_agent?.default) },
    },
    projects: Object.fromEntries(Object.entries(projects).map(([name, each]) => [name, { limits: texts(each.limits) }])),
  }
}

function texts(limits: Limits<number | string> = {}): Limits<string> {
  return Object.fromEntries(Object.entries(limits).map(([key, amount]) => [key, String(amount)]))
}

type Part = 'global' | 'per_project' | 'per_agent'
const keysOf: Readonly<Record<Part, readonly LimitKey[]>> = { global: globalLimits, per_project: projectLimits, per_agent: agentLimits }

/** Which limit a budget stands for; undefined for one that stands for none. */
function limitOf({ name, where }: Budget): { readonly part: Part | { readonly project: string }; readonly key: LimitKey } | undefined {
  for (const part of Object.keys(keysOf) as Part[]) {
    const key = keysOf[part].find((each) => name === `limits.${part}.${each}`)
    if (key !== undefined) return { part, key }
  }
  const key = projectLimits.find((each) => name.startsWith('projects.') && name.endsWith(`.limits.${each}`))
  const [filter] = where
  const project = where.length === 1 && filter?.field === 'project' && filter.op === 'equals' ? filter.values[0] : undefined
  return key === undefined || project === undefined ? undefined : { part: { project }, key }
}

/** Whether a budget is one of a block of limits. */
export function isLimit(budget: Budget): boolean {
  return limitOf(budget) !== undefined
}

/** The block of limits that budgets stand for, whoever put them into force. */
export function limitBlockOf(records: readonly Pick<BudgetRecord, 'budget'>[]): Required<LimitBlock<number>> {
  const parts = { global: {}, per_project: {}, per_agent: {} } as Record<Part, Partial<Record<LimitKey, number>>>
  const projects: Record<string, { limits: Partial<Record<LimitKey, number>> }> = {}
  const ofProject = (name: string) => {
    if (!Object.hasOwn(projects, name)) Object.defineProperty(projects, name, { value: { limits: {} }, enumerable: true })
    return (projects[name] as (typeof projects)[string]).limits
  }
  for (const { budget } of records) {
    const found = limitOf(budget)
    if (found === undefined) continue
    const { part, key } = found
    const limits = typeof part === 'string' ? parts[part] : ofProject(part.project)
    limits[key] = amountOf(budget, budget.limit)
    for (const { match, limit } of budget.overrides) {
      const { project } = match
      if (part === 'per_project' && project !== undefined && limit !== undefined) ofProject(project)[key] = amountOf(budget, limit)
    }
  }
  return {
    limits: { global: parts.global, per_project: { default: parts.per_project }, per_agent: { default: parts.per_agent } },
    projects,
  }
}

function amountOf({ metric }: Budget, amount: bigint): number {
  return metric === 'cost' ? toUsd(amount as Nanos) : Number(amount)
}
