import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { parseFilter } from '../../src/ledger/cost-query.ts'
import { counter, pay, usd } from './paid-call.ts'

describe('the stages of a run', () => {
  test('book their calls under run, project and stage, and their own labels', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'film-7', project: 'film', labels: { env: 'test' } }, async (run) => {
      await run.stage('extract', { labels: { scene: 's1', role: 'editor' } }, () => pay(purser, '0.10'))
      await run.stage('review', () => pay(purser, '0.20'))
      return 'cut'
    })
    expect(ended).toMatchObject({ state: 'completed', result: 'cut', admission: { verdict: 'granted' } })
    const charges = await Array.fromAsync(purser.charges())
    expect(charges.map(({ labels }) => labels)).toEqual([
      { env: 'test', project: 'film', run: 'film-7', stage: 'extract', scene: 's1', role: 'editor' },
      { env: 'test', project: 'film', run: 'film-7', stage: 'review' },
    ])
    const { rows, total } = await purser.costs({ groupBy: ['stage'], where: [parseFilter('run=film-7')], sort: 'name' })
    expect(rows.map(({ key, costNanos }) => [key[0], costNanos])).toEqual([
      ['extract', usd(0.1)],
      ['review', usd(0.2)],
    ])
    expect(total.costNanos).toBe(usd(0.3))
  })

  test('that are finished are not run again when the run is resumed, and give again what they were asked to keep', async () => {
    const purser = await openTemporaryLedger()
    const ran: string[] = []
    let fails = true
    const pipeline = () =>
      purser.run({ id: 'r' }, async (run) => {
        const scenes = await run.stage('extract', { keep: true }, async () => {
          ran.push('extract')
          await pay(purser, '0.10')
          return ['s1', 's2']
        })
        const unkept = await run.stage('clean', () => {
          ran.push('clean')
          return 'text'
        })
        await run.stage('review', () => {
          ran.push('review')
          if (fails) throw new Error('the reviewer is asleep')
        })
        return { scenes, unkept }
      })
    await expect(pipeline()).rejects.toThrow('the reviewer is asleep')
    expect(await purser.runs.get('r')).toMatchObject({ state: 'failed', message: 'the reviewer is asleep', owner: null })
    fails = false
    const ended = await pipeline()
    expect(ended).toMatchObject({ state: 'completed', result: { scenes: ['s1', 's2'] }, run: { attempt: 2 } })
    expect(ended.state === 'completed' && ended.result.unkept).toBeUndefined()
    expect(ran).toEqual(['extract', 'clean', 'review', 'review'])
    expect((await purser.runs.stages('r')).map(({ key, state, attempt }) => [key, state, attempt])).toEqual([
      ['extract', 'completed', 1],
      ['clean', 'completed', 1],
      ['review', 'completed', 2],
    ])
    expect((await purser.costs()).total.costNanos).toBe(usd(0.1))
  })

  test('whose result could not be kept are not paid for again unless their host says so', async () => {
    const warnings: string[] = []
    const purser = await openTemporaryLedger({ onWarning: (message) => warnings.push(message) })
    let times = 0
    const pipeline = (again: boolean) =>
      purser.run({ id: 'r' }, async (run) => {
        const text = await run.stage('draft', { keep: true, again }, async () => {
          await pay(purser, '0.10')
          times += 1
          return 'x'.repeat(65 * 1024)
        })
        if (!again) throw new Error('once more')
        return text.length
      })
    await expect(pipeline(false)).rejects.toThrow('once more')
    expect(warnings[0]).toContain('What the stage "draft" gave is no JSON of at most 64 KB')
    await expect(pipeline(false)).rejects.toThrow('The stage "draft" was finished before, and what it gave was not kept.')
    expect([times, (await purser.costs()).total.costNanos]).toEqual([1, usd(0.1)])
    expect(await pipeline(true)).toMatchObject({ state: 'completed', result: 65 * 1024 })
    expect([times, (await purser.costs()).total.costNanos]).toEqual([2, usd(0.2)])
  })

  test('give again what they gave, also nothing and null', async () => {
    const purser = await openTemporaryLedger()
    const given: unknown[] = []
    const pipeline = (fails: boolean) =>
      purser.run({ id: 'r' }, async (run) => {
        given.push(await run.stage('nothing', { keep: true }, () => undefined))
        given.push(await run.stage('null', { keep: true }, () => null))
        if (fails) throw new Error('once more')
      })
    await expect(pipeline(true)).rejects.toThrow('once more')
    await pipeline(false)
    expect(given).toEqual([undefined, null, undefined, null])
  })

  test('that nobody waits for fail the run', async () => {
    const purser = await openTemporaryLedger()
    const ended = purser.run({ id: 'r' }, (run) => {
      void run.stage('forgotten', async () => {
        await wait(20)
        throw new Error('the painter fell')
      })
      return 'done'
    })
    await expect(ended).rejects.toThrow('the painter fell')
    expect(await purser.runs.get('r')).toMatchObject({ state: 'failed', message: 'the painter fell' })
  })

  test('that end do not wait for the calls of others that go on', { timeout: 20_000 }, async () => {
    const purser = await openTemporaryLedger()
    const over = new AbortController()
    const busy = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const read = () => ({ provider: 'acme', model: 'm', costUsd: '0.001' })
        await purser.call({ amount: { cost: '0.001' }, read }, () => wait(3))
      }
    }
    await purser.run({ id: 'r' }, async (run) => {
      const others = Array.from({ length: 16 }, async (_, index) => run.stage('busy', { labels: { scene: String(index) } }, busy))
      await wait(100)
      await Promise.race([run.stage('short', () => 'done'), wait(8000).then(() => expect.fail('the short stage still waits'))])
      over.abort()
      await Promise.all(others)
    })
  })

  test('may not take the labels that say whose they are', async () => {
    const purser = await openTemporaryLedger()
    const ended = purser.run({ id: 'r' }, (run) => run.stage('a', { labels: { run: 'other' } }, () => 1))
    await expect(ended).rejects.toThrow('The label "run" of a stage is that of its run and its name')
    const two = purser.run({ id: 's', project: 'film', labels: { project: 'other' } }, () => 1)
    await expect(two).rejects.toThrow('The run is of the project "film", and its label says "other".')
  })

  test('of the same name need labels, or a key, that tell them apart', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'r' }, async (run) => {
      for (const scene of ['s1', 's2']) await run.stage('extract', { labels: { scene } }, () => undefined)
      await run.stage('extract', { key: 'again' }, () => undefined)
      await expect(run.stage('extract', { labels: { scene: 's2' } }, () => undefined)).rejects.toMatchObject({
        code: 'PURSER_BAD_ARGUMENT',
        message: expect.stringContaining('"extract scene=s2" has run already') as string,
      })
    })
    expect(ended.state).toBe('completed')
    expect((await purser.runs.stages('r')).map(({ key }) => key)).toEqual(['extract scene=s1', 'extract scene=s2', 'again'])
  })

  test('may run side by side, each with its own labels', async () => {
    const purser = await openTemporaryLedger()
    await purser.run({ id: 'r', budget: '1.00' }, async (run) => {
      await Promise.all(['s1', 's2', 's3'].map((scene) => run.stage('extract', { labels: { scene } }, () => pay(purser, '0.10'))))
    })
    const { rows } = await purser.costs({ groupBy: ['scene'], sort: 'name' })
    expect(rows.map(({ key, costNanos }) => [key[0], costNanos])).toEqual(['s1', 's2', 's3'].map((scene) => [scene, usd(0.1)]))
  })

  test('have a cap of their own, out of that of the run', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('daily', { limit: 5, window: 'day' })
    const ended = await purser.run({ id: 'r', budget: '2.00' }, async (run) => {
      await run.stage('extract', { budget: '0.50' }, async () => {
        await pay(purser, '0.30')
        // $2 of the run, of which $0.30 is spent: the rest is held.
        expect(await counter(purser)).toEqual({ spent: usd(0.3), held: usd(1.7), presumed: 0n })
        await pay(purser, '0.30')
      })
    })
    // $0.30 is spent of the stage's $0.50, and $0.30 more is asked.
    expect(ended).toMatchObject({
      state: 'paused',
      limit: { budget: 'stage', metric: 'cost', limit: usd(0.5), spent: usd(0.3), asked: usd(0.3) },
      message: expect.stringContaining(
        "The stage's own cap of $0.50 is reached: $0.30 spent, and $0.30 more is asked. Its program has to give the stage a larger budget when it runs it again.",
      ) as string,
    })
    expect(await counter(purser)).toEqual({ spent: usd(0.3), held: 0n, presumed: 0n })
    expect((await purser.runs.stages('r'))[0]).toMatchObject({ state: 'interrupted', attempt: 1 })
  })
})

test('each call and stage says what it came to', async () => {
  const lines: string[] = []
  const purser = await openTemporaryLedger({ log: (line) => lines.push(line) })
  await purser.run({ id: 'v1', project: 'factory' }, async (run) => {
    await run.stage('story', { labels: { service: 'gemini', operation: 'story_generation' } }, async () => {
      await pay(purser, '0.0042')
      await pay(purser, '0.01')
    })
  })
  expect(lines).toEqual(['gemini.story_generation = $0.0042', 'gemini.story_generation = $0.01', 'factory.story = $0.0142'])
})
