import { truncateSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { acmeCard } from '../../test/ledger/acme-cards.ts'
import { openBehind, openTemporaryLedger } from '../../test/ledger/temporary-ledger.ts'
import { emptySchema } from '../../test/stores/postgres-database.ts'
import { PostgresProxy } from '../../test/stores/postgres-proxy.ts'
import { Purser } from '../purser.ts'
import type { HoldDesk } from './hold-desk.ts'

/** Holds as JavaScript sees them, which hands over whatever it likes. */
type Untyped = Readonly<Record<keyof HoldDesk, (...given: unknown[]) => Promise<unknown>>>

async function openWithHold(): Promise<{ purser: Purser; holds: Untyped }> {
  const purser = await openTemporaryLedger()
  await purser.budgets.set('daily', { limit: 5, window: 'day' })
  await purser.holds.reserve({ id: 'h1', amount: { cost: '0.10' }, labels: { project: 'atlas' } })
  return { purser, holds: purser.holds as unknown as Untyped }
}

describe('what a hold is asked with is refused by name where it is wrong', () => {
  const call = { costUsd: '0.01' }
  test.each<[string, (holds: Untyped) => Promise<unknown>, RegExp]>([
    ['no request', (holds) => holds.reserve(), /A hold request is undefined; it must be an object like \{ amount/],
    ['null', (holds) => holds.reserve(null), /A hold request is null; it must be an object/],
    [
      'a field that is mistyped',
      (holds) => holds.reserve({ amout: { cost: 1 } }),
      /"amout" is no field of a hold request. Did you mean "amount"\?/,
    ],
    [
      'a field that is unlike any',
      (holds) => holds.reserve({ colour: 'red' }),
      /"colour" is no field of a hold request. It has id, labels, amount/,
    ],
    ['a metric that is mistyped', (holds) => holds.reserve({ amount: { costs: 1 } }), /"costs" is no metric/],
    ['no request to bound', (holds) => holds.reserve({ request: null }), /"request" of a hold request is null; it must be an object/],
    ['a request without its api', (holds) => holds.reserve({ request: { provider: 'openai', body: {} } }), /names no api/],
    [
      'a request with a field that is mistyped',
      (holds) => holds.reserve({ request: { provider: 'openai', api: 'chat', boddy: {} } }),
      /Did you mean "body"\?/,
    ],
    ['a provider that is a number', (holds) => holds.reserve({ provider: 5 }), /"provider" of a hold request is 5; it must be text/],
    ['labels that are a list', (holds) => holds.reserve({ labels: ['a'] }), /"labels" of a hold request is \["a"\]; it must be an object/],
    [
      'a wait that is no number',
      (holds) => holds.reserve({ waitMs: Number.NaN }),
      /"waitMs" of a hold request is .*; it must be a number of milliseconds, 0 or more/,
    ],
    ['a wait before now', (holds) => holds.reserve({ waitMs: -1 }), /"waitMs" of a hold request is -1/],
    ['a life that is no number', (holds) => holds.reserve({ ttlMs: Number.NaN }), /lives from 1 millisecond to 400 days; NaN/],
    [
      'a basis that there is not',
      (holds) => holds.reserve({ basis: 'gift' }),
      /"basis" of a hold request is "gift"; it must be one of metered, plan, free/,
    ],
    ['a part without a request', (holds) => holds.split('h1'), /A hold request is undefined/],
    ['a part of nothing', (holds) => holds.split(undefined, { amount: { cost: 1 } }), /The id of a hold is undefined; it must be text/],
    [
      'tokens that nobody can say, which are left out instead',
      (holds) => holds.reserve({ amount: { tokens: null } }),
      /"amount\.tokens" is null; it must be a whole number of tokens/,
    ],
    ['a question without a request', (holds) => holds.why(), /A hold request is undefined/],
    [
      'a settlement without a record',
      (holds) => holds.settle('h1'),
      /What the held call came to is undefined; it must be an object like \{ costUsd/,
    ],
    ['a settlement of no hold', (holds) => holds.settle(undefined, call), /The id of a hold is undefined/],
    ['a settlement with an option that is mistyped', (holds) => holds.settle('h1', call, { partal: true }), /Did you mean "partial"\?/],
    [
      'a label that is another one',
      (holds) => holds.settle('h1', { ...call, labels: { project: 'web' } }),
      /The hold "h1" has project=atlas, .* project=web cannot be booked under it/,
    ],
    [
      'a label that is added',
      (holds) => holds.settle('h1', { ...call, labels: { scene: 's1' } }),
      /The hold "h1" has no label scene, .* made by split or record/,
    ],
    ['another hold in the record', (holds) => holds.settle('h1', { ...call, hold: 'h2' }), /names the hold "h2"/],
    [
      'an ending that there is not',
      (holds) => holds.end('h1', 'bogus'),
      /The ending of a held call is "bogus"; it must be one of ok, refused/,
    ],
    ['an ending that is mistyped', (holds) => holds.end('h1', 'time-out'), /Did you mean "timeout"\?/],
    ['a longer life that is no number', (holds) => holds.extend('h1', Number.NaN), /NaN/],
    ['a longer life without a number', (holds) => holds.extend('h1'), /undefined/],
    ['a longer life of a number', (holds) => holds.extend(7, 1000), /The id of a hold is 7/],
    [
      'a resolution without an answer',
      (holds) => holds.resolve('h1'),
      /What became of the hold is undefined; it must be "not-sent", or an object/,
    ],
    ['a resolution that is mistyped', (holds) => holds.resolve('h1', 'not-send'), /Did you mean "not-sent"\?/],
    ['a release of nothing', (holds) => holds.release(), /The id of a hold is undefined/],
    ['a look at nothing', (holds) => holds.get(), /The id of a hold is undefined/],
    ['a list by an object', (holds) => holds.list({ budgt: 'daily' }), /The name of a budget is \{"budgt":"daily"\}; it must be text/],
    ['a call under a hold without a record', (holds) => holds.record('h1'), /What the held call came to is undefined/],
  ])('%s', async (_, ask, message) => {
    const { purser, holds } = await openWithHold()
    // A promise that is rejected, and not an exception that a caller of `.catch` would miss.
    const asked = ask(holds)
    await expect(asked).rejects.toMatchObject({
      name: 'PurserError',
      code: 'PURSER_BAD_ARGUMENT',
      message: expect.stringMatching(message) as string,
    })
    expect(await purser.holds.get('h1')).toMatchObject({ state: 'open' })
    expect(await purser.holds.list()).toHaveLength(1)
  })

  test('a record of it is checked like any record', async () => {
    const { holds } = await openWithHold()
    await expect(holds.settle('h1', { costUSD: 1 })).rejects.toMatchObject({
      code: 'PURSER_BAD_RECORD',
      message: expect.stringContaining('Did you mean "costUsd"?') as string,
    })
  })

  test('the labels of the hold may be told again', async () => {
    const { purser } = await openWithHold()
    const { charge } = await purser.holds.settle('h1', { costUsd: '0.01', labels: { project: 'atlas' } })
    expect(await purser.charge(charge ?? '')).toMatchObject({ labels: { project: 'atlas' }, costNanos: 10_000_000n })
  })
})

describe('a ledger that cannot be asked grants nothing', () => {
  test('while another process keeps the lock of its file, and then it does again', async () => {
    const purser = await openTemporaryLedger({ patienceMs: 50 })
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const other = openBehind(purser.location)
    other.exec('BEGIN IMMEDIATE')
    const answer = await purser.holds.reserve({ id: 'h1', amount: { cost: '0.10' } })
    expect(answer).toMatchObject({
      granted: false,
      kind: 'unavailable',
      budget: null,
      limit: null,
      spent: null,
      code: 'PURSER_LEDGER_LOCKED',
      retryAfterMs: 1000,
    })
    expect(answer).toMatchObject({
      message: expect.stringMatching(/Nothing is held.*locked by another process for 0.05 seconds.*try again/) as string,
    })
    // What stands is still told meanwhile.
    expect(await purser.budgets.status()).toMatchObject([{ budget: 'daily', held: 0n, spent: 0n }])
    other.exec('ROLLBACK')
    expect(await purser.holds.reserve({ id: 'h1', amount: { cost: '0.10' } })).toMatchObject({ granted: true, id: 'h1' })
  })

  test('while its server cannot be reached, and then it does again', async () => {
    const place = await emptySchema()
    const proxy = await PostgresProxy.open(place.url)
    const url = new URL(proxy.url)
    url.searchParams.set('schema', place.schema)
    const purser = await Purser.open({ db: url.href, patienceMs: 200 })
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    await proxy.close()
    const answer = await purser.holds.reserve({ id: 'h1', amount: { cost: '0.10' } })
    expect(answer).toMatchObject({ granted: false, kind: 'unavailable', code: 'PURSER_LEDGER_UNAVAILABLE', retryAfterMs: null })
    expect(answer).toMatchObject({ message: expect.stringMatching(/Nothing is held.*cannot be reached.*Check the server/) as string })
    await purser.close()
    const direct = new URL(place.url)
    direct.searchParams.set('schema', place.schema)
    const again = await Purser.open({ db: direct.href })
    expect(await again.holds.list()).toEqual([])
    expect(await again.holds.reserve({ id: 'h1', amount: { cost: '0.10' } })).toMatchObject({ granted: true })
    await again.close()
  })

  test('a commit whose answer is lost stays an error, with the id to ask again by', async () => {
    const place = await emptySchema()
    const proxy = await PostgresProxy.open(place.url)
    const url = new URL(proxy.url)
    url.searchParams.set('schema', place.schema)
    const purser = await Purser.open({ db: url.href, patienceMs: 200 })
    proxy.fault = 'unanswered'
    proxy.isDownAfterwards = true
    const failed = (await purser.holds.reserve({ amount: { cost: '0.10' } }).catch((error: unknown) => error)) as {
      code: string
      message: string
    }
    expect(failed.code).toBe('PURSER_OUTCOME_UNKNOWN')
    const [, id = ''] = /The hold "(.*)" may have been granted; reserve it again with that id/.exec(failed.message) ?? []
    await purser.close()
    await proxy.close()
    const direct = new URL(place.url)
    direct.searchParams.set('schema', place.schema)
    const again = await Purser.open({ db: direct.href })
    expect(await again.holds.list()).toMatchObject([{ id, state: 'open' }])
    expect(await again.holds.reserve({ id, amount: { cost: '0.10' } })).toMatchObject({ granted: true, id })
    expect(await again.holds.list()).toHaveLength(1)
    await again.close()
  })

  test('a charge whose answer is lost is named, so that it can be booked again by its id', async () => {
    const place = await emptySchema()
    const proxy = await PostgresProxy.open(place.url)
    const url = new URL(proxy.url)
    url.searchParams.set('schema', place.schema)
    const purser = await Purser.open({ db: url.href, patienceMs: 200 })
    await purser.holds.reserve({ id: 'batch', amount: { cost: '1' } })
    proxy.fault = 'unanswered'
    proxy.isDownAfterwards = true
    const call = { provider: 'acme', model: 'big', costUsd: '0.10' }
    const failed = (await purser.holds.settle('batch', call, { partial: true }).catch((error: unknown) => error)) as Error
    const [, id = ''] = /The charge "(.*)" may have been booked; book it again with that id/.exec(failed.message) ?? []
    await purser.close()
    await proxy.close()
    const direct = new URL(place.url)
    direct.searchParams.set('schema', place.schema)
    const again = await Purser.open({ db: direct.href })
    await again.holds.settle('batch', { ...call, id }, { partial: true })
    expect(await again.holds.get('batch')).toMatchObject({ state: 'open', spent: { cost: 100_000_000n, calls: 1n } })
    await again.close()
  })

  test('a damaged one is an error', async () => {
    const first = await openTemporaryLedger()
    await first.budgets.set('daily', { limit: 5, window: 'day' })
    await first.close()
    const purser = await openTemporaryLedger({ db: first.location })
    // All but the first pages are gone.
    truncateSync(first.location, 4 * 4096)
    await expect(purser.holds.reserve({ amount: { cost: 1 } })).rejects.toMatchObject({ code: 'PURSER_LEDGER_CORRUPT' })
  })

  test('one that is closed is an error', async () => {
    const purser = await openTemporaryLedger()
    await purser.close()
    await expect(purser.holds.reserve({ amount: { cost: 1 } })).rejects.toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('closed') as string,
    })
  })
})

test('a hold takes no more than one call is booked with', async () => {
  const purser = await openTemporaryLedger()
  expect(await purser.holds.reserve({ amount: { cost: 10_000_000, tokens: 10n ** 15n } })).toMatchObject({ granted: true })
  const tooMuch = [
    { amount: { cost: '10000000.000000001' } },
    { amount: { cost: 1 }, expected: { cost: 10_000_001 } },
    { amount: { tokens: 10n ** 15n + 1n } },
  ]
  for (const ask of tooMuch) {
    await expect(purser.holds.reserve(ask)).rejects.toMatchObject({
      code: 'PURSER_BAD_ARGUMENT',
      message: expect.stringMatching(
        /^"(?:amount|expected)\.\w+" is .*; it can be (?:\$10,000,000\.00|1,000,000,000,000,000 tokens) at most/,
      ) as string,
    })
  }
})

describe('a hold for calls that nobody can count', () => {
  const asked = { amount: { cost: 1, calls: null } }

  test('is refused by a hard budget of calls, and so is a part; any other budget grants it', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('drafts', { metric: 'calls', limit: 2, window: 'total', where: 'stage=draft' })
    const run = await purser.holds.reserve({ ...asked, id: 'run' })
    expect(run).toMatchObject({ granted: true })
    expect(await purser.holds.reserve({ ...asked, id: 'run' })).toEqual({ ...run, isRepeated: true })
    expect((await purser.holds.get('run')).asked).toEqual({ cost: 1_000_000_000n, concurrency: 1n })
    const labels = { stage: 'draft' }
    const refusal = {
      granted: false,
      kind: 'unbounded',
      budget: 'drafts',
      asked: null,
      room: 2n,
      message: expect.stringContaining('how many'),
    }
    expect(await purser.holds.reserve({ ...asked, labels })).toMatchObject(refusal)
    expect(await purser.holds.split('run', { ...asked, labels })).toMatchObject(refusal)
    expect(await purser.holds.split('run', { amount: { cost: '0.1' }, labels })).toMatchObject({ granted: true })
  })

  test('and is another hold than one for a single call under the same id', async () => {
    const purser = await openTemporaryLedger()
    await purser.holds.reserve({ ...asked, id: 'h1' })
    await expect(purser.holds.reserve({ amount: { cost: 1 }, id: 'h1' })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
  })
})

describe('a hold that is bounded by its request', () => {
  const body = { model: 'gpt-4o', max_tokens: 1000, service_tier: 'default', messages: [{ role: 'user', content: 'Hello' }] }
  const request = { provider: 'openai', api: 'chat', body }

  test('gets the same grant by its id, with the length that fitted, whatever is free or costs what by now', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: '0.005', window: 'day' })
    const first = await purser.holds.reserve({ id: 'h1', request, shrink: true })
    expect(first).toMatchObject({ granted: true })
    const { maxOutputTokens = 0 } = first as { maxOutputTokens?: number }
    expect(maxOutputTokens).toBeGreaterThan(0)
    expect(maxOutputTokens).toBeLessThan(1000)
    expect(await purser.holds.reserve({ id: 'h1', request, shrink: true })).toEqual({ ...first, isRepeated: true })
    await purser.close()
    const dearer = acmeCard('gpt-4o', { inputTokens: '0.0001', outputTokens: '0.0001' }, { provider: 'openai' })
    const again = await openTemporaryLedger({ db: purser.location, ownerCards: [dearer] })
    expect(await again.holds.reserve({ id: 'h1', request, shrink: true })).toEqual({ ...first, isRepeated: true })
    expect(await again.holds.get('h1')).toMatchObject({ catalog: expect.any(String) as string })
  })

  test('is refused by its id where the request is another one, also of the same length', async () => {
    const purser = await openTemporaryLedger()
    await purser.holds.reserve({ id: 'h1', request })
    const other = { ...request, body: { ...request.body, messages: [{ role: 'user', content: 'Adieu' }] } }
    await expect(purser.holds.reserve({ id: 'h1', request: other })).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining('was granted for another request') as string,
    })
  })
})

