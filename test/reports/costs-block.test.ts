import { expect, test } from 'vitest'
import { costsBlockSchema } from '../../src/reports/schemas/host-schemas.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { fillPersonaLedger, personaCards } from './persona-ledger.ts'

test('the costs block of a generator has the figures and the form of its specification, and no more', async () => {
  const purser = await openTemporaryLedger({ ownerCards: personaCards })
  await fillPersonaLedger(purser, purser.location)
  const block = await purser.reports.costsBlock('p-5')
  expect(costsBlockSchema.parse(block)).toEqual(block)
  expect(JSON.stringify(block, null, 2)).toBe(`{
  "costs": {
    "estimated_before": 0.45,
    "actual": 0.42,
    "variance": -0.03,
    "variance_percent": -6.7,
    "breakdown": {
      "persona_generation": 0.38,
      "summary_generation": 0.04
    },
    "by_model": {
      "claude-sonnet-4-5-20250929": 0.42
    }
  }
}`)
})

test('without an estimate there is no variance; without an operation a call counts under its stage', async () => {
  const purser = await openTemporaryLedger()
  const record = (labels: Readonly<Record<string, string>>, inputTokens: number) =>
    purser.record({ provider: 'acme', model: 'big', usage: { inputTokens }, labels: { run: 'r', ...labels } })
  await record({ stage: 'draft', operation: 'outline' }, 3)
  await record({ stage: 'draft' }, 4)
  await record({}, 5)
  // 2 nanos a token.
  expect(await purser.reports.costsBlock('r')).toEqual({
    costs: {
      estimated_before: null,
      actual: 2.4e-8,
      variance: null,
      variance_percent: null,
      breakdown: { none: 1e-8, draft: 8e-9, outline: 6e-9 },
      by_model: { big: 2.4e-8 },
    },
  })
})
