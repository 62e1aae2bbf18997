import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { acmeCard } from '../../test/ledger/acme-cards.ts'
import { openTemporaryLedger } from '../../test/ledger/temporary-ledger.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type { Purser } from '../purser.ts'

/** 100 × 2 + 10 × 10 = 300 nano-dollars for two tickets, two thirds of them for the first. */
const call: CallRecord = {
  id: 'call',
  provider: 'acme',
  model: 'big',
  usage: { inputTokens: 100, outputTokens: 10 },
  labels: { agent: 'builder' },
  serves: [
    { labels: { ticket: 'T-1', project: 'atlas' }, weight: 2 },
    { labels: { ticket: 'T-2', project: 'nova' }, weight: 1 },
  ],
}

async function byTicket(purser: Purser): Promise<unknown[]> {
  const { rows } = await purser.costs({ groupBy: ['ticket', 'project', 'agent'] })
  return rows.map(({ key, costNanos, calls, totalTokens }) => [...key, costNanos, calls, totalTokens])
}

const expectSound = async (purser: Purser): Promise<void> => expect((await purser.verify({ repair: false })).discrepancies).toEqual([])

describe('a call that serves two tickets', () => {
  test('is charged to both by weight, and is one call', async () => {
    const purser = await openTemporaryLedger()
    const charge = await purser.record(call)
    expect(charge).toMatchObject({ id: 'call', costNanos: 200n, part: { of: 'call', index: 1, weights: ['2', '1'], addsCall: true } })
    expect((await purser.parts('call')).map(({ id, costNanos }) => [id, costNanos])).toEqual([
      ['call', 200n],
      ['call#2/2', 100n],
    ])
    // 67 + 7 and 33 + 3 of 110 tokens.
    expect(await byTicket(purser)).toEqual([
      ['T-1', 'atlas', 'builder', 200n, 1, 74],
      ['T-2', 'nova', 'builder', 100n, 0, 36],
    ])
    expect((await purser.costs()).total).toMatchObject({ costNanos: 300n, calls: 1, totalTokens: 110 })
    await expectSound(purser)
  })

  test('is known by the provider’s id of its response, however often and wherever it is told', async () => {
    const purser = await openTemporaryLedger()
    const { id: _, ...told } = { ...call, responseId: 'resp_1' }
    expect(await purser.record(told)).toMatchObject({ id: 'acme:resp_1' })
    expect(await purser.record(told)).toMatchObject({ id: 'acme:resp_1', costNanos: 200n })
    expect(await purser.recordMany([told, { ...told, labels: {}, serves: [{ labels: {} }] }])).toEqual({ booked: 0, duplicates: 2 })
    await expect(purser.record({ ...told, serves: [{ labels: { ticket: 'T-1' } }] })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect((await purser.parts('acme:resp_1#2/2')).map(({ id, responseId }) => [id, responseId])).toEqual([
      ['acme:resp_1', 'resp_1'],
      ['acme:resp_1#2/2', 'resp_1'],
    ])
    expect((await purser.costs()).total).toMatchObject({ calls: 1, costNanos: 300n })
  })

  test('in bulk is booked alike, and counts as one', async () => {
    const purser = await openTemporaryLedger()
    const calls = Array.from({ length: 60 }, (_, n) => ({ ...call, id: `c${n}` }))
    expect(await purser.recordMany(calls)).toEqual({ booked: 60, duplicates: 0 })
    expect((await purser.costs()).total).toMatchObject({ calls: 60, costNanos: 18_000n })
    await expect(purser.recordAll(Array.from({ length: 600 }, (_, n) => ({ ...call, id: `d${n}` })))).rejects.toThrow('1200 charges')
    await expectSound(purser)
  })

  test('carries the labels of the code around it, which its own win over', async () => {
    const purser = await openTemporaryLedger()
    await purser.withLabels({ ticket: 'T-0', stage: 'draft' }, () => purser.record(call))
    expect((await purser.parts('call')).map(({ labels }) => labels)).toEqual([
      { agent: 'builder', stage: 'draft', ticket: 'T-1', project: 'atlas' },
      { agent: 'builder', stage: 'draft', ticket: 'T-2', project: 'nova' },
    ])
  })

  test('is not changed by what its caller does with the record afterwards', async () => {
    const purser = await openTemporaryLedger()
    const labels: Record<string, string> = { ticket: 'T-1' }
    const booked = purser.record({ ...call, serves: [{ labels }, { labels: { ticket: 'T-2' } }] })
    labels['ticket'] = 'T-9'
    expect((await booked).labels).toMatchObject({ ticket: 'T-1' })
  })

  test.each([
    [{ serves: [] }, 'PURSER_BAD_RECORD'],
    [{ serves: [{ labels: { ticket: 'T-1' }, weight: 0 }] }, 'PURSER_BAD_NUMBER'],
    [{ id: 'mine#1/2' }, 'PURSER_BAD_RECORD'],
  ])('is refused with %j, and nothing is booked', async (wrong, code) => {
    const purser = await openTemporaryLedger()
    await expect(purser.record({ ...call, ...(wrong as object) })).rejects.toMatchObject({ code })
    expect((await purser.costs()).total.calls).toBe(0)
  })
})

describe('a held call that serves two tickets', () => {
  const amount = { cost: '0.0000004' }

  test('is settled as a whole, and each part has the labels of the hold and its own', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('builder', { limit: 1, window: 'day', where: 'agent=builder' })
    await purser.holds.reserve({ id: 'h', labels: { agent: 'builder' }, amount })
    const { labels: _, ...came } = call
    expect(await purser.holds.settle('h', came)).toMatchObject({ state: 'settled', charge: 'call' })
    expect(await byTicket(purser)).toEqual([
      ['T-1', 'atlas', 'builder', 200n, 1, 74],
      ['T-2', 'nova', 'builder', 100n, 0, 36],
    ])
    expect((await purser.budgets.status())[0]).toMatchObject({ spent: 300n, held: 0n })
    await expectSound(purser)
  })

  test('cannot serve a ticket other than that of its hold', async () => {
    const purser = await openTemporaryLedger()
    await purser.holds.reserve({ id: 'h', labels: { ticket: 'T-1' }, amount })
    await expect(purser.holds.settle('h', call)).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
    const { labels: _, ...came } = call
    await expect(purser.holds.settle('h', came)).rejects.toThrow('has ticket=T-1, and the call serves ticket=T-2')
    expect(await purser.holds.get('h')).toMatchObject({ state: 'open', left: { cost: 400n } })
  })

  test('recorded under a hold leaves it open with the rest', async () => {
    const purser = await openTemporaryLedger()
    await purser.holds.reserve({ id: 'h', labels: { agent: 'builder' }, amount })
    expect(await purser.holds.record('h', call)).toMatchObject({ state: 'open', charge: 'call' })
    expect(await purser.holds.get('h')).toMatchObject({ left: { cost: 100n }, spent: { cost: 300n, calls: 1n } })
    await expectSound(purser)
  })
})

