import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvExport, type ExportChunk, jsonlExport } from '../../src/json/export-formats.ts'
import { importCsv } from '../../src/importers/csv.ts'
import type { ImportSink } from '../../src/importers/importer.ts'
import { importJsonl } from '../../src/importers/jsonl.ts'
import type { ChargeInput } from '../../src/ledger/charge.ts'
import type { CostQuery } from '../../src/ledger/cost-query.ts'
import { nanos } from '../../src/money/nanos.ts'
import type { Purser } from '../../src/purser.ts'
import { acmeCard, acmeCards } from '../ledger/acme-cards.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { createFolder } from './folder.ts'

const groupBy = ['day', 'project', 'run', 'provider', 'model', 'basis', 'outcome', 'serviceTier']
const everything: CostQuery = { groupBy, sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }
/** Other rates for all that had one, and for more. */
const laterCards = [
  acmeCard('big', { inputTokens: '0.000000007', outputTokens: '0.00000001', audioSeconds: '0.000001', searches: '0.01' }),
  acmeCard('half-known', { inputTokens: '0.000000005', outputTokens: '0.000000009' }),
  acmeCard('local', { inputTokens: '0', outputTokens: '0' }),
  acmeCard('priced later', { inputTokens: '0.000000001' }),
]
const models = ['big', 'half-known', 'local', 'priced later', 'without price']

const call = fc.record({
  n: fc.integer({ min: 0, max: 5 }),
  input: fc.integer({ min: 0, max: 1000 }),
  output: fc.integer({ min: 0, max: 50 }),
  searches: fc.integer({ min: 0, max: 2 }),
  seconds: fc.constantFrom(0, 1.25),
  stated: fc.constantFrom(undefined, 5n),
  reported: fc.constantFrom(undefined, 7n),
  plan: fc.boolean(),
  rank: fc.constantFrom(0 as const, 1 as const),
  labels: fc.constantFrom({}, { project: 'a, "b"' }, { run: 'r;1' }),
})
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

function toCharge({ n, input, output, searches, seconds, stated, reported, plan, labels }: Call): ChargeInput {
  const usage = { inputTokens: input, outputTokens: output, searches, audioSeconds: seconds, attributes: { size: '1024x1024' } }
  const costs = {
    ...(stated !== undefined && { statedNanos: nanos(stated) }),
    ...(reported !== undefined && { reportedNanos: nanos(reported) }),
  }
  const more = { basis: plan ? ('plan' as const) : ('metered' as const), metadata: { note: 'x,y' }, estimated: n === 1 }
  return {
    id: `c${n}`,
    at: Date.UTC(2026, 1, 1 + n),
    provider: 'acme',
    model: models[n % models.length] ?? '',
    usage,
    labels,
    ...costs,
    ...more,
  }
}

/** A ledger with calls that were superseded by larger records, and priced anew by other cards. */
async function correctedLedger(calls: readonly Call[]): Promise<Purser> {
  const before = await openTemporaryLedger({ ownerCards: acmeCards })
  for (const each of calls) {
    const charge = toCharge(each)
    await before.import('test', (sink) => sink.put([{ charge, onExisting: 'supersede', rank: each.rank }], new Map()))
  }
  const after = await openTemporaryLedger({ db: before.location, ownerCards: laterCards })
  await after.reprice({ apply: true })
  return after
}

async function written(name: string, chunks: AsyncIterable<ExportChunk>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += chunk.text
  const path = join(createFolder().path, name)
  writeFileSync(path, text)
  return path
}

async function sums(purser: Purser): Promise<unknown> {
  const { rows, total } = await purser.costs(everything)
  return { rows: rows.map(({ key, ...row }) => [key, row]).toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)), total }
}

