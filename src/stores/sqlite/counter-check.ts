import type { DatabaseSync } from 'node:sqlite'
import { CounterAudit, type CounterDifference, type CountersChecked } from '../../budgets/audit-counters.ts'
import { describeCounter } from '../../budgets/describe-counter.ts'
import { GateRows } from '../../budgets/gate-rows.ts'
import type { Charge } from '../../ledger/charge.ts'
import type { Discrepancy } from '../store.ts'
import { ChargeReader } from './charge-reader.ts'
import { Dictionaries } from './dictionaries.ts'
import { Documents } from './documents.ts'
import { createGateReader } from './gate-reader.ts'
import { GateWriter } from './gate-writer.ts'

/** Compares the counters of a ledger file with its charges and open holds, inside the transaction of `verify`. */
export class CounterCheck {
  readonly #database: DatabaseSync
  readonly #rows: GateRows
  readonly #audit: CounterAudit
  #found: readonly CounterDifference[] = []

  constructor(database: DatabaseSync, subjects: ReadonlySet<string>) {
    this.#database = database
    const charges = new ChargeReader(database, new Dictionaries(database, subjects))
    const load = createGateReader({ database, documents: new Documents(database), charges })
    this.#rows = new GateRows(load)
    this.#audit = new CounterAudit(load)
  }

  count(charge: Charge): void {
    this.#audit.count(charge)
  }

  /** How much `differences` has compared. */
  get checked(): CountersChecked {
    return this.#audit.checked
  }

  differences(): Discrepancy[] {
    const revisions = this.#database.prepare('SELECT DISTINCT revision FROM counters').all()
    this.#found = this.#audit.differences(revisions.map((row) => Number(row['revision'])))
    return this.#found.map((difference) => ({ table: 'counters', ...describeCounter(difference, this.#rows.budgets) }))
  }

  repair(): void {
    const drop = this.#database.prepare('DELETE FROM counters WHERE revision = ? AND scope = ? AND start = ?')
    for (const { key, budget, expected } of this.#found) {
      if (budget === null) drop.run(key.revision, key.scope, key.start)
      else {
        const counter = this.#rows.counter(key, key.end)
        Object.assign(counter, expected ?? { spent: 0n, held: 0n, heldWorst: 0n, presumed: 0n, unpriced: 0 })
        this.#rows.touch(counter)
      }
    }
    new GateWriter(this.#database).write(this.#rows)
  }
}
