import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import type { CallRecord } from '../../src/ledger/parse-record.ts'
import { parseFilter } from '../../src/ledger/cost-query.ts'
import type { Purser } from '../../src/purser.ts'
import { emptySchema } from './postgres-database.ts'

const users = ['ada', 'bob', 'cyd']
const day = 24 * 60 * 60 * 1000
const start = Date.parse('2026-03-01T08:00:00Z')

/** Calls of three users over five days: projects, runs that two of them share, stages, plans, and one without a price. */
const records: readonly CallRecord[] = Array.from({ length: 240 }, (_, n): CallRecord => {
  const user = users[n % 3] ?? ''
  const labels = {
    user,
    project: n % 2 === 0 ? 'film' : 'web',
    run: `r${n % 7}`,
    stage: ['draft', 'final'][n % 2] ?? '',
    experiment: `e${n % 4}`,
  }
  return {
    id: `c${n}`,
    at: start + Math.floor(n / 48) * day + n * 1000,
    provider: n % 11 === 0 ? 'acme' : 'openai',
    model: n % 11 === 0 ? 'secret' : n % 2 === 0 ? 'gpt-4o' : 'gpt-4o-mini',
    usage: { inputTokens: 100 + n, outputTokens: 10 + (n % 5) },
    ...(n % 13 === 0 && { basis: 'plan' as const }),
    labels,
  }
})

async function answersOf(purser: Purser): Promise<unknown> {
  const ids: string[] = []
  for await (const { id } of purser.charges()) ids.push(id)
  const at = (await purser.charge('c5'))?.id ?? null
  const questions = [
    purser.costs(),
    purser.costs({ groupBy: ['user'] }),
    purser.costs({ groupBy: ['day', 'model'] }),
    purser.costs({ groupBy: ['hour', 'project'], sinceMs: start, untilMs: start + 2 * day }),
    purser.costs({ groupBy: ['run', 'stage'] }),
    purser.costs({ groupBy: ['experiment'], where: [parseFilter('project=film')] }),
    purser.costs({ where: [parseFilter('run=r3')] }),
    purser.costs({ groupBy: ['weekday'], timezone: 'Asia/Tokyo' }),
  ]
  const reports = [purser.reports.summary('r3'), purser.reports.subjectSummary('experiment', 'e1'), purser.reports.projectSummary('film')]
  return { ids, at, tables: await Promise.all(questions), reports: await Promise.all(reports), runs: await purser.reports.list() }
}

/** A ledger of a kind of its own for one test. */
async function open(kind: 'memory' | 'sqlite' | 'postgres'): Promise<Purser> {
  if (kind === 'memory') return openTemporaryLedger({ db: ':memory:' })
  if (kind === 'sqlite') return openTemporaryLedger()
  const { url, schema } = await emptySchema()
  const place = new URL(url)
  place.searchParams.set('schema', schema)
  return openTemporaryLedger({ db: place.href })
}

