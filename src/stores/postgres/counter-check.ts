import type { ClientBase } from 'pg'
import { CounterAudit, type CounterDifference, type CountersChecked } from '../../budgets/audit-counters.ts'
import { budgetKind, type BudgetRecord, fromStoredBudget } from '../../budgets/budget-record.ts'
import type { Counter } from '../../budgets/counter.ts'
import { describeCounter } from '../../budgets/describe-counter.ts'
import type { GateLoader } from '../../budgets/gate-loader.ts'
import type { Hold } from '../../budgets/hold.ts'
import { ActiveBudget } from '../../budgets/scope.ts'
import { fromStoredHold } from '../../budgets/stored-hold.ts'
import type { Charge } from '../../ledger/charge.ts'
import type { Discrepancy } from '../store.ts'
import { counterColumns, holdColumns, scopeDigest, toCounter, toHold } from './gate-reads.ts'
import { counterWrites } from './gate-writes.ts'
import { type Row, sendAll, type Statement } from './statement.ts'

const zeroSums = { spent: 0n, held: 0n, heldWorst: 0n, presumed: 0n, unpriced: 0 }

/** Compares the counters of a ledger with its charges and open holds, inside the transaction of `verify`. */
export class CounterCheck {
  readonly #schema: string
  readonly #client: ClientBase
  readonly #budgets: readonly BudgetRecord[]
  readonly #counters: readonly Counter[]
  /** Open and presumed holds, and those of the charges that are being counted. */
  readonly #holds: Map<string, Hold>
  readonly #audit: CounterAudit
  #found: readonly CounterDifference[] = []

  private constructor(
    client: ClientBase,
    s: string,
    budgets: readonly BudgetRecord[],
    counters: readonly Counter[],
    unresolved: readonly Hold[],
  ) {
    this.#client = client
    this.#schema = s
    this.#budgets = budgets
    this.#counters = counters
    this.#holds = new Map(unresolved.map((hold) => [hold.id, hold]))
    this.#audit = new CounterAudit(this.#createLoader(unresolved))
  }

  static async create(client: ClientBase, s: string): Promise<CounterCheck> {
    const [budgets, counters, holds] = await sendAll(client, [
      { text: `SELECT body FROM ${s}.documents WHERE kind = $1`, values: [budgetKind] },
      { text: `SELECT ${counterColumns} FROM ${s}.counters c ORDER BY c.id` },
      { text: `SELECT ${holdColumns} FROM ${s}.holds h WHERE h.state < 2 ORDER BY h.number` },
    ])
    return new CounterCheck(
      client,
      s,
      (budgets?.rows ?? []).map(({ body }) => fromStoredBudget(JSON.parse(body as string))),
      (counters?.rows ?? []).map(toCounter),
      (holds?.rows ?? []).map((row: Row) => fromStoredHold(toHold(row))),
    )
  }

  /** Counts charges; a held one counts when it was held. */
  async count(charges: readonly Charge[]): Promise<void> {
    if (this.#budgets.length === 0) return
    const missing = new Set(charges.flatMap(({ hold }) => (hold === null || this.#holds.has(hold) ? [] : [hold])))
    if (missing.size > 0) {
      const text = `SELECT ${holdColumns} FROM ${this.#schema}.holds h WHERE h.id = ANY($1::text[])`
      const [result] = await sendAll(this.#client, [{ text, values: [[...missing]] }])
      for (const row of result?.rows ?? []) {
        const hold = fromStoredHold(toHold(row))
        this.#holds.set(hold.id, hold)
      }
    }
    for (const charge of charges) this.#audit.count(charge)
    for (const id of missing) this.#holds.delete(id)
  }

  /** How much `differences` has compared. */
  get checked(): CountersChecked {
    return this.#audit.checked
  }

  differences(): Discrepancy[] {
    const revisions = new Set(this.#counters.map(({ revision }) => revision))
    const budgets = this.#budgets.map((record) => new ActiveBudget(record))
    this.#found = this.#audit.differences([...revisions])
    return this.#found.map((difference) => ({ table: 'counters', ...describeCounter(difference, budgets) }))
  }

  /** The statements that set the counters right. */
  repairs(): Statement[] {
    const gone = this.#found.filter(({ budget }) => budget === null).map(({ key }) => key)
    const kept = this.#found.filter(({ budget }) => budget !== null)
    let last = this.#counters.reduce((highest, { id }) => Math.max(highest, id), 0)
    const right = kept.map(({ key, expected }): Counter => {
      const found = this.#counters.find((each) => each.revision === key.revision && each.scope === key.scope && each.start === key.start)
      const counter = found ?? { ...key, ...zeroSums, id: (last += 1), fired: 0, denied: false, cause: null }
      return { ...counter, ...(expected ?? zeroSums) }
    })
    const drop: Statement = {
      text: `DELETE FROM ${this.#schema}.counters c USING unnest($1::bigint[], $2::bytea[], $3::bigint[]) k (revision, digest, start)
        WHERE c.revision = k.revision AND c.digest = k.digest AND c.start = k.start`,
      values: [gone.map(({ revision }) => revision), gone.map(({ scope }) => scopeDigest(scope)), gone.map(({ start }) => start)],
    }
    return [drop, ...counterWrites(this.#schema, right)]
  }

  #createLoader(unresolved: readonly Hold[]): GateLoader {
    return {
      budgets: () => this.#budgets,
      counters: (revision) => this.#counters.filter((counter) => counter.revision === revision),
      hold: (id) => this.#holds.get(id),
      unresolved: () => unresolved,
      unresolvedAfter: () => [],
      counter: none,
      counterById: none,
      slices: () => [],
      due: () => [],
      nextDue: none,
      hasRun: () => false,
      charge: none,
      corrections: () => [],
      learned: none,
      earlier: () => [],
      lastSeq: () => 0,
      hasCharges: () => true,
      lastCounterId: () => 0,
      lastHoldNumber: () => 0,
    }
  }
}

function none(): undefined {}
