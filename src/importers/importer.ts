import type { ChargeInput } from '../ledger/charge.ts'

/** A JSON value that an importer keeps between two runs: where it stopped reading a source. */
export type Checkpoint = Readonly<Record<string, unknown>>

/** One call found in existing records. */
export interface ImportedCall {
  readonly charge: ChargeInput
  /**
   * What to do when the charge's id is booked already. `duplicate`: it is the same call, nothing changes. `compare`: it
   * is the same call if what the record says of it is the same, else the record is skipped.
   * `supersede`: the record that ranks higher counts, and among equals the one with the larger usage; the difference
   * is booked as a correction.
   */
  readonly onExisting: 'duplicate' | 'compare' | 'supersede'
  /** Ranks records of the same call: 1 for the call itself, 0 for a replay of it. Absent is 1. */
  readonly rank?: 0 | 1
  /** File and line, for calls that the ledger refuses. */
  readonly where?: string
}

/** Where an importer puts what it reads; given by the ledger. */
export interface ImportSink {
  /** What the last run kept for this source, if any. */
  readonly checkpoint: (source: string) => Checkpoint | undefined
  /**
   * Books calls and moves checkpoints in one transaction, so that an interrupted import neither loses nor repeats.
   * Resolves when durable, with how many of them the ledger did not know. Calls of a few hundred to a few thousand at a time are the fastest.
   */
  readonly put: (
    calls: readonly ImportedCall[],
    checkpoints: ReadonlyMap<string, Checkpoint>,
    notes?: ReadonlyMap<string, Checkpoint>,
  ) => Promise<number>
  /** What a run noted of its sources. Notes outlive the undoing of an import: they must hold whatever is booked. */
  readonly note?: (key: string) => Checkpoint | undefined
  /** Counts records that were read, in all. */
  readonly countRead: (records: number) => void
  /** Counts records that another record in the same `put` stands for: an importer may fold those of one call itself. */
  readonly countDuplicates?: (records: number) => void
  /** Names a file whose records were all known from another file or another place. */
  readonly countKnownFile?: (path: string) => void
  /** Names a file whose last line was left for the next import, because it may still be being written. */
  readonly countUnfinished?: (path: string) => void
  /** Counts a record that was not booked, and why; `where` names file and line, and the field at fault. */
  readonly skip: (reason: string, where: string) => void
  /** When the call with this id was made, in milliseconds since 1970; undefined where none is booked. */
  readonly timeOf?: (id: string) => Promise<number | undefined>
  /** How far the import is, in bytes of input. */
  readonly progress: (doneBytes: number, totalBytes: number) => void
  /** Aborted on Ctrl-C: the importer stops at the next record; what it has put stays. */
  readonly signal: AbortSignal
}

/** What an import did. Every record read is booked, superseded, a duplicate or skipped. */
export interface ImportSummary {
  readonly batch: string
  readonly read: number
  readonly booked: number
  readonly superseded: number
  readonly duplicates: number
  readonly skipped: Readonly<Record<string, number>>
  /** The first skipped records by reason, as `file:line` with the field at fault. */
  readonly skippedAt: Readonly<Record<string, readonly string[]>>
  readonly seconds: number
  /** Files whose records were all known from another file, or from the same one in another place. */
  readonly knownFiles?: readonly string[]
  /** Files whose last line was left for the next import, because it may still be being written. */
  readonly unfinished?: readonly string[]
  /** Calls that name a hold which the ledger does not have; they are booked without one. */
  readonly unknownHolds?: number
  /**
   * Sources that an earlier import read with other settings: what that one booked was left as it is. To read them with
   * these settings, undo that batch first.
   */
  readonly readBefore?: readonly { readonly source: string; readonly batch: string }[]
}
