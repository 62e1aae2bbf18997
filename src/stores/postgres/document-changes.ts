import { idDigest } from '../../ledger/charge-id.ts'
import { assertVersion } from '../check-write.ts'
import type { DocumentWrite } from '../store.ts'
import { KnownRows } from './known-rows.ts'
import type { Statement } from './statement.ts'

/** What becomes of a document: deleted first or not, then written so many times, last with this body. */
interface Change {
  readonly kind: string
  readonly key: string
  readonly deleted: boolean
  readonly writes: number
  readonly body: string | null
}

/** What a transaction changes in documents. Versions are read only where a writer says which one it expects. */
export class DocumentChanges {
  /** Stored versions by kind and key. */
  readonly versions = new KnownRows<number>()
  readonly #changes = new Map<string, Change>()

  /** @throws PURSER_ID_CONFLICT where another version is there than the one expected; NotLoaded */
  put(write: DocumentWrite): void {
    const { kind, key } = write
    const name = documentName(kind, key)
    const change = this.#changes.get(name) ?? { kind, key, deleted: false, writes: 0, body: null }
    if (write.expectedVersion !== undefined) {
      const stored = change.deleted ? 0 : (this.versions.get(name) ?? 0)
      assertVersion(write, stored + change.writes)
    }
    this.#changes.set(
      name,
      write.body === null
        ? { kind, key, deleted: true, writes: 0, body: null }
        : { ...change, writes: change.writes + 1, body: JSON.stringify(write.body) },
    )
  }

  undo(): void {
    this.#changes.clear()
    this.versions.undo()
  }

  writes(schema: string): Statement[] {
    const all = [...this.#changes.values()]
    const deleted = all.filter((change) => change.deleted)
    const written = all.filter((change) => change.body !== null)
    const statements: Statement[] = []
    if (deleted.length > 0) {
      statements.push({
        name: 'delete_documents',
        text: `DELETE FROM ${schema}.documents WHERE digest = ANY($1::bytea[])`,
        values: [deleted.map(documentDigest)],
      })
    }
    if (written.length > 0) {
      statements.push({
        name: 'write_documents',
        text: `INSERT INTO ${schema}.documents AS d (digest, kind, key, version, body)
          SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::integer[], $5::text[])
          ON CONFLICT (digest) DO UPDATE SET version = d.version + excluded.version, body = excluded.body`,
        values: [
          written.map(documentDigest),
          written.map(({ kind }) => kind),
          written.map(({ key }) => key),
          written.map(({ writes }) => writes),
          written.map(({ body }) => body),
        ],
      })
    }
    return statements
  }
}

/** A document by one text; kinds hold no line breaks. */
export function documentName(kind: string, key: string): string {
  return `${kind}\n${key}`
}

export function documentDigest({ kind, key }: { readonly kind: string; readonly key: string }): Uint8Array {
  return idDigest('document', documentName(kind, key))
}
