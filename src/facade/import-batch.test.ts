import { describe, expect, test } from 'vitest'
import { call, openBehind, openTemporaryLedger } from '../../test/ledger/temporary-ledger.ts'
import type { ImportedCall, ImportSink } from '../importers/importer.ts'
import type { ChargeInput } from '../ledger/charge.ts'
import type { CostQuery } from '../ledger/cost-query.ts'
import type { Purser } from '../purser.ts'
import type { ImportRun } from './import-batch.ts'

const all: CostQuery = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }

function found(id: string, outputTokens: number, more: Partial<ChargeInput> = {}, rank: 0 | 1 = 1): ImportedCall {
  return {
    charge: call({ id, usage: { inputTokens: 10, outputTokens }, labels: { project: 'atlas', run: 'r1' }, ...more }),
    onExisting: 'supersede',
    rank,
  }
}

/** A source that is read from where the last import stopped, as files are. */
function reads(source: string, calls: readonly ImportedCall[]): ImportRun {
  return async (sink: ImportSink) => {
    const done = Number(sink.checkpoint(source)?.['done'] ?? 0)
    const fresh = calls.slice(done)
    sink.countRead(fresh.length)
    await sink.put(fresh, new Map([[source, { done: calls.length }]]))
    sink.progress(calls.length, calls.length)
  }
}

