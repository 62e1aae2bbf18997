import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simulateMemory } from './simulated-memory.ts'
import type { SimulatedLedger } from './simulated-ledger.ts'
import { SimulatedPostgres } from './simulated-postgres.ts'
import { SimulatedSqlite } from './simulated-sqlite.ts'

/** Where simulated ledgers lie until `end`, one at a time: in memory, in temporary files, or in a Postgres database. */
export interface Place {
  readonly create: (now: () => number) => Promise<SimulatedLedger>
  readonly end: () => Promise<void>
}

/** A Postgres database that nobody else uses. */
export interface Database {
  readonly url: string
  readonly remove: () => Promise<void>
}

/** Opens a place by the name of its store. */
export const places = {
  memory: async (): Promise<Place> => ({ create: async (now) => simulateMemory(now), end: async () => undefined }),
  sqlite: async (): Promise<Place> => {
    const folder = mkdtempSync(join(tmpdir(), 'purser-simulation-'))
    let ledger: SimulatedSqlite | undefined
    return {
      create: async (now) => {
        await ledger?.close()
        ledger = new SimulatedSqlite(mkdtempSync(join(folder, 'ledger-')), now)
        return ledger
      },
      end: async () => {
        await ledger?.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
  postgres: async (createDatabase: () => Promise<Database>): Promise<Place> => {
    const { url, remove } = await createDatabase()
    let ledger: SimulatedPostgres | undefined
    let ledgers = 0
    return {
      create: async (now) => {
        await ledger?.close()
        ledger = await SimulatedPostgres.create(url, `simulation_${(ledgers += 1)}`, now)
        return ledger
      },
      end: async () => {
        await ledger?.close()
        await remove()
      },
    }
  },
} as const

export type StoreName = keyof typeof places
