import type { ClientBase } from 'pg'
import { invariant, PurserError } from '../../errors.ts'
import type { GateState } from './postgres-gate.ts'
import { changedRows } from './rollup-rows.ts'
import { lockKey, schemaVersion } from './schema.ts'
import { rollupTableNames } from '../rollup-tables.ts'
import { type Row, sendAll, type Statement } from './statement.ts'
import type { Turn } from './turn.ts'
import { type Read, sendReads, wantedReads } from './turn-reads.ts'
import { turnWrites } from './turn-writes.ts'

/** How long a writer waits for the ledger's lock before it gives up, in milliseconds. */
const lockTimeoutMs = 15_000
/** After this time without a word the server ends a writer, so that one that hangs does not hold up all others. */
const silenceMs = 30_000

/**
 * Takes the ledger's lock and reads what the turn wants, in one round trip.
 * Isolation is stated, because only then each statement sees what was committed before the lock was given; so is that
 * commits are written through to the disk. Rows are looked up by their keys: a plan that was made while a table was
 * small must not read through it when it has grown.
 * @throws PURSER_LEDGER_NEWER where the ledger was migrated since it was opened
 */
export async function beginTurn(client: ClientBase, schema: string, location: string, turn: Turn): Promise<void> {
  const reads: Read[] = [
    { statement: { text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' }, take: none },
    { statement: lock(schema), take: none },
    ...stateReads(schema, location, turn),
  ]
  await sendReads(client, [...reads, ...wantedReads(client, schema, turn)])
}

/** Begins a transaction that only reads, on one snapshot, and reads what the turn wants. */
export function snapshotReads(client: ClientBase, schema: string, location: string, turn: Turn): Read[] {
  return [
    { statement: { text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }, take: none },
    ...stateReads(schema, location, turn),
    ...wantedReads(client, schema, turn),
  ]
}

function stateReads(schema: string, location: string, turn: Turn): Read[] {
  return [
    {
      statement: state(schema),
      take: ([row]) => {
        invariant(row !== undefined, 'A ledger has lost its settings.')
        checkVersion(row, location)
        turn.start({
          seq: Number(row['seq']),
          nowMs: Number(row['now']),
          lastSubject: Number(row['last_subject']),
          lastBatch: Number(row['last_batch']),
          writes: Number(row['writes']),
          budgets: Number(row['budgets']),
        })
      },
    },
    {
      statement: turn.dictionaries.sync(),
      take: (rows) => {
        turn.dictionaries.learn(rows)
        turn.startNumbers()
      },
    },
  ]
}

export function lock(schema: string): Statement {
  return {
    name: 'lock',
    text: `SELECT set_config('lock_timeout', '${lockTimeoutMs}', true),
      set_config('idle_in_transaction_session_timeout', '${silenceMs}', true),
      set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true),
      set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true),
      pg_advisory_xact_lock($1)`,
    values: [lockKey(schema)],
  }
}

function none(): void {}

function state(s: string): Statement {
  return {
    name: 'state',
    text: `SELECT l.purser_schema, f.last_value AS seq, w.last_value AS writes, b.last_value AS budgets,
        floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now,
        (SELECT coalesce(max(id), 0) FROM ${s}.subjects) AS last_subject, (SELECT coalesce(max(id), 0) FROM ${s}.batches) AS last_batch
      FROM ${s}.ledger l, ${s}.facts f, ${s}.writes w, ${s}.budgets b`,
  }
}

/** @throws PURSER_LEDGER_NEWER */
function checkVersion(row: Row, location: string): void {
  const version = row['purser_schema'] as number
  if (version === schemaVersion) return
  throw new PurserError(
    'PURSER_LEDGER_NEWER',
    `${location} was changed to schema ${version} while it was open; this purser knows ${schemaVersion}. Update purser.`,
  )
}

/** What is left to be sent of a turn: its writes and the commit, or the end of a turn that writes nothing. */
export async function endOfTurn(
  client: ClientBase,
  schema: string,
  turn: Turn,
  marks: readonly Statement[],
): Promise<{ writes: boolean; statements: Statement[] }> {
  const changed = changedRows(turn.changes)
  for (const table of rollupTableNames) {
    for (const { key } of changed[table]) if (!turn.isNew(table, key)) turn.meters.want(table, key)
  }
  const missing = turn.meters.reads(schema)
  if (missing.length > 0) await sendReads(client, missing)
  const statements = turnWrites(schema, turn)
  if (statements.length === 0) return { writes: false, statements: [{ text: 'ROLLBACK' }] }
  // Changed budgets are told apart, so that others read them anew only where they must.
  const [name, budgets] = turn.gate.changesBudgets
    ? ['mark_budgets', `nextval('${schema}.budgets') AS budgets`]
    : ['mark', `last_value AS budgets FROM ${schema}.budgets`]
  const mark = {
    name,
    text: `SELECT setval('${schema}.facts', $1), nextval('${schema}.writes') AS writes, ${budgets}`,
    values: [turn.seq],
  }
  return { writes: true, statements: [...statements, ...marks, mark, { text: 'COMMIT' }] }
}

/**
 * Sends the end of a turn. Gives how the ledger stands with it, where it wrote.
 * @throws PURSER_INVARIANT where the server rolled back without an error
 */
export async function sendEnd(client: ClientBase, statements: readonly Statement[]): Promise<GateState | undefined> {
  const results = await sendAll(client, statements)
  const asked = statements.at(-1)?.text
  invariant(results.at(-1)?.command === asked, `Postgres answered ${asked} with ${results.at(-1)?.command}.`)
  const mark = results.at(-2)?.rows[0]
  return mark === undefined ? undefined : { writes: Number(mark['writes']), budgets: Number(mark['budgets']) }
}
