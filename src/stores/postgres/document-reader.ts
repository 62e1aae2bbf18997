import type { ClientBase } from 'pg'
import type { LedgerEvent, StoredDocument } from '../store.ts'
import { documentDigest } from './document-changes.ts'
import { type Row, sendAll, type Statement } from './statement.ts'

/** Reads documents and events of a ledger. */
export class DocumentReader {
  readonly #schema: string

  constructor(schema: string) {
    this.#schema = schema
  }

  async get(client: ClientBase, kind: string, key: string): Promise<StoredDocument | undefined> {
    const rows = await this.#read(client, {
      name: 'document',
      text: `SELECT kind, key, version, body FROM ${this.#schema}.documents WHERE digest = $1`,
      values: [documentDigest({ kind, key })],
    })
    return rows.map(toDocument)[0]
  }

  async list(client: ClientBase, kind: string): Promise<StoredDocument[]> {
    const rows = await this.#read(client, {
      name: 'documents',
      text: `SELECT kind, key, version, body FROM ${this.#schema}.documents WHERE kind = $1 ORDER BY key`,
      values: [kind],
    })
    return rows.map(toDocument)
  }

  async events(client: ClientBase, afterSeq: number, limit: number): Promise<LedgerEvent[]> {
    const rows = await this.#read(client, {
      name: 'events',
      text: `SELECT seq, at, kind, body FROM ${this.#schema}.events WHERE seq > $1 ORDER BY seq LIMIT $2`,
      values: [afterSeq, limit],
    })
    return rows.map(({ seq, at, kind, body }) => ({
      seq: Number(seq),
      at: Number(at),
      kind: kind as string,
      body: JSON.parse(body as string) as Record<string, unknown>,
    }))
  }

  async #read(client: ClientBase, statement: Statement): Promise<readonly Row[]> {
    return (await sendAll(client, [statement]))[0]?.rows ?? []
  }
}

function toDocument({ kind, key, version, body }: Row): StoredDocument {
  return { kind: kind as string, key: key as string, version: version as number, body: JSON.parse(body as string) }
}
