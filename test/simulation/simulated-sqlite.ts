import { join } from 'node:path'
import { constants, DatabaseSync } from 'node:sqlite'
import { openDatabase } from '../../src/stores/sqlite/open-database.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import type { Reply } from './apply.ts'
import { sendAll, settings } from './requests.ts'
import type { Befalling, SimulatedLedger } from './simulated-ledger.ts'
import { readFiles, type SqliteFiles, tornBetween, writeFiles } from './sqlite-files.ts'

/** A handle with its connection, which is where a disk makes itself felt. */
interface Handle {
  readonly store: Store
  readonly database: DatabaseSync
}

/** Pages that are left on a disk that is nearly full: enough for what clients ask, too few for the spoiler. */
const sparePages = 64
const mostPages = 4_294_967_294

/** A ledger in a SQLite file, open twice. A process that is killed leaves its files as they are at that moment. */
export class SimulatedSqlite implements SimulatedLedger {
  readonly #folder: string
  readonly #now: () => number
  #handles: Handle[] = []
  #lives = 0

  constructor(folder: string, now: () => number) {
    this.#folder = folder
    this.#now = now
    this.#open(true)
  }

  stores(): Store[] {
    return this.#handles.map(({ store }) => store)
  }

  async restart(how: 'closed' | 'killed'): Promise<void> {
    if (how === 'killed') return this.#kill(readFiles(this.#path))
    await this.close()
    this.#open(false)
  }

  async befall(befalling: Befalling): Promise<readonly Reply[] | undefined> {
    const handle = this.#handles[befalling.index]
    if (handle === undefined) throw new Error(`There is no handle ${befalling.index}.`)
    const isFirstWay = befalling.way < 0.5
    switch (befalling.trouble) {
      case 'disturbed':
        return isFirstWay ? onFullDisk(handle, befalling) : this.#whileLocked(handle, befalling)
      case 'refused':
        return isFirstWay ? withoutCommit(handle, befalling) : this.#cutShort(handle, befalling)
      case 'lost':
        await sendAll(handle.store, befalling.operations, befalling.now, 'noise')
        return this.#kill(readFiles(this.#path))
    }
  }

  async close(): Promise<void> {
    for (const { store } of this.#handles) await store.close()
    this.#handles = []
  }

  get #path(): string {
    return join(this.#folder, `life-${this.#lives}.db`)
  }

  #open(create: boolean): void {
    const options = { path: this.#path, create, now: this.#now, ...settings }
    for (const isFirst of [true, false]) {
      const database = openDatabase({ ...options, create: create && isFirst })
      this.#handles.push({ store: openSqliteStore(options, database), database })
    }
  }

  /** Goes on with what lies on the disk; what the killed handles still do reaches only the files that are left behind. */
  async #kill(files: SqliteFiles): Promise<undefined> {
    const killed = this.#handles
    this.#handles = []
    this.#lives += 1
    writeFiles(this.#path, files)
    this.#open(false)
    for (const { store } of killed) await store.close()
  }

  /** The power fails while the transaction is being written to the log. */
  async #cutShort({ store }: Handle, { operations, now, way }: Befalling): Promise<undefined> {
    const before = readFiles(this.#path)
    await sendAll(store, operations, now, 'noise')
    return this.#kill(tornBetween(before, readFiles(this.#path), way * 2 - 1))
  }

  /** Another process has the lock for a while. */
  async #whileLocked({ store }: Handle, { operations, now, way }: Befalling): Promise<readonly Reply[]> {
    const other = new DatabaseSync(this.#path)
    other.exec('BEGIN IMMEDIATE')
    const sending = sendAll(store, operations, now, 'spoiler')
    await new Promise((resolve) => setTimeout(resolve, way * 10))
    other.exec('ROLLBACK')
    other.close()
    return (await sending).replies
  }
}

/** The disk is nearly full: what clients ask fits, and the spoiler among them does not. */
async function onFullDisk({ store, database }: Handle, { operations, now }: Befalling): Promise<readonly Reply[]> {
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
  database.exec(`PRAGMA max_page_count = ${pages + sparePages}`)
  const { replies, spoiled } = await sendAll(store, operations, now, 'spoiler')
  database.exec(`PRAGMA max_page_count = ${mostPages}`)
  if (spoiled?.message.includes('is full') !== true) throw new Error(`The disk was not full: ${spoiled?.message}`)
  return replies
}

function isCommit(action: number, name: string | null): boolean {
  return action === constants.SQLITE_TRANSACTION && name === 'COMMIT'
}

/** SQLite refuses each commit: all is written, and must be taken back. */
async function withoutCommit({ store, database }: Handle, { operations, now }: Befalling): Promise<readonly Reply[]> {
  database.setAuthorizer((action, name) => (isCommit(action, name) ? constants.SQLITE_DENY : constants.SQLITE_OK))
  const { replies } = await sendAll(store, operations, now, 'noise')
  database.setAuthorizer(null)
  return replies
}
