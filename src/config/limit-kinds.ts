import type { Action, Metric } from '../budgets/budget.ts'

interface LimitKind {
  readonly metric: Metric
  readonly window: string
  readonly onLimit: Action
  readonly meaning: string
}

/** What each key of a `limits` block limits, and what happens at the limit. */
export const limitKinds = {
  max_tokens_per_day: { metric: 'tokens', window: 'day', onLimit: 'block-new-runs', meaning: 'Tokens of a day; no new runs then.' },
  max_cost_per_day: { metric: 'cost', window: 'day', onLimit: 'block-new-runs', meaning: 'Dollars of a day; no new runs then.' },
  max_cost_per_month: { metric: 'cost', window: 'month', onLimit: 'block-new-runs', meaning: 'Dollars of a month; no new runs then.' },
  max_concurrent_agents: {
    metric: 'concurrency',
    window: 'total',
    onLimit: 'queue',
    meaning: 'Holds that are open at one time, so agents where each holds its own cap.',
  },
  max_tokens_per_run: { metric: 'tokens', window: 'run', onLimit: 'terminate', meaning: 'Tokens of a run, which is terminated then.' },
  max_cost_per_run: { metric: 'cost', window: 'run', onLimit: 'terminate', meaning: 'Dollars of a run, which is terminated then.' },
} as const satisfies Record<string, LimitKind>

export type LimitKey = keyof typeof limitKinds

/** The limits that each part of the block may set. */
export const globalLimits = ['max_tokens_per_day', 'max_cost_per_day', 'max_cost_per_month', 'max_concurrent_agents'] as const
export const projectLimits = ['max_tokens_per_day', 'max_cost_per_day', 'max_cost_per_month'] as const
export const agentLimits = ['max_tokens_per_run', 'max_cost_per_run'] as const
