import { afterEach, describe, expect, test, vi } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { counter, pay, usd } from './paid-call.ts'

const hour = 60 * 60 * 1000

/** Sets the clock of the machine, as waking from sleep or a correction of the time does. */
function jump(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

describe('a clock that jumps while a run goes on', () => {
  afterEach(() => void vi.useRealTimers())

  test('forward, past the end of what was held: it is held anew, and nothing is lost or held twice', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-03-10T10:00:00Z') })
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const ended = await purser.run({ id: 'r', budget: '2.00' }, async (run) => {
      await run.stage('one', { budget: '1.00' }, async () => {
        await pay(purser, '0.50')
        jump(hour)
        await pay(purser, '0.30')
        // $2.00 of the run, of which $0.80 is spent.
        expect(await counter(purser)).toEqual({ spent: usd(0.8), held: usd(1.2), presumed: 0n })
        // $0.20 is left of the stage's dollar.
        await expect(pay(purser, '0.21')).rejects.toMatchObject({ code: 'PURSER_CALL_DENIED' })
      })
      jump(hour)
      await run.stage('two', () => pay(purser, '1.20'))
    })
    expect(ended.state).toBe('completed')
    expect(await counter(purser)).toEqual({ spent: usd(2), held: 0n, presumed: 0n })
    expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('and somebody else has taken the room meanwhile: the run pauses, and passes no limit', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-03-10T10:00:00Z') })
    const warnings: string[] = []
    const purser = await openTemporaryLedger({ onWarning: (message) => warnings.push(message) })
    await purser.budgets.set('daily', { limit: 3, window: 'day' })
    // Code outside of the run, so that it carries none of its labels.
    const [free, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const other = free.promise.then(() => purser.record({ provider: 'acme', model: 'big', costUsd: '2.00' }))
    void other.then(() => taken.resolve())
    const ended = await purser.run({ id: 'r', budget: '2.00' }, async (run) => {
      await run.stage('one', async () => {
        await pay(purser, '0.50')
        jump(hour)
        await purser.runs.get('r')
        // The hold of the run ran out, of which no call is left, so somebody else may use the money.
        expect(await purser.holds.list()).toEqual([])
        free.resolve()
        await taken.promise
        await pay(purser, '0.60')
      })
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'daily', limit: usd(3), spent: usd(2.5) } })
    expect(warnings[0]).toContain('What was held for the run "r" ran out, and budget "daily" of $3.00 has no room for it any more.')
    expect(await counter(purser)).toEqual({ spent: usd(2.5), held: 0n, presumed: 0n })
  })

  test('and the run has used up its cap: its next call is refused, and is not left to the budgets', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-03-10T10:00:00Z') })
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const ended = await purser.run({ id: 'r', budget: '0.50' }, async (run) => {
      await run.stage('one', async () => {
        await pay(purser, '0.50')
        jump(hour)
        await pay(purser, '0.10')
      })
    })
    expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', limit: usd(0.5), spent: usd(0.5) } })
    expect(await counter(purser)).toEqual({ spent: usd(0.5), held: 0n, presumed: 0n })
  })

  test('backward: it goes on as if nothing had been', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-03-10T10:00:00Z') })
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const ended = await purser.run({ id: 'r', budget: '2.00' }, async (run) => {
      await run.stage('one', () => pay(purser, '0.50'))
      jump(-2 * hour)
      await run.stage('two', () => pay(purser, '0.50'))
    })
    expect(ended.state).toBe('completed')
    expect(await counter(purser)).toEqual({ spent: usd(1), held: 0n, presumed: 0n })
  })
})
