import type { Purser } from '../src/purser.ts'

/** Five budgets on every call: one that all calls share, and four that are kept apart by a label. */
export const gateBudgets = {
  daily: { limit: '1000000', window: 'day' },
  'daily-project': { limit: '100000', window: 'day', each: 'project' },
  'monthly-agent': { limit: '100000', window: 'month', each: 'agent' },
  'weekly-user': { limit: '100000', window: 'week', each: 'user' },
  run: { limit: '10000', window: 'run', each: 'run' },
} as const

export async function defineGateBudgets(purser: Purser): Promise<void> {
  for (const [name, budget] of Object.entries(gateBudgets)) await purser.budgets.set(name, budget)
}

/** Sixteen runs go on at a time, each of forty calls, of one project, agent and user. */
const runsAtOnce = 16
const callsOfRun = 40

/** Labels of the n-th call: twenty projects, eight agents, fifty users. */
export function gateLabels(index: number, prefix = ''): Record<string, string> {
  const run = (index % runsAtOnce) + runsAtOnce * Math.floor(index / (runsAtOnce * callsOfRun))
  return { project: `project-${run % 20}`, agent: `agent-${run % 8}`, user: `user-${run % 50}`, run: `run-${prefix}${run}` }
}

/** One call held and settled: ten cents set aside, a priced usage booked. */
export async function reserveAndSettle(purser: Purser, index: number, prefix = ''): Promise<void> {
  const id = `${prefix}hold-${index}`
  const answer = await purser.holds.reserve({ id, labels: gateLabels(index, prefix), amount: { cost: '0.10', tokens: 20_000 } })
  if (!answer.granted) throw new Error(answer.message)
  await purser.holds.settle(id, {
    provider: 'anthropic',
    model: 'claude-sonnet-4-5-20250929',
    usage: { inputTokens: 3 + (index % 7), cacheReadTokens: 9000 + (index % 900), outputTokens: 150 + (index % 900) },
    responseId: `msg_01XFDUDYJg${prefix}${String(index).padStart(10, '0')}`,
  })
}

/** Runs tasks with so many in flight at once. */
export async function inFlight(count: number, width: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
