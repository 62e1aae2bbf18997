import { describe, expect, test } from 'vitest'
import type { ChargeId } from '../../src/ledger/charge.ts'
import { reprice } from '../../src/facade/reprice.ts'
import { draftCharge } from '../../src/ledger/draft-charge.ts'
import { createCatalog } from '../../src/pricing/catalog.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { everyStore, type StoreKind } from './every-store.ts'
import { granted, openGate, usd } from './gate-ledger.ts'
import { openHoldDesk } from './hold-desk.ts'

const acme = { provider: 'acme', model: 'up' }

/** A ledger with strict limits on cost and one call a day. */
async function openLimited(kind: StoreKind) {
  const opened = await openGate(kind)
  const { gate, store, clock } = opened
  await gate.define()
  await gate.define({ name: 'calls', metric: 'calls', limit: 1n })
  return { ...opened, desk: openHoldDesk(store, () => clock.now) }
}

/** The same, and of tokens. */
async function openWithTokens(kind: StoreKind) {
  const opened = await openLimited(kind)
  await opened.gate.define({ name: 'tokens', metric: 'tokens', limit: 10_000n })
  return opened
}

describe.each(everyStore)('the rest of a call that was cut, on $name', (kind) => {
  test('is a correction of its charge, and no second call', async () => {
    const { gate, store, desk } = await openWithTokens(kind)
    const { id } = granted(await gate.reserve(usd(1), { id: 'c1', labels: { project: 'atlas' }, worst: { tokens: 1000n } }))
    await desk.end(id, 'cut', { ...acme, costUsd: '0.10', usage: { inputTokens: 100 } })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.1), presumed: usd(0.9) })
    const answer = { costUsd: '0.20', usage: { outputTokens: 50 } }
    expect(await desk.resolve(id, answer)).toMatchObject({ state: 'settled', charge: 'hold:c1~1', overrun: [] })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: 0n, presumed: 0n, overLimit: null })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 150n, presumed: 0n })
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n, presumed: 0n, overLimit: null })
    const [correction] = await store.corrections('hold:c1' as ChargeId)
    expect(correction).toMatchObject({
      ...acme,
      costNanos: usd(0.2),
      status: 'stated',
      labels: { project: 'atlas' },
      corrects: 'hold:c1',
      hold: 'c1',
      usage: { outputTokens: 50 },
    })
    expect(correction?.at).toBe((await store.charge('hold:c1' as ChargeId))?.at)
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('told again books nothing, and another answer is an error that says what was told before', async () => {
    const { gate, desk } = await openWithTokens(kind)
    const { id } = granted(await gate.reserve(usd(0.1), { id: 'z', worst: { tokens: 3000n } }))
    await desk.end(id, 'cut', { ...acme, costUsd: '0.05', usage: { inputTokens: 10 } })
    const first = await desk.resolve(id, { costUsd: '0.01' })
    // Nobody said how many tokens the rest used: 2,990 of them are still presumed.
    expect(first).toMatchObject({ state: 'presumed' })
    expect(await desk.resolve(id, { costUsd: '0.01' })).toMatchObject({ state: 'presumed', charge: first.charge, overrun: [] })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.06), presumed: 0n })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 10n, presumed: 2990n })
    await expect(desk.resolve(id, { costUsd: '0.02' })).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining('was said before: $0.01.') as string,
    })
    expect(await desk.resolve(id, { usage: { inputTokens: 7 } })).toMatchObject({ state: 'settled' })
    expect(await desk.resolve(id, { usage: { inputTokens: 7 } })).toMatchObject({ state: 'settled' })
    expect(await desk.resolve(id, { costUsd: '0.01' })).toMatchObject({ state: 'settled' })
    await expect(desk.resolve(id, { usage: { inputTokens: 8 } })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 17n, presumed: 0n })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.06), presumed: 0n })
  })

  test('of which the hold of a part that it was cut in has to answer, corrects the charge of the part', async () => {
    const { gate, store, desk } = await openLimited(kind)
    const { id } = granted(await gate.reserve(usd(2), { id: 'run' }))
    granted(await gate.split(id, usd(0.4), { id: 'part', labels: { stage: 'draft' } }))
    await desk.end('part', 'cut', { ...acme, costUsd: '0.40', usage: { inputTokens: 1 } })
    await gate.release(id)
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), presumed: usd(1.6) })
    expect(await desk.resolve(id, { costUsd: '0.10' })).toMatchObject({ state: 'settled', charge: 'hold:part~1' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: 0n, presumed: 0n })
    expect((await store.charge('hold:part~1' as ChargeId))?.labels).toEqual({ stage: 'draft' })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('is shared out by weight where the call serves several', async () => {
    const { gate, store, desk } = await openLimited(kind)
    const { id } = granted(await gate.reserve(usd(1), { id: 's' }))
    const serves = [
      { labels: { ticket: 'a' }, weight: 3 },
      { labels: { ticket: 'b' }, weight: 1 },
    ]
    await desk.end(id, 'cut', { ...acme, costUsd: '0.40', usage: { inputTokens: 4 }, serves })
    expect(await desk.resolve(id, { costUsd: '0.08' })).toMatchObject({ state: 'settled' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.48), held: 0n, presumed: 0n })
    // Three quarters of eight cents, and one.
    expect((await store.corrections('hold:s' as ChargeId)).map(({ costNanos }) => costNanos)).toEqual([usd(0.06)])
    expect((await store.corrections('hold:s#2/2' as ChargeId)).map(({ costNanos }) => costNanos)).toEqual([usd(0.02)])
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('is a correction too where the hold ran out, and has no other call left', async () => {
    const { gate, desk, clock } = await openLimited(kind)
    const { id } = granted(await gate.reserve(usd(1), { id: 'e', ttlMs: 1000 }))
    await desk.settle(id, { ...acme, id: 'stream-1', costUsd: '0.10', usage: { inputTokens: 5 } }, { partial: true })
    clock.now += 2000
    expect(await desk.resolve(id, { costUsd: '0.20' })).toMatchObject({ state: 'settled', charge: 'stream-1~1' })
    expect(await desk.resolve(id, { costUsd: '0.20' })).toMatchObject({ state: 'settled', charge: 'stream-1~1' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: 0n, presumed: 0n })
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n, overLimit: null })
  })
})

