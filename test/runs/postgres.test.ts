import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Purser } from '../../src/purser.ts'
import { emptySchema } from '../stores/postgres-database.ts'
import { counter, pay, usd } from './paid-call.ts'

/** A ledger on Postgres, open twice, as from two machines. */
async function openTwice(): Promise<[Purser, Purser]> {
  const { url, schema } = await emptySchema()
  const place = new URL(url)
  place.searchParams.set('schema', schema)
  const open = async (): Promise<Purser> => {
    const purser = await Purser.open({ db: place.href })
    onTestFinished(() => purser.close())
    return purser
  }
  return [await open(), await open()]
}

describe('runs of a fleet, on postgres', () => {
  test('a run pauses at its cap, is raised from elsewhere, and goes on where it stopped', async () => {
    const [here, there] = await openTwice()
    await here.budgets.set('daily', { limit: 5, window: 'day' })
    const ran: string[] = []
    const pipeline = (purser: Purser) =>
      purser.run({ id: 'r', budget: '0.80' }, async (run) => {
        for (const name of ['one', 'two']) {
          await run.stage(name, { estimate: '0.50' }, async () => {
            await pay(purser, '0.50')
            ran.push(name)
          })
        }
      })
    expect(await pipeline(here)).toMatchObject({ state: 'paused', limit: { budget: 'run', limit: usd(0.8), spent: usd(0.5) } })
    await there.runs.raise('r', { to: '1.00' })
    expect(await pipeline(there)).toMatchObject({ state: 'completed' })
    expect(ran).toEqual(['one', 'two'])
    expect(await counter(here)).toEqual({ spent: usd(1), held: 0n, presumed: 0n })
    expect((await here.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('runs wait for their turn across connections, in the order in which they came', async () => {
    const [here, there] = await openTwice()
    const began: string[] = []
    let end: () => void = () => undefined
    const first = here.run({ id: 'a', maxConcurrent: 1 }, async () => {
      began.push('a')
      await new Promise<void>((resolve) => (end = resolve))
    })
    await expect.poll(() => began).toEqual(['a'])
    const others = []
    for (const [id, purser] of [
      ['b', there],
      ['c', here],
      ['d', there],
    ] as const) {
      others.push(purser.run({ id, maxConcurrent: 1 }, () => void began.push(id)))
      await expect.poll(async () => (await here.runs.get(id))?.message).toContain('waits for its turn')
    }
    await expect(there.run({ id: 'a' }, () => 1)).rejects.toMatchObject({ code: 'PURSER_RUN_BUSY' })
    await wait(100)
    expect(began).toEqual(['a'])
    end()
    await Promise.all([first, ...others])
    expect(began).toEqual(['a', 'b', 'c', 'd'])
  })
})
