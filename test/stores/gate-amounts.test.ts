import { describe, expect, test } from 'vitest'
import { everyStore } from './every-store.ts'
import { chargeOf, granted, openGate, usd } from './gate-ledger.ts'

describe.each(everyStore)('amounts that no column could keep, on $name', (kind) => {
  test('of many holds together are refused, also by a budget that only warns', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'soft', onLimit: 'warn', limit: usd(1) })
    // Two of 4.6 billion dollars are 9.2 billion; a column keeps 9.223372036 billion.
    for (const id of ['a', 'b']) granted(await gate.reserve(4_600_000_000_000_000_000n, { id }))
    await expect(gate.reserve(100_000_000_000_000_000n)).rejects.toMatchObject({
      code: 'PURSER_AMOUNT_OUT_OF_RANGE',
      message: expect.stringContaining('a ledger keeps at most 9223372036854775807') as string,
    })
    granted(await gate.reserve(usd(10_000_000)))
    expect(await gate.counter()).toMatchObject({ held: 9_210_000_000_000_000_000n })
    expect(await gate.store.verify({ repair: false })).toMatchObject({ discrepancies: [] })
  })
})

// A ledger in memory has no columns.
describe.each(everyStore.filter(({ outlives }) => outlives))('a sum that no column could keep, on $name', (kind) => {
  test('a charge that its budget could not count is refused like every other sum that is too large', async () => {
    const { gate } = await openGate(kind, '2026-03-10T00:00:00Z')
    await gate.define({ mode: 'soft', onLimit: 'warn', limit: usd(1), window: { kind: 'total' } })
    const day = (n: number): number => Date.parse('2023-01-01T00:00:00Z') + n * 86_400_000
    const charges = Array.from({ length: 922 }, (_, n) => ({
      draft: chargeOf(usd(10_000_000), { at: day(n), id: `d${n}` }),
      onExisting: 'same' as const,
      rank: 1 as const,
    }))
    await gate.store.transact({ bookings: charges })
    await expect(gate.book(usd(10_000_000), { at: day(922) })).rejects.toMatchObject({
      code: 'PURSER_AMOUNT_OUT_OF_RANGE',
      message: expect.stringContaining('64 bits') as string,
    })
    // 922 of ten million dollars
    expect(await gate.counter()).toMatchObject({ spent: 9_220_000_000_000_000_000n })
    expect(await gate.store.verify({ repair: false })).toMatchObject({ charges: 922, discrepancies: [] })
  })
})