describe.each(everyStore)('a cost that is said of a call without a price, on $name', (kind) => {
  const unpriced = { provider: 'acme', model: 'nobody', usage: { inputTokens: 1000 } }

  test('is the cost of its charge, so that nothing is missing any more, and a price of later counts in its place', async () => {
    const { gate, store, desk, clock } = await openLimited(kind)
    const { id } = granted(await gate.reserve(usd(1), { id: 'u1' }))
    await desk.settle(id, unpriced)
    expect(await gate.counter()).toMatchObject({ spent: 0n, presumed: usd(1), unpricedCalls: 1 })
    expect(await desk.resolve(id, { costUsd: '0.50' })).toMatchObject({ state: 'settled', charge: 'hold:u1~1' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), presumed: 0n, unpricedCalls: 0 })
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n, overLimit: null })
    expect((await store.corrections('hold:u1' as ChargeId)).at(-1)).toMatchObject({
      model: 'nobody',
      status: 'stated',
      restates: 'unpriced',
      statedNanos: usd(0.5),
    })
    const priceAt = async (usdPerToken: string | undefined) => {
      const owner = usdPerToken === undefined ? [] : [acmeCard('nobody', { inputTokens: usdPerToken })]
      const catalog = createCatalog({ owner, refreshed: [], shipped: [] })
      const draft = (input: Parameters<typeof draftCharge>[0]) => draftCharge(input, (request) => priceUsage(catalog, request), clock.now)
      const { corrected, differenceNanos, models } = await reprice(store, draft, { apply: true })
      return { corrected, differenceNanos, losing: models.reduce((sum, each) => sum + each.losing, 0) }
    }
    expect(await priceAt(undefined)).toEqual({ corrected: 0, differenceNanos: 0n, losing: 0 })
    // A thousand tokens at $0.0005 are the fifty cents that were said; ours is noted, and adds nothing.
    expect(await priceAt('0.0005')).toMatchObject({ differenceNanos: 0n, losing: 0 })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), presumed: 0n, unpricedCalls: 0 })
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('is shared out to all of them in equal parts where there are several', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    const desk = openHoldDesk(store, () => clock.now)
    const { id } = granted(await gate.reserve(usd(1), { id: 'g', worst: { calls: 2n } }))
    for (const call of ['one', 'two']) await desk.settle(id, { ...unpriced, id: call }, { partial: true })
    await gate.release(id)
    expect(await desk.resolve(id, { costUsd: '0.30' })).toMatchObject({ state: 'settled' })
    for (const call of ['one', 'two']) {
      expect((await store.corrections(call as ChargeId)).map(({ costNanos }) => costNanos)).toEqual([usd(0.15)])
    }
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), presumed: 0n, unpricedCalls: 0 })
  })

  test('is not answered by a usage that is known, nor by having sent nothing, and both say what is', async () => {
    const { gate, desk } = await openLimited(kind)
    const { id } = granted(await gate.reserve(usd(1), { id: 'u2' }))
    await desk.settle(id, unpriced)
    const wrong = { code: 'PURSER_BAD_ARGUMENT', message: expect.stringContaining('--cost USD') as string }
    await expect(desk.resolve(id, { ...unpriced, model: 'nobody3' })).rejects.toMatchObject(wrong)
    await expect(desk.resolve(id, 'not-sent')).rejects.toMatchObject(wrong)
    expect(await gate.counter()).toMatchObject({ spent: 0n, presumed: usd(1), unpricedCalls: 1 })
    expect(await desk.resolve(id, { costUsd: '0.30' })).toMatchObject({ state: 'settled' })
  })
})

