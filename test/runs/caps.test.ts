import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { CallDenied } from '../../src/facade/calls/call-denied.ts'
import { withOnly } from '../../src/facade/label-context.ts'
import { parseFilter } from '../../src/ledger/cost-query.ts'
import { openTemporaryLedger, temporaryFolder } from '../ledger/temporary-ledger.ts'
import type { Purser } from '../../src/purser.ts'
import { counter, pay, usd } from './paid-call.ts'

describe('the cap of a stage', () => {
  test('is kept to, so no other stage runs within it', async () => {
    const purser = await openTemporaryLedger()
    const ended = purser.run({ id: 'r' }, async (run) => {
      await run.stage('outer', { budget: '0.30' }, async () => {
        await run.stage('inner', () => pay(purser, '0.20'))
      })
    })
    await expect(ended).rejects.toThrow('The stage "inner" would run within a stage that has a cap')
    expect((await purser.costs()).total.calls).toBe(0)
  })

  test('of nothing lets no call through', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'r' }, (run) => run.stage('free', { budget: '0' }, () => pay(purser, '0.10')))
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'stage', limit: 0n, spent: 0n } })
  })

  test('counts what its earlier attempts spent', async () => {
    const purser = await openTemporaryLedger()
    const attempt = () =>
      purser.run({ id: 'r' }, async (run) => {
        await run.stage('paint', { budget: '0.50' }, async () => {
          await pay(purser, '0.30')
          await pay(purser, '0.30')
        })
      })
    for (const spent of [0.3, 0.3]) {
      expect(await attempt()).toMatchObject({ state: 'paused', limit: { budget: 'stage', limit: usd(0.5), spent: usd(spent) } })
    }
    expect((await purser.costs()).total.costNanos).toBe(usd(0.3))
  })
})

