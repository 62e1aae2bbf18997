import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { budgetKind, toStoredBudget } from '../../budgets/budget-record.ts'
import { Gate } from '../../budgets/gate.ts'
import type { GateEffects, GateEvent } from '../../budgets/gate-effects.ts'
import { GateRows } from '../../budgets/gate-rows.ts'
import { createGateReader, type GateSources } from './gate-reader.ts'
import { GateWriter } from './gate-writer.ts'

/** What the gate needs of the store that it works in. */
export interface GateHost extends Pick<GateEffects, 'book' | 'nextSeq'> {
  readonly append: (event: GateEvent) => void
}

/** The gate of a ledger file: its rows are kept in memory as long as no other process writes. */
export class SqliteGate {
  readonly gate: Gate
  readonly #rows: GateRows
  readonly #writer: GateWriter
  readonly #dataVersion: StatementSync
  readonly #budgetsVersion: StatementSync
  readonly #setBudgetsVersion: StatementSync
  #seenData = -1
  #seenBudgets = ''

  constructor(database: DatabaseSync, sources: GateSources, host: GateHost) {
    this.#rows = new GateRows(createGateReader(sources))
    this.#writer = new GateWriter(database)
    this.#dataVersion = database.prepare('PRAGMA data_version')
    this.#budgetsVersion = database.prepare("SELECT value FROM settings WHERE key = 'budgets'")
    this.#setBudgetsVersion = database.prepare("UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'budgets'")
    this.gate = new Gate(this.#rows, {
      append: host.append,
      book: host.book,
      nextSeq: host.nextSeq,
      putBudget: (name, record) => {
        sources.documents.put({ kind: budgetKind, key: name, body: record === null ? null : toStoredBudget(record) })
        this.#setBudgetsVersion.run()
        this.#seenBudgets = ''
      },
      dropCounters: (revision) => this.#writer.dropCounters(revision),
    })
  }

  /** A write transaction has begun: what others changed in between is read anew. Says whether they did. */
  begun(nowMs: number): boolean {
    this.gate.nowMs = nowMs
    const data = Number(this.#dataVersion.get()?.['data_version'])
    if (data === this.#seenData) return false
    this.#seenData = data
    this.#rows.forgetRows()
    const budgets = String(this.#budgetsVersion.get()?.['value'])
    if (budgets !== this.#seenBudgets) this.#rows.forgetBudgets()
    this.#seenBudgets = budgets
    return true
  }

  beforeCommit(): void {
    this.#writer.write(this.#rows)
  }

  committed(): void {
    this.#rows.committed()
  }

  rolledBack(): void {
    this.#rows.forgetRows()
    this.#rows.forgetBudgets()
  }
}
