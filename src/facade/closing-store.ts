import type { GateOperation, GateOperations } from '../budgets/gate-operations.ts'
import { PurserError } from '../errors.ts'
import type { Charge, ChargeId } from '../ledger/charge.ts'
import type { ChargeSelection, LedgerEvent, RollupQuery, Store, Transaction } from '../stores/store.ts'
import { contained } from './contained-listener.ts'

/** The refusal of all that is asked of a ledger once it is closed. */
export function closedLedger(): PurserError {
  return new PurserError('PURSER_LEDGER_UNAVAILABLE', 'This ledger is closed. Open it again with Purser.open.')
}

/**
 * A store as the facade has it: once it is closed it refuses whatever is asked, where its database would fail in words of
 * its own; and a listener that fails is told of, and stops nothing.
 */
export class ClosingStore implements Store {
  readonly location: string
  readonly timezone: string
  readonly subjects: ReadonlySet<string>
  readonly isReadOnly: boolean
  readonly warnings: readonly string[]
  readonly #store: Store
  readonly #warn: (message: string) => void
  #isClosed = false

  constructor(store: Store, warn: (message: string) => void) {
    this.location = store.location
    this.timezone = store.timezone
    this.subjects = store.subjects
    this.isReadOnly = store.isReadOnly
    this.warnings = store.warnings
    this.#store = store
    this.#warn = warn
  }

  get #open(): Store {
    if (this.#isClosed) throw closedLedger()
    return this.#store
  }

  async transact(transaction: Transaction): ReturnType<Store['transact']> {
    return this.#open.transact(transaction)
  }

  async gate<K extends GateOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    return this.#open.gate(operation, input)
  }

  async learned(): ReturnType<Store['learned']> {
    return this.#open.learned()
  }

  listen(listener: (event: LedgerEvent) => void): () => void {
    return this.#open.listen(contained(listener, this.#warn))
  }

  async document(kind: string, key: string): ReturnType<Store['document']> {
    return this.#open.document(kind, key)
  }

  async documents(kind: string): ReturnType<Store['documents']> {
    return this.#open.documents(kind)
  }

  async charge(id: ChargeId): ReturnType<Store['charge']> {
    return this.#open.charge(id)
  }

  async corrections(id: ChargeId): ReturnType<Store['corrections']> {
    return this.#open.corrections(id)
  }

  charges(selection: ChargeSelection): AsyncIterable<Charge> {
    return { [Symbol.asyncIterator]: () => this.#reading(this.#open.charges(selection)[Symbol.asyncIterator]()) }
  }

  /** A reading that the closing of the ledger interrupts. */
  #reading(charges: AsyncIterator<Charge>): AsyncIterator<Charge> {
    return {
      next: () => (this.#isClosed ? Promise.reject(closedLedger()) : charges.next()),
      return: async () => (await charges.return?.()) ?? { done: true, value: undefined },
    }
  }

  async events(afterSeq: number, limit: number): ReturnType<Store['events']> {
    return this.#open.events(afterSeq, limit)
  }

  async rollups(queries: readonly RollupQuery[]): ReturnType<Store['rollups']> {
    return this.#open.rollups(queries)
  }

  async subjectRows(query: Parameters<Store['subjectRows']>[0]): ReturnType<Store['subjectRows']> {
    return this.#open.subjectRows(query)
  }

  async sharedCosts(query: Parameters<Store['sharedCosts']>[0]): ReturnType<Store['sharedCosts']> {
    return this.#open.sharedCosts(query)
  }

  series(id: number): ReturnType<Store['series']> {
    return this.#open.series(id)
  }

  sku(id: number): ReturnType<Store['sku']> {
    return this.#open.sku(id)
  }

  async hasSubject(kind: string): ReturnType<Store['hasSubject']> {
    return this.#open.hasSubject(kind)
  }

  async span(): ReturnType<Store['span']> {
    return this.#open.span()
  }

  async removeBatch(batch: string, onProgress?: (removed: number) => void): ReturnType<Store['removeBatch']> {
    return this.#open.removeBatch(batch, onProgress)
  }

  async verify(options: Parameters<Store['verify']>[0]): ReturnType<Store['verify']> {
    return this.#open.verify(options)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#store.close()
  }
}
