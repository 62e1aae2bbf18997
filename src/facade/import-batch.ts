import type { HoldId } from '../budgets/hold.ts'
import { PurserError } from '../errors.ts'
import type { Checkpoint, ImportedCall, ImportSink, ImportSummary } from '../importers/importer.ts'
import type { Booked } from '../ledger/book-charge.ts'
import type { ChargeId, ChargeInput } from '../ledger/charge.ts'
import { newChargeId } from '../ledger/charge-id.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { cutToWidth, printable } from '../text/display-width.ts'
import { type DocumentWrite, type Store, turnMs } from '../stores/store.ts'
import { Drafting } from './drafting.ts'

/** An importer with its options already given. */
export type ImportRun = (sink: ImportSink) => Promise<unknown>

export interface ImportOptions {
  /**
   * What the importer was told besides its sources, as JSON: labels, mapping, basis. A source that was read with other
   * settings is read again if nothing was booked from it, and named in the summary if something was.
   */
  readonly settings?: unknown
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
/** What importers know of their sources; it holds whatever is booked, so undoing an import leaves it. */
const noteKind = 'import-note'

const maxPlaces = 5

/** Where an importer stopped in a source, with which settings, and the batch that booked from it last. */
interface KeptCheckpoint {
  readonly checkpoint: Checkpoint
  readonly settings: string
  readonly batch: string
}

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
  try {
    await run(session)
  } finally {
    await session.close()
  }
  return session.summary((performance.now() - started) / 1000)
}

