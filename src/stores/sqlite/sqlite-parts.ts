import type { DatabaseSync } from 'node:sqlite'
import type { Gate } from '../../budgets/gate.ts'
import type { RollupChanges } from '../../ledger/rollup-changes.ts'
import type { Calendar } from '../../time/calendar.ts'
import type { ChargeReader } from './charge-reader.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Dictionaries } from './dictionaries.ts'
import type { RollupWriter } from './rollup-writer.ts'

/** The parts that read and write one open ledger file. */
export interface SqliteParts {
  readonly database: DatabaseSync
  readonly path: string
  readonly queue: CommitQueue
  readonly dictionaries: Dictionaries
  readonly reader: ChargeReader
  readonly calendar: Calendar
  /** What the running transaction adds to the sums. */
  readonly changes: RollupChanges
  readonly rollupWriter: RollupWriter
  /** The counters of budgets, which are told of every charge that comes or goes. */
  readonly gate: Gate
}