describe('the cap of a run', () => {
  test('on calls refuses the one that is more', async () => {
    const purser = await openTemporaryLedger()
    let made = 0
    const ended = await purser.run({ id: 'r', budget: { calls: 2 } }, (run) =>
      run.stage('paint', async () => {
        for (; made < 5; made += 1) await pay(purser, '0.10')
      }),
    )
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', metric: 'calls', limit: 2n, spent: 2n } })
    expect([made, (await purser.costs()).total.calls]).toEqual([2, 2])
  })

  test('on one call refuses the second', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'r', budget: { calls: 1 } }, async () => {
      await pay(purser, '0.10')
      await pay(purser, '0.10')
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', metric: 'calls', limit: 1n, spent: 1n } })
    expect((await purser.costs()).total.calls).toBe(1)
  })

  test('sees what calls cost beyond what was held for them', async () => {
    const purser = await openTemporaryLedger()
    const dearer = async (): Promise<void> => {
      const read = () => ({ provider: 'acme', model: 'big', costUsd: '0.60', usage: {} })
      const called = await purser.call({ amount: { cost: '0.10' }, read }, async () => undefined)
      if (!called.granted) throw new CallDenied(called)
      await called.booked
    }
    const ended = await purser.run({ id: 'r', budget: '1.00' }, async () => {
      for (let call = 0; call < 10; call += 1) await dearer()
    })
    // $0.60 leaves $0.40, of which the second call may have $0.10; nothing is left for a third.
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', metric: 'cost', limit: usd(1), spent: usd(1.2) } })
    expect((await purser.costs()).total.calls).toBe(2)
  })

  test('counts what the calls of a dead process hold', async () => {
    const purser = await openTemporaryLedger()
    // Two calls of an earlier execution that were under way when it ended.
    await expect(
      purser.run({ id: 'r', budget: '0.90' }, async (run) => {
        await run.stage('one', async () => {
          for (const id of ['a', 'b']) await purser.calls.open({ id, amount: { cost: '0.30' } })
          throw new Error('the machine stopped')
        })
      }),
    ).rejects.toThrow('the machine stopped')
    const ended = await purser.run({ id: 'r' }, async (run) => {
      expect(run.presumed.map(({ id, state }) => [id, state])).toEqual([
        ['a', 'open'],
        ['b', 'open'],
      ])
      await run.stage('one', async () => {
        await pay(purser, '0.30')
        await pay(purser, '0.30')
      })
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', limit: usd(0.9) } })
    expect((await purser.costs()).total.costNanos).toBe(usd(0.3))
  })

  test('counts what is recorded in it, and by others of it', async () => {
    const purser = await openTemporaryLedger()
    let calls = 0
    const elsewhere = { provider: 'acme', model: 'm', costUsd: '0.30' }
    const ended = await purser.run({ id: 'r', project: 'film', budget: '1.00' }, async (run) => {
      await run.stage('a', async () => {
        await purser.record(elsewhere)
        // $0.70 is left.
        await expect(pay(purser, '0.71')).rejects.toMatchObject({ code: 'PURSER_CALL_DENIED' })
        await pay(purser, '0.40')
        calls += 1
      })
      // Of a program that does not know of the run but by its name: $0.30, and none is left.
      await withOnly({}, () => purser.record({ ...elsewhere, labels: { run: 'r', project: 'film' } }))
      await run.stage('b', () => (calls += 1))
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', limit: usd(1), spent: usd(1) } })
    expect(calls).toBe(1)
    expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
    // A retry of a record is none, in the run or out of it.
    const named = { ...elsewhere, id: 'r1', labels: { run: 's' } }
    await purser.run({ id: 's', budget: '1.00' }, async () => {
      for (let time = 0; time < 2; time += 1) await purser.record(named)
    })
    await purser.record(named)
    expect((await purser.costs({ where: [parseFilter('run=s')] })).total.calls).toBe(1)
  })

  test('limits the calls of a stage also in what the own cap of that says nothing of', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 1, window: 'day' })
    let made = 0
    // The run holds the whole day, out of which each call takes its part.
    const ended = await purser.run({ id: 'r', budget: '1.00' }, (run) =>
      run.stage('a', { budget: { calls: 5 } }, async () => {
        for (; made < 5; made += 1) await pay(purser, '0.40')
      }),
    )
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', metric: 'cost', limit: usd(1), spent: usd(0.8) } })
    expect(made).toBe(2)
    expect(await counter(purser)).toEqual({ spent: usd(0.8), held: 0n, presumed: 0n })
  })

  test('leaves budgets kept apart by stage to the stages', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('stages', { limit: 1, window: 'day', each: ['stage'] })
    const ended = await purser.run({ id: 'r', estimate: '2.70', budget: '3.00' }, async (run) => {
      for (const name of ['a', 'b', 'c']) await run.stage(name, () => pay(purser, '0.90'))
      await run.stage('c2', async () => {
        await pay(purser, '0.90')
        await pay(purser, '0.11')
      })
    })
    // $0.30 of the cap is left, so the run's own cap is what refuses the fourth.
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', spent: usd(2.7), asked: usd(0.9) } })
    const alone = await purser.run({ id: 's', budget: '3.00' }, (run) => run.stage('a', () => pay(purser, '0.11')))
    expect(alone).toMatchObject({ state: 'paused', limit: { budget: 'stages', scope: { stage: 'a' }, limit: usd(1), spent: usd(0.9) } })
  })

  test('is free again for the next call as soon as the one before is answered', async () => {
    const purser = await openTemporaryLedger()
    const cheap = async (): Promise<void> => {
      const read = () => ({ provider: 'acme', model: 'm', costUsd: '0.01' })
      const called = await purser.call({ amount: { cost: '0.10' }, read }, async () => undefined)
      if (!called.granted) throw new CallDenied(called)
    }
    const ended = await purser.run({ id: 'r', budget: '0.15' }, (run) =>
      run.stage('a', async () => {
        for (let call = 0; call < 5; call += 1) await cheap()
      }),
    )
    // Before the fifth $0.04 is spent, and $0.11 left.
    expect(ended.state).toBe('completed')
    expect((await purser.costs()).total).toMatchObject({ calls: 5, costNanos: usd(0.05) })
  })

  test('in calls is raised in calls', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'r', budget: { calls: 1 } }, async () => {
      await pay(purser, '0.10')
      await pay(purser, '0.10')
    })
    expect(ended.state === 'paused' && ended.message).toContain('`purser runs raise r --by CALLS --metric calls` gives it more')
    await expect(purser.runs.raise('r', { by: '1.00' })).rejects.toThrow(
      'has no cap of cost, and is limited by its calls: `--metric calls`',
    )
  })

  test('is raised as far as budgets may ever have room, and lowered again', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 1, window: 'day' })
    await purser.runs.plan({ id: 'r', budget: '0.20' })
    await expect(purser.runs.raise('r', { by: '20' })).rejects.toThrow(
      'The run "r" cannot be raised so far: $20.00 is more than the whole of budget "daily": $1.00',
    )
    await purser.record({ provider: 'acme', model: 'm', costUsd: '0.70' })
    const raised = await purser.runs.raise('r', { to: '0.80' })
    expect(raised.message).toContain('Its cap is $0.80 now, of which it gets what budgets have room for. Budget "daily"')
    expect((await purser.runs.raise('r', { to: '0.25' })).cap).toEqual({ cost: usd(0.25) })
    expect(await purser.run({ id: 'r' }, () => pay(purser, '0.20'))).toMatchObject({ state: 'completed' })
  })

  test('cannot be raised where there is none', async () => {
    const purser = await openTemporaryLedger()
    await purser.run({ id: 'r' }, async () => {
      await expect(purser.runs.raise('r', { to: '5.00' })).rejects.toThrow('has no cap of its own')
    })
    await purser.run({ id: 's', budget: '2.00' }, async () => {
      await expect(purser.runs.raise('s', { to: '1.00' })).rejects.toThrow('The run "s" may spend $2.00 already; $1.00 is not more.')
    })
  })
})

