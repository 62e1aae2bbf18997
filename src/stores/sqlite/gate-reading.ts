import { existsSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Gate } from '../../budgets/gate.ts'
import { type GateOperations, type ReadingOperation, runGate } from '../../budgets/gate-operations.ts'
import type { GateLoader } from '../../budgets/gate-loader.ts'
import { GateRows } from '../../budgets/gate-rows.ts'
import type { Hold } from '../../budgets/hold.ts'
import { statusInTurns } from '../../budgets/status-in-turns.ts'
import { PurserError } from '../../errors.ts'
import { nothingWritten } from '../nothing-written.ts'
import { turnMs } from '../store.ts'
import { ChargeReader } from './charge-reader.ts'
import { Dictionaries } from './dictionaries.ts'
import { Documents } from './documents.ts'
import { createGateReader, type GateSources, rowsPerPage, counterPages } from './gate-reader.ts'
import { fromSqlite, isPassing } from './sqlite-errors.ts'

/** What readings need of the ledger file that they are of. */
export interface ReadingHost {
  readonly main: GateSources
  readonly location: string
  readonly subjects: ReadonlySet<string>
  readonly isReadOnly: boolean
  readonly now: () => number
  /** Presumes holds that ran out, a bounded number of them; says whether there may be more. */
  readonly lapse: () => Promise<boolean>
}

/** The connection that long readings have to themselves. */
interface ReadingConnection extends GateSources {
  readonly close: () => void
}

const readingTimeoutMs = 5000
/** Leaves the lock to other processes for a moment. */
const betweenTurnsMs = 3

/**
 * Asks the gate of a ledger file without the file's lock: on a snapshot, beside whoever writes. What may be long is read on
 * a connection of its own and gives way to other work of this process every few milliseconds.
 */
export class GateReading {
  readonly #host: ReadingHost
  readonly #nextDue: StatementSync
  #own: ReadingConnection | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(host: ReadingHost) {
    this.#host = host
    this.#nextDue = host.main.database.prepare('SELECT min(expires_at) AS at FROM holds WHERE state = 0')
  }

  async ask<K extends ReadingOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    try {
      const isShort = operation === 'hold' || operation === 'budgets' || operation === 'standing'
      if (isShort) return this.#askHere(operation, input)
      await this.#lapse()
      const asked = this.#last.then(() => this.#askAside(operation, input))
      this.#last = asked.catch(() => undefined)
      return await asked
    } catch (error) {
      throw fromSqlite(error, this.#host.location, 'read')
    }
  }

  /** Writes down which holds ran out; where the file cannot be written now, answers say so and a later write does. */
  async #lapse(): Promise<void> {
    const { isReadOnly, now, lapse } = this.#host
    const next = this.#nextDue.get()?.['at'] ?? null
    if (isReadOnly || next === null || Number(next) > now()) return
    try {
      while (await lapse()) await new Promise((resolve) => setTimeout(resolve, betweenTurnsMs))
    } catch (error) {
      if (!(error instanceof PurserError) || !isPassing(error)) throw error
    }
  }

  #askHere<K extends ReadingOperation>(operation: K, input: GateOperations[K]['input']): GateOperations[K]['answer'] {
    const { main, now } = this.#host
    const load = createGateReader(main)
    return inSnapshot(main.database, () => runGate(readingGate(load, now()), operation, input))
  }

  async #askAside<K extends ReadingOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    const own = (this.#own ??= this.#connect())
    if (own === undefined) return this.#askHere(operation, input)
    const { database } = own
    database.exec('BEGIN')
    try {
      return await askInTurns(own, operation, input, this.#host.now())
    } finally {
      database.exec('ROLLBACK')
    }
  }

  /** Another connection to the same file; undefined where there can be none. */
  #connect(): ReadingConnection | undefined {
    const { location, subjects, isReadOnly } = this.#host
    if (isReadOnly || !existsSync(location)) return undefined
    const database = new DatabaseSync(location, { readOnly: true, timeout: readingTimeoutMs })
    const charges = new ChargeReader(database, new Dictionaries(database, subjects))
    return { database, documents: new Documents(database), charges, close: () => database.close() }
  }

  async close(): Promise<void> {
    await this.#last
    this.#own?.close()
  }
}

/** Reads of one moment; within a transaction of this connection they are of that. */
function inSnapshot<T>(database: DatabaseSync, read: () => T): T {
  if (database.isTransaction) return read()
  database.exec('BEGIN')
  try {
    return read()
  } finally {
    database.exec('ROLLBACK')
  }
}

function readingGate(load: GateLoader, nowMs: number): Gate {
  // All holds that ran out are presumed at once, as nothing of it is written.
  const rows = new GateRows({ ...load, due: (atMs) => load.due(atMs, -1) })
  const gate = new Gate(rows, nothingWritten)
  gate.nowMs = nowMs
  return gate
}

async function askInTurns<K extends ReadingOperation>(
  sources: GateSources,
  operation: K,
  input: GateOperations[K]['input'],
  nowMs: number,
): Promise<GateOperations[K]['answer']> {
  const load = createGateReader(sources)
  if (operation === 'status') {
    const { names } = input as GateOperations['status']['input']
    const status = statusInTurns(readingGate(load, nowMs), names, counterPages(sources.database))
    return (await inTurns(status)) as GateOperations[K]['answer']
  }
  const answer = (holds: readonly Hold[] | undefined): GateOperations[K]['answer'] => {
    const unresolved = (): readonly Hold[] => {
      if (holds === undefined) throw new HoldsWanted()
      return holds
    }
    return runGate(readingGate({ ...load, unresolved }, nowMs), operation, input)
  }
  try {
    return answer(undefined)
  } catch (error) {
    if (!(error instanceof HoldsWanted)) throw error
  }
  return answer(await inTurns(unresolvedInTurns(load)))
}

/** An answer needs all open and presumed holds, of which there may be many. */
class HoldsWanted extends Error {}

function* unresolvedInTurns(load: GateLoader): Generator<undefined, Hold[], undefined> {
  const holds: Hold[] = []
  for (;;) {
    const found = load.unresolvedAfter(holds.at(-1)?.number ?? 0, rowsPerPage)
    if (found.length === 0) return holds
    holds.push(...found)
    yield
  }
}

/** Goes through work that yields now and then, and gives way to other work every few milliseconds. */
async function inTurns<T>(work: Generator<undefined, T, undefined>): Promise<T> {
  for (let started = performance.now(); ;) {
    const { done, value } = work.next()
    if (done === true) return value
    if (performance.now() - started < turnMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    started = performance.now()
  }
}
