import type { ClientBase } from 'pg'
import { idDigest } from '../../ledger/charge-id.ts'
import { chargeSelect, decodeCharges, toSubject } from './charge-rows.ts'
import { documentDigest, documentName } from './document-changes.ts'
import { gateReads } from './gate-reads.ts'
import { loadSubjects } from './load-subjects.ts'
import { type Row, sendAll, type Statement } from './statement.ts'
import { subjectKey } from './subject-numbers.ts'
import type { Turn } from './turn.ts'

/** A statement, and what is done with its rows. */
export interface Read {
  readonly statement: Statement
  readonly take: (rows: readonly Row[]) => void | Promise<void>
}

/** Sends reads at once and takes their rows in order. */
export async function sendReads(client: ClientBase, reads: readonly Read[]): Promise<void> {
  const results = await sendAll(
    client,
    reads.map(({ statement }) => statement),
  )
  for (const [index, { take }] of reads.entries()) await take(results[index]?.rows ?? [])
}

/** Asks for all rows that a turn wants. */
export function wantedReads(client: ClientBase, schema: string, turn: Turn): Read[] {
  return [
    ...readIds(schema, turn),
    ...readSubjects(schema, turn),
    ...readCharges(client, schema, turn),
    ...readBatchPages(client, schema, turn),
    ...readVersions(schema, turn),
    ...readBatches(schema, turn),
    ...turn.meters.reads(schema),
    ...gateReads({ schema, client, dictionaries: turn.dictionaries, gate: turn.gate }),
  ]
}

function readIds(s: string, { ids }: Turn): Read[] {
  if (ids.wanted.size === 0) return []
  const wanted = [...ids.wanted]
  return [
    {
      statement: {
        name: 'read_ids',
        text: `SELECT k.place, i.seq, i.rank FROM unnest($1::bytea[]) WITH ORDINALITY k (digest, place) JOIN ${s}.ids i USING (digest)`,
        values: [wanted.map((id) => idDigest('', id))],
      },
      take: (rows) => {
        for (const { place, seq, rank } of rows) ids.learn(wanted[Number(place) - 1] ?? '', { seq: Number(seq), rank: Number(rank) })
        ids.learnRest()
      },
    },
  ]
}

function readSubjects(s: string, { subjects, dictionaries }: Turn): Read[] {
  if (subjects.wanted.size === 0) return []
  const pairs = [...subjects.wanted].map(splitKey)
  return [
    {
      statement: {
        name: 'read_subjects',
        text: `SELECT s.* FROM unnest($1::text[], $2::text[]) k (kind, value) JOIN ${s}.subjects s USING (kind, value)`,
        values: [pairs.map(([kind]) => kind), pairs.map(([, value]) => value)],
      },
      take: (rows) => {
        for (const subject of rows.map(toSubject)) {
          dictionaries.subjects.learn(subject)
          subjects.learn(subjectKey(subject.kind, subject.value), true)
        }
        subjects.learnRest()
      },
    },
  ]
}

/** Charges by their places, and corrections by what they correct. */
function readCharges(client: ClientBase, s: string, { charges, corrections, dictionaries }: Turn): Read[] {
  const load = loadSubjects(client, s)
  const { columns, joins } = chargeSelect(s)
  const read = (name: string, column: string, places: ReadonlySet<string>, take: Read['take']): Read[] =>
    places.size === 0
      ? []
      : [
          {
            statement: {
              name,
              text: `SELECT ${columns} FROM ${s}.charges c ${joins} WHERE c.${column} = ANY($1::bigint[]) ORDER BY c.seq`,
              values: [[...places]],
            },
            take,
          },
        ]
  return [
    ...read('read_charges', 'seq', charges.wanted, async (rows) => {
      for (const stored of await decodeCharges(rows, dictionaries, load)) charges.learn(String(stored.charge.seq), stored)
      charges.learnRest()
    }),
    ...read('read_corrections', 'corrects', corrections.wanted, async (rows) => {
      const decoded = await decodeCharges(rows, dictionaries, load)
      const places = new Map<string, number[]>([...corrections.wanted].map((place) => [place, []]))
      for (const [index, stored] of decoded.entries()) {
        places.get(String(rows[index]?.['corrects']))?.push(stored.charge.seq)
        charges.learn(String(stored.charge.seq), stored)
      }
      for (const [place, seqs] of places) corrections.learn(place, seqs)
    }),
  ]
}

/** The next charges of imports. */
function readBatchPages(client: ClientBase, s: string, { batchPages, charges, corrections, dictionaries }: Turn): Read[] {
  const { columns, joins } = chargeSelect(s)
  return [...batchPages.wanted].map((asked) => {
    const { id, afterSeq, upToSeq, limit } = JSON.parse(asked) as { id: number; afterSeq: number; upToSeq: number; limit: number }
    return {
      statement: {
        name: 'read_batch_page',
        text: `SELECT ${columns} FROM ${s}.charges c ${joins} WHERE c.seq > $1 AND c.seq <= $2 AND c.batch = $3 ORDER BY c.seq LIMIT $4`,
        values: [afterSeq, upToSeq, id, limit],
      },
      take: async (rows) => {
        const decoded = await decodeCharges(rows, dictionaries, loadSubjects(client, s))
        for (const stored of decoded) {
          const { seq, corrects } = stored.charge
          charges.learn(String(seq), stored)
          if (corrects === null) corrections.want(String(seq))
        }
        batchPages.learn(
          asked,
          decoded.map(({ charge }) => charge.seq),
        )
      },
    }
  })
}

function readVersions(s: string, { documents: { versions } }: Turn): Read[] {
  if (versions.wanted.size === 0) return []
  const pairs = [...versions.wanted].map(splitKey)
  return [
    {
      statement: {
        name: 'read_versions',
        text: `SELECT kind, key, version FROM ${s}.documents WHERE digest = ANY($1::bytea[])`,
        values: [pairs.map(([kind, key]) => documentDigest({ kind, key }))],
      },
      take: (rows) => {
        for (const { kind, key, version } of rows) versions.learn(documentName(kind as string, key as string), version as number)
        versions.learnRest()
      },
    },
  ]
}

function readBatches(s: string, { batches }: Turn): Read[] {
  if (batches.wanted.size === 0) return []
  return [
    {
      statement: {
        name: 'read_batches',
        text: `SELECT id, name, first_seq, last_seq FROM ${s}.batches WHERE name = ANY($1::text[])`,
        values: [[...batches.wanted]],
      },
      take: (rows) => {
        for (const { id, name, first_seq: first, last_seq: last } of rows) {
          batches.learn(name as string, { id: id as number, firstSeq: Number(first), lastSeq: Number(last) })
        }
        batches.learnRest()
      },
    },
  ]
}

function splitKey(key: string): [string, string] {
  const at = key.indexOf('\n')
  return [key.slice(0, at), key.slice(at + 1)]
}
