import { Client } from 'pg'
import { openPostgresStore } from '../../src/stores/postgres/postgres-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { PostgresProxy } from '../stores/postgres-proxy.ts'
import type { Reply } from './apply.ts'
import { sendAll, settings } from './requests.ts'
import type { Befalling, SimulatedLedger } from './simulated-ledger.ts'

const terminate =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'purser'"

/** Every transaction that writes leaves its mark in `writers`; a deferred trigger is asked by the commit. 53100 is disk_full. */
function refuseCommits(schema: string): string {
  return `CREATE FUNCTION ${schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON ${schema}.writers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${schema}.refuse()`
}

/** A ledger in a Postgres schema, open twice, with a network before the server that breaks when it is told to. */
export class SimulatedPostgres implements SimulatedLedger {
  readonly #proxy: PostgresProxy
  readonly #admin: Client
  readonly #schema: string
  readonly #now: () => number
  #stores: Store[] = []
  #killed: Promise<void>[] = []

  private constructor(proxy: PostgresProxy, admin: Client, schema: string, now: () => number) {
    this.#proxy = proxy
    this.#admin = admin
    this.#schema = schema
    this.#now = now
  }

  /** A new ledger; nobody else may use the database at the same time. */
  static async create(url: string, schema: string, now: () => number): Promise<SimulatedPostgres> {
    const admin = new Client({ connectionString: url })
    await admin.connect()
    const ledger = new SimulatedPostgres(await PostgresProxy.open(url), admin, schema, now)
    await ledger.#open(true)
    return ledger
  }

  stores(): readonly Store[] {
    return this.#stores
  }

  async restart(how: 'closed' | 'killed'): Promise<void> {
    // The server notices by itself that a process is gone.
    if (how === 'killed') this.#proxy.cut()
    const gone = this.#stores.map((store) => store.close())
    if (how === 'closed') await Promise.all(gone)
    else this.#killed.push(...gone)
    this.#stores = []
    await this.#open(false)
  }

  async befall(befalling: Befalling): Promise<readonly Reply[] | undefined> {
    const store = this.#stores[befalling.index]
    if (store === undefined) throw new Error(`There is no handle ${befalling.index}.`)
    switch (befalling.trouble) {
      case 'disturbed':
        return this.#disturb(store, befalling)
      case 'refused':
        return befalling.way < 0.5 ? this.#breakFor(store, befalling, 'lost') : this.#refuseCommit(store, befalling)
      case 'lost':
        return this.#lose(store, befalling)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#killed, ...this.#stores.map((store) => store.close())])
    await this.#admin.end()
    this.#proxy.close()
  }

  async #open(create: boolean): Promise<void> {
    const options = { url: this.#proxy.url, schema: this.#schema, now: this.#now, ...settings }
    this.#stores.push(await openPostgresStore({ ...options, create }))
    this.#stores.push(await openPostgresStore({ ...options, create: false }))
  }

  /** A connection breaks, and the next one is as good: before or after the commit, or because the server ends the session. */
  async #disturb(store: Store, { operations, now, way }: Befalling): Promise<readonly Reply[]> {
    if (way < 0.7) this.#proxy.fault = way < 0.3 ? 'lost' : 'unanswered'
    const sending = sendAll(store, operations, now, 'spoiler')
    if (way >= 0.7) await this.#admin.query(terminate)
    const { replies } = await sending
    // Where nothing was written, nothing was committed either.
    this.#proxy.fault = undefined
    return replies
  }

  /** The connection breaks at the commit, and for a while the server takes no other. */
  async #breakFor(store: Store, { operations, now }: Befalling, fault: 'lost' | 'unanswered'): Promise<readonly Reply[]> {
    this.#proxy.fault = fault
    this.#proxy.isFullAfterwards = true
    const { replies } = await sendAll(store, operations, now, 'noise')
    this.#proxy.restore()
    return replies
  }

  /** The server refuses each commit, as where its disk is full: all is written, and must be taken back. */
  async #refuseCommit(store: Store, { operations, now }: Befalling): Promise<readonly Reply[]> {
    await this.#admin.query(refuseCommits(this.#schema))
    const { replies } = await sendAll(store, operations, now, 'noise')
    await this.#admin.query(`DROP FUNCTION ${this.#schema}.refuse CASCADE`)
    return replies
  }

  /** What did not get into the transaction whose answer is lost was never sent, and goes into another one. */
  async #lose(store: Store, befalling: Befalling): Promise<undefined> {
    let { operations } = befalling
    do {
      const replies = await this.#breakFor(store, { ...befalling, operations }, 'unanswered')
      operations = operations.filter((_, index) => {
        const reply = replies[index]
        return reply !== undefined && 'code' in reply && reply.code === 'PURSER_LEDGER_UNAVAILABLE'
      })
    } while (operations.length > 0)
  }
}
