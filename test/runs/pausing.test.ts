import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import type { Purser } from '../../src/purser.ts'
import type { RunOptions } from '../../src/facade/runs/run-options.ts'
import { counter, pay, usd } from './paid-call.ts'

/** Four stages of fifty cents, each foreseen at that. */
function pipeline(purser: Purser, options: RunOptions, ran: string[] = []) {
  return purser.run(options, async (run) => {
    for (const name of ['one', 'two', 'three', 'four']) {
      await run.stage(name, { estimate: '0.50' }, async () => {
        await pay(purser, '0.50')
        ran.push(name)
      })
    }
    return ran.length
  })
}

describe('a run that reaches its own cap', () => {
  test('pauses between stages with the figures, and goes on where it stopped once it is raised', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 10, window: 'day' })
    const ran: string[] = []
    const paused = await pipeline(purser, { id: 'r', budget: '1.20' }, ran)
    expect(paused).toMatchObject({
      state: 'paused',
      message:
        'The run "r" is paused before the stage "three". The run\'s own cap of $1.20 is reached: $1.00 spent, and $0.50 more is asked. `purser runs raise r --by USD` gives it more, and then it is resumed.',
      limit: { budget: 'run', limit: usd(1.2), spent: usd(1), presumed: 0n, asked: usd(0.5) },
      run: { state: 'paused', owner: null },
    })
    // What is not spent is free while it is paused.
    expect(await counter(purser)).toEqual({ spent: usd(1), held: 0n, presumed: 0n })
    expect(await pipeline(purser, { id: 'r' }, ran)).toMatchObject({ state: 'paused', limit: { spent: usd(1) } })
    expect(await purser.runs.raise('r', { by: '0.80' })).toMatchObject({ cap: { cost: usd(2) } })
    expect(await pipeline(purser, { id: 'r' }, ran)).toMatchObject({ state: 'completed' })
    expect(ran).toEqual(['one', 'two', 'three', 'four'])
    expect(await counter(purser)).toEqual({ spent: usd(2), held: 0n, presumed: 0n })
  })

  test('is raised while it runs, and no call of it is refused', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'r', budget: '0.60' }, async (run) => {
      await run.stage('one', async () => {
        await pay(purser, '0.50')
        await purser.runs.raise('r', { to: '1.00' })
        await pay(purser, '0.50')
      })
    })
    expect(ended).toMatchObject({ state: 'completed', run: { cap: { cost: usd(1) } } })
  })

  test('is not raised past what budgets have room for', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 1, window: 'day' })
    const ended = await purser.run({ id: 'r', budget: '0.60' }, async (run) => {
      await run.stage('one', async () => {
        await pay(purser, '0.50')
        await purser.runs.raise('r', { to: '1.20' })
        await pay(purser, '0.50')
      })
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', limit: usd(0.6), spent: usd(0.5) } })
    expect(await counter(purser)).toEqual({ spent: usd(0.5), held: 0n, presumed: 0n })
  })

  test('waits in its process where it is asked to, and goes on once it is raised', async () => {
    const purser = await openTemporaryLedger()
    const going = pipeline(purser, { id: 'r', budget: '1.20', whenPaused: 'wait' })
    while ((await purser.runs.get('r'))?.state !== 'paused') await wait(20)
    expect((await purser.runs.get('r'))?.message).toContain('paused before the stage "three"')
    await purser.runs.raise('r', { to: '2.00' })
    expect(await going).toMatchObject({ state: 'completed', result: 4 })
  })

  test('and is resumed while the limit still stands is paused again, and says so', async () => {
    const purser = await openTemporaryLedger()
    const going = pipeline(purser, { id: 'r', budget: '1.20', whenPaused: 'wait' })
    const state = async () => (await purser.runs.get('r'))?.state
    await expect.poll(state).toBe('paused')
    await purser.runs.resume('r')
    await expect.poll(state).toBe('paused')
    expect(await purser.runs.get('r')).toMatchObject({
      message: expect.stringContaining('paused before the stage "three"') as string,
      limit: { budget: 'run', spent: usd(1) },
    })
    await purser.runs.raise('r', { to: '2.00' })
    expect(await going).toMatchObject({ state: 'completed', result: 4 })
  })

  test('counts what an earlier execution spent', async () => {
    const purser = await openTemporaryLedger()
    let fails = true
    const run = () =>
      purser.run({ id: 'r', budget: '1.00' }, async (each) => {
        await each.stage('one', () => pay(purser, '0.70'))
        if (fails) throw new Error('stopped')
        await each.stage('two', () => pay(purser, '0.40'))
      })
    await expect(run()).rejects.toThrow('stopped')
    fails = false
    // $0.30 is left of $1.00, and $0.40 is asked.
    expect(await run()).toMatchObject({ state: 'paused', limit: { limit: usd(1), spent: usd(0.7), asked: usd(0.4) } })
  })
})

