import { describe, expect, test } from 'vitest'
import { everyStore } from './every-store.ts'
import { denied, granted, openGate, usd } from './gate-ledger.ts'

/** Names of members that every object has. */
const inherited = ['toString', 'constructor', 'hasOwnProperty', 'valueOf'] as const

describe.each(everyStore)('labels named like what every object has, on $name', (kind) => {
  test.each(inherited)('%s is missing where a call does not carry it', async (key) => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'apart', each: [key], limit: usd(1) })
    await gate.define({ name: 'without', where: [{ field: key, op: 'absent', values: [] }], limit: usd(3) })
    await gate.define({ name: 'with', where: [{ field: key, op: 'present', values: [] }], limit: usd(2) })
    granted(await gate.reserve(usd(1)))
    granted(await gate.reserve(usd(1), { labels: { [key]: 'x' } }))
    expect(await gate.counter('apart', {})).toMatchObject({ held: usd(1) })
    expect(await gate.counter('apart', { [key]: 'x' })).toMatchObject({ held: usd(1) })
    expect([(await gate.counter('without')).held, (await gate.counter('with')).held]).toEqual([usd(1), usd(1)])
    expect(denied(await gate.reserve(1n)).budget).toBe('apart')
  })

  test('expectations are learned apart by them', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'adaptive', tolerance: usd(5), learnBy: ['constructor'], each: [] })
    const { id } = granted(await gate.reserve(usd(1), { model: 'big' }))
    await gate.settle(id, usd(0.5))
    expect([...(await gate.store.learned()).keys()].map((key) => JSON.parse(key) as unknown)).toEqual([
      ['cost', 'acme', 'big', ['constructor', null]],
    ])
  })
})