describe('a record that names a hold', () => {
  const call = { provider: 'acme', model: 'big', costUsd: '0.05' }

  test('is refused where there is no such hold, and nothing is booked', async () => {
    const purser = await openTemporaryLedger()
    const refused = { code: 'PURSER_NOT_FOUND', message: expect.stringContaining('There is no hold "nope"') as string }
    await expect(purser.recordAll([call, { ...call, hold: 'nope' }])).rejects.toMatchObject(refused)
    await expect(purser.recordMany([call, { ...call, hold: 'nope' }])).rejects.toMatchObject(refused)
    expect((await purser.costs()).rows).toEqual([])
  })

  test('is paid for as the hold is, takes what it came to out of it, and may have the id of the hold’s own charge', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    await purser.holds.reserve({ id: 'p', amount: { cost: 1 }, basis: 'plan' })
    await purser.holds.reserve({ id: 'h', amount: { cost: 1 } })
    expect(await purser.record({ ...call, hold: 'p' })).toMatchObject({ basis: 'plan' })
    await purser.record({ ...call, hold: 'h', id: 'hold:h' })
    expect(await purser.holds.get('h')).toMatchObject({ state: 'open', left: { cost: 950_000_000n } })
    expect(await purser.budgets.status()).toMatchObject([{ spent: 50_000_000n, held: 950_000_000n }])
    await expect(purser.record({ ...call, id: 'hold:other' })).rejects.toMatchObject({ code: 'PURSER_BAD_RECORD' })
    await expect(purser.record({ ...call, id: 'hold:p', hold: 'h' })).rejects.toMatchObject({ code: 'PURSER_BAD_RECORD' })
  })
})