describe('a budget that says pause', () => {
  test('stops the run between stages; the stage that passed it was let through to its end', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('film', { limit: 1, window: 'day', where: 'project=film', onLimit: 'pause' })
    const ended = await purser.run({ id: 'r', project: 'film' }, async (run) => {
      await run.stage('one', async () => {
        await pay(purser, '0.80')
        await pay(purser, '0.40')
      })
      await run.stage('two', () => pay(purser, '0.10'))
    })
    expect(ended).toMatchObject({
      state: 'paused',
      limit: { budget: 'film', limit: usd(1), spent: usd(1.2) },
      message: expect.stringContaining('before the stage "two". Budget "film" of $1.00 is reached: $1.20 spent.') as string,
    })
  })

  test('says so by a threshold with that action', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', {
      limit: 1,
      window: 'day',
      thresholds: [{ percent: 80, level: 'warning', action: 'pause' }],
    })
    const ran: string[] = []
    const ended = await purser.run({ id: 'r' }, async (run) => {
      for (const name of ['one', 'two', 'three']) {
        await run.stage(name, async () => {
          await pay(purser, '0.40')
          ran.push(name)
        })
      }
    })
    // $0.80 of $1.00 is the threshold exactly.
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'daily', spent: usd(0.8), limit: usd(1) } })
    expect(ran).toEqual(['one', 'two'])
  })
})

describe('a budget that blocks', () => {
  test('pauses a run whose code does not handle the refusal, and the stage runs again', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: '0.60', window: 'day' })
    const paused = await pipeline(purser, { id: 'r' })
    expect(paused).toMatchObject({
      state: 'paused',
      limit: { budget: 'daily', spent: usd(0.5), asked: usd(0.5), limit: usd(0.6) },
      message: expect.stringContaining(
        'because a call was refused. Budget "daily" of $0.60 is reached: $0.50 spent, and $0.50 more is asked.',
      ) as string,
    })
    expect((await purser.runs.stages('r')).map(({ key, state }) => [key, state])).toEqual([
      ['one', 'completed'],
      ['two', 'interrupted'],
    ])
    await purser.budgets.change('daily', { limit: 2 })
    expect(await pipeline(purser, { id: 'r' })).toMatchObject({ state: 'completed' })
  })
})

describe('a budget that terminates', () => {
  test('ends the run at its limit, aborting its other calls', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('agent', { limit: '1.00', window: 'run', each: ['agent', 'run'], onLimit: 'terminate' })
    const ended = await purser.run({ id: 'r', labels: { agent: 'builder' } }, async (run) => {
      await run.stage('work', async ({ signal }) => {
        const other = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        await pay(purser, '0.80')
        await pay(purser, '0.30').catch(() => undefined)
        await other
      })
    })
    expect(ended).toMatchObject({
      state: 'terminated',
      limit: { budget: 'agent', limit: usd(1), spent: usd(0.8), asked: usd(0.3) },
      message: expect.stringContaining('Budget "agent" (agent=builder, run=r) of $1.00 is reached') as string,
    })
    await expect(pipeline(purser, { id: 'r', labels: { agent: 'builder' } })).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
  })
})

describe('somebody who looks after a run', () => {
  test('pauses it between stages, and it stays so until it is resumed', async () => {
    const purser = await openTemporaryLedger()
    const ran: string[] = []
    const run = (options: Partial<RunOptions> = {}) =>
      purser.run({ id: 'r', ...options }, async (each) => {
        await each.stage('one', async () => {
          ran.push('one')
          await purser.runs.pause('r')
        })
        await each.stage('two', () => void ran.push('two'))
      })
    expect(await run()).toMatchObject({
      state: 'paused',
      limit: null,
      message: expect.stringContaining('`purser runs resume r`') as string,
    })
    expect(await run()).toMatchObject({ state: 'paused' })
    expect(await purser.runs.resume('r')).toMatchObject({ state: 'planned' })
    expect(await run()).toMatchObject({ state: 'completed' })
    expect(ran).toEqual(['one', 'two'])
  })

  test('stops it between stages, for good', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'r' }, async (run) => {
      await run.stage('one', () => void purser.runs.stop('r'))
      await run.stage('two', () => expect.fail('it was stopped'))
    })
    expect(ended).toMatchObject({ state: 'stopped', message: 'The run "r" was stopped before the stage "two".' })
    await expect(purser.runs.resume('r')).rejects.toMatchObject({ code: 'PURSER_CONFLICT', message: 'The run "r" is stopped already.' })
  })

  test('terminates it, and its calls in flight are aborted', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const ended = await purser.run({ id: 'r' }, async (run) => {
      await run.stage('one', async () => {
        void purser.runs.terminate('r')
        await purser.call({ amount: { cost: '0.50' }, read: () => ({ costUsd: 1 }) }, ({ signal }) => {
          if (signal === undefined) throw new Error('no signal')
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        })
      })
    })
    expect(ended).toMatchObject({ state: 'terminated', message: 'The run "r" was terminated.' })
    // Nobody knows what an aborted call came to: what was set aside for it stays held, and is presumed once it runs out.
    expect(await counter(purser)).toEqual({ spent: 0n, held: usd(0.5), presumed: 0n })
  })
})

test('a signal of the host ends the run', async () => {
  const purser = await openTemporaryLedger()
  const host = new AbortController()
  const ended = await purser.run({ id: 'r', signal: host.signal }, async (run) => {
    await run.stage('one', () => host.abort())
    await run.stage('two', () => expect.fail('it was ended'))
  })
  expect(ended).toMatchObject({ state: 'terminated', message: 'The run "r" was terminated by its host.' })
})
