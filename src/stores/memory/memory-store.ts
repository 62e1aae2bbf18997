import { budgetKind } from '../../budgets/budget-record.ts'
import type { Learned } from '../../budgets/learned.ts'
import { type GateOperation, type GateOperations, isReading, runGate } from '../../budgets/gate-operations.ts'
import { PurserError } from '../../errors.ts'
import type { Booked } from '../../ledger/book-charge.ts'
import type { Charge, ChargeId } from '../../ledger/charge.ts'
import { createCalendar } from '../../time/calendar.ts'
import { chargesPerPage, firstPlace, placesOf } from '../charge-pages.ts'
import { CommittedEvents } from '../committed-events.ts'
import { refusable } from '../refusable.ts'
import {
  type ChargeSelection,
  type LedgerEvent,
  type RollupQuery,
  type RollupRow,
  type SharedCost,
  type Store,
  type StoredDocument,
  type SubjectRows,
  type Transaction,
  turnMs,
  type VerifyReport,
} from '../store.ts'
import { checkCounters, MemoryGate } from './memory-gate.ts'
import { MemoryTables } from './memory-tables.ts'
import { MemoryWriter } from './memory-writer.ts'
import { SumBound } from './sum-bound.ts'
import { Sums } from './sums.ts'

export interface MemoryStoreOptions {
  /** IANA zone of the ledger's days. */
  readonly timezone: string
  readonly subjects: readonly string[]
  /** The clock that says when something is booked, in milliseconds since 1970. */
  readonly now?: () => number
  /** Whether it is only looked at; then it stays empty. */
  readonly readOnly?: boolean
}

/**
 * Opens a ledger that lives in this process and is gone with it. Sums are added up from the charges when they are asked
 * for, so it is the plainest reading of the contract, fit for tests and small ledgers.
 */
export function openMemoryStore({ timezone, subjects, now = Date.now, readOnly = false }: MemoryStoreOptions): Store {
  return new MemoryStore(timezone, new Set(subjects), { now, readOnly })
}

