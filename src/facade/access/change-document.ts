import { userInfo } from 'node:os'
import type { DocumentWrite, EventDraft } from '../../stores/store.ts'
import type { LedgerHost } from '../ledger-host.ts'

/** Who changes something, for the audit log; the system's user unless said otherwise. */
export interface Author {
  readonly author?: string
}

export function authorOf({ author }: Author): string {
  return author ?? `sdk:${userInfo().username}`
}

/** Writes a document together with the event that tells of the change. */
export async function changeDocument(
  host: LedgerHost,
  { document, event }: { readonly document: DocumentWrite; readonly event: EventDraft },
): Promise<void> {
  await host.run(() => host.store.transact({ documents: [document], events: [event] }))
}
