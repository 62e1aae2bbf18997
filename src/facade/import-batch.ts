import { PurserError } from '../errors.ts'
import type { Checkpoint, ImportedCall, ImportSink, ImportSummary } from '../importers/importer.ts'
import type { ChargeInput } from '../ledger/charge.ts'
import { newChargeId } from '../ledger/charge-id.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import type { Booking, DocumentWrite, Store } from '../stores/store.ts'

/** An importer with its options already given. */
export type ImportRun = (sink: ImportSink) => Promise<void>

export interface ImportOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ImportProgress) => void
}

export interface ImportProgress {
  readonly doneBytes: number
  readonly totalBytes: number
  readonly read: number
  readonly booked: number
}

/** What a ledger keeps of an import, so that it can be listed and undone. */
export interface ImportBatch {
  readonly batch: string
  readonly importer: string
  readonly startedAt: number
  readonly sources: readonly string[]
  readonly booked: number
  readonly superseded: number
}

export const batchKind = 'import'
export const checkpointKind = 'checkpoint'

/** Few enough that one transaction takes some milliseconds, so that a gate in between does not wait. */
const callsPerTransaction = 250
const maxPlaces = 5

/** Runs an importer as one batch over a store. Whatever it has put stays when it is broken off. */
export async function runImport(
  store: Store,
  importer: string,
  draft: (input: ChargeInput) => ChargeDraft,
  run: ImportRun,
  options: ImportOptions,
): Promise<ImportSummary> {
  const started = performance.now()
  const session = new ImportSession(store, importer, draft, options)
  await session.loadCheckpoints()
  await run(session)
  return session.summary((performance.now() - started) / 1000)
}

class ImportSession implements ImportSink {
  readonly signal: AbortSignal
  readonly #store: Store
  readonly #draft: (input: ChargeInput) => ChargeDraft
  readonly #onProgress: ImportOptions['onProgress']
  readonly #importer: string
  readonly #batch = `imp_${newChargeId(Date.now())}`
  readonly #startedAt = Date.now()
  readonly #checkpoints = new Map<string, Checkpoint>()
  readonly #sources = new Set<string>()
  readonly #skipped: Record<string, number> = {}
  readonly #skippedAt: Record<string, string[]> = {}
  /** Whether the batch stands in the ledger's list of imports. */
  #listed = false
  readonly #counts = { read: 0, booked: 0, superseded: 0, duplicate: 0 }

  constructor(store: Store, importer: string, draft: (input: ChargeInput) => ChargeDraft, options: ImportOptions) {
    this.#store = store
    this.#importer = importer
    this.#draft = draft
    this.#onProgress = options.onProgress
    this.signal = options.signal ?? new AbortController().signal
  }

  async loadCheckpoints(): Promise<void> {
    for (const { key, body } of await this.#store.documents(checkpointKind)) this.#checkpoints.set(key, body as Checkpoint)
  }

  checkpoint(source: string): Checkpoint | undefined {
    return this.#checkpoints.get(source)
  }

  async put(calls: readonly ImportedCall[], checkpoints: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const bookings = calls.flatMap((call) => this.#toBooking(call))
    for (const [source, checkpoint] of checkpoints) {
      this.#checkpoints.set(source, checkpoint)
      this.#sources.add(source)
    }
    const slices: Promise<void>[] = []
    for (let from = 0; from < bookings.length; from += callsPerTransaction) {
      slices.push(this.#book(bookings.slice(from, from + callsPerTransaction)))
    }
    await Promise.all(slices)
    // Only now that the charges are durable does the checkpoint move past them.
    const documents: DocumentWrite[] = [...checkpoints].map(([key, body]) => ({ kind: checkpointKind, key, body }))
    if (this.#listed) documents.push(this.#batchDocument())
    if (documents.length > 0) await this.#store.transact({ documents })
  }

  countRead(records: number): void {
    this.#counts.read += records
  }

  countDuplicates(records: number): void {
    this.#counts.duplicate += records
  }

  skip(reason: string, where: string): void {
    this.#skipped[reason] = (this.#skipped[reason] ?? 0) + 1
    const places = (this.#skippedAt[reason] ??= [])
    if (places.length < maxPlaces) places.push(where)
  }

  progress(doneBytes: number, totalBytes: number): void {
    this.#onProgress?.({ doneBytes, totalBytes, read: this.#counts.read, booked: this.#counts.booked })
  }

  summary(seconds: number): ImportSummary {
    const { read, booked, superseded, duplicate } = this.#counts
    return {
      batch: this.#batch,
      read,
      booked,
      superseded,
      duplicates: duplicate,
      skipped: this.#skipped,
      skippedAt: this.#skippedAt,
      seconds: Math.round(seconds * 1000) / 1000,
    }
  }

  #toBooking(call: ImportedCall): Booking[] {
    try {
      return [{ draft: this.#draft(call.charge), onExisting: call.onExisting, rank: call.rank ?? 1 }]
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
      this.skip(
        error.code
          .replace(/^PURSER_/, '')
          .toLowerCase()
          .replaceAll('_', ' '),
        error.message,
      )
      return []
    }
  }

  async #book(bookings: readonly Booking[]): Promise<void> {
    const documents = this.#listed ? [] : [this.#batchDocument()]
    this.#listed = true
    for (const { outcome } of await this.#store.transact({ bookings, batch: this.#batch, documents })) this.#counts[outcome] += 1
  }

  #batchDocument(): DocumentWrite {
    const body: ImportBatch = {
      batch: this.#batch,
      importer: this.#importer,
      startedAt: this.#startedAt,
      sources: [...this.#sources],
      booked: this.#counts.booked,
      superseded: this.#counts.superseded,
    }
    return { kind: batchKind, key: this.#batch, body }
  }
}