test('of a run that was terminated no call is sent any more, and nothing is held for it', async () => {
  const purser = await openTemporaryLedger()
  await purser.budgets.set('daily', { limit: 5, window: 'day' })
  let sent = 0
  const ended = await purser.run({ id: 'r' }, async (run) => {
    await run.stage('one', async ({ signal }) => {
      await purser.runs.terminate('r')
      while (!signal.aborted) await wait(20)
      const call = () => purser.call({ amount: { cost: '0.50' }, read: () => ({ costUsd: 1 }) }, async () => (sent += 1))
      await expect(call()).rejects.toMatchObject({ name: 'AbortError' })
    })
  })
  expect(ended.state).toBe('terminated')
  expect(sent).toBe(0)
  expect(await counter(purser)).toEqual({ spent: 0n, held: 0n, presumed: 0n })
})

test('a run that waits is stopped, and begins nothing', async () => {
  const purser = await openTemporaryLedger()
  await purser.run({ id: 'a', maxConcurrent: 1 }, async () => {
    const waiting = purser.run({ id: 'b', maxConcurrent: 1 }, () => expect.fail('it was let in'))
    await expect.poll(async () => (await purser.runs.get('b'))?.message).toContain('waits for its turn')
    await purser.runs.stop('b')
    expect(await waiting).toMatchObject({ state: 'stopped', message: 'The run "b" was stopped while it waited.' })
  })
})

test('a stage that failed may be tried again by the same code', async () => {
  const purser = await openTemporaryLedger()
  let tries = 0
  const flaky = () => {
    tries += 1
    if (tries < 3) throw new Error('flaky')
  }
  const ended = await purser.run({ id: 'r' }, async (run) => {
    for (let left = 3; left > 0; left -= 1) {
      try {
        await run.stage('flaky', flaky)
        return
      } catch (error) {
        if (left === 1) throw error
      }
    }
  })
  expect(ended.state).toBe('completed')
  expect(await purser.runs.stages('r')).toMatchObject([{ key: 'flaky', state: 'completed', attempt: 3 }])
})

test('an estimate that is none is refused before the run is written down', async () => {
  const purser = await openTemporaryLedger()
  await expect(purser.run({ id: 'r', estimate: {} as never }, () => 1)).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
  expect(await purser.runs.get('r')).toBeUndefined()
})

test('one id is one call', async () => {
  const purser = await openTemporaryLedger()
  await purser.budgets.set('daily', { limit: '0.35', window: 'day' })
  let sent = 0
  const call = () => {
    const read = () => ({ provider: 'acme', model: 'm', costUsd: '0.30' })
    return purser.call({ id: 'c', amount: { cost: '0.30' }, read }, () => wait((sent += 1) && 30))
  }
  const [first, second] = await Promise.allSettled([call(), call()])
  expect(first.status).toBe('fulfilled')
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'PURSER_ID_CONFLICT' } })
  // Answered, and perhaps not booked yet; and then booked.
  await expect(call()).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
  await purser.flush()
  await expect(call()).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
  expect(sent).toBe(1)
  expect((await purser.costs()).total).toMatchObject({ calls: 1, costNanos: usd(0.3) })
})

test('one id is one call, also of two programs', async () => {
  const db = join(temporaryFolder(), 'ledger.db')
  const [one, two] = [await openTemporaryLedger({ db }), await openTemporaryLedger({ db })]
  const read = () => ({ provider: 'acme', model: 'm', costUsd: '0.30' })
  const call = (purser: Purser) => purser.call({ id: 'c', amount: { cost: '0.30' }, read }, () => wait(50))
  const ended = await Promise.allSettled([call(one), call(two)])
  expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  for (const each of ended) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'PURSER_ID_CONFLICT' })
})

test('a threshold that pauses says so, and not that the budget is full', async () => {
  const purser = await openTemporaryLedger()
  await purser.budgets.set('daily', { limit: 1, window: 'day', thresholds: [{ percent: 20, action: 'pause' }] })
  const ended = await purser.run({ id: 'r' }, async (run) => {
    await run.stage('a', () => pay(purser, '0.30'))
    await run.stage('b', () => 1)
  })
  expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'daily', threshold: 20, spent: usd(0.3), limit: usd(1) } })
  expect(ended.state === 'paused' && ended.message).toContain('20% of budget "daily" of $1.00 is passed: $0.30 spent.')
})
