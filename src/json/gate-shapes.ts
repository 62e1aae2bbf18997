import { z } from 'zod'
import { actions, metrics, modes } from '../budgets/budget.ts'
import { presumptions } from '../budgets/hold-view.ts'
import { denialKinds } from '../budgets/denial.ts'
import { holdStates } from '../budgets/hold.ts'
import { bases } from '../ledger/charge.ts'
import { count, instant, labels, usd } from '../reports/schemas/schema-fields.ts'
import { causes } from './budget-cause.ts'
import { budgetShape } from './budget-shape.ts'

// What the commands of budgets and holds print with --json. Amounts are text in the metric's unit: nanos for cost.

const amount = z.string().regex(/^-?\d+$/)
const amounts = z.partialRecord(z.enum(metrics), amount)

const boundMeaning =
  'what grants never take spending past: limit and tolerance; null where nothing is that sure: the budget only warns, or running runs go on (pause, queue, block-new-runs)'

/** A budget of a ledger. */
export const ledgerBudgetShape = budgetShape.extend({
  from: z.string().describe('the file, or cli, sdk, api'),
  bound: amount.nullable().describe(boundMeaning),
  boundText: z.string().describe('the same in words, with what may pass it'),
  definedAt: instant.describe('when it began to count as it does'),
  countsFrom: instant.nullable().describe('the first instant whose charges count; null: all do'),
})

export const budgetListShape = z.strictObject({ budgets: z.array(ledgerBudgetShape) })

export const budgetSetShape = z.strictObject({
  outcome: z.enum(['created', 'changed', 'revised', 'same']).describe('revised: it counts anew'),
  changed: z.array(z.string()).describe('fields that are other than before'),
  budget: ledgerBudgetShape,
})

export const budgetRemovedShape = z.strictObject({ removed: z.string() })

export const budgetsAppliedShape = z.strictObject({
  path: z.string().describe('the purser.yaml that counts now'),
  created: z.array(z.string()),
  changed: z.array(z.string()),
  removed: z.array(z.string()),
  unchanged: z.array(z.string()),
})

export const budgetHistoryShape = z.strictObject({
  changes: z.array(
    z.strictObject({
      seq: count.describe('place in the ledger’s order'),
      at: instant,
      budget: z.string(),
      author: z.string().describe('like cli:alice, or file: and its path'),
      changed: z.array(z.string()).describe('fields that are other than before'),
      before: budgetShape.nullable().describe('null where it was made'),
      after: budgetShape.nullable().describe('null where it was removed'),
    }),
  ),
})

export const budgetStatusRowShape = z.strictObject({
  budget: z.string(),
  metric: z.enum(metrics),
  scope: labels.describe('the labels it is counted for; a missing one is left out'),
  mode: z.enum(modes),
  onLimit: z.enum(actions),
  bound: amount.nullable().describe(boundMeaning),
  boundText: z.string().describe('the same in words, with what may pass it'),
  limit: amount.describe('with an increase that is in force'),
  tolerance: amount,
  spent: amount,
  held: amount.describe('worst cases of open holds'),
  expected: amount.describe('what is expected of them'),
  presumed: amount.describe('what is left of holds of which nobody knows what they came to: they ran out, were cut, or have no price'),
  limitUsd: usd.nullable().describe('null but for cost'),
  spentUsd: usd.nullable(),
  heldUsd: usd.nullable(),
  presumedUsd: usd.nullable(),
  unpricedCalls: count.describe('calls without a price, which add nothing'),
  windowStart: instant.nullable(),
  resetsAt: instant.nullable().describe('null where the window has no end, or rolls'),
  share: z.number().nullable().describe('spent of the limit: 0.5 is half; null of a limit of 0'),
  level: z.enum(['ok', 'info', 'warning', 'critical', 'over']),
  overLimit: z
    .strictObject({ by: amount, cause: z.enum(causes) })
    .nullable()
    .describe('by how much spent and presumed pass limit and tolerance, and why'),
  counting: z.strictObject({ charges: count }).nullable().describe('how far a new budget has counted what was booked before it'),
})

export const budgetStatusShape = z.array(budgetStatusRowShape)

export const budgetShowShape = z.strictObject({
  budget: ledgerBudgetShape,
  counters: z.array(budgetStatusRowShape),
  lastChange: z.strictObject({ at: instant, author: z.string() }).nullable(),
  learned: z
    .array(
      z.strictObject({
        provider: z.string().nullable(),
        model: z.string().nullable(),
        labels: z.record(z.string(), z.string().nullable()),
        holds: count,
        overshot: count.describe('holds that cost more than was expected'),
        overshoot: amount.describe('by how much in all'),
        expects: z.number().nullable().describe('the share of the worst case that is expected; null while too little is known'),
      }),
    )
    .describe('what an adaptive budget has learned from earlier holds'),
})

