import type { ClientBase } from 'pg'
import { budgetKind, fromStoredBudget } from '../../budgets/budget-record.ts'
import type { Cause, Counter } from '../../budgets/counter.ts'
import type { StoredHold } from '../../budgets/stored-hold.ts'
import { idDigest } from '../../ledger/charge-id.ts'
import { chargeSelect, decodeCharges } from './charge-rows.ts'
import type { Dictionaries } from './dictionaries.ts'
import type { GateNumber } from './gate-tables.ts'
import type { PostgresGate } from './postgres-gate.ts'
import type { Row, Statement } from './statement.ts'
import { loadSubjects } from './load-subjects.ts'
import type { Read } from './turn-reads.ts'

/** Where the gate's rows are read from, and where they go. */
export interface GateSource {
  readonly schema: string
  readonly client: ClientBase
  readonly dictionaries: Dictionaries
  /** Its tables may be others when the rows come: those that others wrote to are dropped as the lock is taken. */
  readonly gate: Pick<PostgresGate, 'tables' | 'lists'>
}

/** Asks for all rows of the gate that are wanted. */
export function gateReads(source: GateSource): Read[] {
  return [
    ...readBudgets(source),
    ...readNumbers(source),
    ...readCounters(source),
    ...readHolds(source),
    ...readLearned(source),
    ...readLists(source),
    ...readEarlier(source),
  ]
}

export function scopeDigest(scope: string): Uint8Array {
  return idDigest('scope', scope)
}

export function learnedDigest(key: string): Uint8Array {
  return idDigest('learned', key)
}

function readBudgets({ schema: s, gate }: GateSource): Read[] {
  if (gate.tables.budgets.wanted.size === 0) return []
  const statement: Statement = { name: 'read_budgets', text: `SELECT body FROM ${s}.documents WHERE kind = $1`, values: [budgetKind] }
  const take = (rows: readonly Row[]): void =>
    gate.tables.budgets.learn(
      '',
      rows.map(({ body }) => fromStoredBudget(JSON.parse(body as string))),
    )
  return [{ statement, take }]
}

function readNumbers({
  schema: s,
  gate: {
    lists: { numbers },
  },
}: GateSource): Read[] {
  if (numbers.wanted.size === 0) return []
  const text = `SELECT (SELECT min(expires_at) FROM ${s}.holds WHERE state = 0) AS "nextDue", (SELECT max(id) FROM ${s}.counters) AS "lastCounter",
    (SELECT max(number) FROM ${s}.holds) AS "lastHold", (SELECT min(seq) FROM ${s}.charges) AS "anyCharge"`
  const names: readonly GateNumber[] = ['nextDue', 'lastCounter', 'lastHold', 'anyCharge']
  const take = ([row]: readonly Row[]): void => {
    for (const name of names) {
      const value = row?.[name] ?? null
      numbers.learn(name, { value: value === null ? null : Number(value) })
    }
  }
  return [{ statement: { name: 'read_gate_numbers', text }, take }]
}

export const counterColumns =
  'c.id, c.revision, c.scope, c.start, c."end", c.spent, c.held, c.held_worst, c.presumed, c.unpriced, c.fired, c.denied, c.cause'

function readCounters({ schema: s, gate }: GateSource): Read[] {
  const names = [...gate.tables.counters.wanted]
  const ids = [...gate.tables.counterNames.wanted]
  const keys = names.map((name) => JSON.parse(name) as [number, string, number])
  const byKey: Read = {
    statement: {
      name: 'read_counters',
      text: `SELECT ${counterColumns} FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) k (revision, digest, start)
        JOIN ${s}.counters c USING (revision, digest, start)`,
      values: [keys.map(([revision]) => revision), keys.map(([, scope]) => scopeDigest(scope)), keys.map(([, , start]) => start)],
    },
    take: (rows) => {
      for (const row of rows) gate.tables.learnCounter(toCounter(row))
      gate.tables.counters.learnAbsent(names)
    },
  }
  const byId: Read = {
    statement: {
      name: 'read_counters_by_id',
      text: `SELECT ${counterColumns} FROM ${s}.counters c WHERE c.id = ANY($1::integer[])`,
      values: [ids],
    },
    take: (rows) => {
      for (const row of rows) gate.tables.learnCounter(toCounter(row))
      gate.tables.counterNames.learnAbsent(ids)
    },
  }
  return [...(names.length > 0 ? [byKey] : []), ...(ids.length > 0 ? [byId] : [])]
}

export const holdColumns = 'h.number, h.id, h.state, h.reserved_at, h.expires_at, h.parent, h.asked, h.rest'

/** Holds, and the counters in which they set something aside. */
function readHolds({ schema: s, gate }: GateSource): Read[] {
  const ids = [...gate.tables.holds.wanted]
  if (ids.length === 0) return []
  const values = [ids]
  return [
    {
      statement: { name: 'read_holds', text: `SELECT ${holdColumns} FROM ${s}.holds h WHERE h.id = ANY($1::text[])`, values },
      take: (rows) => {
        for (const hold of rows.map(toHold)) gate.tables.holds.learn(hold.id, hold)
        gate.tables.holds.learnAbsent(ids)
      },
    },
    {
      statement: {
        name: 'read_counters_of_holds',
        text: countersOfHolds(s, `SELECT h.rest FROM ${s}.holds h WHERE h.id = ANY($1::text[])`),
        values,
      },
      take: (rows) => {
        for (const row of rows) gate.tables.learnCounter(toCounter(row))
      },
    },
  ]
}

