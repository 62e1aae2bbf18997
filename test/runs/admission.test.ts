import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openBehind, openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { counter, pay, usd } from './paid-call.ts'

describe('a run is let in by its estimate', () => {
  test('where every budget has room for it', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    expect(await purser.run({ id: 'r', estimate: '5.00' }, () => 1)).toMatchObject({
      state: 'completed',
      admission: { verdict: 'granted' },
    })
  })

  test('is refused before its first call where one has not, with the figures', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    await purser.record({ provider: 'acme', model: 'big', costUsd: '4.00' })
    const refused = await purser.run({ id: 'r', estimate: '1.000000001' }, () => expect.fail('it was let in'))
    expect(refused).toMatchObject({
      state: 'refused',
      limit: { budget: 'daily', limit: usd(5), spent: usd(4), asked: usd(1) + 1n },
      run: { state: 'planned', owner: null },
    })
    // Nothing is held by a run that was refused, and it may come again.
    expect(await counter(purser)).toEqual({ spent: usd(4), held: 0n, presumed: 0n })
    await purser.budgets.change('daily', { limit: 6 })
    expect(await purser.run({ id: 'r' }, () => 1)).toMatchObject({ state: 'completed' })
  })

  test('with a warning where a budget only warns', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('soft', { limit: 1, window: 'day', mode: 'soft' })
    const ended = await purser.run({ id: 'r', estimate: '2.00' }, () => 1)
    expect(ended).toMatchObject({ state: 'completed', admission: { verdict: 'warned' } })
    expect(ended.state === 'completed' && ended.admission.warnings[0]).toContain('Budget "soft"')
  })

  test('where its cap does not fit and its estimate does, with as much of its cap as fits', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    await purser.record({ provider: 'acme', model: 'big', costUsd: '2.00' })
    const ended = await purser.run({ id: 'r', estimate: '1.00', budget: '20.00' }, async () => {
      expect(await counter(purser)).toEqual({ spent: usd(2), held: usd(3), presumed: 0n })
    })
    expect(ended).toMatchObject({
      state: 'completed',
      admission: {
        verdict: 'warned',
        warnings: ['Budgets have room for $3.00 of its $20.00 only, so the run may spend no more than that.'],
      },
    })
  })

  test.each(['block-new-runs', 'pause', 'terminate', 'block'] as const)(
    'without an estimate it does not begin either where nothing is left of a budget that says %s',
    async (onLimit) => {
      const purser = await openTemporaryLedger()
      await purser.budgets.set('daily', { limit: 5, window: 'day', onLimit })
      await purser.record({ provider: 'acme', model: 'big', costUsd: '5.00' })
      expect(await purser.run({ id: 'r' }, () => expect.fail('it was let in'))).toMatchObject({
        state: 'refused',
        message: 'Budget "daily" of $5.00 is reached: $5.00 spent.',
        limit: { budget: 'daily', limit: usd(5), spent: usd(5), asked: null },
      })
      // One that is foreseen to cost nothing passes a full budget, as a free call does.
      expect(await purser.run({ id: 'free', estimate: '0.00' }, () => 1)).toMatchObject({ state: 'completed' })
    },
  )

  test('without an estimate it waits for room in a budget that queues', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day', onLimit: 'queue' })
    await purser.record({ provider: 'acme', model: 'big', costUsd: '5.00' })
    const going = purser.run({ id: 'r' }, () => 1)
    await expect.poll(async () => (await purser.runs.get('r'))?.message).toContain('It waits for room. Budget "daily" of $5.00 is reached')
    await purser.budgets.change('daily', { limit: 6 })
    const limit = { budget: 'daily', limit: usd(5), spent: usd(5) }
    expect(await going).toMatchObject({ state: 'completed', admission: { verdict: 'queued', waitedFor: { limit } } })
  })

  test('with a warning where its estimate leaves out what has no price', async () => {
    const purser = await openTemporaryLedger()
    const estimate = await purser.estimate({
      calls: [
        { model: 'openai/gpt-4o', calls: 2, input: 1000 },
        { model: 'acme/secret', input: 1000 },
      ],
    })
    // 2,000 tokens at $2.50 a million.
    expect(estimate.costNanos).toBe(usd(0.005))
    const ended = await purser.run({ id: 'r', estimate }, () => 1)
    expect(ended).toMatchObject({ state: 'completed', admission: { verdict: 'warned' } })
    expect(ended.state === 'completed' && ended.admission.warnings).toEqual([
      'Its estimate leaves out what has no price (secret), so the run costs more than budgets were asked for.',
    ])
  })

  test('two whose caps do not fit together are not both let in', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    await purser.run({ id: 'a', budget: '3.00' }, async () => {
      const other = await purser.run({ id: 'b', budget: '3.00' }, () => expect.fail('it was let in'))
      expect(other).toMatchObject({ state: 'refused', limit: { budget: 'daily', held: usd(3), asked: usd(3) } })
    })
  })
})

