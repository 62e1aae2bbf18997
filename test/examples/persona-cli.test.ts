import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Purser } from '../../src/purser.ts'
import { costsBlockSchema } from '../../src/reports/schemas/host-schemas.ts'
import { startProviderServer } from './provider-server.ts'
import { copyExample, expectVerified } from './run-example.ts'

// claude-sonnet-4-5 is $3 and $15 a million: 4,000 × 3 + 2,000 × 15 = 12,000 + 30,000 = $0.042 a call.
const script = () => ({ text: 'Ada, 34.', inputTokens: 4000, outputTokens: 2000 })

// Nine personas are 9 × 0.042 = 0.378, the summary of them 0.042, all together 0.42. Foreseen are 16,000 / 4 = 4,000 tokens of
// interviews and 2,200 of an answer: 0.012 + 0.033 = 0.045 a call, 0.45 for ten. 0.42 − 0.45 = -0.03, -6.7 % of 0.45.
const costs = `{
  "costs": {
    "estimated_before": 0.45,
    "actual": 0.42,
    "variance": -0.03,
    "variance_percent": -6.7,
    "breakdown": {
      "persona_generation": 0.378,
      "summary_generation": 0.042
    },
    "by_model": {
      "claude-sonnet-4-5-20250929": 0.42
    }
  }
}
`

// Four runs before are 0.40 + 0.45 + 0.43 + 0.45 = 1.73, with this one 2.15, a fifth of which is 0.43.
// 2.15 of 150 is 1.43 %.
const report = `💰 Cost Report

This Run:
  Estimated: $0.45
  Actual:    $0.42 (-6.7%)

Experiment Total (5 runs):
  Total cost: $2.15
  Average per run: $0.43

Budget Status (Monthly):
  Used: $2.15 / $150.00 (1.4%)
  Remaining: $147.85

  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 1%
`

const generate = ['generate', '--count', '9', '--data', 'notes.txt']

test('personas are estimated, made, and accounted for against the budgets of the file', async () => {
  await using server = await startProviderServer(script)
  const example = copyExample('persona-cli', 'personas.db')
  writeFileSync(join(example.folder, 'notes.txt'), 'They said. '.repeat(1600).slice(0, 16_000))

  const ledger = await example.ledger()
  for (const [index, dollars] of ['0.40', '0.45', '0.43', '0.45'].entries()) {
    await spend(ledger, dollars, { run: `before-${index}`, experiment: 'first' })
  }
  const first = await example.run(generate, server.environment)
  expect(first).toMatchObject({ code: 0, out: `9 personas will cost about $0.45.\n${costs}${report}` })
  expect(server.calls).toHaveLength(10)
  const written = JSON.parse(readFileSync(join(example.folder, 'personas.json'), 'utf8')) as Record<string, unknown>
  expect(written).toMatchObject({ personas: Array(9).fill('Ada, 34.'), summary: 'Ada, 34.' })
  expect(`${JSON.stringify(costsBlockSchema.parse({ costs: written['costs'] }), null, 2)}\n`).toBe(costs)
  // The command line says the very same.
  expect((await example.run(['costs'], server.environment)).out).toBe(report)
  expect((await example.purser('costs', '--report')).out).toBe(report)

  // 2.15 + 5.55 = 7.70; the next run takes the day to 8.12, past 80 % of 10.
  await spend(ledger, '5.55', { project: 'other' })
  const warned = await example.run(generate, server.environment)
  expect(warned.out).toContain('9 personas will cost about $0.45.\n⚠️  80 % of budgets.daily is used.\n{')
  expect(warned.out).toContain('Experiment Total (6 runs):\n  Total cost: $2.57\n')
  // 8.12 of 150 is 5.41 %, and 29 × 5.4 / 100 is 1.57 cells.
  expect(warned.out).toContain(`  Used: $8.12 / $150.00 (5.4%)\n  Remaining: $141.88\n\n  █${'░'.repeat(29)} 5%\n`)

  // 8.12 + 1.60 = 9.72, which leaves 0.28 of the day: less than the 0.45 that is foreseen.
  await spend(ledger, '1.60', { project: 'other' })
  const calls = server.calls.length
  const refused = await example.run(generate, server.environment)
  expect(refused).toMatchObject({ code: 4 })
  expect(refused.out).toContain('Nothing is made: Budget "budgets.daily" has no room for $0.45: $9.72 spent, $0.00 held of $10.00.')
  expect(server.calls).toHaveLength(calls)
  await expectVerified(example)
})

/** Something else that was paid for today. */
async function spend(ledger: Purser, costUsd: string, labels: Readonly<Record<string, string>>): Promise<void> {
  await ledger.record({ provider: 'acme', model: 'flat', costUsd, labels })
}
