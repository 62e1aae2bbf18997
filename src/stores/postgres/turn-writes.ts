import { idDigest } from '../../ledger/charge-id.ts'
import { gateWrites } from './gate-writes.ts'
import { rollupWrites } from './rollup-rows.ts'
import { insert, type Statement } from './statement.ts'
import type { Turn } from './turn.ts'

/** The statements that write what a turn decided, few however much it is: rows go as one array for each column. */
export function turnWrites(s: string, turn: Turn): Statement[] {
  const { dictionaries, newCharges, newSubjects, goneSubjects, newEvents } = turn
  const { subjects } = dictionaries
  return [
    ...insert(s, 'series', ['id integer', 'body text'], numbers(dictionaries.series.added)),
    ...insert(s, 'skus', ['id integer', 'body text'], numbers(dictionaries.skus.added)),
    ...insert(s, 'pricings', ['id integer', 'body text'], numbers(dictionaries.pricings.added)),
    ...insert(
      s,
      'subjects',
      ['id integer', 'kind text', 'value text', 'first_day integer', 'last_day integer'],
      [...subjects.added].map(({ id, kind, value, firstDay, lastDay }) => [id, kind, value, firstDay, lastDay]),
    ),
    ...stretchSubjects(
      s,
      [...subjects.stretched.keys()].filter((subject) => !subjects.added.has(subject)),
    ),
    ...batchWrites(s, turn),
    ...idWrites(s, turn),
    ...insert(s, 'charges', chargeColumns, newCharges),
    ...deleteCharges(s, turn),
    ...insert(
      s,
      'charge_subjects',
      ['subject integer', 'seq bigint'],
      newSubjects.map(({ subject, seq }) => [subject, seq]),
    ),
    ...deleteSubjects(s, goneSubjects),
    ...rollupWrites(s, turn.changes, turn.meters),
    ...turn.documents.writes(s),
    ...gateWrites(s, turn.gate.changes()),
    ...insert(
      s,
      'events',
      ['seq bigint', 'at bigint', 'kind text', 'body text'],
      newEvents.map(({ seq, at, kind, body }) => [seq, at, kind, JSON.stringify(body)]),
    ),
  ]
}

const chargeColumns = (
  'seq bigint,at bigint,booked_at bigint,series integer,sku integer,pricing integer,cost bigint,' +
  'packed bytea,id text,response_id text,batch integer,corrects bigint,extras text'
).split(',')

function numbers(added: readonly { readonly id: number; readonly body: string }[]): [number, string][] {
  return added.map(({ id, body }) => [id, body])
}

function stretchSubjects(s: string, stretched: readonly { id: number; firstDay: number; lastDay: number }[]): Statement[] {
  if (stretched.length === 0) return []
  return [
    {
      name: 'stretch_subjects',
      text: `UPDATE ${s}.subjects s SET first_day = least(s.first_day, k.first_day), last_day = greatest(s.last_day, k.last_day)
        FROM unnest($1::integer[], $2::integer[], $3::integer[]) k (id, first_day, last_day) WHERE s.id = k.id`,
      values: [stretched.map(({ id }) => id), stretched.map(({ firstDay }) => firstDay), stretched.map(({ lastDay }) => lastDay)],
    },
  ]
}

function batchWrites(s: string, { batches }: Turn): Statement[] {
  return [...batches.changes()].map(({ key: name, now }) =>
    now === null
      ? { name: 'delete_batch', text: `DELETE FROM ${s}.batches WHERE name = $1`, values: [name] }
      : {
          name: 'write_batch',
          text: `INSERT INTO ${s}.batches (id, name, first_seq, last_seq) VALUES ($1, $2, $3, $4)
            ON CONFLICT (id) DO UPDATE SET last_seq = excluded.last_seq`,
          values: [now.id, name, now.firstSeq, now.lastSeq],
        },
  )
}

function idWrites(s: string, { ids }: Turn): Statement[] {
  const changes = [...ids.changes()]
  // The id of a correction follows from what is booked, so it is written without having been looked for.
  const added = changes.filter(({ stored, now }) => (stored ?? null) === null && now !== null)
  const ranked = changes.filter(({ stored, now }) => (stored ?? null) !== null && now !== null)
  const gone = changes.filter(({ stored, now }) => stored !== null && now === null)
  const statements = insert(
    s,
    'ids',
    ['digest bytea', 'seq bigint', 'rank smallint'],
    added.map((change) => [digest(change), change.now?.seq ?? 0, change.now?.rank ?? 0]),
  )
  if (ranked.length > 0) {
    statements.push({
      name: 'rank_ids',
      text: `UPDATE ${s}.ids i SET rank = k.rank FROM unnest($1::bytea[], $2::smallint[]) k (digest, rank) WHERE i.digest = k.digest`,
      values: [ranked.map(digest), ranked.map(({ now }) => now?.rank ?? 0)],
    })
  }
  if (gone.length > 0) {
    statements.push({ name: 'delete_ids', text: `DELETE FROM ${s}.ids WHERE digest = ANY($1::bytea[])`, values: [gone.map(digest)] })
  }
  return statements
}

function digest({ key }: { readonly key: string }): Uint8Array {
  return idDigest('', key)
}

function deleteCharges(s: string, { charges }: Turn): Statement[] {
  const gone = [...charges.changes()].filter(({ now }) => now === null).map(({ key }) => key)
  if (gone.length === 0) return []
  return [{ name: 'delete_charges', text: `DELETE FROM ${s}.charges WHERE seq = ANY($1::bigint[])`, values: [gone] }]
}

function deleteSubjects(s: string, gone: readonly { subject: number; seq: number }[]): Statement[] {
  if (gone.length === 0) return []
  return [
    {
      name: 'delete_charge_subjects',
      text: `DELETE FROM ${s}.charge_subjects c USING unnest($1::integer[], $2::bigint[]) k (subject, seq)
        WHERE c.subject = k.subject AND c.seq = k.seq`,
      values: [gone.map(({ subject }) => subject), gone.map(({ seq }) => seq)],
    },
  ]
}