describe('what an export holds', () => {
  it.each(['jsonl', 'csv'] as const)('as %s comes to the same sums in another ledger, to the nano, corrections and all', async (format) => {
    const signal = new AbortController().signal
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 14 }), async (calls) => {
        const from = await correctedLedger(calls)
        const read = (): ReturnType<Purser['charges']> => from.standingCharges()
        const file = await written(`all.${format}`, format === 'csv' ? csvExport(read, signal) : jsonlExport(read, signal))
        const to = await openTemporaryLedger({ ownerCards: laterCards })
        const options = { files: [file], zone: 'UTC' }
        const run = (sink: ImportSink): Promise<void> => (format === 'csv' ? importCsv(options, sink) : importJsonl(options, sink))
        const { skipped, read: rows } = await to.import(format, run)
        expect(skipped).toEqual({})
        expect(await from.import(format, run)).toMatchObject({ booked: 0, superseded: 0, duplicates: rows, skipped: {} })
        expect(await sums(to)).toEqual(await sums(from))
      }),
      { numRuns: 15 },
    )
  })

  it.each(['jsonl', 'csv'] as const)('as %s gives calls that serve several back part by part, priced as a whole', async (format) => {
    const signal = new AbortController().signal
    const serves = [{ labels: { run: 'r1' }, weight: 2 }, { labels: { run: 'r2', project: 'nova' } }, { labels: {}, weight: '0.5' }]
    const usage = { inputTokens: 7, outputTokens: 3, attributes: { size: 'big' } }
    const before = await openTemporaryLedger({ ownerCards: acmeCards })
    await before.recordMany([
      { id: 'one', provider: 'acme', model: 'big', usage, serves },
      { id: 'none', provider: 'acme', model: 'without price', usage, reportedCostUsd: '0.000000005', serves },
      { id: 'plain', provider: 'acme', model: 'big', usage },
      { provider: 'acme', model: 'other', usage, costUsd: '0.000000011', responseId: 'resp_1', serves },
    ])
    const from = await openTemporaryLedger({ db: before.location, ownerCards: laterCards })
    await from.reprice({ apply: true })
    const read = (): ReturnType<Purser['charges']> => from.standingCharges()
    const file = await written(`all.${format}`, format === 'csv' ? csvExport(read, signal) : jsonlExport(read, signal))
    const options = { files: [file], zone: 'UTC' }
    const run = (sink: ImportSink): Promise<void> => (format === 'csv' ? importCsv(options, sink) : importJsonl(options, sink))
    const to = await openTemporaryLedger({ ownerCards: laterCards })
    expect(await to.import(format, run)).toMatchObject({ read: 10, booked: 10, skipped: {} })
    expect(await from.import(format, run)).toMatchObject({ read: 10, booked: 0, duplicates: 10, skipped: {} })
    expect(await sums(to)).toEqual(await sums(from))
    const parts = async (purser: Purser): Promise<unknown> =>
      (await purser.parts('acme:resp_1')).map(({ id, part, labels }) => [id, part, labels])
    expect(await parts(to)).toEqual(await parts(from))
    // 7 × 7 + 3 × 10 = 79 of the one and the plain; 5 reported, 11 stated.
    expect((await to.costs()).total).toMatchObject({ calls: 4, costNanos: 174n })
  })

  it('adds up to what the costs say', async () => {
    const grown: Omit<Call, 'input'> = {
      n: 0,
      output: 0,
      searches: 0,
      seconds: 0,
      stated: undefined,
      reported: undefined,
      plan: false,
      rank: 1,
      labels: {},
    }
    const purser = await correctedLedger([
      { ...grown, input: 100 },
      { ...grown, input: 300 },
    ])
    const rows = await Array.fromAsync(purser.standingCharges())
    // 300 tokens at 7 nano-dollars.
    expect(rows.map(({ usage, costNanos, status }) => [usage.inputTokens, costNanos, status])).toEqual([[300, 2100n, 'priced']])
    expect((await purser.costs(everything)).total.costNanos).toBe(2100n)
    expect((await Array.fromAsync(purser.charges())).map(({ costNanos }) => costNanos)).toEqual([200n, 400n, 1500n])
  })
})
