import type { Learned } from '../budgets/learned.ts'
import type { GateOperation, GateOperations } from '../budgets/gate-operations.ts'
import type { Booked, Booking } from '../ledger/book-charge.ts'
import type { Charge, ChargeId, Labels } from '../ledger/charge.ts'
import type { Measures } from '../ledger/measures.ts'
import type { Sku } from '../ledger/sku.ts'

/**
 * How long bulk work may go on in one transaction, in milliseconds: with the sums and the commit it stays below the ten
 * after which others must get their turn.
 */
export const turnMs = 5

/** A small JSON document with a version: checkpoints, batches, catalog revisions, settings. */
export interface StoredDocument {
  readonly kind: string
  readonly key: string
  /** 1 for the first write, then counting up. */
  readonly version: number
  readonly body: unknown
}

export interface DocumentWrite {
  readonly kind: string
  readonly key: string
  /** null deletes. */
  readonly body: unknown
  /** The version that must be there (0: none). Absent: whatever is there. */
  readonly expectedVersion?: number
}

/** A fact for the event log that is not itself a charge. */
export interface EventDraft {
  readonly kind: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface LedgerEvent extends EventDraft {
  readonly seq: number
  readonly at: number
}

/** What one transaction writes: all of it or nothing. */
export interface Transaction {
  /** Gone through when the transaction is written, and again should it have to be written again. */
  readonly bookings?: Iterable<Booking>
  /**
   * Takes no further booking after this many milliseconds, so that others get their turn. What is left over is not an
   * error: the answer is as long as what was taken. Such bulk work may come after what was asked for later.
   */
  readonly maxMs?: number
  /** The import that the bookings belong to. */
  readonly batch?: string
  /** Worked out from what was booked where a function is given; `isWhole` says that no booking was left over. */
  readonly documents?: readonly DocumentWrite[] | ((booked: readonly Booked[], isWhole: boolean) => readonly DocumentWrite[])
  readonly events?: readonly EventDraft[]
}

/** Where a charge stands in the order of time, and in that of booking. */
export interface ChargePlace {
  readonly at: number
  readonly seq: number
}

/** Which charges to read: in order of their time where a period is given and no subject, else in order of booking. */
export interface ChargeSelection {
  /** From this instant, inclusive. */
  readonly sinceMs?: number
  /** Up to this instant, exclusive. */
  readonly untilMs?: number
  readonly batch?: string
  /** Only charges that carry this subject. */
  readonly subject?: { readonly kind: string; readonly value: string }
  /** The same order backwards: the last first. */
  readonly backwards?: boolean
  /** Begins behind this place of the order, found without reading what stands before it. */
  readonly after?: ChargePlace
  /**
   * Asked now and then, with the place up to which charges have been looked at, also those that are not asked for: whether to
   * go on. False ends the reading; `after` that place it goes on.
   */
  readonly goOn?: (place: ChargePlace) => boolean
}

/** Whence sums are read: day rows, quarter-hour rows, or the day rows of one kind of subject, of one value of it where named. */
export type RollupSource =
  | { readonly rows: 'days' }
  | { readonly rows: 'slots' }
  | { readonly rows: 'subjects'; readonly subject: string; readonly value?: string }

export interface RollupQuery {
  readonly source: RollupSource
  /** First day or slot, inclusive. */
  readonly from: number
  /** Last day or slot, exclusive. */
  readonly to: number
  /** Whether rows are kept apart by day or slot. */
  readonly byTime: boolean
  /** Whether sums by meter are wanted too. */
  readonly byMeter: boolean
}

/** Sums of one series and sku, of one day or slot where asked, of one subject value where asked. */
export interface RollupRow {
  readonly time: number
  readonly series: number
  readonly sku: number
  readonly subject: string | null
  readonly measures: Measures
  /** Packed sums by meter, where asked for; see meter-totals.ts. Several rows' bytes are kept apart. */
  readonly meters: readonly Uint8Array[]
}

/** Which values of a subject stand where: in which series and sku, and on which day where asked. */
export interface SubjectRows {
  /** Number of the subject value, day or 0, series, sku; ordered by subject value. */
  readonly rows: readonly (readonly [number, number, number, number])[]
  /** More than any sku's number. */
  readonly skus: number
}

/** What the charges of one subject value cost that carry a value of another kind of subject too, and of one sku. */
export interface SharedCost {
  readonly value: string
  readonly sku: number
  readonly costNanos: bigint
}

/** One difference that `verify` found. */
export interface Discrepancy {
  readonly table: string
  readonly key: string
  readonly stored: string
  readonly expected: string
  /** Whose sums they are, as far as the ledger still knows. */
  readonly of?: { readonly labels: Labels; readonly sku: Sku; readonly subject?: { readonly kind: string; readonly value: string } }
}

export interface VerifyReport {
  readonly charges: number
  /** Sums that were compared. */
  readonly rows: number
  /** Counters of budgets, and holds that are open or presumed, that were compared. */
  readonly counters: number
  readonly holds: number
  readonly discrepancies: readonly Discrepancy[]
  readonly repaired: boolean
}

/** The contract of a ledger's storage. One writer at a time; answers come only after the write is durable. */
export interface Store {
  readonly location: string
  /** The ledger's zone: day rows are days of this zone. */
  readonly timezone: string
  readonly subjects: ReadonlySet<string>
  /** Whether nothing can be written; then writing is refused with PURSER_LEDGER_READ_ONLY. */
  readonly isReadOnly: boolean
  /** What is to be said of how the ledger was opened, in sentences. */
  readonly warnings: readonly string[]
  readonly transact: (transaction: Transaction) => Promise<readonly Booked[]>
  /**
   * Asks the gate: decides and writes in one transaction, with whatever else is waiting. A refusal is an answer.
   * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, PURSER_ID_CONFLICT, PURSER_BAD_ARGUMENT as the operation says
   */
  readonly gate: <K extends GateOperation>(operation: K, input: GateOperations[K]['input']) => Promise<GateOperations[K]['answer']>
  /** What holds have come to, by the name under which budgets learn from them; see budgets/learned-key.ts. */
  readonly learned: () => Promise<ReadonlyMap<string, Learned>>
  /** Tells of each event that this process has written, once it is durable. Gives the function that ends it. */
  readonly listen: (listener: (event: LedgerEvent) => void) => () => void
  readonly document: (kind: string, key: string) => Promise<StoredDocument | undefined>
  readonly documents: (kind: string) => Promise<readonly StoredDocument[]>
  readonly charge: (id: ChargeId) => Promise<Charge | undefined>
  readonly corrections: (id: ChargeId) => Promise<readonly Charge[]>
  readonly charges: (selection: ChargeSelection) => AsyncIterable<Charge>
  readonly events: (afterSeq: number, limit: number) => Promise<readonly LedgerEvent[]>
  /** Answers of several questions, as of one moment. */
  readonly rollups: (queries: readonly RollupQuery[]) => Promise<readonly (readonly RollupRow[])[]>
  readonly subjectRows: (query: { subject: string; from: number; to: number; byTime: boolean }) => Promise<SubjectRows>
  /** Costs of the charges of one subject value, by the values of another kind that they carry; in no order. */
  readonly sharedCosts: (query: { kind: string; value: string; by: string }) => Promise<readonly SharedCost[]>
  /** Labels by series and skus by number, for all numbers that a rollup row may name. */
  readonly series: (id: number) => Labels
  readonly sku: (id: number) => Sku
  /** Whether any charge carries a label of this kind of subject. */
  readonly hasSubject: (kind: string) => Promise<boolean>
  /** First and last instant that any charge was made at; undefined in an empty ledger. */
  readonly span: () => Promise<{ firstMs: number; lastMs: number } | undefined>
  /** Takes a batch out of the ledger again: its charges, their ids, and what they added to every sum. */
  readonly removeBatch: (batch: string, onProgress?: (removed: number) => void) => Promise<number>
  readonly verify: (options: { repair: boolean; onProgress?: (charges: number) => void }) => Promise<VerifyReport>
  readonly close: () => Promise<void>
}
