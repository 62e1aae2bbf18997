import { expect, test } from 'vitest'
import type { Purser } from '../../src/purser.ts'
import { type ProviderScript, startProviderServer } from './provider-server.ts'
import { copyExample, expectVerified } from './run-example.ts'

const daysAgo = (days: number): string => new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString()
/** Days of the month, today the last. */
const lastDays = [6, 5, 4, 3, 2, 1, 0].map((days) => daysAgo(days).slice(8, 10)).join(' ')

/** Counts the calls that are under way; `most` of them at one time. */
function platformScript(): { readonly script: ProviderScript; readonly most: () => number } {
  let [now, most] = [0, 0]
  const script: ProviderScript = async ({ body }) => {
    now += 1
    most = Math.max(most, now)
    await new Promise((resolve) => setTimeout(resolve, 150))
    now -= 1
    const messages = body['messages'] as readonly { readonly content: unknown }[]
    const first = String(messages[0]?.content)
    if (first.startsWith('Build')) return { text: 'Built.', inputTokens: 100, outputTokens: 500 }
    if (!first.includes('whole of its sources')) return { text: 'DONE', inputTokens: 200, outputTokens: 2000 }
    // Each answer is long, and all of them are read again with the next step.
    const answers = (messages.length - 1) / 2
    return { text: 'x'.repeat(24_000), inputTokens: 200 + 6000 * answers, outputTokens: 4000 }
  }
  return { script, most: () => most }
}

// A million tokens are $5 and $25 of claude-opus-5, $3 and $15 of claude-sonnet-4-6, $1 and $5 of claude-haiku-4-5.
// 200 + 2,000 tokens of opus are 1,000 + 50,000 = $0.051, of sonnet 600 + 30,000 = $0.0306, of haiku 200 + 10,000 = $0.0102; a build
// is 100 + 2,500 = $0.0026. So T-1 and T-4 are 0.0536, T-2, T-5 and T-7 0.0332, T-3 and T-8 0.0128.
// T-6 makes three steps: 200 + 6,200 + 12,200 = 18,600 × 5 = 0.093, and 12,000 × 25 = 0.30: $0.393. They used 30,600 tokens; the fourth
// would read three answers of 24,000 bytes and might write 4,000 tokens, so the 100,000 of the run have no room for it.
const ends = [
  'T-1 feature-dev: completed, $0.0536',
  'T-2 bugfix-dev: completed, $0.0332',
  'T-3 clarifier: completed, $0.0128',
  'T-4 feature-dev: completed, $0.0536',
  'T-5 bugfix-dev: completed, $0.0332',
  expect.stringMatching(
    /^T-6 feature-dev: terminated, \$0\.393\. The run "\w+" is terminated\. Budget "limits\.per_agent\.max_tokens_per_run" \(agent=feature-dev, run=\w+\) of 100,000 tokens is reached: 30,600 tokens spent, and 7\d,\d{3} tokens more is asked\.$/,
  ) as string,
  'T-7 tester: completed, $0.0332',
  'T-8 clarifier: completed, $0.0128',
]

// Agents: 2 × 0.051 + 0.393 = 0.495; 2 × 0.0306 = 0.0612; 0.0306; 2 × 0.0102 = 0.0204; seven builds 0.0182. Together 0.6254.
// Models: opus 0.495, sonnet 3 × 0.0306 = 0.0918, haiku 0.0204 + 0.0182 = 0.0386.
// Projects: my-arpg 2 × 0.0536 + 0.0332 + 0.0128 = 0.1532, web-shop 2 × 0.0332 + 0.393 + 0.0128 = 0.4722.
// Tokens: 7 × 2,200 + 7 × 600 + 30,600 = 50,200. A bar has a cell for each begun five percent; that of the month, of which
// 0.6254 of 500 is 0.125 %, one for each begun ten. A day's column has one for each begun quarter of the dearest day: three quarters
// of 0.6254 are 0.46905, a half is 0.3127, a quarter 0.15635.
const dashboard = `
Total cost $0.6254, 50200 tokens, 8 agent runs
This month █░░░░░░░░░ 0.1% of $500.00

Daily Usage
   $0.6254 │                   ██
   $0.4691 │                   ██
   $0.3127 │                   ██
   $0.1564 │                   ██
           └─────────────────────
             ${lastDays}

Cost by Agent
  feature-dev        ████████████████     $0.495 (79.1%)
  bugfix-dev         ██                   $0.0612 (9.7%)
  tester             █                    $0.0306 (4.8%)
  clarifier          █                    $0.0204 (3.2%)
  builder            █                    $0.0182 (2.9%)

Cost by Model
  claude-opus-5      ████████████████     $0.495 (79.1%)
  claude-sonnet-4-6  ███                  $0.0918 (14.6%)
  claude-haiku-4-5   ██                   $0.0386 (6.1%)

Cost by Ticket
  T-6                █████████████        $0.393 (62.8%)
  T-1                ██                   $0.0536 (8.5%)
  T-4                ██                   $0.0536 (8.5%)
  T-2                ██                   $0.0332 (5.3%)
  T-5                ██                   $0.0332 (5.3%)
  T-7                ██                   $0.0332 (5.3%)
  T-3                █                    $0.0128 (2%)
  T-8                █                    $0.0128 (2%)

Cost by Project
  web-shop           ████████████████     $0.4722 (75.5%)
  my-arpg            █████                $0.1532 (24.4%)

Limits
  limits.global.max_tokens_per_day: 50200 of 1000000, then block-new-runs
  limits.global.max_cost_per_day: $0.6254 of $50.00, then block-new-runs
  limits.global.max_cost_per_month: $0.6254 of $500.00, then block-new-runs
  limits.per_project.max_cost_per_day my-arpg: $0.1532 of $30.00, then block-new-runs
  limits.per_project.max_cost_per_day web-shop: $0.4722 of $20.00, then block-new-runs
  limits.per_project.max_cost_per_month my-arpg: $0.1532 of $300.00, then block-new-runs
  limits.per_project.max_cost_per_month web-shop: $0.4722 of $200.00, then block-new-runs
`