const warning = z.strictObject({
  budget: z.string(),
  metric: z.enum(metrics),
  scope: labels,
  limit: amount,
  spent: amount,
  held: amount,
  presumed: amount,
  asked: amount,
  message: z.string(),
})

const tracking = z.literal(false).optional().describe('COST_TRACKING_ENABLED is false, and nothing was held')

export const grantShape = z.strictObject({
  granted: z.literal(true),
  id: z.string(),
  expiresAt: instant.describe('from then on it is presumed spent'),
  warnings: z.array(warning).describe('budgets that only warn and are passed'),
  maxOutputTokens: count.optional().describe('with --request: the longest answer that is held for'),
  tracking,
})

export const denialShape = z.strictObject({
  granted: z.literal(false),
  kind: z.enum(denialKinds),
  budget: z.string().describe('that refuses longest; of a part whose hold has no room, the id of that hold'),
  hold: z.string().optional().describe('the hold that was to be split, where it is what has no room'),
  action: z.enum(actions).nullable().describe('what the budget does at its limit; null where a hold has no room'),
  metric: z.enum(metrics),
  scope: labels,
  limit: amount,
  spent: amount,
  held: amount,
  presumed: amount,
  asked: amount.nullable().describe('null where nobody can say'),
  room: amount.describe('the largest amount that would fit now'),
  resetsAt: instant.nullable(),
  retryAfterMs: count.nullable(),
  also: z.array(z.string()).describe('other budgets that refuse'),
  message: z.string(),
})

/** A refusal because the ledger could not be asked: nothing is held, and nothing is known of the budgets. */
export const unavailableShape = z.strictObject({
  granted: z.literal(false),
  kind: z.literal('unavailable'),
  budget: z.null(),
  action: z.null(),
  metric: z.null(),
  scope: labels,
  limit: z.null(),
  spent: z.null(),
  held: z.null(),
  presumed: z.null(),
  asked: z.null(),
  room: z.null(),
  resetsAt: z.null(),
  retryAfterMs: count.nullable(),
  also: z.array(z.string()),
  code: z.string().describe('the error that the ledger answered with'),
  message: z.string(),
})

export const holdShape = z.strictObject({
  id: z.string(),
  state: z.enum(holdStates),
  labels,
  provider: z.string().nullable(),
  model: z.string().nullable(),
  basis: z.enum(bases),
  catalog: z.string().nullable().describe('revision of the price catalog that bounded it; null where its amounts were given'),
  parent: z.string().nullable().describe('the hold it was split from'),
  reservedAt: instant,
  expiresAt: instant,
  asked: amounts.describe('the worst case, by metric'),
  left: amounts.describe('what is neither spent nor split off'),
  spent: amounts,
  presumed: amounts.describe('what budgets presume of it, the most that one of them does; nothing unless it is presumed'),
  presumedBecause: z.array(z.enum(presumptions)).describe('it ran out, was cut, has no price, or nobody said what it used'),
})

export const holdListShape = z.strictObject({ holds: z.array(holdShape) })

export const holdOutcomeShape = z.strictObject({
  id: z.string(),
  state: z.enum(holdStates),
  expiresAt: instant,
  charge: z.string().nullable().describe('that was booked, or had been before'),
  costUsd: usd.nullable().describe('of that charge; null where it has no price'),
  costNanos: amount.nullable(),
  overrun: z.array(z.strictObject({ budget: z.string(), by: amount })).describe('budgets of which the charge took more than was held'),
  differs: z
    .string()
    .optional()
    .describe('where an import booked the call before: the first field that its charge, which stands, says otherwise'),
})

export const whyShape = z.strictObject({
  granted: z.boolean(),
  denial: denialShape.nullable(),
  warnings: z.array(warning),
  needs: z
    .strictObject({
      raiseLimitBy: amount.nullable().describe('by how much more limit it would fit'),
      waitUntil: instant.nullable().describe('when the window ends, or has room again'),
      ifReleased: amount.nullable().describe('what open holds would have to give back'),
    })
    .nullable()
    .describe('any one of these, for the budget that refuses; null where it is granted'),
  holders: z.array(holdShape).describe('holds that count in the counter that refuses'),
  budgets: budgetStatusShape.describe('every budget that applies'),
  fits: z
    .array(z.strictObject({ provider: z.string(), model: z.string(), worst: amount.describe('the most that the request costs with it') }))
    .describe('with a request that is refused: models of the profile in force with which it would fit, the dearest first'),
})

export const untrackedShape = z.strictObject({
  tracking: z.literal(false).describe('COST_TRACKING_ENABLED is false, and nothing was done'),
})
