import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/stores/store.ts'
import { temporaryFolder } from '../ledger/temporary-ledger.ts'
import { createDatabase } from '../stores/postgres-database.ts'
import { PostgresServer } from '../stores/postgres-server.ts'
import { areFull, checkBudgets, countingBudgets, defineBudgets, expectFull, expectKept, places } from './check-budgets.ts'
import { mostPlaces } from './check-places.ts'
import { checkTold, checkUntold } from './check-told.ts'
import { type Asked, killAtRandom } from './kill-at-random.ts'
import { openPlace, type Place } from './place.ts'

async function openLedger(place: Place): Promise<Store> {
  const store = await openPlace(place, true)
  onTestFinished(() => store.close())
  await defineBudgets(store)
  return store
}

async function expectSound(store: Store, asked: readonly Asked[]): Promise<void> {
  expectFull(await checkBudgets(store))
  const taken = await mostPlaces(store, asked)
  expect(taken, 'places that were taken at once').toBeLessThanOrEqual(places)
  const granted = await checkTold(store, asked)
  const found = await checkUntold(store, asked)
  expectKept(await checkBudgets(store), [...granted, ...found])
  // Enough was going on while processes died, and no budget was left in peace.
  expect(taken).toBeGreaterThan(places / 2)
  expect(granted.length).toBeGreaterThan(500)
  expect(asked.filter(({ told }) => told === undefined).length).toBeGreaterThan(20)
  expect([...new Set(asked.map(({ told }) => told?.refusedBy))]).toEqual(expect.arrayContaining(countingBudgets))
}

describe('eight processes, killed at random', () => {
  test('leave a SQLite ledger with no drift, and no grant past its bound', { timeout: 120_000 }, async () => {
    const place: Place = { kind: 'sqlite', path: join(temporaryFolder(), 'ledger.db') }
    const store = await openLedger(place)
    await expectSound(store, await killAtRandom(place, { seconds: 5, isFull: () => areFull(store) }))
  })

  test('leave a Postgres ledger so, while the server is stopped as if the power went', { timeout: 180_000 }, async () => {
    const server = await PostgresServer.create()
    onTestFinished(() => server.remove())
    const place: Place = { kind: 'postgres', url: await createDatabase(server.url()), schema: 'killed' }
    const store = await openLedger(place)
    const asked = await killAtRandom(place, {
      seconds: 6,
      isFull: () => areFull(store),
      disturb: async () => {
        await server.stop('immediate')
        await server.start()
      },
    })
    await expectSound(store, asked)
  })
})