describe.each(['memory', 'sqlite', 'postgres'] as const)('a ledger on %s as one of several users sees it', (kind) => {
  test('answers every question as a ledger would that has nothing but theirs', async () => {
    const all = await open(kind)
    await all.recordMany(records)
    for (const user of users) {
      const alone = await open(kind)
      await alone.recordMany(records.filter(({ labels }) => labels?.['user'] === user))
      expect(await answersOf(all.confinedTo({ user }))).toEqual(await answersOf(alone))
    }
  })

  test('books what carries their label, and nothing else', async () => {
    const all = await open(kind)
    const ada = all.confinedTo({ user: 'ada' })
    const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000 } }
    const others = 'You book and see what carries user=ada'
    await expect(ada.record(call)).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN', message: `${others}, and this has none.` })
    await expect(ada.record({ ...call, labels: { user: 'bob' } })).rejects.toThrow(`${others}, and this says "bob".`)
    const serves = [{ labels: { user: 'ada' } }, { labels: { user: 'bob' } }]
    await expect(ada.record({ ...call, serves })).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
    await ada.withLabels({ user: 'ada' }, () => ada.record(call))
    expect((await all.costs()).total.calls).toBe(1)
  })

  test('says nothing of an id, a hold or a run of somebody else, and changes none', async () => {
    const all = await open(kind)
    await all.budgets.set('daily', { limit: 5, window: 'day' })
    const bobs = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000 }, labels: { user: 'bob' } }
    await all.record({ ...bobs, id: 'mine' })
    await all.holds.reserve({ id: 'h', amount: { cost: '1' }, labels: { user: 'bob' } })
    await all.run({ id: 'r', labels: { user: 'bob' } }, (run) => run.stage('a', () => 1))
    const ada = all.confinedTo({ user: 'ada' })
    expect(await ada.charge('mine')).toBeUndefined()
    const taken = ada.record({ ...bobs, id: 'mine', labels: { user: 'ada' } })
    await expect(taken).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    await expect(taken).rejects.not.toThrow(/bob|1000|gpt/)
    const asked = [ada.holds.get('h'), ada.holds.settle('h', { costUsd: 1 }), ada.holds.release('h'), ada.holds.extend('h', 1000)]
    const notThere = { code: 'PURSER_NOT_FOUND', message: 'There is no hold "h" in this ledger.' }
    for (const each of await Promise.allSettled(asked)) expect(each).toMatchObject({ status: 'rejected', reason: notThere })
    await expect(ada.holds.reserve({ id: 'h', amount: { cost: '1' }, labels: { user: 'ada' } })).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
    })
    expect(await ada.holds.list()).toEqual([])
    expect([await ada.runs.get('r'), await ada.runs.list(), await ada.runs.stages('r')]).toEqual([undefined, [], []])
    await expect(ada.runs.stop('r')).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
    await expect(ada.run({ id: 'r', labels: { user: 'ada' } }, () => 1)).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
    expect(await all.runs.get('r')).toMatchObject({ state: 'completed' })
  })

  test('is told that a shared budget refuses, and neither by whom nor how much', async () => {
    const all = await open(kind)
    await all.budgets.set('team-secret', { limit: 5, window: 'day' })
    await all.budgets.set('each', { limit: 3, window: 'day', each: ['user'], overrides: [{ match: { user: 'bob' }, limit: 4 }] })
    await all.record({ provider: 'acme', model: 'm', costUsd: '4.321', labels: { user: 'bob' } })
    const ada = all.confinedTo({ user: 'ada' })
    const labels = { user: 'ada' }
    const denied = await ada.holds.reserve({ amount: { cost: '1' }, labels })
    expect(denied).toMatchObject({
      granted: false,
      kind: 'exhausted',
      budget: 'shared',
      spent: 0n,
      held: 0n,
      limit: 0n,
      isWithheld: true,
      asked: 1_000_000_000n,
    })
    const why = await ada.holds.why({ amount: { cost: '1' }, labels })
    const seen = [denied, why, await ada.budgets.list(), await ada.budgets.status()]
    const text = JSON.stringify(seen, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    expect(text).not.toMatch(/team-secret|bob|4321|679/)
    // Their own counter is theirs to see.
    expect(await ada.holds.reserve({ amount: { cost: '3.5' }, labels })).toMatchObject({
      granted: false,
      kind: 'never-fits',
      budget: 'each',
      limit: 3_000_000_000n,
    })
    await ada.holds.reserve({ id: 'own', amount: { cost: '0.5' }, labels })
    expect(await ada.budgets.status()).toMatchObject([{ budget: 'each', scope: labels, held: 500_000_000n }])
    await expect(ada.budgets.set('mine', { limit: 1, window: 'day' })).rejects.toMatchObject({ code: 'PURSER_FORBIDDEN' })
  })

  test('runs within their own label, and pauses where a shared budget is reached', async () => {
    const all = await open(kind)
    await all.budgets.set('team', { limit: 5, window: 'day', onLimit: 'pause' })
    const ada = all.confinedTo({ user: 'ada' })
    const ended = await ada.run({ id: 'r', labels: { user: 'ada' } }, async (run) => {
      await run.stage('a', () => ada.record({ provider: 'acme', model: 'm', costUsd: '1' }))
      await all.record({ provider: 'acme', model: 'm', costUsd: '4', labels: { user: 'bob', run: 'other' } })
      await run.stage('b', () => 1)
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'shared', isWithheld: true } })
    expect(ended.state === 'paused' && ended.message).toContain('A budget that you share with others is reached.')
    expect(await ada.runs.list()).toMatchObject([{ id: 'r', state: 'paused' }])
    expect((await ada.reports.summary('r')).total_cost_usd).toBe(1)
  })

  test('is not made for labels with many values', async () => {
    const all = await open(kind)
    expect(() => all.confinedTo({ run: 'r' })).toThrow('"run" has too many values to confine anybody to')
  })
})