test('eight agents work five at a time, one is terminated at the limit of its run, and a full day lets no more begin', async () => {
  const { script, most } = platformScript()
  await using server = await startProviderServer(script)
  const example = copyExample('agent-platform', 'agents.db')

  const first = await example.run([], server.environment)
  const { begun, rest } = parted(first.out)
  expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: '' })
  expect(begun.filter((line) => line.endsWith('begins (granted)'))).toHaveLength(5)
  expect(begun.filter((line) => line.endsWith('begins (queued)'))).toHaveLength(3)
  expect(rest.slice(0, 8)).toEqual(ends)
  expect(rest.slice(8).join('\n')).toBe(dashboard)
  expect(most()).toBe(5)
  // Seven agents at one step and one at three, and seven builds.
  expect(server.calls).toHaveLength(17)

  // The builder's calls are the ticket's, and so its project's and its run's.
  const ledger = await example.ledger()
  const { rows } = await ledger.costs({
    groupBy: ['ticket', 'project', 'agentType'],
    where: [{ field: 'agent', op: 'equals', values: ['builder'] }],
  })
  expect(rows.map(({ key, costNanos, runs }) => [...key, costNanos, runs]).toSorted()).toEqual(
    ['T-1', 'T-2', 'T-3', 'T-4', 'T-5', 'T-7', 'T-8'].map((ticket) => [
      ticket,
      ticket < 'T-5' ? 'my-arpg' : 'web-shop',
      'support',
      2_600_000n,
      1,
    ]),
  )

  // 0.6254 + 24.20 = 24.8254; half of the day's 50 is passed by the next eight.
  await spend(ledger, '24.20')
  await spend(ledger, '20.00', daysAgo(5))
  await spend(ledger, '12.00', daysAgo(2))
  const again = await example.run([], server.environment)
  expect(again.out).toContain('info: 50% of daily budget used (limits.global.max_cost_per_day)\n')
  // With the 32 of the days before.
  expect(again.out).toContain('Total cost $57.45, 100400 tokens, 17 agent runs\n')
  // A quarter of today's 25.4508 is 6.3627, so that 12 begins a second one and 20 a fourth.
  expect(again.out).toContain(`
Daily Usage
    $25.45 │    ██             ██
    $19.09 │    ██             ██
    $12.73 │    ██       ██    ██
     $6.36 │    ██       ██    ██
           └─────────────────────
             ${lastDays}
`)

  // 25.4508 + 24.5392 = 49.99: not even two calls of haiku fit, which are foreseen at 2 × (1,000 × 1 + 2,000 × 5) = $0.022.
  await spend(ledger, '24.5392')
  const calls = server.calls.length
  const full = await example.run([], server.environment)
  const lines = full.out.split('\n').slice(0, 8)
  expect(lines.every((line) => line.includes('is refused: Budget "limits.global.max_cost_per_day" has no room for $'))).toBe(true)
  expect(lines[2]).toMatch(/^T-3 clarifier .* has no room for \$0\.022: \$49\.99 spent, \$0\.00 held of \$50\.00\./)
  expect(server.calls).toHaveLength(calls)
  await expectVerified(example)
})

/** Lines of agents that begin, which come as their turn does, and all others. */
function parted(out: string): { readonly begun: string[]; readonly rest: string[] } {
  const lines = out.split('\n')
  return { begun: lines.filter((line) => line.includes(' begins (')), rest: lines.filter((line) => !line.includes(' begins (')) }
}

/** What others spent, today unless said otherwise, within a project of many dollars. */
async function spend(ledger: Purser, costUsd: string, at = daysAgo(0)): Promise<void> {
  await ledger.record({ at, provider: 'acme', model: 'flat', costUsd, labels: { run: 'elsewhere', project: 'elsewhere' } })
}