describe('runs that wait', () => {
  test('for their turn, in the order in which they came', async () => {
    const purser = await openTemporaryLedger()
    const [began, gates] = [[] as string[], new Map<string, () => void>()]
    const start = (id: string) =>
      purser.run({ id, maxConcurrent: 2 }, async () => {
        began.push(id)
        await new Promise<void>((resolve) => gates.set(id, resolve))
      })
    const runs = []
    for (const id of ['a', 'b', 'c', 'd']) {
      runs.push(start(id))
      await wait(50)
    }
    await expect.poll(async () => (await purser.runs.get('d'))?.message).toContain('at most 2 runs of the queue "runs"')
    expect(began).toEqual(['a', 'b'])
    gates.get('b')?.()
    await expect.poll(() => began).toEqual(['a', 'b', 'c'])
    gates.get('a')?.()
    await expect.poll(() => began).toEqual(['a', 'b', 'c', 'd'])
    for (const id of ['c', 'd']) gates.get(id)?.()
    expect((await Promise.all(runs)).map((run) => run.state === 'completed' && run.admission.verdict)).toEqual([
      'granted',
      'granted',
      'queued',
      'queued',
    ])
  })

  test('for a place in a budget that queues, five at a time', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('agents', { metric: 'concurrency', limit: 5, onLimit: 'queue' })
    let [now, most] = [0, 0]
    const states = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const ended = await purser.run({ id: `r${index}` }, async (run) => {
          now += 1
          most = Math.max(most, now)
          // A call of a run takes no place of its own.
          await run.stage('work', () => pay(purser, '0.01'))
          await wait(150)
          now -= 1
        })
        return ended.state === 'completed' ? ended.admission.verdict : ended.state
      }),
    )
    expect(most).toBe(5)
    expect(states.toSorted()).toEqual([...Array<string>(5).fill('granted'), ...Array<string>(3).fill('queued')])
    expect(await counter(purser, 'agents')).toMatchObject({ held: 0n })
  })

  test('no longer than they may', async () => {
    const purser = await openTemporaryLedger()
    await purser.run({ id: 'a', maxConcurrent: 1 }, async () => {
      const late = await purser.run({ id: 'b', maxConcurrent: 1, waitMs: 300 }, () => expect.fail('it was let in'))
      expect(late).toMatchObject({ state: 'refused', message: expect.stringContaining('waits for its turn') as string })
    })
    // Who gave up waiting is in nobody's way.
    expect(await purser.run({ id: 'c', maxConcurrent: 1, waitMs: 0 }, () => 1)).toMatchObject({ state: 'completed' })
  })
})

describe('a run and who may execute it', () => {
  test('is not run twice at once', async () => {
    const purser = await openTemporaryLedger()
    await purser.run({ id: 'r' }, async () => {
      await expect(purser.run({ id: 'r' }, () => 1)).rejects.toMatchObject({
        code: 'PURSER_RUN_BUSY',
        message: expect.stringContaining(`The run "r" is running in process ${process.pid}`) as string,
      })
    })
  })

  test('is left where another process has taken it over, which is told to its caller', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const going = purser.run({ id: 'r', budget: '1.00' }, async (run) => {
      await run.stage('one', async () => {
        const behind = openBehind(purser.location)
        // Another process has found this one silent for so long that it took the run over.
        behind.exec(`UPDATE documents SET body = json_set(body, '$.owner.token', 'another') WHERE kind = 'run'`)
        await pay(purser, '0.10')
      })
      await run.stage('two', () => expect.fail('it is executed elsewhere'))
    })
    await expect(going).rejects.toMatchObject({
      code: 'PURSER_RUN_BUSY',
      message: expect.stringContaining('Another process executes the run "r" now.') as string,
    })
    expect(await purser.runs.get('r')).toMatchObject({ state: 'running', owner: { token: 'another' } })
    expect(await counter(purser)).toEqual({ spent: usd(0.1), held: 0n, presumed: 0n })
  })

  test('is not run again under other labels, or once it has ended', async () => {
    const purser = await openTemporaryLedger()
    await purser.runs.plan({ id: 'r', project: 'film', estimate: '1.00' })
    await expect(purser.run({ id: 'r', project: 'series' }, () => 1)).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining('another project: "film" then, "series" now') as string,
    })
    expect(await purser.run({ id: 'r' }, (run) => run.labels)).toMatchObject({ result: { project: 'film', run: 'r' } })
    await expect(purser.run({ id: 'r' }, () => 1)).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
  })
})

test('with tracking off a run is executed, and nothing is written of it', async () => {
  const purser = await openTemporaryLedger({ tracking: false })
  const ended = await purser.run({ id: 'r', budget: '0.01' }, async (run) => {
    await run.stage('one', () => pay(purser, '5.00'))
    return run.stage('two', ({ labels }) => labels)
  })
  expect(ended).toMatchObject({ state: 'completed', result: { run: 'r', stage: 'two' } })
  expect(await purser.runs.list()).toEqual([])
  expect((await purser.costs()).total.calls).toBe(0)
})
