import { expect, test } from 'vitest'
import { openTemporaryLedger } from './temporary-ledger.ts'

test.each([1e30, -5, 'many'])(
  'a count of %s is no quantity: the cost is a lower bound, and what was held stays presumed',
  async (prompt_tokens) => {
    const warnings: string[] = []
    const purser = await openTemporaryLedger({ onWarning: (message) => warnings.push(message) })
    await purser.budgets.set('daily', { limit: 1, window: 'day' })
    const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 }
    const answer = { id: 'chatcmpl-1', object: 'chat.completion', model: 'gpt-4o', usage: { prompt_tokens, completion_tokens: 10 } }
    const called = await purser.call({ amount: { cost: '0.50' }, request: { provider: 'openai', api: 'chat', body } }, async () => answer)
    const booked = called.granted ? await called.booked : undefined
    // 10 output tokens at $10 a million; of the input nobody knows.
    expect(booked?.charge).toMatchObject({ status: 'partial', costNanos: 100_000n, usage: { outputTokens: 10 } })
    expect((await purser.costs()).total).toMatchObject({ partialCalls: 1, isLowerBound: true })
    expect(warnings[0]).toContain('Nobody knows all that a call cost: usage.prompt_tokens is')
    const [status] = await purser.budgets.status()
    expect(status).toMatchObject({ spent: 100_000n, held: 0n, presumed: 499_900_000n })
  },
)
