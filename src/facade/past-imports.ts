import { PurserError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import { authorOf } from './access/change-document.ts'
import { batchKind, checkpointKind, type ImportBatch } from './import-batch.ts'

/** The imports that booked something, the last first. */
export async function listImports(store: Store): Promise<ImportBatch[]> {
  const documents = await store.documents(batchKind)
  return documents.map(({ body }) => body as ImportBatch).toSorted((a, b) => b.startedAt - a.startedAt)
}

/** Takes an import out of the ledger, as if it had not been; all sources are read anew by the next import. @throws PURSER_NOT_FOUND */
export async function undoImport(
  store: Store,
  batch: string,
  onProgress?: (removed: number) => void,
  author = authorOf({}),
): Promise<{ batch: string; removed: number }> {
  const document = await store.document(batchKind, batch)
  if (document === undefined) {
    throw new PurserError('PURSER_NOT_FOUND', `There is no import "${batch}". \`purser import list\` shows those that can be undone.`)
  }
  const removed = await store.removeBatch(batch, onProgress)
  const { importer } = document.body as ImportBatch
  // All sources, because another one may hold a record of the same calls, which was passed over as a duplicate.
  const forgotten = (await store.documents(checkpointKind)).map(({ kind, key }) => ({ kind, key, body: null }))
  await store.transact({
    documents: [...forgotten, { kind: batchKind, key: batch, body: null }],
    events: [{ kind: 'import.undone', body: { batch, importer, removed, author } }],
  })
  return { batch, removed }
}