async function hasHold(store: Store, id: string): Promise<boolean> {
  try {
    await store.gate('hold', { id: id as HoldId })
    return true
  } catch (error) {
    if (error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return false
    throw error
  }
}

class ImportSession implements ImportSink {
  readonly signal: AbortSignal
  readonly #store: Store
  readonly #draft: (input: ChargeInput) => ChargeDraft
  readonly #onProgress: ImportOptions['onProgress']
  readonly #importer: string
  readonly #batch = `imp_${newChargeId(Date.now())}`
  readonly #startedAt = Date.now()
  readonly #checkpoints = new Map<string, KeptCheckpoint>()
  readonly #notes = new Map<string, Checkpoint>()
  readonly #settings: string
  /** Batches that can be undone. */
  readonly #batches = new Set<string>()
  readonly #readBefore = new Map<string, string>()
  readonly #sources = new Set<string>()
  readonly #knownFiles: string[] = []
  readonly #unfinished: string[] = []
  readonly #skipped: Record<string, number> = {}
  readonly #skippedAt: Record<string, string[]> = {}
  /** Whether the batch stands in the ledger's list of imports. */
  #listed = false
  /** Whether the ledger has the holds that calls have named. */
  readonly #holds = new Map<string, boolean>()
  #unknownHolds = 0
  readonly #counts = { read: 0, booked: 0, superseded: 0, duplicate: 0 }

  constructor(store: Store, importer: string, draft: (input: ChargeInput) => ChargeDraft, options: ImportOptions) {
    this.#store = store
    this.#importer = importer
    this.#draft = draft
    this.#onProgress = options.onProgress
    this.#settings = JSON.stringify(options.settings ?? null)
    this.signal = options.signal ?? new AbortController().signal
  }

  async loadCheckpoints(): Promise<void> {
    for (const { key, body } of await this.#store.documents(checkpointKind)) this.#checkpoints.set(key, body as KeptCheckpoint)
    for (const { key } of await this.#store.documents(batchKind)) this.#batches.add(key)
    for (const { key, body } of await this.#store.documents(noteKind)) this.#notes.set(key, body as Checkpoint)
  }

  checkpoint(source: string): Checkpoint | undefined {
    const kept = this.#checkpoints.get(source)
    if (kept === undefined || kept.settings === this.#settings) return kept?.checkpoint
    if (!this.#batches.has(kept.batch)) return undefined
    this.#readBefore.set(source, kept.batch)
    return kept.checkpoint
  }

  note(key: string): Checkpoint | undefined {
    return this.#notes.get(key)
  }

  async put(
    calls: readonly ImportedCall[],
    checkpoints: ReadonlyMap<string, Checkpoint>,
    notes: ReadonlyMap<string, Checkpoint> = new Map(),
  ): Promise<number> {
    for (const source of checkpoints.keys()) this.#sources.add(source)
    // Before the calls: a note is true whether or not they are booked, and they may take several transactions.
    if (notes.size > 0) await this.#store.transact({ documents: [...notes].map(([key, body]) => ({ kind: noteKind, key, body })) })
    for (const [key, body] of notes) this.#notes.set(key, body)
    if (calls.length === 0 && checkpoints.size === 0) return 0
    for (const { charge } of calls) if (charge.hold !== undefined && !(await this.#hasHold(charge.hold))) this.#unknownHolds += 1
    const before = this.#counts.duplicate
    let turn = await this.#book(calls, 0, checkpoints)
    while (!turn.isLast) turn = await this.#book(calls, turn.next, checkpoints)
    return calls.length - (this.#counts.duplicate - before)
  }

  async #hasHold(id: string): Promise<boolean> {
    let isThere = this.#holds.get(id)
    if (isThere === undefined) this.#holds.set(id, (isThere = await hasHold(this.#store, id)))
    return isThere
  }

  async timeOf(id: string): Promise<number | undefined> {
    return (await this.#store.charge(id as ChargeId))?.at
  }

  countRead(records: number): void {
    this.#counts.read += records
  }

  countDuplicates(records: number): void {
    this.#counts.duplicate += records
  }

  countKnownFile(path: string): void {
    this.#knownFiles.push(path)
  }

  countUnfinished(path: string): void {
    this.#unfinished.push(path)
  }

  skip(reason: string, where: string): void {
    this.#skipped[reason] = (this.#skipped[reason] ?? 0) + 1
    const places = (this.#skippedAt[reason] ??= [])
    if (places.length < maxPlaces) places.push(where)
  }

  progress(doneBytes: number, totalBytes: number): void {
    this.#onProgress?.({ doneBytes, totalBytes, read: this.#counts.read, booked: this.#counts.booked })
  }

  /** Writes down what the import came to; one that booked nothing leaves no batch behind. */
  async close(): Promise<void> {
    if (!this.#listed) return
    const { booked, superseded } = this.#counts
    const document = this.#batchDocument([])
    await this.#store.transact({ documents: [booked + superseded === 0 ? { ...document, body: null } : document] })
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
      ...(this.#knownFiles.length > 0 && { knownFiles: this.#knownFiles }),
      ...(this.#unfinished.length > 0 && { unfinished: this.#unfinished }),
      ...(this.#unknownHolds > 0 && { unknownHolds: this.#unknownHolds }),
      ...(this.#readBefore.size > 0 && { readBefore: [...this.#readBefore].map(([source, batch]) => ({ source, batch })) }),
    }
  }

  /** Books what fits into one turn, from a call on; the checkpoints move in the last turn. */
  async #book(
    calls: readonly ImportedCall[],
    from: number,
    checkpoints: ReadonlyMap<string, Checkpoint>,
  ): Promise<{ next: number; isLast: boolean }> {
    const drafting = new Drafting(calls, from, this.#draft)
    let isLast = false
    const documents = (booked: readonly Booked[], isWhole: boolean): DocumentWrite[] => {
      isLast = isWhole
      return [
        ...(isWhole ? this.#move(checkpoints, booked) : []),
        ...(calls.length > 0 || this.#listed ? [this.#batchDocument(booked)] : []),
      ]
    }
    const booked = await this.#store.transact({ bookings: drafting, batch: this.#batch, documents, maxMs: turnMs })
    this.#listed ||= calls.length > 0
    for (const [index, each] of booked.entries()) this.#count(each, drafting.places[index])
    for (const { reason, where } of drafting.refused) this.skip(reason, where)
    return { next: drafting.next, isLast }
  }

  #count({ outcome, id, differs }: Booked, where: string | undefined): void {
    if (outcome !== 'conflict') this.#counts[outcome] += 1
    else {
      const fact = printable(`another ${differs ?? 'content'} than "${cutToWidth(id, 60)}"`)
      this.skip('id booked with other content', where === undefined ? fact : `${where}: ${fact}`)
    }
  }

  #move(checkpoints: ReadonlyMap<string, Checkpoint>, booked: readonly Booked[]): DocumentWrite[] {
    const hasBooked =
      this.#counts.booked + this.#counts.superseded > 0 || booked.some(({ outcome }) => outcome === 'booked' || outcome === 'superseded')
    return [...checkpoints].map(([key, checkpoint]) => {
      const batch = hasBooked ? this.#batch : (this.#checkpoints.get(key)?.batch ?? this.#batch)
      const kept: KeptCheckpoint = { checkpoint, settings: this.#settings, batch }
      this.#checkpoints.set(key, kept)
      return { kind: checkpointKind, key, body: kept }
    })
  }

  /** What the import came to so far, with what the running transaction books. */
  #batchDocument(running: readonly Booked[]): DocumentWrite {
    const count = (asked: 'booked' | 'superseded'): number =>
      this.#counts[asked] + running.filter(({ outcome }) => outcome === asked).length
    const body: ImportBatch = {
      batch: this.#batch,
      importer: this.#importer,
      startedAt: this.#startedAt,
      sources: [...this.#sources],
      booked: count('booked'),
      superseded: count('superseded'),
    }
    return { kind: batchKind, key: this.#batch, body }
  }
}
