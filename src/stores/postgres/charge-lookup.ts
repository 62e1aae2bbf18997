import type { Charge, ChargeId } from '../../ledger/charge.ts'
import type { ChargeReader } from './charge-reader.ts'
import type { Connections } from './connections.ts'

interface Asked {
  readonly id: ChargeId
  readonly resolve: (charge: Charge | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Looks charges up by their ids: those that are asked for at once, in one statement. */
export class ChargeLookup {
  readonly #connections: Connections
  readonly #reader: ChargeReader
  #asked: Asked[] = []

  constructor(connections: Connections, reader: ChargeReader) {
    this.#connections = connections
    this.#reader = reader
  }

  find(id: ChargeId): Promise<Charge | undefined> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ id, resolve, reject })
      if (this.#asked.length === 1) setImmediate(() => void this.#answer())
    })
  }

  async #answer(): Promise<void> {
    const asked = this.#asked
    this.#asked = []
    try {
      const ids = [...new Set(asked.map(({ id }) => id))]
      const found = await this.#connections.read((client) => this.#reader.byIds(client, ids))
      const byId = new Map(found.map(({ charge }) => [charge.id, charge]))
      for (const { id, resolve } of asked) resolve(byId.get(id))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}
