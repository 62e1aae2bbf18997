import { actions, levels, metrics, modes } from '../budgets/budget.ts'
import type { BudgetKey } from '../budgets/parse-budget.ts'
import { agentLimits, globalLimits, type LimitKey, limitKinds, projectLimits } from './limit-kinds.ts'
import type { Field, Shape } from './shape.ts'

const dollars = 'an amount in dollars, like 5.00'
const unit = 'an amount: dollars for cost, else a number like 200k'

const budgetKeys: Readonly<Record<BudgetKey, Field>> = {
  limit: {
    shape: { kind: 'amount', unit },
    meaning: 'What may be spent within a window: dollars for cost, to nine decimals; a whole number for the others.',
    example: '5.00',
    required: true,
  },
  metric: {
    shape: { kind: 'choice', values: metrics },
    meaning: 'What is limited; `cost` unless said otherwise. `concurrency`: holds that are open at the same time.',
  },
  window: {
    shape: { kind: 'text' },
    meaning:
      '`run`, `hour`, `day`, `week`, `month`, `quarter`, `year`, `total`; `month@15` for months that begin on the 15th, `week@sunday`; `24h` or `7d` for the last hours or days. Required, but for concurrency.',
    example: 'day',
  },
  mode: {
    shape: { kind: 'choice', values: modes },
    meaning: '`strict` unless said otherwise: a call is granted only if its worst case fits. `soft` lets everything through and warns.',
  },
  tolerance: {
    shape: { kind: 'amount', unit },
    meaning: 'For `adaptive`, and required there: how far the worst case of a call may pass the limit.',
  },
  on_limit: {
    shape: { kind: 'choice', values: actions },
    meaning: 'What happens where a call does not fit: `warn` where the mode is soft, else `block` unless said otherwise.',
  },
  thresholds: {
    shape: { kind: 'written', as: 'percents, or keys' },
    meaning: `Shares of the limit that are told once when reached: percents, or mappings of \`percent\` (or \`threshold: 0.8\`), \`level\` (${levels.join(', ')}), \`message\`, and an \`action\`: \`pause\` and \`terminate\` act on a run between its stages, others are for the program that hears of it. \`[50, 80, 95]\` unless said otherwise; none for concurrency.`,
    example: '[80, { percent: 100, level: critical, message: all gone }]',
  },
  where: {
    shape: { kind: 'written', as: 'text or list of texts' },
    meaning: 'Which labels a call must have to count, as in `purser costs --where`; all of them.',
    example: 'project=atlas',
  },
  each: {
    shape: { kind: 'texts' },
    meaning: 'Labels by whose values it is counted apart: every value has the whole limit, and so has a missing label.',
    example: '[project]',
  },
  overrides: {
    shape: { kind: 'written', as: 'names to limits or keys' },
    meaning:
      'Other terms for named values of `each`: a limit, or `limit`, `mode`, `tolerance`, `on_limit`, `thresholds`. With two labels their values in that order, with a comma; or a list with `match`.',
    example: '{ atlas: 30, web: { limit: 2, mode: soft } }',
  },
  increase: {
    shape: { kind: 'written', as: 'keys' },
    meaning: 'A higher limit until the end of a day, or until an instant.',
    example: '{ by: 10, until: 2026-12-01 }',
  },
  counts_plan: { shape: { kind: 'yes-no' }, meaning: 'Whether calls that a subscription covers count. `false` unless said otherwise.' },
  counts_cache_reads: {
    shape: { kind: 'yes-no' },
    meaning: 'For tokens: whether those read from a cache count. `true` unless said otherwise.',
  },
  ceiling: {
    shape: { kind: 'amount', unit },
    meaning: 'What is held for a request whose worst case nobody can tell. Without it, a hard budget refuses such a request.',
  },
  learn_by: {
    shape: { kind: 'texts' },
    meaning: 'For `adaptive`: labels by which the expected share of the worst case is learned apart, besides the model.',
    example: '[stage]',
  },
  quantile: {
    shape: { kind: 'amount', unit: 'a share like 0.9' },
    meaning: 'For `adaptive`: the share of earlier calls that the expected amount must have covered. `0.9` unless said otherwise.',
  },
  timezone: {
    shape: { kind: 'text' },
    meaning: "The zone in which its days and longer windows begin; the ledger's unless said otherwise.",
  },
}

