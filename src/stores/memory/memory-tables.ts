import type { Counter } from '../../budgets/counter.ts'
import type { Learned } from '../../budgets/learned.ts'
import type { StoredHold } from '../../budgets/stored-hold.ts'
import type { Charge, ChargeId } from '../../ledger/charge.ts'
import { correctionId } from '../../ledger/charge-id.ts'
import type { LedgerEvent, StoredDocument } from '../store.ts'
import { StagedMap } from './staged-map.ts'

/** Where an id is booked, and the rank of the record that counts. */
interface BookedId {
  readonly seq: number
  readonly rank: number
}

/** What a ledger in memory holds. Everything else is worked out from it. */
export class MemoryTables {
  readonly charges = new StagedMap<number, Charge>()
  readonly ids = new StagedMap<ChargeId, BookedId>()
  readonly documents = new StagedMap<string, StoredDocument>()
  readonly events = new StagedMap<number, LedgerEvent>()
  readonly counters = new StagedMap<number, Counter>()
  readonly holds = new StagedMap<string, StoredHold>()
  readonly learned = new StagedMap<string, Learned>()
  #seq = 0
  #stagedSeq = 0

  /** The next place in the order of charges and events. */
  nextSeq(): number {
    this.#stagedSeq += 1
    return this.#stagedSeq
  }

  /** The last place that is taken. */
  get lastSeq(): number {
    return this.#stagedSeq
  }

  byId(id: ChargeId): Charge | undefined {
    const found = this.ids.get(id)
    return found && this.charges.get(found.seq)
  }

  /** The corrections of a charge in the order in which they were booked. */
  corrections(id: ChargeId): Charge[] {
    const found: Charge[] = []
    for (;;) {
      const next = this.byId(correctionId(id, found.length + 1))
      if (next === undefined) return found
      found.push(next)
    }
  }

  /**
   * Takes a charge out: a call with all its corrections, a correction with those that were made on top of it. Gives what
   * was taken out.
   */
  takeOut(charge: Charge): Charge[] {
    const later = this.corrections(charge.corrects ?? charge.id).filter((correction) => correction.seq > charge.seq)
    const taken = [charge, ...later].toReversed()
    for (const { id, seq, corrects } of taken) {
      const corrected = corrects === null ? undefined : this.ids.get(corrects)
      // The id of a correction has the rank that the call had before it.
      if (corrects !== null && corrected !== undefined) {
        this.ids.set(corrects, { ...corrected, rank: this.ids.get(id)?.rank ?? corrected.rank })
      }
      this.ids.delete(id)
      this.charges.delete(seq)
    }
    return taken
  }

  /** Runs a write that counts as a whole or, where it throws, not at all. */
  write<T>(work: () => T): T {
    const tables = [this.charges, this.ids, this.documents, this.events, this.counters, this.holds, this.learned]
    try {
      const value = work()
      for (const table of tables) table.keep()
      this.#seq = this.#stagedSeq
      return value
    } catch (error) {
      for (const table of tables) table.forget()
      this.#stagedSeq = this.#seq
      throw error
    }
  }
}
