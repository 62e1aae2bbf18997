import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { acmeCards } from '../../test/ledger/acme-cards.ts'
import { Purser } from '../purser.ts'

const chat = { model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Hello there' }] }
const request = { provider: 'openai', api: 'chat', body: chat }

async function openInMemory(more: Partial<Parameters<typeof Purser.open>[0]> = {}): Promise<Purser> {
  const purser = await Purser.open({ db: ':memory:', ownerCards: acmeCards, ...more })
  onTestFinished(() => purser.close())
  return purser
}

test('a ledger in memory books, holds and answers like any other, and keeps nothing', async () => {
  const purser = await openInMemory({ timezone: 'Asia/Kolkata', subjects: ['episode'] })
  expect([purser.timezone, purser.subjects.has('episode'), purser.isReadOnly]).toEqual(['Asia/Kolkata', true, false])
  await purser.budgets.set('daily', { limit: 5, window: 'day' })
  const held = await purser.holds.reserve({ id: 'h1', amount: { cost: '0.10' } })
  expect(held.granted).toBe(true)
  await purser.holds.settle('h1', { provider: 'acme', model: 'big', usage: { inputTokens: 1000 } })
  // 1000 × 2 nano-dollars
  expect((await purser.costs()).total).toMatchObject({ calls: 1, costNanos: 2000n })
  expect(await purser.verify({ repair: false })).toMatchObject({ charges: 1, discrepancies: [] })
  await purser.close()
  expect(existsSync(':memory:')).toBe(false)
  expect((await (await openInMemory()).costs()).total.calls).toBe(0)
})

test.each([
  ['no options', undefined, /The options of Purser.open is undefined; it must be an object like \{ db/],
  ['no place', {}, /"db" of the options of Purser.open is undefined; it must be text/],
  ['an option that is mistyped', { db: ':memory:', readonly: true }, /Did you mean "readOnly"\?/],
  ['a patience before now', { db: ':memory:', patienceMs: -1 }, /"patienceMs" of the options of Purser.open is -1/],
  [
    'a tier that there is not',
    { db: ':memory:', serviceTiers: { openai: ['cheap'] } },
    /"serviceTiers.openai" .* must be a list of standard, flex, priority, fast/,
  ],
])('a ledger is not opened with %s', async (_, options, message) => {
  await expect(Purser.open(options as unknown as { db: string })).rejects.toMatchObject({
    code: 'PURSER_BAD_ARGUMENT',
    message: expect.stringMatching(message) as string,
  })
})

test('a request that leaves its tier open is bounded by those that the account is served', async () => {
  const held = async (serviceTiers: NonNullable<Parameters<typeof Purser.open>[0]['serviceTiers']>, more: object = {}) => {
    const purser = await openInMemory({ serviceTiers })
    const answer = await purser.holds.reserve({ id: 'h', request: { ...request, body: { ...chat, ...more } } })
    if (!answer.granted) throw new Error(answer.message)
    return (await purser.holds.get('h')).asked.cost
  }
  // 11 bytes, 256 for the request and 16 for the message are 283 tokens: 283 × $2.50 and 100 × $10 a million; priority × 1.7.
  expect(await held({})).toBe(2_902_750n)
  expect(await held({ openai: ['standard'] })).toBe(1_707_500n)
  expect(await held({ OpenAI: ['standard', 'flex'] })).toBe(1_707_500n)
  expect(await held({ anthropic: ['standard'] })).toBe(2_902_750n)
  // What is asked for is never bounded below itself.
  expect(await held({ openai: ['standard'] }, { service_tier: 'priority' })).toBe(2_902_750n)
})