function readLearned({ schema: s, gate }: GateSource): Read[] {
  const keys = [...gate.tables.learned.wanted]
  if (keys.length === 0) return []
  return [
    {
      statement: {
        name: 'read_learned',
        text: `SELECT key, body FROM ${s}.learned WHERE digest = ANY($1::bytea[])`,
        values: [keys.map(learnedDigest)],
      },
      take: (rows) => {
        for (const { key, body } of rows) gate.tables.learned.learn(key as string, body as string)
        gate.tables.learned.learnAbsent(keys)
      },
    },
  ]
}

/** The counters in which holds set something aside; `holds` selects what is left of those. */
function countersOfHolds(s: string, holds: string): string {
  return `SELECT ${counterColumns} FROM ${s}.counters c WHERE c.id IN (
    SELECT (share ->> 0)::integer FROM (${holds}) h, json_array_elements(h.rest::json -> 0) share)`
}

function dueHolds(s: string): string {
  return `SELECT h.rest FROM ${s}.holds h WHERE h.state = 0 AND h.expires_at <= $1 ORDER BY h.expires_at LIMIT $2`
}

/** Rows that are found by something else than their key. */
function readLists({ schema: s, gate }: GateSource): Read[] {
  const { lists } = gate
  const counters = (where: string, values: readonly unknown[], take: (names: string[]) => void): Read => ({
    statement: { text: `SELECT ${counterColumns} FROM ${s}.counters c WHERE ${where} ORDER BY c.id`, values },
    take: (rows) => take(rows.map((row) => gate.tables.learnCounter(toCounter(row)))),
  })
  const holds = (rest: string, values: readonly unknown[], take: (ids: string[]) => void): Read => ({
    statement: { text: `SELECT ${holdColumns} FROM ${s}.holds h WHERE ${rest}`, values },
    take: (rows) => {
      const found = rows.map(toHold)
      for (const hold of found) gate.tables.holds.learn(hold.id, hold)
      take(found.map(({ id }) => id))
    },
  })
  return [
    ...[...lists.slices.wanted].map((asked) => {
      const [revision, scope, start] = JSON.parse(asked) as [number, string, number]
      const where = 'c.revision = $1 AND c.digest = $2 AND c.start >= $3'
      return counters(where, [revision, scopeDigest(scope), start], (names) => lists.slices.learn(asked, names))
    }),
    ...[...lists.revisions.wanted].map((revision) =>
      counters('c.revision = $1', [revision], (names) => lists.revisions.learn(revision, names)),
    ),
    ...[...lists.unresolved.wanted].map((asked) =>
      holds('h.state < 2 AND h.number > $1 ORDER BY h.number LIMIT $2', JSON.parse(asked) as number[], (ids) =>
        lists.unresolved.learn(asked, ids),
      ),
    ),
    // Holds that ran out change all counters in which they set something aside.
    ...[...lists.due.wanted].map((asked) => ({
      statement: { name: 'read_counters_due', text: countersOfHolds(s, dueHolds(s)), values: JSON.parse(asked) as number[] },
      take: (rows: readonly Row[]) => {
        for (const row of rows) gate.tables.learnCounter(toCounter(row))
      },
    })),
    ...[...lists.due.wanted].map((asked) =>
      holds('h.state = 0 AND h.expires_at <= $1 ORDER BY h.expires_at LIMIT $2', JSON.parse(asked) as number[], (ids) =>
        lists.due.learn(asked, ids),
      ),
    ),
    ...[...lists.runs.wanted].map((run) => ({
      statement: {
        name: 'read_run',
        text: `SELECT FROM ${s}.subjects r JOIN ${s}.charge_subjects x ON x.subject = r.id WHERE r.kind = 'run' AND r.value = $1 LIMIT 1`,
        values: [run],
      },
      take: (rows: readonly Row[]): void => lists.runs.learn(run, rows.length > 0 ? true : null),
    })),
  ]
}

function readEarlier({ schema: s, client, dictionaries, gate }: GateSource): Read[] {
  const { columns, joins } = chargeSelect(s)
  return [...gate.lists.earlier.wanted].map((asked) => ({
    statement: {
      name: 'read_earlier',
      text: `SELECT ${columns} FROM ${s}.charges c ${joins}
        WHERE (c.at, c.seq) > ($1::bigint, $2::bigint) AND c.seq <= $3 ORDER BY c.at, c.seq LIMIT $4`,
      values: JSON.parse(asked) as number[],
    },
    take: async (rows) => {
      const decoded = await decodeCharges(rows, dictionaries, loadSubjects(client, s))
      // A held call counts when it was held.
      for (const { charge } of decoded) if (charge.hold !== null) gate.tables.holds.want(charge.hold)
      gate.lists.earlier.learn(
        asked,
        decoded.map(({ charge }) => ({ charge, seq: charge.seq })),
      )
    },
  }))
}

export function toCounter(row: Row): Counter {
  const amount = (name: string): bigint => BigInt(row[name] as string)
  return {
    id: row['id'] as number,
    revision: Number(row['revision']),
    scope: row['scope'] as string,
    start: Number(row['start']),
    end: row['end'] === null ? null : Number(row['end']),
    spent: amount('spent'),
    held: amount('held'),
    heldWorst: amount('held_worst'),
    presumed: amount('presumed'),
    unpriced: row['unpriced'] as number,
    fired: row['fired'] as number,
    denied: row['denied'] as boolean,
    cause: row['cause'] as Cause | null,
  }
}

export function toHold(row: Row): StoredHold {
  return {
    number: row['number'] as number,
    id: row['id'] as string,
    state: row['state'] as number,
    reservedAt: Number(row['reserved_at']),
    expiresAt: Number(row['expires_at']),
    parent: row['parent'] as string | null,
    asked: row['asked'] as string,
    rest: row['rest'] as string,
  }
}
