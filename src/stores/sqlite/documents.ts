import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { assertVersion } from '../check-write.ts'
import type { DocumentWrite, EventDraft, LedgerEvent, StoredDocument } from '../store.ts'

/** Documents, events and batches of a ledger file. Writes only within a write transaction. */
export class Documents {
  readonly #get: StatementSync
  readonly #list: StatementSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #append: StatementSync
  readonly #events: StatementSync
  readonly #findBatch: StatementSync
  readonly #insertBatch: StatementSync
  readonly #stretchBatch: StatementSync

  constructor(database: DatabaseSync) {
    this.#get = database.prepare('SELECT kind, key, version, body FROM documents WHERE kind = ? AND key = ?')
    this.#list = database.prepare('SELECT kind, key, version, body FROM documents WHERE kind = ? ORDER BY key')
    this.#put = database.prepare(
      'INSERT INTO documents (kind, key, version, body) VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET version = version + 1, body = excluded.body',
    )
    this.#delete = database.prepare('DELETE FROM documents WHERE kind = ? AND key = ?')
    this.#append = database.prepare('INSERT INTO events (seq, at, kind, body) VALUES (?, ?, ?, ?)')
    this.#events = database.prepare('SELECT seq, at, kind, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?')
    this.#findBatch = database.prepare('SELECT id FROM batches WHERE name = ?')
    this.#insertBatch = database.prepare('INSERT INTO batches (name, first_seq, last_seq) VALUES (?, ?, 0)')
    this.#stretchBatch = database.prepare('UPDATE batches SET last_seq = max(last_seq, ?) WHERE id = ?')
  }

  get(kind: string, key: string): StoredDocument | undefined {
    const row = this.#get.get(kind, key)
    return row === undefined ? undefined : toDocument(row)
  }

  list(kind: string): StoredDocument[] {
    return this.#list.all(kind).map((row) => toDocument(row))
  }

  /** @throws PURSER_ID_CONFLICT where another version is there than the one expected. */
  put(write: DocumentWrite): void {
    if (write.expectedVersion !== undefined) assertVersion(write, this.get(write.kind, write.key)?.version ?? 0)
    if (write.body === null) this.#delete.run(write.kind, write.key)
    else this.#put.run(write.kind, write.key, JSON.stringify(write.body))
  }

  append(event: EventDraft, seq: number, atMs: number): void {
    this.#append.run(seq, atMs, event.kind, JSON.stringify(event.body))
  }

  events(afterSeq: number, limit: number): LedgerEvent[] {
    return this.#events.all(afterSeq, limit).map((row) => ({
      seq: Number(row['seq']),
      at: Number(row['at']),
      kind: String(row['kind']),
      body: JSON.parse(String(row['body'])) as Record<string, unknown>,
    }))
  }

  /** The number of an import, given out now if it is new. */
  batchId(name: string, firstSeq: number): number {
    const found = this.#findBatch.get(name)?.['id']
    return found === undefined ? Number(this.#insertBatch.run(name, firstSeq).lastInsertRowid) : Number(found)
  }

  stretchBatch(id: number, lastSeq: number): void {
    this.#stretchBatch.run(lastSeq, id)
  }
}

function toDocument(row: Record<string, unknown>): StoredDocument {
  return { kind: String(row['kind']), key: String(row['key']), version: Number(row['version']), body: JSON.parse(String(row['body'])) }
}
