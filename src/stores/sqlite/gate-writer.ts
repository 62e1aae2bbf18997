import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { GateRows } from '../../budgets/gate-rows.ts'
import { holdStates } from '../../budgets/hold.ts'
import { learnedText } from '../../budgets/learned.ts'
import { restText, toStoredHold } from '../../budgets/stored-hold.ts'

/** Writes the rows of the gate that a transaction has touched, each once. Only within a write transaction. */
export class GateWriter {
  readonly #putCounter: StatementSync
  readonly #dropCounters: StatementSync
  readonly #insertHold: StatementSync
  readonly #updateHold: StatementSync
  readonly #putLearned: StatementSync

  constructor(database: DatabaseSync) {
    const changing = ['spent', 'held', 'held_worst', 'presumed', 'unpriced', 'fired', 'denied', 'cause']
    this.#putCounter = database.prepare(
      `INSERT INTO counters (id, revision, scope, start, "end", ${changing.join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET ${changing.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    )
    this.#dropCounters = database.prepare('DELETE FROM counters WHERE revision = ?')
    this.#insertHold = database.prepare(
      'INSERT INTO holds (number, id, state, reserved_at, expires_at, parent, asked, rest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#updateHold = database.prepare('UPDATE holds SET state = ?, expires_at = ?, rest = ? WHERE number = ?')
    this.#putLearned = database.prepare('INSERT INTO learned (key, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body')
  }

  write(rows: GateRows): void {
    for (const counter of rows.dirtyCounters) {
      const { id, revision, scope, start, end, spent, held, heldWorst, presumed, unpriced, fired, denied, cause } = counter
      this.#putCounter.run(id, revision, scope, start, end, spent, held, heldWorst, presumed, unpriced, fired, denied ? 1 : 0, cause)
    }
    for (const hold of rows.dirtyHolds) {
      if (rows.newHolds.has(hold)) {
        const { number, id, state, reservedAt, expiresAt, parent, asked, rest } = toStoredHold(hold)
        this.#insertHold.run(number, id, state, reservedAt, expiresAt, parent, asked, rest)
      } else this.#updateHold.run(holdStates.indexOf(hold.state), hold.expiresAt, restText(hold), hold.number)
    }
    for (const [key, learned] of rows.dirtyLearned) {
      this.#putLearned.run(key, learnedText(learned))
    }
  }

  dropCounters(revision: number): void {
    this.#dropCounters.run(revision)
  }
}