describe.each(everyStore)('tokens that are missing beside a known cost, on $name', (kind) => {
  async function openUnmeasured() {
    const limited = await openWithTokens(kind)
    const { id } = granted(await limited.gate.reserve(usd(1), { id: 't1', worst: { tokens: 3000n } }))
    await limited.desk.settle(id, { ...acme, costUsd: '0.40' })
    return { ...limited, id }
  }

  test('are not answered by a cost, nor by having sent nothing', async () => {
    const { gate, desk, id } = await openUnmeasured()
    const wrong = { code: 'PURSER_BAD_ARGUMENT', message: expect.stringContaining('--usage') as string }
    await expect(desk.resolve(id, { costUsd: '0.10' })).rejects.toMatchObject(wrong)
    await expect(desk.resolve(id, { costUsd: '0.10', usage: { inputTokens: 1000 } })).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
    await expect(desk.resolve(id, 'not-sent')).rejects.toMatchObject(wrong)
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4) })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 0n, presumed: 3000n })
    expect(await desk.resolve(id, { usage: { inputTokens: 1000 } })).toMatchObject({ state: 'settled' })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 1000n, presumed: 0n })
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n })
    await expect(desk.resolve(id, { usage: { inputTokens: 1100 } })).rejects.toThrow('inputTokens=1000')
  })

  test('may be none: a zero that is said is known', async () => {
    const { gate, desk, id } = await openUnmeasured()
    expect(await desk.resolve(id, { usage: { inputTokens: 0 } })).toMatchObject({ state: 'settled', charge: null })
    expect(await desk.resolve(id, { usage: { inputTokens: 0 } })).toMatchObject({ state: 'settled', charge: null })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 0n, held: 0n, presumed: 0n })
    granted(await gate.reserve(usd(0.1), { id: 'z2', worst: { tokens: 3000n, calls: 0n } }))
    expect(await desk.settle('z2', { ...acme, costUsd: '0.05', usage: { inputTokens: 0 } })).toMatchObject({ state: 'settled' })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 0n, held: 0n, presumed: 0n })
  })
})
