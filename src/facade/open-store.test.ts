import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { acmeCards } from '../../test/ledger/acme-cards.ts'
import { temporaryFolder } from '../../test/ledger/temporary-ledger.ts'
import type { Card } from '../pricing/card.ts'
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

test.each([
  [
    'postgress://bot:s3cret@db.example/spend',
    /"db" of the options of Purser.open is "postgress:\/\/\*\*\*@db.example\/spend", and its scheme/,
  ],
  ['sqlite:spend.db', /write the path of a file alone, like spend.db, or the URL of a Postgres database/],
  ['$HOME/spend.db', /in which nobody has put a value for \$HOME/],
])('a place that is none, %s, leaves nothing behind, whether calls are tracked or not', async (db, message) => {
  const folder = temporaryFolder()
  const before = process.cwd()
  process.chdir(folder)
  onTestFinished(() => process.chdir(before))
  for (const tracking of [true, false]) {
    await expect(Purser.open({ db, tracking })).rejects.toMatchObject({
      code: 'PURSER_BAD_ARGUMENT',
      message: expect.stringMatching(message) as string,
    })
  }
  expect(readdirSync(folder)).toEqual([])
})

test('~ at the beginning of a path is the home folder', async () => {
  const home = temporaryFolder()
  vi.stubEnv('HOME', home)
  onTestFinished(() => void vi.unstubAllEnvs())
  const purser = await Purser.open({ db: '~/ledgers/spend.db' })
  onTestFinished(() => purser.close())
  expect([purser.location, existsSync(join(home, 'ledgers', 'spend.db'))]).toEqual([join(home, 'ledgers', 'spend.db'), true])
})

const rate = { meter: 'inputTokens', usd: '2', per: 1_000_000 }
const card = { provider: 'acme', model: 'x', rates: [rate], source: 'contract', checkedAt: '2026-11-01' }

test.each([
  [
    'a negative price',
    { ...card, rates: [{ ...rate, usd: '-1' }] },
    /Card 1 \(acme\/x\), rates.0.usd: write an amount as quoted decimal text/,
  ],
  ['a price that is a number', { ...card, rates: [{ ...rate, usd: 2 }] }, /rates.0.usd/],
  ['nothing', {}, /Card 1, provider/],
  ['rates that are no list', { ...card, rates: {} }, /rates: .*expected array/],
  ['a meter that there is not', { ...card, rates: [{ ...rate, meter: 'inputToken' }] }, /rates.0.meter/],
  ['an amount for no units', { ...card, rates: [{ ...rate, per: 0 }] }, /rates.0.per/],
  ['a pattern that is none', { ...card, patterns: [{ regex: '^(x$' }] }, /patterns.0/],
  [
    'hours of no zone',
    { ...card, rates: [{ ...rate, when: { hours: [{ from: '08:00', to: '18:00', zone: 'Mars/Base' }] } }] },
    /zone of the IANA/,
  ],
])('a card of the owner with %s is refused as the ledger is opened', async (_, wrong, message) => {
  const opened = Purser.open({ db: ':memory:', ownerCards: [wrong as unknown as Card] })
  await expect(opened).rejects.toMatchObject({ code: 'PURSER_BAD_CARD', message: expect.stringMatching(message) as string })
  await expect(opened).rejects.toThrow('"ownerCards" of the options of Purser.open: ')
})

test('what a host does to its cards later changes no price', async () => {
  const own = { ...card, rates: [{ ...rate }] }
  const purser = await Purser.open({ db: ':memory:', ownerCards: [own as unknown as Card] })
  onTestFinished(() => purser.close())
  own.rates[0] = { ...rate, usd: '-1' }
  // 1,000 × $2 a million
  expect(purser.price({ provider: 'acme', model: 'x', usage: { inputTokens: 1000 } })).toMatchObject({ costNanos: 2_000_000n })
})

test('a ledger in memory that is opened for reading is empty, and stays so', async () => {
  const purser = await openInMemory({ readOnly: true })
  expect([purser.isReadOnly, (await purser.costs()).total.calls, await purser.budgets.list(), await purser.holds.list()]).toEqual([
    true,
    0,
    [],
    [],
  ])
  const writes = [
    () => purser.record({ provider: 'acme', model: 'big', costUsd: 1 }),
    () => purser.holds.reserve({ amount: { cost: 1 } }),
    () => purser.budgets.set('daily', { limit: 6, window: 'day' }),
    () => purser.refreshCatalog([], 'prices.json'),
    () => purser.verify({ repair: true }),
  ]
  for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'PURSER_LEDGER_READ_ONLY' })
  expect((await purser.costs()).total.calls).toBe(0)
})

test('all that is asked of a ledger after it was closed is refused in the same words', async () => {
  for (const db of [':memory:', join(temporaryFolder(), 'ledger.db')]) {
    const purser = await Purser.open({ db })
    await purser.record({ id: 'c1', provider: 'acme', model: 'big', costUsd: 1 })
    const charges = purser.charges()[Symbol.asyncIterator]()
    await purser.close()
    const questions: readonly (() => unknown)[] = [
      () => purser.charge('c1'),
      () => Array.fromAsync(purser.charges()),
      () => charges.next(),
      () => Array.fromAsync(purser.standingCharges()),
      () => purser.imports(),
      () => purser.undoImport('b1'),
      () => purser.reprice({ apply: false }),
      () => purser.refreshCatalog([], 'prices.json'),
      () => purser.budgets.history(),
      () => purser.budgets.list(),
      () => purser.verify({ repair: false }),
      () => purser.listen(() => undefined),
      () => purser.record({ provider: 'acme', model: 'big', costUsd: 1 }),
      () => purser.costs(),
    ]
    for (const question of questions) {
      await expect((async () => question())()).rejects.toMatchObject({
        code: 'PURSER_LEDGER_UNAVAILABLE',
        message: 'This ledger is closed. Open it again with Purser.open.',
      })
    }
    await purser.close()
  }
})

test('a listener that throws, at once or later, is told as a warning, and everybody else is told of all', async () => {
  const warnings: string[] = []
  const told: string[] = []
  const purser = await openInMemory({ onWarning: (message) => void warnings.push(message) })
  purser.listen(() => {
    throw new Error('no console')
  })
  purser.listen(async ({ kind }) => {
    throw new Error(`no webhook for ${kind}`)
  })
  purser.listen(({ kind }) => void told.push(kind))
  await purser.budgets.set('daily', { limit: 5, window: 'day' })
  await purser.record({ provider: 'acme', model: 'big', costUsd: 3 })
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(told).toEqual(['budget.changed', 'threshold.crossed'])
  expect(warnings.toSorted()).toEqual([
    'A listener failed at budget.changed, and the ledger has what it was told of: no console.',
    'A listener failed at budget.changed, and the ledger has what it was told of: no webhook for budget.changed.',
    'A listener failed at threshold.crossed, and the ledger has what it was told of: no console.',
    'A listener failed at threshold.crossed, and the ledger has what it was told of: no webhook for threshold.crossed.',
  ])
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