class MemoryStore implements Store {
  readonly location = 'memory'
  readonly timezone: string
  readonly subjects: ReadonlySet<string>
  readonly isReadOnly: boolean
  readonly warnings: readonly string[] = []
  readonly #now: () => number
  readonly #tables = new MemoryTables()
  readonly #bound = new SumBound()
  readonly #sums: Sums
  readonly #events = new CommittedEvents()
  readonly #gate: MemoryGate
  #writer: MemoryWriter | undefined
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(timezone: string, subjects: ReadonlySet<string>, { now, readOnly }: { now: () => number; readOnly: boolean }) {
    this.timezone = timezone
    this.subjects = subjects
    this.isReadOnly = readOnly
    this.#now = now
    this.#gate = new MemoryGate(this.#tables, {
      append: (event) => this.#current.append(event),
      book: (booking) => {
        const { id, seq, outcome } = this.#current.book({ ...booking, rank: 1 })
        return { id, seq, outcome: outcome === 'booked' ? 'booked' : 'duplicate' }
      },
      putBudget: (name, body) => this.#current.put({ kind: budgetKind, key: name, body }),
    })
    this.#sums = new Sums(createCalendar(timezone), subjects, () => this.#tables.charges.values())
  }

  /** What the running write is written by. */
  get #current(): MemoryWriter {
    return (this.#writer ??= this.#startWriting())
  }

  async transact(transaction: Transaction): Promise<readonly Booked[]> {
    this.#assertWritable()
    return this.#write(() => this.#startWriting(transaction.batch).apply(transaction))
  }

  async gate<K extends GateOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    if (!isReading(operation)) this.#assertWritable()
    const answered = await this.#write(() => {
      this.#startWriting()
      return refusable(() => runGate(this.#gate.gate, operation, input))
    })
    if ('refused' in answered) throw answered.refused
    return answered.answer
  }

  listen(listener: (event: LedgerEvent) => void): () => void {
    return this.#events.listen(listener)
  }

  #assertWritable(): void {
    if (!this.isReadOnly) return
    throw new PurserError(
      'PURSER_LEDGER_READ_ONLY',
      'A ledger in memory that is open for reading only is empty, and nothing was written. Open it without readOnly.',
    )
  }

  #startWriting(batch?: string): MemoryWriter {
    this.#writer = new MemoryWriter(this.#tables, {
      nowMs: this.#gate.gate.nowMs,
      batch: batch ?? null,
      written: (charge, seq) => this.#gate.gate.count(charge, seq, 1),
      appended: (event) => this.#events.add(event),
    })
    return this.#writer
  }

  async document(kind: string, key: string): Promise<StoredDocument | undefined> {
    return this.#documents().find((document) => document.kind === kind && document.key === key)
  }

  async documents(kind: string): Promise<readonly StoredDocument[]> {
    const found = this.#documents().filter((document) => document.kind === kind)
    return found.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  }

  #documents(): StoredDocument[] {
    return [...this.#tables.documents.values()]
  }

  async charge(id: ChargeId): Promise<Charge | undefined> {
    return this.#tables.byId(id)
  }

  async corrections(id: ChargeId): Promise<readonly Charge[]> {
    return this.#tables.corrections(id)
  }

  async *charges(selection: ChargeSelection): AsyncIterable<Charge> {
    const { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, batch, subject, goOn } = selection
    const isAsked = ({ at, batch: brought }: Charge): boolean => at >= sinceMs && at < untilMs && (batch === undefined || brought === batch)
    const all = [...this.#tables.charges.values()].filter(
      (charge) => subject === undefined || this.#subjectOf(charge, subject.kind) === subject.value,
    )
    const order = placesOf(selection)
    const first = firstPlace(selection)
    const inOrder = all.filter((charge) => order(first, charge) < 0).toSorted(order)
    for (const [index, charge] of inOrder.entries()) {
      if (isAsked(charge)) yield charge
      if ((index + 1) % chargesPerPage === 0 && goOn?.({ at: charge.at, seq: charge.seq }) === false) return
    }
  }

  #subjectOf({ labels }: Charge, kind: string): string | undefined {
    return this.subjects.has(kind) && Object.hasOwn(labels, kind) ? labels[kind] : undefined
  }

  async events(afterSeq: number, limit: number): Promise<readonly LedgerEvent[]> {
    return [...this.#tables.events.values()].filter((event) => event.seq > afterSeq).slice(0, limit)
  }

  async rollups(queries: readonly RollupQuery[]): Promise<readonly (readonly RollupRow[])[]> {
    return queries.map((query) => this.#sums.rollups(query))
  }

  async subjectRows(query: Parameters<Store['subjectRows']>[0]): Promise<SubjectRows> {
    return this.#sums.subjectRows(query)
  }

  async sharedCosts(query: Parameters<Store['sharedCosts']>[0]): Promise<readonly SharedCost[]> {
    return this.#sums.sharedCosts(query)
  }

  series(id: number): ReturnType<Store['series']> {
    return this.#sums.series(id)
  }

  sku(id: number): ReturnType<Store['sku']> {
    return this.#sums.sku(id)
  }

  async learned(): Promise<ReadonlyMap<string, Learned>> {
    return this.#tables.learned.entries()
  }

  async hasSubject(kind: string): Promise<boolean> {
    return this.#tables.charges.values().some((charge) => this.#subjectOf(charge, kind) !== undefined)
  }

  async span(): Promise<{ firstMs: number; lastMs: number } | undefined> {
    const instants = [...this.#tables.charges.values()].map((charge) => charge.at).toSorted((a, b) => a - b)
    const [firstMs, lastMs] = [instants[0], instants.at(-1)]
    return firstMs === undefined || lastMs === undefined ? undefined : { firstMs, lastMs }
  }

  async removeBatch(batch: string, onProgress?: (removed: number) => void): Promise<number> {
    this.#assertWritable()
    const { charges } = this.#tables
    const waiting = [...charges.values()].filter((charge) => charge.batch === batch)
    let removed = 0
    while (removed < waiting.length) {
      removed = await this.#write(() => {
        const started = performance.now()
        let place = removed
        while (place < waiting.length && performance.now() - started < turnMs) {
          const charge = waiting[place++]
          // A correction may be gone already, with what it corrects.
          const taken = charge !== undefined && charges.get(charge.seq) !== undefined ? this.#tables.takeOut(charge) : []
          for (const gone of taken) this.#gate.gate.count(gone, gone.seq, -1)
        }
        return place
      })
      onProgress?.(removed)
    }
    return removed
  }

  /** No sum but those of the counters is kept that could differ from the charges; other stores would keep as many rows. */
  async verify({ repair, onProgress }: Parameters<Store['verify']>[0]): Promise<VerifyReport> {
    if (repair) this.#assertWritable()
    const charges = [...this.#tables.charges.values()].length
    onProgress?.(charges)
    return { charges, rows: this.#sums.countRows(), ...checkCounters(this.#tables), repaired: false }
  }

  async close(): Promise<void> {
    await this.#lastWrite
  }

  /** Writes come one after the other, each after its caller has gone on, as in the stores that write to a disk. */
  #write<T>(work: () => T): Promise<T> {
    const written = this.#lastWrite.then(() => this.#writeNow(work))
    this.#lastWrite = written.catch(() => undefined)
    return written
  }

  #writeNow<T>(work: () => T): T {
    try {
      const value = this.#tables.write(() => {
        const done = this.#gate.run(this.#now(), work)
        for (const charge of this.#writer?.added ?? []) this.#bound.add(charge)
        if (!this.#bound.fits) this.#sums.countRows()
        return done
      })
      this.#events.committed()
      return value
    } catch (error) {
      this.#events.rolledBack()
      throw error
    } finally {
      this.#writer = undefined
    }
  }
}
