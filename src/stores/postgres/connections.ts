import type { Client, ClientBase, Pool, PoolClient } from 'pg'
import { loadPg } from './load-pg.ts'
import { fromPostgres, isConnectionLost } from './postgres-errors.ts'
import type { PostgresPlace } from './postgres-url.ts'

const maxReaders = 4
const connectTimeoutMs = 10_000

/** The connections of one open ledger: one that writes, and some that read. A broken one is replaced by the next use. */
export class Connections {
  readonly location: string
  readonly #pg: Awaited<ReturnType<typeof loadPg>>
  readonly #url: string
  readonly #writers: Pool
  readonly #readers: Pool
  #closing: Promise<unknown> | undefined

  private constructor(pg: Awaited<ReturnType<typeof loadPg>>, { url, location }: PostgresPlace) {
    this.#pg = pg
    this.#url = url
    this.location = location
    this.#writers = this.#createPool(1)
    this.#readers = this.#createPool(maxReaders)
  }

  /** @throws PURSER_BAD_ARGUMENT where the driver is not installed; nothing connects yet */
  static async create(place: PostgresPlace): Promise<Connections> {
    return new Connections(await loadPg(), place)
  }

  /** The connection that writes; given back with `release`, with true where it may be broken. */
  writer(): Promise<PoolClient> {
    return this.#writers.connect()
  }

  /** Does something once, on the connection that writes. */
  async once<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = await this.writer()
    let isWhole = false
    try {
      const answer = await work(client)
      isWhole = true
      return answer
    } finally {
      client.release(!isWhole)
    }
  }

  /** Reads; once more where the connection turns out to be broken, as all that are open may be. */
  async read<T>(read: (client: ClientBase) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      let client: PoolClient | undefined
      try {
        client = await this.#readers.connect()
        const answer = await read(client)
        client.release()
        return answer
      } catch (error) {
        client?.release(true)
        if (attempt > maxReaders || client === undefined || !isConnectionLost(error)) throw fromPostgres(error, this.location, 'read')
      }
    }
  }

  /** A connection of its own for long work, closed when that is done. */
  async alone<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client: Client = new this.#pg.Client(this.#settings())
    client.on('error', ignore)
    try {
      await client.connect()
      return await work(client)
    } finally {
      await client.end().catch(ignore)
    }
  }

  async close(): Promise<void> {
    this.#closing ??= Promise.all([this.#writers.end(), this.#readers.end()])
    await this.#closing
  }

  #createPool(max: number): Pool {
    const pool = new this.#pg.Pool({ ...this.#settings(), max, allowExitOnIdle: true })
    // A connection that breaks says so to whoever uses it; without a listener it would end the process too.
    pool.on('error', ignore)
    pool.on('connect', (client) => client.on('error', ignore))
    return pool
  }

  #settings() {
    return {
      connectionString: this.#url,
      fallback_application_name: 'purser',
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      pipeline: true,
    }
  }
}

function ignore(): void {}
