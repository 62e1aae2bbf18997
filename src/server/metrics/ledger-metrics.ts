import { Counter, Gauge, Registry } from 'prom-client'
import type { BudgetStatus } from '../../budgets/budget-status.ts'
import type { CostTable } from '../../ledger/cost-table.ts'
import { nanos, toUsd } from '../../money/nanos.ts'
import type { Purser } from '../../purser.ts'

/** What a ledger holds, as far as whoever asks sees it: read from its sums, so that it is the same after a restart. */
export async function ledgerMetrics(purser: Purser): Promise<string> {
  const registry = new Registry()
  addCosts(registry, await purser.costs({ groupBy: ['project', 'model'] }))
  const open = await purser.holds.list()
  const holds = new Gauge({ name: 'purser_holds', help: 'Holds by state.', labelNames: ['state'] as const, registers: [registry] })
  for (const state of ['open', 'presumed']) holds.set({ state }, open.filter((hold) => hold.state === state).length)
  addBudgets(registry, await purser.budgets.status())
  return registry.metrics()
}

function addCosts(registry: Registry, { rows }: CostTable): void {
  const labelNames = ['project', 'model'] as const
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers: [registry] })
  const calls = counter('purser_calls_total', 'Calls that are booked, by project and model.')
  const unpriced = counter('purser_unpriced_calls_total', 'Calls that nobody has a price for; they are not in the cost.')
  // A correction may lower a sum, which no counter can.
  const cost = new Gauge({ name: 'purser_cost_usd', help: 'What they cost, in dollars.', labelNames, registers: [registry] })
  for (const { key, ...row } of rows) {
    const labels = { project: key[0] ?? '', model: key[1] ?? '' }
    calls.inc(labels, row.calls)
    unpriced.inc(labels, row.unpricedCalls)
    cost.set(labels, toUsd(row.costNanos))
  }
}

function addBudgets(registry: Registry, statuses: readonly BudgetStatus[]): void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['budget', 'metric', 'scope'] as const, registers: [registry] })
  const limit = gauge('purser_budget_limit', 'The limit of a budget: dollars, tokens, calls or places.')
  const spent = gauge('purser_budget_spent', 'What is spent of it in its window.')
  const held = gauge('purser_budget_held', 'What open holds may spend of it at most.')
  const presumed = gauge('purser_budget_presumed', 'What is presumed spent of it, of holds that ran out.')
  for (const status of statuses) {
    if (status.isWithheld === true) continue
    const { budget, metric, scope } = status
    const labels = { budget, metric, scope: scopeText(scope) }
    const figure = (amount: bigint): number => (metric === 'cost' ? toUsd(nanos(amount)) : Number(amount))
    limit.set(labels, figure(status.limit))
    spent.set(labels, figure(status.spent))
    held.set(labels, figure(status.held))
    presumed.set(labels, figure(status.presumed))
  }
}

function scopeText(scope: BudgetStatus['scope']): string {
  return Object.entries(scope)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}
