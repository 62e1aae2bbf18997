import { formatAmount } from '../../budgets/amount-text.ts'
import type { Budget } from '../../budgets/budget.ts'
import type { BudgetRecord } from '../../budgets/budget-record.ts'
import type { BudgetStatus } from '../../budgets/budget-status.ts'
import type { Denial, Grant } from '../../budgets/denial.ts'
import type { Explanation } from '../../budgets/explain-admission.ts'
import type { BudgetWarning } from '../../budgets/hold.ts'
import type { LimitFigures } from '../../budgets/limit-figures.ts'
import type { Labels } from '../../ledger/charge.ts'

/** The budgets that count nothing but what somebody may see. */
export interface OwnBudgets {
  readonly isOwn: (name: string) => boolean
  readonly visible: readonly BudgetRecord[]
}

/** How a budget is called to somebody who shares it with others. */
export const sharedBudget = 'shared'

/** Whether a budget counts only what carries the labels, or keeps that apart. */
export function isOwnBudget({ where, each }: Pick<Budget, 'where' | 'each'>, bound: Labels): boolean {
  return Object.entries(bound).every(
    ([key, value]) =>
      each.includes(key) ||
      where.some(
        ({ field, op, values }) => field === key && (op === 'equals' || op === 'anyOf') && values.length === 1 && values[0] === value,
      ),
  )
}

/** Whether a counter is not that of somebody else. */
export function isOwnScope(scope: Labels, bound: Labels): boolean {
  return Object.entries(bound).every(([key, value]) => scope[key] === undefined || scope[key] === value)
}

/** What a hold was told, without the figures and the names of budgets that others share. */
export function withheldGrant(answer: Grant | Denial, own: OwnBudgets): Grant | Denial {
  if (!answer.granted) return withheldDenial(answer, own)
  return { ...answer, warnings: answer.warnings.map((each) => withheldWarning(each, own)) }
}

/** An explanation without them. */
export function withheldExplanation({ decision, needs, budgets, ...rest }: Explanation, own: OwnBudgets): Explanation {
  return {
    ...rest,
    decision: decision.granted
      ? { ...decision, warnings: decision.warnings.map((each) => withheldWarning(each, own)) }
      : withheldDenial(decision, own),
    needs: needs.filter(({ budget }) => own.isOwn(budget)),
    budgets: budgets.map((status) => (own.isOwn(status.budget) ? status : withheldStatus(status))),
  }
}

function withheldDenial(denial: Denial, own: OwnBudgets): Denial {
  const also = denial.also.map((name) => (own.isOwn(name) ? name : sharedBudget))
  if (denial.hold !== undefined || own.isOwn(denial.budget)) return { ...denial, also }
  return { ...denial, ...nothing, budget: sharedBudget, scope: {}, also, room: 0n, message: messageOf(denial) }
}

function withheldWarning(warning: BudgetWarning, own: OwnBudgets): BudgetWarning {
  if (own.isOwn(warning.budget)) return warning
  return { ...warning, ...nothing, budget: sharedBudget, scope: {}, message: 'A budget that you share with others is passed, or may be.' }
}

/** Whether it is reached is told, and no figure. */
export function withheldStatus(status: BudgetStatus): BudgetStatus {
  const { limit, tolerance, spent, presumed } = status
  const isReached = spent + presumed >= limit + tolerance
  return {
    ...status,
    ...nothing,
    budget: sharedBudget,
    scope: {},
    each: [],
    bound: 'told to those only who see all that it counts',
    // What compares the figures finds nothing left, or all of it.
    limit: 1n,
    spent: isReached ? 1n : 0n,
    tolerance: 0n,
    expected: 0n,
    unpricedCalls: 0,
    share: isReached ? 10_000 : 0,
    level: isReached ? 'over' : 'ok',
    overLimit: null,
    seeding: null,
  }
}

const nothing = { limit: 0n, spent: 0n, held: 0n, presumed: 0n, isWithheld: true } as const satisfies Omit<LimitFigures, 'asked'>

function messageOf({ kind, metric, asked, resetsAt }: Denial): string {
  const amount = asked === null ? 'the call' : formatAmount(metric, asked)
  switch (kind) {
    case 'exhausted': {
      const again = resetsAt === null ? '' : ` It has room again at ${new Date(resetsAt).toISOString()}.`
      return `A budget that you share with others has no room for ${amount}.${again}`
    }
    case 'contended':
      return `A budget that you share with others has no room for ${amount} while other calls hold theirs. Try again shortly.`
    case 'never-fits':
      return `${amount} is more than the whole of a budget that you share with others. Ask for less.`
    case 'unpriced':
      return 'A budget that you share with others is hard, and nobody knows what the call may cost. Give an amount.'
    case 'unbounded':
      return `A budget that you share with others is hard, and the ${metric} of the call cannot be bounded. Give an amount.`
    case 'unavailable':
      return 'A budget that you share with others is still counting what was booked before it was made. Try again shortly.'
  }
}
