import { describe, expect, test } from 'vitest'
import { learnedKind } from '../../src/budgets/learned-key.ts'
import { everyStore } from './every-store.ts'
import { budget, granted, openGate, usd } from './gate-ledger.ts'

describe.each(everyStore)('what an adaptive budget learns, on $name', (kind) => {
  test('is how much of the worst case holds of a model came to, and by how much it expected too little', async () => {
    const { gate, store } = await openGate(kind)
    const adaptive = { mode: 'adaptive', tolerance: usd(10), limit: usd(100) } as const
    await gate.define(adaptive)
    for (let n = 0; n < 20; n += 1) {
      const { id } = granted(await gate.reserve(usd(1), { model: 'big' }))
      await gate.settle(id, usd(0.31))
    }
    // Twenty holds came to 31 cents of a dollar, which is in the seventh twentieth: 35 cents are expected of the next one.
    const { id } = granted(await gate.reserve(usd(1), { model: 'big' }))
    expect(await gate.counter()).toMatchObject({ expected: usd(0.35), held: usd(1) })
    await gate.settle(id, usd(0.4))
    const [[key, learned] = ['', undefined]] = [...(await store.learned())]
    expect(learned).toMatchObject({ holds: 21, overshot: 1, overshoot: usd(0.05) })
    expect(learnedKind(budget(adaptive), key)).toEqual({ provider: 'acme', model: 'big', labels: {} })
    expect(learnedKind(budget({ ...adaptive, learnBy: ['stage'] }), key)).toBeUndefined()
  })

  test('is kept apart by the labels that it says', async () => {
    const { gate, store } = await openGate(kind)
    const adaptive = { mode: 'adaptive', tolerance: usd(10), limit: usd(100), learnBy: ['stage'] } as const
    await gate.define(adaptive)
    for (const labels of [{ stage: 'draft' }, {}]) {
      const { id } = granted(await gate.reserve(usd(1), { model: 'big', labels }))
      await gate.settle(id, usd(0.5))
    }
    const kinds = [...(await store.learned()).keys()].map((key) => learnedKind(budget(adaptive), key)?.labels)
    expect(kinds).toEqual(expect.arrayContaining([{ stage: 'draft' }, { stage: null }]))
    expect(kinds).toHaveLength(2)
  })
})
