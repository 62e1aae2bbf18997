import { expect } from 'vitest'
import type { Denial, Grant } from '../../src/budgets/denial.ts'
import type { HoldId } from '../../src/budgets/hold.ts'
import type { Store } from '../../src/stores/store.ts'
import { GateLedger, granted, usd } from './gate-ledger.ts'

const cent = usd(0.01)

/**
 * Holds a cent for one call after the other until the disk is full: the hold that did not fit is refused whole, what was
 * granted stays, and once there is room the same id gets one grant.
 */
export async function expectHoldsOnFullDisk(store: Store, disk: { readonly fill?: () => Promise<void>; readonly makeRoom: () => void }) {
  const gate = new GateLedger(store, Date.now)
  await gate.define({ limit: usd(1000), window: { kind: 'total' } })
  await gate.define({ name: 'each', limit: usd(1), window: { kind: 'run' }, each: ['run'] })
  const ask = (id: string) => gate.reserve(cent, { id, labels: { run: `run of ${id}` }, ttlMs: 3_600_000 })
  const held: string[] = [granted(await ask('hold-0')).id]
  await disk.fill?.()
  const { spent } = await gate.counter()
  const failure = await reserveUntilRefused(ask, held)
  const refused = `hold-${held.length}`
  const isFull = { code: 'PURSER_LEDGER_UNAVAILABLE', message: expect.stringContaining('is full') as string }
  expect(failure).toMatchObject(isFull)
  await expect(ask(refused)).rejects.toMatchObject(isFull)
  expect((await store.gate('holds', {})).map(({ id }) => id)).toEqual(held)
  await expect(store.gate('hold', { id: refused as HoldId })).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
  expect(await gate.counter()).toMatchObject({ held: BigInt(held.length) * cent, spent, presumed: 0n })

  disk.makeRoom()
  const grant = granted(await ask(refused))
  expect(await ask(refused)).toEqual({ ...grant, isRepeated: true })
  expect(await gate.counter()).toMatchObject({ held: BigInt(held.length + 1) * cent })
  expect(await gate.counter('each', { run: `run of ${refused}` })).toMatchObject({ held: cent })
  await gate.settle(refused, cent)
  expect(await gate.counter()).toMatchObject({ spent: spent + cent, held: BigInt(held.length) * cent })
  expect((await store.verify({ repair: false })).discrepancies).toEqual([])
}

async function reserveUntilRefused(ask: (id: string) => Promise<Grant | Denial>, held: string[]): Promise<unknown> {
  for (;;) {
    try {
      held.push(granted(await ask(`hold-${held.length}`)).id)
    } catch (error) {
      return error
    }
  }
}
