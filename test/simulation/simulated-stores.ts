import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { openMemoryStore } from '../../src/stores/memory/memory-store.ts'
import { openPostgresStore } from '../../src/stores/postgres/postgres-store.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { PostgresServer } from '../stores/postgres-server.ts'
import type { SimulatedLedger } from './run-simulation.ts'

/** Where simulated ledgers lie until `end`: in memory, in temporary files, or on a Postgres server of their own. */
export interface Place {
  readonly create: (now: () => number) => Promise<SimulatedLedger>
  readonly end: () => Promise<void>
}

const settings = { timezone: 'UTC', subjects: defaultSubjects }

export const places: Readonly<Record<string, () => Promise<Place>>> = {
  memory: async () => ({ create: async (now) => ({ store: openMemoryStore({ ...settings, now }) }), end: async () => undefined }),
  sqlite: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'purser-simulation-'))
    const opened: Store[] = []
    let ledgers = 0
    return {
      create: async (now) => {
        const path = join(folder, `${(ledgers += 1)}.db`)
        return reopening(opened, async (create) => openSqliteStore({ path, create, now, ...settings }))
      },
      end: async () => {
        for (const store of opened) await store.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
  postgres: async () => {
    const server = await PostgresServer.create()
    const opened: Store[] = []
    let ledgers = 0
    return {
      create: async (now) => {
        const schema = `simulation_${(ledgers += 1)}`
        return reopening(opened, (create) => openPostgresStore({ url: server.url(), schema, create, now, ...settings }))
      },
      end: async () => {
        for (const store of opened) await store.close()
        await server.remove()
      },
    }
  },
}

async function reopening(opened: Store[], open: (create: boolean) => Promise<Store>): Promise<SimulatedLedger> {
  const another = async (create: boolean): Promise<Store> => {
    const store = await open(create)
    opened.push(store)
    return store
  }
  return { store: await another(true), again: () => another(false) }
}
