import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/stores/store.ts'
import { temporaryFolder } from '../ledger/temporary-ledger.ts'
import { createDatabase } from '../stores/postgres-database.ts'
import { PostgresServer } from '../stores/postgres-server.ts'
import { areFull, checkBudgets, defineBudgets, expectFull } from './check-budgets.ts'
import { checkTold, checkUntold } from './check-told.ts'
import { type HeldRequest, holdNanos } from './held-request.ts'
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
  await checkTold(store, asked)
  const found = await checkUntold(store, asked)
  const committed = await checkBudgets(store)
  // Of calls that never give anything back, all that were ever granted count: one grant too many would show for good.
  const kept = committed.get('kept {}')
  expect((kept?.spent ?? 0n) + (kept?.aside ?? 0n)).toBe(holdNanos * BigInt(countKept(asked) + found.filter(isKept).length))
  // Enough was going on while processes died.
  expect(asked.filter(({ told }) => told?.granted === true).length).toBeGreaterThan(500)
  expect(asked.filter(({ told }) => told === undefined).length).toBeGreaterThan(20)
}

function isKept(request: HeldRequest): boolean {
  return request.kind === 'reserve' && request.labels['stage'] === 'kept'
}

function countKept(asked: readonly Asked[]): number {
  return asked.filter(({ request, told }) => isKept(request) && told?.granted === true).length
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
