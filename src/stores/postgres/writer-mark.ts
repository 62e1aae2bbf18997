import { randomBytes } from 'node:crypto'
import type { ClientBase } from 'pg'
import { sendAll, type Statement } from './statement.ts'
import { lock } from './write-turn.ts'

/** Marks of processes that wrote nothing for so long are deleted. */
const keptMs = 7 * 24 * 60 * 60 * 1000

/**
 * Numbers the transactions of this process, and leaves the number of each in the ledger, in the transaction itself. So,
 * where the answer to a commit got lost, the ledger tells what became of it; the server's own number of a
 * transaction would not, because a server that lost its power may give it out again.
 */
export class WriterMark {
  readonly #schema: string
  readonly #id = randomBytes(16)
  #turn = 0

  constructor(schema: string) {
    this.#schema = schema
  }

  /** The number of the next transaction. */
  next(): number {
    this.#turn += 1
    return this.#turn
  }

  /** Leaves the mark. */
  writes(turn: number, nowMs: number): Statement[] {
    const s = this.#schema
    const mark: Statement = {
      name: 'mark_writer',
      text: `INSERT INTO ${s}.writers AS w (id, turn, at) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET turn = excluded.turn, at = excluded.at`,
      values: [this.#id, turn, nowMs],
    }
    return turn > 1 ? [mark] : [{ text: `DELETE FROM ${s}.writers WHERE at < $1`, values: [nowMs - keptMs] }, mark]
  }

  /**
   * Whether a transaction is committed. Waits for the ledger's lock, which it held: then it has ended, one way or the
   * other.
   */
  async isCommitted(client: ClientBase, turn: number): Promise<boolean> {
    const asked = { text: `SELECT turn FROM ${this.#schema}.writers WHERE id = $1`, values: [this.#id] }
    const begin = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' }
    const results = await sendAll(client, [begin, lock(this.#schema), asked, { text: 'ROLLBACK' }])
    return Number(results[2]?.rows[0]?.['turn'] ?? 0) === turn
  }
}