/** Every answer that a change of the ledger would show in, as text. */
async function answers(purser: Purser): Promise<string> {
  const questions: Partial<CostQuery>[] = [
    {},
    { groupBy: ['day', 'model'] },
    { groupBy: ['hour'] },
    { groupBy: ['run'] },
    { groupBy: ['project', 'run'] },
    { groupBy: ['meter'] },
    { groupBy: ['run', 'session'] },
  ]
  const tables = await Promise.all(questions.map((question) => purser.costs({ ...all, ...question })))
  return JSON.stringify(tables, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

const expectSound = async (purser: Purser): Promise<void> => expect((await purser.verify({ repair: false })).discrepancies).toEqual([])

describe('an import with other settings', () => {
  test('reads a source anew of which nothing was booked', async () => {
    const purser = await openTemporaryLedger()
    const wrong = reads(
      'f',
      [call({ labels: { model: 'x' } }), call({ labels: { model: 'y' } })].map((charge) => ({ charge, onExisting: 'duplicate' as const })),
    )
    expect(await purser.import('csv', wrong, { settings: { map: 'a' } })).toMatchObject({ read: 2, booked: 0, skipped: { 'bad label': 2 } })
    expect(await purser.import('csv', reads('f', [found('a', 1)]), { settings: { map: 'a' } })).toMatchObject({ read: 0 })
    const right = await purser.import('csv', reads('f', [found('a', 1), found('b', 1)]), { settings: { map: 'b' } })
    expect(right).toMatchObject({ read: 2, booked: 2 })
    expect(right.readBefore).toBeUndefined()
  })

  test('leaves what was booked, and says what to undo to read it anew', async () => {
    const purser = await openTemporaryLedger()
    const calls = [found('a', 1), found('b', 1)]
    const { batch } = await purser.import('csv', reads('f', calls), { settings: { labels: { dept: 'x' } } })
    const again = await purser.import('csv', reads('f', calls), { settings: { labels: { dept: 'y' } } })
    expect(again).toMatchObject({ read: 0, booked: 0, readBefore: [{ source: 'f', batch }] })
    await purser.undoImport(batch)
    expect(await purser.import('csv', reads('f', calls), { settings: { labels: { dept: 'y' } } })).toMatchObject({ booked: 2 })
  })
})

describe('an import', () => {
  test('counts what it read, booked, superseded and knew already', async () => {
    const purser = await openTemporaryLedger()
    const progress: number[] = []
    const summary = await purser.import('claude-code', reads('f', [found('a', 1), found('b', 1), found('a', 5), found('b', 1)]), {
      onProgress: ({ booked }) => progress.push(booked),
    })
    expect(summary).toMatchObject({ read: 4, booked: 2, superseded: 1, duplicates: 1, skipped: {}, skippedAt: {} })
    expect(progress).toEqual([2])
    expect(await purser.imports()).toMatchObject([
      { batch: summary.batch, importer: 'claude-code', sources: ['f'], booked: 2, superseded: 1 },
    ])
    expect(await Array.fromAsync(purser.charges({ batch: summary.batch }))).toHaveLength(3)
  })

  test('reads only what is new the second time, and one that books nothing is not listed', async () => {
    const purser = await openTemporaryLedger()
    const calls = [found('a', 1)]
    await purser.import('x', reads('f', calls))
    expect(await purser.import('x', reads('f', calls))).toMatchObject({ read: 0, booked: 0, duplicates: 0 })
    expect(await purser.import('x', reads('copy of f', calls))).toMatchObject({ read: 1, booked: 0, duplicates: 1 })
    expect(await purser.import('x', reads('f', [...calls, found('b', 1)]))).toMatchObject({ read: 1, booked: 1 })
    expect((await purser.imports()).map(({ booked }) => booked)).toEqual([1, 1])
  })

  test('counts a record that breaks a rule and goes on', async () => {
    const purser = await openTemporaryLedger()
    const bad = [
      found('x', 1, { labels: { project: 'two\nlines' } }),
      found('y', 1, { at: 0 }),
      found('z', 1, { labels: { key: `sk-ant-${'a1'.repeat(20)}` } }),
    ]
    const summary = await purser.import('x', reads('f', [...bad, found('good', 1)]))
    expect(summary).toMatchObject({ read: 4, booked: 1, skipped: { 'bad label': 1, 'bad time': 1, 'secret in label': 1 } })
    expect(summary.skippedAt['bad time']?.[0]).toContain('1970-01-01')
    expect(JSON.stringify(summary)).not.toContain('sk-ant')
  })

  test('names at most five places for each reason', async () => {
    const purser = await openTemporaryLedger()
    const summary = await purser.import('x', async (sink) => {
      for (let line = 1; line <= 9; line += 1) sink.skip('not JSON', `f:${line}`)
      sink.countDuplicates?.(2)
    })
    expect(summary).toMatchObject({
      skipped: { 'not JSON': 9 },
      skippedAt: { 'not JSON': ['f:1', 'f:2', 'f:3', 'f:4', 'f:5'] },
      duplicates: 2,
    })
  })

  test('that breaks down between two records stands, and the next goes on where it stopped', async () => {
    const purser = await openTemporaryLedger()
    const calls = Array.from({ length: 700 }, (_, n) => found(`c${n}`, 1))
    const breaking: ImportRun = async (sink) => {
      await sink.put(calls.slice(0, 600), new Map([['f', { done: 600 }]]))
      throw new Error('the cat pulled the plug')
    }
    await expect(purser.import('x', breaking)).rejects.toThrow('cat')
    expect(await purser.import('x', reads('f', calls))).toMatchObject({ read: 100, booked: 100 })
    expect((await purser.costs(all)).total.calls).toBe(700)
    expect((await purser.imports()).map(({ booked }) => booked).toSorted((a, b) => a - b)).toEqual([100, 600])
    await expectSound(purser)
  })

  test('is told when to stop', async () => {
    const purser = await openTemporaryLedger()
    let stopped: boolean | undefined
    await purser.import('x', async ({ signal }) => void (stopped = signal.aborted), { signal: AbortSignal.abort() })
    expect(stopped).toBe(true)
  })
})

describe('the largest record counts', () => {
  test('also when an import falls between two of them', async () => {
    const purser = await openTemporaryLedger()
    await purser.import('x', reads('f', [found('a', 1)]))
    const second = await purser.import('x', reads('f', [found('a', 1), found('a', 7)]))
    expect(second).toMatchObject({ booked: 0, superseded: 1 })
    expect((await purser.costs(all)).total).toMatchObject({ calls: 1, costNanos: 90n })
  })
})

describe('undoing an import', () => {
  const first = [found('a', 1), found('b', 2, { model: 'mystery' }), found('c', 3, { labels: { session: 's1', run: 'r9' } })]
  const second = [found('d', 4), found('a', 9), found('e', 5, { basis: 'plan', labels: {} })]

  test('gives back every answer as it was before, and the next import books again', async () => {
    const purser = await openTemporaryLedger({ timezone: 'America/New_York' })
    await purser.import('x', reads('f', first))
    const before = await answers(purser)
    const { batch } = await purser.import('x', reads('g', second))
    const after = await answers(purser)
    expect(after).not.toBe(before)
    const progress: number[] = []
    expect(await purser.undoImport(batch, (removed) => progress.push(removed))).toEqual({ batch, removed: 3 })
    expect(progress.at(-1)).toBe(3)
    expect(await answers(purser)).toBe(before)
    await expectSound(purser)
    expect(await purser.charge('d')).toBeUndefined()
    expect(await purser.import('x', reads('g', second))).toMatchObject({ booked: 2, superseded: 1 })
    expect(await answers(purser)).toBe(after)
    await expectSound(purser)
  })

  test('takes later corrections of its calls along, and all of it comes back by importing again', async () => {
    const purser = await openTemporaryLedger()
    const { batch } = await purser.import('x', reads('f', first))
    await purser.import('x', reads('g', second))
    const full = await answers(purser)
    await purser.undoImport(batch)
    expect((await purser.costs(all)).total.calls).toBe(2)
    await expectSound(purser)
    await purser.import('x', reads('f', first))
    await purser.import('x', reads('g', second))
    expect(await answers(purser)).toBe(full)
    await expectSound(purser)
  })

  test('gives a replay its rank back, so that the call itself counts again when it is imported again', async () => {
    const purser = await openTemporaryLedger()
    await purser.import('x', reads('replay', [found('a', 9, {}, 0)]))
    const before = await answers(purser)
    const { batch } = await purser.import('x', reads('call', [found('a', 4, {}, 1)]))
    const after = await answers(purser)
    await purser.undoImport(batch)
    expect(await answers(purser)).toBe(before)
    expect(await purser.import('x', reads('call', [found('a', 4, {}, 1)]))).toMatchObject({ superseded: 1 })
    expect(await answers(purser)).toBe(after)
  })

  test('can be broken off and called again, and sums agree in between', async () => {
    const purser = await openTemporaryLedger()
    await purser.import('x', reads('f', first))
    const before = await answers(purser)
    const many = Array.from({ length: 1200 }, (_, n) => found(`m${n}`, 1, { labels: { run: `r${n % 40}`, project: `p${n}` } }))
    const { batch } = await purser.import('x', reads('g', many))
    const breaking = purser.undoImport(batch, (removed) => {
      if (removed >= 500) throw new Error('enough for today')
    })
    await expect(breaking).rejects.toThrow('enough')
    const left = (await purser.costs(all)).total.calls - 3
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(700)
    expect((await purser.imports()).map((each) => each.batch)).toContain(batch)
    await expectSound(purser)
    expect((await purser.undoImport(batch)).removed).toBe(left)
    expect(await answers(purser)).toBe(before)
    await expectSound(purser)
  })

  test('gives the room in the file back', async () => {
    const purser = await openTemporaryLedger()
    await purser.import('x', reads('f', first))
    const many = Array.from({ length: 3000 }, (_, n) => found(`m${n}`, 1, { labels: { run: `r${n}` } }))
    const { batch } = await purser.import('x', reads('g', many))
    await purser.undoImport(batch)
    const freePages = openBehind(purser.location).prepare('PRAGMA freelist_count').get()?.['freelist_count']
    expect(freePages).toBe(0)
  })

  test('is noted, and cannot be done twice', async () => {
    const purser = await openTemporaryLedger()
    const { batch } = await purser.import('x', reads('f', first))
    await purser.undoImport(batch)
    expect(await purser.imports()).toEqual([])
    await expect(purser.undoImport(batch)).rejects.toMatchObject({
      code: 'PURSER_NOT_FOUND',
      message: expect.stringContaining('import list') as string,
    })
  })
})