export const budgets: Field = {
  shape: {
    kind: 'budgets',
    keys: budgetKeys,
    plain: {
      daily: {
        shape: { kind: 'amount', unit: dollars },
        meaning: 'A number is a limit on the cost of a day, with the `alerts` beside it; the budget is named `budgets.daily`.',
        example: '10.00',
      },
      weekly: { shape: { kind: 'amount', unit: dollars }, meaning: 'The same for a week, `budgets.weekly`.' },
      monthly: { shape: { kind: 'amount', unit: dollars }, meaning: 'The same for a month, `budgets.monthly`.' },
      alerts: {
        shape: { kind: 'written', as: 'list' },
        meaning:
          'What happens at shares of `daily`, `weekly` and `monthly` where those are numbers. Each share with another action than `warn` is a hard limit: the lowest of `budgets.daily`, others of budgets named after their action, like `budgets.daily-block`. Where there is none, nothing is blocked.',
        example: '[{ threshold: 0.8, action: warn }, { threshold: 1.0, action: block }]',
      },
    },
  },
  meaning: 'Limits on what is spent, by name; see the guide to budgets. Those of both files count, and of equal names the nearer one.',
}

function limitFields(keys: readonly LimitKey[]): Extract<Shape, { kind: 'map' }> {
  return { kind: 'map', keys: Object.fromEntries(keys.map((key) => [key, limitField(key)])) }
}

function limitField(key: LimitKey): Field {
  const { metric, meaning } = limitKinds[key]
  return { shape: { kind: 'amount', unit: metric === 'cost' ? dollars : 'a whole number, like 200000 or 200k' }, meaning }
}

function withDefault(keys: readonly LimitKey[], meaning: string): Field {
  return { shape: { kind: 'map', keys: { default: { shape: limitFields(keys), meaning: 'For each that is not named apart.' } } }, meaning }
}

/** Limits as platforms of agents write them. */
export const limits: Field = {
  shape: {
    kind: 'map',
    keys: {
      global: { shape: limitFields(globalLimits), meaning: 'For all calls together.' },
      per_project: withDefault(projectLimits, 'For each value of the label `project`.'),
      per_agent: withDefault(agentLimits, 'For each run of each value of the label `agent`.'),
    },
  },
  meaning: 'Strict budgets in short, each named after its keys, like `limits.global.max_cost_per_day`.',
}

export const projects: Field = {
  shape: {
    kind: 'named',
    name: 'project',
    of: {
      kind: 'map',
      keys: { limits: { shape: limitFields(projectLimits), meaning: 'Other limits for this project than `limits.per_project.default`.' } },
    },
  },
  meaning: 'What holds for single projects, by the value of the label `project`.',
}

const threshold: Readonly<Record<string, Field>> = {
  percent: { shape: { kind: 'amount', unit: 'a percent, like 80' }, meaning: 'Of the limit.', required: true },
  level: { shape: { kind: 'choice', values: levels }, meaning: 'How serious it is.' },
  message: { shape: { kind: 'text' }, meaning: 'What is said when it is reached.' },
}

const notification: Readonly<Record<string, Field>> = {
  type: { shape: { kind: 'choice', values: ['in_app', 'email', 'webhook'] }, meaning: 'By which way.', required: true },
  enabled: { shape: { kind: 'yes-no' }, meaning: 'Whether it is used; `true` unless said otherwise.' },
  recipients: { shape: { kind: 'texts' }, meaning: 'For `email`: addresses.' },
  url: { shape: { kind: 'text' }, meaning: 'For `webhook`: where it is sent.' },
}

export const alerts: Field = {
  shape: {
    kind: 'map',
    keys: {
      thresholds: {
        shape: { kind: 'list', of: { kind: 'map', keys: threshold } },
        meaning: 'The thresholds of the budgets that `limits` and `projects` make.',
      },
      notifications: {
        shape: { kind: 'list', of: { kind: 'map', keys: notification } },
        meaning: 'Who is told. Read and checked, but not in force in this version: nothing is sent.',
      },
    },
  },
  meaning: 'When and to whom something is said.',
}
