import type { GateRows } from '../../budgets/gate-rows.ts'
import type { Counter } from '../../budgets/counter.ts'
import { holdStates } from '../../budgets/hold.ts'
import { learnedText } from '../../budgets/learned.ts'
import { restText, type StoredHold, toStoredHold } from '../../budgets/stored-hold.ts'
import { learnedDigest, scopeDigest } from './gate-reads.ts'
import type { GateTables } from './gate-tables.ts'
import { insert, type Statement } from './statement.ts'

/** What a transaction changes in the rows of the gate. */
export interface GateChanges {
  /** Revisions whose counters go, before others are written. */
  readonly dropped: readonly number[]
  readonly counters: readonly Counter[]
  readonly newHolds: readonly StoredHold[]
  readonly changedHolds: readonly StoredHold[]
  readonly learned: readonly (readonly [key: string, body: string])[]
}

/** Takes down what was touched, as it is to be stored. */
export function gateChanges(rows: GateRows, tables: GateTables, dropped: ReadonlySet<number>): GateChanges {
  const holds = [...rows.dirtyHolds].map((hold) => {
    const stored = tables.holds.peek(hold.id)
    if (stored === undefined) return { isNew: rows.newHolds.has(hold), stored: toStoredHold(hold) }
    return { isNew: false, stored: { ...stored, state: holdStates.indexOf(hold.state), expiresAt: hold.expiresAt, rest: restText(hold) } }
  })
  return {
    dropped: [...dropped],
    counters: [...rows.dirtyCounters].map((counter) => ({ ...counter })),
    newHolds: holds.filter(({ isNew }) => isNew).map(({ stored }) => stored),
    changedHolds: holds.filter(({ isNew }) => !isNew).map(({ stored }) => stored),
    learned: [...rows.dirtyLearned].map(([key, learned]) => [key, learnedText(learned)] as const),
  }
}

const keptColumns = 'id integer,revision bigint,digest bytea,scope text,start bigint,end bigint'.split(',')
const changingColumns =
  'spent bigint,held bigint,held_worst bigint,presumed bigint,unpriced integer,fired integer,denied boolean,cause text'.split(',')
const holdColumns = 'number integer,id text,state smallint,reserved_at bigint,expires_at bigint,parent text,asked text,rest text'.split(',')

/** The statements that write changes, each row once. */
export function gateWrites(s: string, { dropped, counters, newHolds, changedHolds, learned }: GateChanges): Statement[] {
  const statements: Statement[] = []
  if (dropped.length > 0) {
    statements.push({ name: 'drop_counters', text: `DELETE FROM ${s}.counters WHERE revision = ANY($1::bigint[])`, values: [dropped] })
  }
  statements.push(
    ...counterWrites(s, counters),
    ...insert(s, 'holds', holdColumns, newHolds.map(holdCells)),
    ...insert(
      s,
      'learned',
      ['digest bytea', 'key text', 'body text'],
      learned.map(([key, body]) => [learnedDigest(key), key, body]),
      'ON CONFLICT (digest) DO UPDATE SET body = excluded.body',
    ),
  )
  if (changedHolds.length > 0) {
    statements.push({
      name: 'change_holds',
      text: `UPDATE ${s}.holds h SET state = k.state, expires_at = k.expires_at, rest = k.rest
        FROM unnest($1::integer[], $2::smallint[], $3::bigint[], $4::text[]) k (number, state, expires_at, rest) WHERE h.number = k.number`,
      values: [
        changedHolds.map(({ number }) => number),
        changedHolds.map(({ state }) => state),
        changedHolds.map(({ expiresAt }) => expiresAt),
        changedHolds.map(({ rest }) => rest),
      ],
    })
  }
  return statements
}

export function counterWrites(s: string, counters: readonly Counter[]): Statement[] {
  const changing = changingColumns.map((column) => column.split(' ')[0])
  return insert(
    s,
    'counters',
    [...keptColumns, ...changingColumns],
    counters.map((counter) => [
      counter.id,
      counter.revision,
      scopeDigest(counter.scope),
      counter.scope,
      counter.start,
      counter.end,
      counter.spent,
      counter.held,
      counter.heldWorst,
      counter.presumed,
      counter.unpriced,
      counter.fired,
      counter.denied,
      counter.cause,
    ]),
    `ON CONFLICT (id) DO UPDATE SET ${changing.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  )
}

function holdCells({ number, id, state, reservedAt, expiresAt, parent, asked, rest }: StoredHold): (string | number | null)[] {
  return [number, id, state, reservedAt, expiresAt, parent, asked, rest]
}
