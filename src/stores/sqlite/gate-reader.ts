import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { budgetKind, fromStoredBudget } from '../../budgets/budget-record.ts'
import type { Cause, Counter } from '../../budgets/counter.ts'
import type { EarlierCharge, GateLoader } from '../../budgets/gate-loader.ts'
import type { Hold, HoldId } from '../../budgets/hold.ts'
import { fromLearnedText } from '../../budgets/learned.ts'
import type { CounterPages } from '../../budgets/status-in-turns.ts'
import { fromStoredHold, type StoredHold } from '../../budgets/stored-hold.ts'
import type { ChargeId } from '../../ledger/charge.ts'
import type { ChargeReader } from './charge-reader.ts'
import type { Documents } from './documents.ts'

const counterColumns = 'id, revision, scope, start, "end", spent, held, held_worst, presumed, unpriced, fired, denied, cause'
const holdColumns = 'number, id, state, reserved_at AS reservedAt, expires_at AS expiresAt, parent, asked, rest'

export interface GateSources {
  readonly database: DatabaseSync
  readonly documents: Documents
  readonly charges: ChargeReader
}

/** What the gate reads of a ledger file. */
export function createGateReader({ database, documents, charges }: GateSources): GateLoader {
  const counters = (where: string): StatementSync => {
    const statement = database.prepare(`SELECT ${counterColumns} FROM counters WHERE ${where}`)
    // Amounts may be more than a double holds exactly.
    statement.setReadBigInts(true)
    return statement
  }
  const byKey = counters('revision = ? AND scope = ? AND start = ?')
  const byId = counters('id = ?')
  const slices = counters('revision = ? AND scope = ? AND start >= ?')
  const ofRevision = counters('revision = ?')
  const hold = database.prepare(`SELECT ${holdColumns} FROM holds WHERE id = ?`)
  const unresolved = database.prepare(`SELECT ${holdColumns} FROM holds WHERE state < 2 ORDER BY number`)
  const unresolvedAfter = database.prepare(`SELECT ${holdColumns} FROM holds WHERE state < 2 AND number > ? ORDER BY number LIMIT ?`)
  const due = database.prepare('SELECT id FROM holds WHERE state = 0 AND expires_at <= ? ORDER BY expires_at LIMIT ?')
  const nextDue = database.prepare('SELECT min(expires_at) AS at FROM holds WHERE state = 0')
  const learned = database.prepare('SELECT body FROM learned WHERE key = ?')
  const lastCounter = database.prepare('SELECT max(id) AS last FROM counters')
  const lastHold = database.prepare('SELECT max(number) AS last FROM holds')
  const lastSeq = database.prepare("SELECT value FROM settings WHERE key = 'seq'")
  const runCharge = database.prepare(
    "SELECT 1 FROM subjects s JOIN charge_subjects c ON c.subject = s.id WHERE s.kind = 'run' AND s.value = ? LIMIT 1",
  )
  const anyCharge = database.prepare('SELECT 1 FROM charges LIMIT 1')
  return {
    budgets: () =>
      documents
        .list(budgetKind)
        .map(({ body }) => fromStoredBudget(body))
        .toSorted((a, b) => a.definedAt - b.definedAt || a.revision - b.revision),
    counter: ({ revision, scope, start }) => optional(byKey.get(revision, scope, start), toCounter),
    counterById: (id) => optional(byId.get(id), toCounter),
    slices: (revision, scope, fromStart) => slices.all(revision, scope, fromStart).map(toCounter),
    counters: (revision) => ofRevision.all(revision).map(toCounter),
    hold: (id) => optional(hold.get(id), toHold),
    unresolved: () => unresolved.all().map(toHold),
    unresolvedAfter: (number, limit) => unresolvedAfter.all(number, limit).map(toHold),
    due: (nowMs, limit) => due.all(nowMs, limit).map((row) => String(row['id']) as HoldId),
    nextDue: () => (nextDue.get()?.['at'] as number | null) ?? undefined,
    hasRun: (run) => runCharge.get(run) !== undefined,
    charge: (id) => charges.byId(id as ChargeId)?.charge,
    corrections: (id) => charges.corrections(id as ChargeId),
    learned: (key) => optional(learned.get(key), (row) => fromLearnedText(String(row['body']))),
    earlier: ({ afterAt, afterSeq, upToSeq }, limit) =>
      charges
        .pageByTime({ after: { at: afterAt, seq: afterSeq }, upToSeq, limit }, {})
        .map(({ charge }): EarlierCharge => ({ charge, seq: charge.seq })),
    lastSeq: () => Number(lastSeq.get()?.['value']),
    hasCharges: () => anyCharge.get() !== undefined,
    lastCounterId: () => Number(lastCounter.get()?.['last'] ?? 0),
    lastHoldNumber: () => Number(lastHold.get()?.['last'] ?? 0),
  }
}

export const rowsPerPage = 500

/** The counters of a revision in pages, by scope and start. */
export function counterPages(database: DatabaseSync): CounterPages {
  const page = database.prepare(
    `SELECT ${counterColumns} FROM counters WHERE revision = ? AND (scope, start) > (?, ?) ORDER BY scope, start LIMIT ${rowsPerPage}`,
  )
  page.setReadBigInts(true)
  return (revision, after) => page.all(revision, after?.scope ?? '', after?.start ?? 0).map(toCounter)
}

type Row = Record<string, unknown>

function optional<T>(row: Row | undefined, read: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : read(row)
}

function toCounter(row: Row): Counter {
  const amount = (name: string): bigint => row[name] as bigint
  return {
    id: Number(row['id']),
    revision: Number(row['revision']),
    scope: String(row['scope']),
    start: Number(row['start']),
    end: row['end'] === null ? null : Number(row['end']),
    spent: amount('spent'),
    held: amount('held'),
    heldWorst: amount('held_worst'),
    presumed: amount('presumed'),
    unpriced: Number(row['unpriced']),
    fired: Number(row['fired']),
    denied: row['denied'] === 1n,
    cause: row['cause'] as Cause | null,
  }
}

function toHold(row: Row): Hold {
  return fromStoredHold(row as unknown as StoredHold)
}
