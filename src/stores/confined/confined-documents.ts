import type { Labels } from '../../ledger/charge.ts'
import type { DocumentWrite, Store, StoredDocument } from '../store.ts'
import { carries } from '../../ledger/labels.ts'
import { assertOwn, forbidden } from './own-labels.ts'

/** Documents that everybody reads, because they say how calls are priced, and which models are used. */
const open: ReadonlySet<string> = new Set(['catalog', 'profile', 'profile-step'])
/** Documents that everybody keeps for oneself. */
const perOwner: ReadonlySet<string> = new Set(['run-queue'])

/** The documents of a ledger as somebody sees them who sees what carries some labels. */
export class ConfinedDocuments {
  readonly #store: Store
  readonly #bound: Labels
  readonly #prefix: string

  constructor(store: Store, bound: Labels) {
    this.#store = store
    this.#bound = bound
    const entries = Object.entries(bound).toSorted(([a], [b]) => (a < b ? -1 : 1))
    this.#prefix = `${JSON.stringify(entries)} `
  }

  async get(kind: string, key: string): Promise<StoredDocument | undefined> {
    const found = await this.#store.document(kind, this.#storedKey(kind, key))
    return found !== undefined && (await this.#isOwn(found)) ? { ...found, key } : undefined
  }

  async list(kind: string): Promise<StoredDocument[]> {
    const own: StoredDocument[] = []
    for (const document of await this.#store.documents(kind)) {
      if (perOwner.has(kind) && !document.key.startsWith(this.#prefix)) continue
      // Which profile calls of a project use is told to who asks for that project; what projects there are is not.
      if (kind === 'profile' && document.key !== '' && document.key !== this.#bound['project']) continue
      if (await this.#isOwn(document)) own.push({ ...document, key: this.#ownKey(document) })
    }
    return own
  }

  /** @throws PURSER_FORBIDDEN for a document that is not its own */
  async toWrite(writes: readonly DocumentWrite[]): Promise<DocumentWrite[]> {
    for (const { kind, key, body } of writes) {
      if (kind === 'run') {
        if (body !== null) assertOwn(labelsOf(body), this.#bound)
        await this.#assertFree(key)
      } else if (runOf(kind, key) !== undefined) {
        await this.#assertFree(runOf(kind, key) ?? '')
      } else if (kind !== 'profile-step' && !perOwner.has(kind)) throw forbidden(`Changing documents of the kind "${kind}" is`)
    }
    return writes.map((write) => ({ ...write, key: this.#storedKey(write.kind, write.key) }))
  }

  /** A run of somebody else is not changed. */
  async #assertFree(run: string): Promise<void> {
    const found = await this.#store.document('run', run)
    if (found !== undefined && !carries(labelsOf(found.body), this.#bound)) throw forbidden(`The run "${run}" is`)
  }

  async #isOwn({ kind, key, body }: StoredDocument): Promise<boolean> {
    if (kind === 'run') return carries(labelsOf(body), this.#bound)
    if (open.has(kind) || perOwner.has(kind)) return true
    const id = runOf(kind, key)
    const run = id === undefined ? undefined : await this.#store.document('run', id)
    return run !== undefined && carries(labelsOf(run.body), this.#bound)
  }

  #storedKey(kind: string, key: string): string {
    return perOwner.has(kind) ? this.#prefix + key : key
  }

  #ownKey({ kind, key }: StoredDocument): string {
    return perOwner.has(kind) ? key.slice(this.#prefix.length) : key
  }
}

/** The run that a document hangs on: a stage of it, or its report. */
function runOf(kind: string, key: string): string | undefined {
  if (kind.startsWith('stage:')) return kind.slice('stage:'.length)
  return kind === 'run-report' ? key : undefined
}

function labelsOf(body: unknown): Labels {
  return (body as { readonly labels?: Labels } | null)?.labels ?? {}
}
