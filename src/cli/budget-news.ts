import { formatAmount, formatBudget } from '../budgets/amount-text.ts'
import type { Level, Metric } from '../budgets/budget.ts'
import type { Cause } from '../budgets/counter.ts'
import type { Labels } from '../ledger/charge.ts'
import type { LedgerEvent } from '../stores/store.ts'
import { counted } from '../text/counted.ts'
import { causeWords } from '../json/budget-cause.ts'
import { alert } from './output.ts'

const shownNews = 10

/** What events of budgets say of the counter they are about. */
interface CounterNews {
  readonly budget: string
  readonly metric: Metric
  readonly scope: Labels
  readonly windowStart: number
}

interface Crossed extends CounterNews {
  readonly percent: number
  readonly level: Level
  readonly spent: string
  readonly limit: string
  readonly message?: string
}

interface Exceeded extends CounterNews {
  readonly cause: Cause
  readonly limit: string
  readonly tolerance: string
  readonly spent: string
  readonly held: string
  readonly presumed: string
}

/** What is let through by a grant is told by the grant's own warnings. */
const toldByGrant: ReadonlySet<Cause> = new Set(['soft', 'running-run'])

/** Warnings on standard error: of each counter the highest threshold that was crossed, and that it passed its bound. */
export function tellBudgetNews(events: readonly LedgerEvent[]): void {
  const crossed = new Map<string, Crossed>()
  const exceeded = new Map<string, Exceeded>()
  for (const { kind, body } of events) {
    const news = body as unknown as CounterNews
    const key = JSON.stringify([news.budget, news.scope, news.windowStart])
    if (kind === 'threshold.crossed') crossed.set(key, news as Crossed)
    else if (!toldByGrant.has((news as Exceeded).cause)) exceeded.set(key, news as Exceeded)
  }
  const lines = [...[...crossed.values()].map(crossedNews), ...[...exceeded.values()].map(exceededNews)]
  for (const { level, text } of lines.slice(0, shownNews)) alert(level, text)
  if (lines.length > shownNews) alert('info', `${counted(lines.length - shownNews, 'more budget')}; \`purser budgets status\` shows all.`)
}

function crossedNews({ budget, metric, scope, percent, level, spent, limit, message }: Crossed): { level: Level; text: string } {
  const figures = `${formatAmount(metric, BigInt(spent))} of ${formatAmount(metric, BigInt(limit))} spent`
  const name = formatBudget(budget, scope)
  return {
    level,
    text:
      message === undefined
        ? `Budget ${name} has reached ${percent} %: ${figures}.`
        : `${message} (budget ${name}, ${percent} %: ${figures})`,
  }
}

function exceededNews({ budget, metric, scope, cause, ...amounts }: Exceeded): { level: Level; text: string } {
  const text = (amount: string): string => formatAmount(metric, BigInt(amount))
  const { limit, tolerance, spent, held, presumed } = amounts
  const others = [...(held === '0' ? [] : [`${text(held)} held`]), ...(presumed === '0' ? [] : [`${text(presumed)} presumed`])]
  const bound = tolerance === '0' ? text(limit) : `${text(limit)} (and ${text(tolerance)} of tolerance)`
  const figures = `${[`${text(spent)} spent`, ...others].join(', ')} of ${bound}`
  return { level: 'critical', text: `Budget ${formatBudget(budget, scope)} is passed: ${figures}, because ${causeWords[cause]}.` }
}
