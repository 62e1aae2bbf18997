import type { Card } from '../../src/pricing/card.ts'
import type { Purser } from '../../src/purser.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { aRun, estimateOf, keepRuns } from './kept-run.ts'

/** Prices of the example: $2 a million tokens in, $10 out. */
export const personaCards: readonly Card[] = [
  {
    provider: 'anthropic',
    model: 'claude-sonnet-4-5-20250929',
    rates: [
      { meter: 'inputTokens', usd: '2', per: 1_000_000 },
      { meter: 'outputTokens', usd: '10', per: 1_000_000 },
    ],
    source: 'https://example.com/prices',
    checkedAt: '2026-01-01',
  },
]

const model = { provider: 'anthropic', model: 'claude-sonnet-4-5-20250929' } as const

const labels = (run: string) => ({ run, experiment: 'personas', project: 'research' })

/** Calls and runs of the example, made in the last minute; `path` is the file of the ledger. */
export async function fillPersonaLedger(purser: Purser, path: string): Promise<void> {
  const now = Date.now()
  // Four runs before: 0.40 + 0.45 + 0.43 + 0.45 = 1.73, with this one's 0.42 that is 2.15.
  const before = ['0.40', '0.45', '0.43', '0.45']
  await purser.recordAll([
    ...before.map((costUsd, index) => ({
      id: `before-${index}`,
      provider: 'acme',
      model: 'flat',
      costUsd,
      labels: labels(`p-${index + 1}`),
      at: now,
    })),
    // 100,000 × $2 + 18,000 × $10 a million = 0.20 + 0.18 = 0.38.
    {
      ...model,
      id: 'personas',
      at: now,
      usage: { inputTokens: 100_000, outputTokens: 18_000 },
      labels: { ...labels('p-5'), operation: 'persona_generation' },
    },
    // 10,000 × $2 + 2,000 × $10 a million = 0.02 + 0.02 = 0.04.
    {
      ...model,
      id: 'summaries',
      at: now,
      usage: { inputTokens: 10_000, outputTokens: 2000 },
      labels: { ...labels('p-5'), operation: 'summary_generation' },
    },
    // The rest of the month: 45.20 − 2.15 = 43.05.
    { id: 'rest', provider: 'acme', model: 'flat', costUsd: '43.05', labels: { project: 'other' }, at: now },
  ])
  const store = openSqliteStore({ path, create: false, timezone: 'UTC', subjects: defaultSubjects })
  const runs = [1, 2, 3, 4, 5].map((number) =>
    aRun(`p-${number}`, {
      project: 'research',
      labels: labels(`p-${number}`),
      createdAt: now - 60_000 + number,
      startedAt: now - 60_000 + number,
      endedAt: now,
      estimate: number === 5 ? estimateOf(450_000_000n) : null,
    }),
  )
  await keepRuns(store, runs)
  await store.close()
}
