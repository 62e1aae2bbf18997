import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { counter, pay, usd } from './paid-call.ts'

describe('stages that run side by side', () => {
  test('are all over before the run pauses, and those that were finished are not run again', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 50, window: 'day' })
    const calls: string[] = []
    const pipeline = () =>
      purser.run({ id: 'r', budget: '1.00' }, async (run) => {
        const scene = (name: string, ms: number, dollars: string) =>
          run.stage('paint', { labels: { scene: name } }, async () => {
            await wait(ms)
            calls.push(name)
            await pay(purser, dollars)
          })
        await Promise.all([scene('a', 150, '0.20'), scene('b', 100, '0.20'), scene('c', 1, '0.90')].map(async (each) => each))
        await run.stage('cut', () => pay(purser, '0.10'))
      })
    // $0.90 is paid first, so neither of the other two scenes fits into the rest of $1.00.
    expect(await pipeline()).toMatchObject({ state: 'paused', limit: { budget: 'run', limit: usd(1), spent: usd(0.9), asked: usd(0.2) } })
    expect(calls).toEqual(['c', 'b', 'a'])
    expect(await counter(purser)).toEqual({ spent: usd(0.9), held: 0n, presumed: 0n })
    await purser.runs.raise('r', { to: '1.40' })
    expect(await pipeline()).toMatchObject({ state: 'completed' })
    expect(calls).toEqual(['c', 'b', 'a', 'b', 'a'])
    expect(await counter(purser)).toEqual({ spent: usd(1.4), held: 0n, presumed: 0n })
  })

  test('are all over before the run fails by one of them', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 50, window: 'day' })
    let isPaid = false
    const run = purser.run({ id: 'r', budget: '1.00' }, async (each) => {
      await Promise.all([
        each.stage('slow', async () => {
          await wait(100)
          await pay(purser, '0.10')
          isPaid = true
        }),
        each.stage('bad', () => {
          throw new Error('no such scene')
        }),
      ])
    })
    await expect(run).rejects.toThrow('no such scene')
    expect(isPaid).toBe(true)
    expect(await counter(purser)).toEqual({ spent: usd(0.1), held: 0n, presumed: 0n })
    const states = (await purser.runs.stages('r')).map(({ key, state }) => `${key} ${state}`)
    expect(states.toSorted()).toEqual(['bad failed', 'slow completed'])
  })

  test('and a call that nobody waited for: nothing is held for a run that has ended', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 50, window: 'day' })
    let late: Promise<unknown> = Promise.resolve()
    const ended = await purser.run({ id: 'r', budget: '1.00' }, async (run) => {
      await run.stage('one', () => {
        late = wait(150).then(() => pay(purser, '0.10'))
        late.catch(() => undefined)
      })
    })
    expect(ended.state).toBe('completed')
    await expect(late).rejects.toMatchObject({ code: 'PURSER_CALL_DENIED', message: expect.stringContaining('has ended') as string })
    expect(await counter(purser)).toEqual({ spent: 0n, held: 0n, presumed: 0n })
  })

  test('that share a name have figures, caps and lines of their own', async () => {
    const lines: string[] = []
    const purser = await openTemporaryLedger({ log: (line, { key }) => void (key !== undefined && lines.push(`${String(key)}: ${line}`)) })
    const ended = await purser.run({ id: 'r', project: 'film' }, async (run) => {
      for (const scene of ['s1', 's2', 's3']) {
        await run.stage('paint', { labels: { scene }, budget: '0.10' }, async () => {
          await pay(purser, '0.08')
          if (scene === 's3') await pay(purser, '0.05')
        })
      }
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'stage', limit: usd(0.1), spent: usd(0.08), asked: usd(0.05) } })
    expect(lines).toEqual(['s1', 's2', 's3'].map((scene) => `paint scene=${scene}: film.paint = $0.08`))
    expect((await purser.runs.stages('r')).map(({ spent }) => spent?.cost)).toEqual([usd(0.08), usd(0.08), usd(0.08)])
  })
})

describe('what is told of a run after it ended', () => {
  test('its report counts a call that was booked later', async () => {
    const purser = await openTemporaryLedger()
    await purser.run({ id: 'r' }, (run) => run.stage('one', () => pay(purser, '0.10')))
    expect((await purser.reports.report('r')).report.summary).toMatchObject({ calls: 1, total_cost_usd: 0.1 })
    await purser.record({ provider: 'acme', model: 'big', costUsd: '0.30', labels: { run: 'r', stage: 'one' } })
    expect((await purser.reports.report('r')).report.summary).toMatchObject({ calls: 2, total_cost_usd: 0.4 })
  })

  test('its estimate is the one from before it began', async () => {
    const purser = await openTemporaryLedger()
    const run = (estimate: string, fails: boolean) =>
      purser.run({ id: 'r', estimate }, () => {
        if (fails) throw new Error('once more')
      })
    await expect(run('0.20', true)).rejects.toThrow('once more')
    expect(await run('0.10', false)).toMatchObject({ run: { estimate: { costNanos: usd(0.2) } } })
  })

  test('its profile is that of all code within it', async () => {
    const purser = await openTemporaryLedger({
      profiles: { cheap: { default: 'acme/small' }, dear: { default: 'acme/big' } },
      profile: 'dear',
    })
    const ended = await purser.run({ id: 'r', profile: 'cheap' }, () => purser.profiles.model())
    expect(ended).toMatchObject({ result: { model: 'small' } })
  })
})