describe('repricing a call that serves two tickets', () => {
  /** 1 in and 7 out: 100 × 1 + 10 × 7 = 170, of which 113.33 and 56.67. */
  const laterCards = [acmeCard('big', { inputTokens: '0.000000001', outputTokens: '0.000000007' })]

  test('prices the whole, and splits the difference by the same weights', async () => {
    const before = await openTemporaryLedger()
    await before.record(call)
    expect(await before.reprice({ apply: true })).toMatchObject({ examined: 2, corrected: 0 })
    const purser = await openTemporaryLedger({ db: before.location, ownerCards: laterCards })
    expect(await purser.reprice({ apply: true })).toMatchObject({ corrected: 2, differenceNanos: -130n })
    expect(await byTicket(purser)).toEqual([
      ['T-1', 'atlas', 'builder', 113n, 1, 74],
      ['T-2', 'nova', 'builder', 57n, 0, 36],
    ])
    expect(await purser.charge('call#2/2~1')).toMatchObject({
      corrects: 'call#2/2',
      costNanos: -43n,
      part: null,
      labels: { ticket: 'T-2' },
    })
    expect(await purser.reprice({ apply: true })).toMatchObject({ corrected: 0 })
    await expectSound(purser)
  })

  test('gives a price to each part of one that had none, and ends what its hold presumed', async () => {
    const before = await openTemporaryLedger()
    await before.budgets.set('all', { limit: 1, window: 'day' })
    await before.holds.reserve({ id: 'h', amount: { cost: '0.5' } })
    await before.holds.settle('h', { ...call, labels: {}, model: 'new' })
    expect(await before.holds.get('h')).toMatchObject({ state: 'presumed' })
    const purser = await openTemporaryLedger({
      db: before.location,
      ownerCards: [acmeCard('new', { inputTokens: '0.000000003', outputTokens: '0' })],
    })
    await purser.reprice({ apply: true })
    expect(await purser.holds.get('h')).toMatchObject({ state: 'settled' })
    expect((await purser.budgets.status())[0]).toMatchObject({ spent: 300n, presumed: 0n, unpricedCalls: 0 })
    expect((await purser.costs()).total).toMatchObject({ calls: 1, costNanos: 300n, unpricedCalls: 0 })
    await expectSound(purser)
  })

  test('sums to the whole again, whatever the prices and weights', async () => {
    const weight = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom('0.3', '2.75', '1e6'))
    const some = fc.record({
      input: fc.integer({ min: 0, max: 5000 }),
      output: fc.integer({ min: 0, max: 500 }),
      weights: fc.array(weight, { minLength: 1, maxLength: 9 }),
      rates: fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 99_999 })),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 4 }), async (calls) => {
        const before = await openTemporaryLedger()
        const records = calls.map(({ input, output, weights }, n) => ({
          id: `c${n}`,
          provider: 'acme',
          model: 'big',
          usage: { inputTokens: input, outputTokens: output },
          serves: weights.map((each, index) => ({ labels: { ticket: `T-${index}` }, weight: each })),
        }))
        await before.recordMany(records)
        const booked = calls.reduce((sum, { input, output }) => sum + BigInt(input * 2 + output * 10), 0n)
        expect((await before.costs()).total).toMatchObject({ costNanos: booked, calls: calls.length })
        const [inRate, outRate] = calls[0]?.rates ?? [0, 0]
        const text = (hundredThousandths: number): string => `0.${String(hundredThousandths).padStart(14, '0')}`
        const cards = [acmeCard('big', { inputTokens: text(inRate), outputTokens: text(outRate) })]
        const purser = await openTemporaryLedger({ db: before.location, ownerCards: cards })
        await purser.reprice({ apply: true })
        // Each call is rounded once, half to even, from hundred-thousandths of a nano-dollar.
        const whole = calls.map(({ input, output }) =>
          halfEven(BigInt(input) * BigInt(inRate) + BigInt(output) * BigInt(outRate), 100_000n),
        )
        expect((await purser.costs()).total.costNanos).toBe(whole.reduce((a, b) => a + b, 0n))
        for (const [n, each] of whole.entries()) {
          const parts = await Array.fromAsync(purser.standingCharges())
          const own = parts.filter(({ part }) => part?.of === `c${n}`)
          expect(own.reduce((sum, { costNanos }) => sum + (costNanos ?? 0n), 0n)).toBe(each)
        }
        await expectSound(purser)
      }),
      { numRuns: 12 },
    )
  })
})

function halfEven(numerator: bigint, denominator: bigint): bigint {
  const [quotient, rest] = [numerator / denominator, numerator % denominator]
  const isUp = 2n * rest > denominator || (2n * rest === denominator && quotient % 2n === 1n)
  return isUp ? quotient + 1n : quotient
}
